"""The exported script of an experiment: it computes the same numbers as the engine from the same masks, and it runs alone.

Oracles: core.nn.network.Network and core.training.loss in float64, core.dropout.masks for shapes, sharing and values at test.
"""

import ast
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from core.dropout.cells import CELLS
from core.dropout.masks import draw_masks, expand_word_masks, get_test_time_values
from core.dropout.methods import METHODS
from core.dropout.placement import Dropout, Placement, build_dropout
from core.dropout.schedule import RateSchedule
from core.dropout.sites import SITES
from core.experiment.batches import draw_update_masks as tasks_masks
from core.experiment.batches import load_data
from core.experiment.experiment import Experiment, build_experiment
from core.export import build_script
from core.export.reader_source import READER_MODULES, write_readers
from core.nn.network import Network, to_torch
from core.tasks import TASKS
from core.tasks.task import Batch
from core.training.loss import count_passes, forward, total_loss
from core.training.trainer import train
from tests.strategies import placements

TOKENS, CLASSES = 7, 5
# Runs the scripts whose paths it reads, one after another; prints the output and the traceback of each.
RUNNER = """
import contextlib, io, json, runpy, sys, traceback
for line in sys.stdin:
    sys.argv, failed = json.loads(line), ""
    with contextlib.redirect_stdout(io.StringIO()) as output, contextlib.redirect_stderr(io.StringIO()) as errors:
        try:
            runpy.run_path(sys.argv[0], run_name="__main__")
        except BaseException:
            failed = traceback.format_exc()
    print(json.dumps([output.getvalue(), errors.getvalue() + failed]), flush=True)
"""
RunScript = Callable[..., str]
CELLS_AND_METHODS = [(cell, name) for name, row in METHODS.items() for cell in row.cells]


@pytest.fixture(scope="module")
def run_script(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunScript]:
    """Return a function that runs a script in a process that cannot import this project, and returns its output."""
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", RUNNER],
        cwd=tmp_path_factory.mktemp("run_script"),
        env={**os.environ, "PYTHONPATH": ""},
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin
        assert process.stdout
        to, of = process.stdin, process.stdout

        def run(text: str, path: Path, *arguments: str) -> str:
            path.write_text(text, encoding="utf-8")
            print(json.dumps([str(path), *arguments]), file=to, flush=True)
            output, failed = json.loads(of.readline())
            assert failed == ""
            return str(output)

        yield run


def make_experiment(placement: Placement, layers: int = 3, cell: str = "lstm", **given: Any) -> Experiment:
    """Return a tiny experiment whose layers differ in width."""
    sizes: dict[str, Any] = {"hidden": (4, 3, 5)[:layers], "embedding": 2, "steps": 3, "batch": 2, "engine": "reference"}
    return build_experiment(**{**sizes, "layers": layers, "placement": placement, "cell": cell, **given})


def execute_script(e: Experiment) -> dict[str, Any]:
    """Execute the script without starting the training, and return its names."""
    names: dict[str, Any] = {"__name__": "pasted"}
    exec(compile(build_script(e), "pasted", "exec"), names)
    return names


def draw_engine_masks(e: Experiment, x: Tensor, update: int, pass_index: int) -> dict[str, Tensor]:
    drawn = expand_word_masks(draw_masks(e.placement, replace(e.shape, tokens=TOKENS), 3, update, pass_index), x.numpy())
    return to_torch(drawn, torch.device("cpu"), torch.float64)


def assert_same_numbers(e: Experiment, update: int = 7) -> None:
    """Compare logits, states, the loss and all gradients, from states that are not zero."""
    generator = torch.Generator().manual_seed(1)
    x, y = (torch.randint(low, high, (e.steps, e.batch), generator=generator) for low, high in ((0, TOKENS), (-1, CLASSES)))
    y[0, 0] = 1  # something is asked
    network = Network(TOKENS, CLASSES, e).double()
    states: list[tuple[Tensor, ...]] = [
        tuple(torch.randn(s.shape, generator=generator, dtype=torch.float64) for s in state)
        for state in network.zero_states(e.batch)
    ]
    losses = dict(e.placement.losses)
    masks = [draw_engine_masks(e, x, update, n) for n in range(count_passes(losses))]
    passes = [forward(network, Batch(x.numpy(), y.numpy(), False), states, one) for one in masks]
    theirs = total_loss(passes, losses, e.loss)
    names = execute_script(e)
    model: nn.Module = names["Model"](TOKENS, CLASSES).double()
    model.load_state_dict(network.state_dict())
    ours, after = names["compute_loss"](model, x, y, states, *masks)
    scores = model(x, states, masks[0])[0][y >= 0]
    expected = dict(network.named_parameters())
    given = dict(model.named_parameters())
    pairs = [
        (scores, passes[0].scores),
        (ours, theirs),
        *((a, b) for mine, other in zip(after, passes[0].states, strict=True) for a, b in zip(mine, other, strict=True)),
        *zip(
            torch.autograd.grad(ours, [given[name] for name in expected]),
            torch.autograd.grad(theirs, list(expected.values())),
            strict=True,
        ),
    ]
    for a, b in pairs:
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", ["merity2017", "fraternal", "gal2016"])
@pytest.mark.parametrize("task", ["adding", "parity"])
def test_real_values_and_padding_give_the_engines_numbers(task: str, name: str) -> None:
    """The adding problem has real inputs and targets; the windows of both tasks are padded."""
    e = build_experiment(
        task,
        {"lag": 4, "sequences": 64},
        hidden=(4, 3),
        layers=2,
        steps=6,
        batch=3,
        engine="reference",
        placement=METHODS[name].build_placement(),
    )
    data, losses = load_data(e), dict(e.placement.losses)
    network, batch = Network(data.tokens, data.classes, e).double(), next(data.split("validation"))
    masks = [
        to_torch(expand_word_masks(tasks_masks(e, 7, n), batch.x), torch.device("cpu"), torch.float64)
        for n in range(count_passes(losses))
    ]
    passes = [forward(network, batch, network.zero_states(3), one) for one in masks]
    names = execute_script(e)
    model: nn.Module = names["Model"](data.tokens, data.classes).double()
    model.load_state_dict({name: one for name, one in network.state_dict().items() if one.numel()})
    x, y = torch.from_numpy(batch.x), torch.from_numpy(batch.y)
    x, y = (one.double() if one.is_floating_point() else one for one in (x, y))
    ours, _after = names["compute_loss"](model, x, y, network.zero_states(3), *masks)
    theirs = total_loss(passes, losses)
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)
    given = dict(model.named_parameters())
    for name, parameter in given.items():
        pairs = ((ours, parameter), (theirs, network.get_parameter(name)))
        both = [torch.autograd.grad([one], [by], retain_graph=True)[0] for one, by in pairs]
        torch.testing.assert_close(*both, rtol=1e-10, atol=1e-10, msg=name)


@settings(max_examples=150)
@given(st.data())
def test_any_placement_gives_the_engines_numbers(data: st.DataObject) -> None:
    layers, cell = data.draw(st.integers(1, 3)), data.draw(st.sampled_from(CELLS))
    assert_same_numbers(make_experiment(data.draw(placements(layers, cell)), layers, cell), data.draw(st.integers(1, 500)))


@pytest.mark.parametrize("name", ["zaremba2014", "fraternal", "merity2017"])
def test_a_sum_over_time_is_the_engines(name: str) -> None:
    assert_same_numbers(make_experiment(METHODS[name].build_placement(), loss="sum"))


@pytest.mark.parametrize(("cell", "name"), CELLS_AND_METHODS)
def test_every_method_gives_the_engines_numbers(cell: str, name: str) -> None:
    assert_same_numbers(make_experiment(METHODS[name].build_placement(cell=cell), cell=cell))


@pytest.mark.parametrize("gates", ["shared", "separate"])
@pytest.mark.parametrize("batch", ["sample", "batch"])
@pytest.mark.parametrize("time", ["step", "sequence"])
@pytest.mark.parametrize("cell", CELLS)
def test_weights_and_their_inputs_are_masked_together(cell: str, time: str, batch: str, gates: str) -> None:
    how: dict[str, Any] = {"time": time, "batch": batch, "gates": gates}
    sites = {name: Dropout(0.4, **how) for name in ("recurrent_weights", "input_weights")}
    both = {name: Dropout(0.4, gates="separate") for name in ("input", "state")} | {"between": Dropout(0.3)}
    assert_same_numbers(make_experiment(Placement.from_sites(sites | both), cell=cell))


@settings(max_examples=100)
@given(st.data())
def test_the_masks_have_the_engines_names_shapes_and_values(data: st.DataObject) -> None:
    layers, cell, update = data.draw(st.integers(1, 3)), data.draw(st.sampled_from(CELLS)), data.draw(st.integers(1, 500))
    e = make_experiment(data.draw(placements(layers, cell)), layers, cell, mask_seed=3)
    x = torch.randint(TOKENS, (e.steps, e.batch))
    names = execute_script(e)
    size = [TOKENS] if "V" in names["draw_masks"].__code__.co_varnames else []
    pass_index = data.draw(st.integers(0, 2))
    theirs, ours = draw_engine_masks(e, x, update, pass_index), names["draw_masks"](x, update, *size, pass_index)
    now = e.placement.resolve_schedules(update)
    assert {name: one.shape for name, one in ours.items() if name in theirs} == {
        name: one.shape for name, one in theirs.items()
    }
    for name, one in ours.items():
        torch.testing.assert_close(one, theirs.get(name, torch.ones(())).float().expand_as(one), rtol=1e-6, atol=1e-6)
        site, layer, *_gate = name.split(".")
        rate, how = now.get_rate(site, int(layer), layers), now.get(site)
        if rate == 0:  # a schedule has not begun, or is over
            assert (one == 1).all()
        elif how is not None and how.noise == "bernoulli":
            kept = 1 / (1 - rate) if how.scaling == "inverted" else 1
            assert all(value == 0 or value == pytest.approx(kept, rel=1e-5) for value in one.unique().tolist())


@settings(max_examples=50)
@given(st.data())
def test_the_test_time_masks_are_the_engines(data: st.DataObject) -> None:
    layers, cell, update = data.draw(st.integers(1, 3)), data.draw(st.sampled_from(CELLS)), data.draw(st.integers(1, 500))
    e = make_experiment(data.draw(placements(layers, cell)), layers, cell)
    names = execute_script(e)
    ours = names["test_time_masks"](update) if "test_time_masks" in names else {}
    theirs = get_test_time_values(e.placement.resolve_schedules(update), e.shape)
    assert theirs.keys() <= ours.keys()
    for name, one in ours.items():
        assert one.unique().item() == pytest.approx(float(theirs[name].flat[0]) if name in theirs else 1.0, rel=1e-5)


@pytest.mark.parametrize("noise", ["inverted", "test", "gaussian"])
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_the_masks_have_the_expected_mean_and_variance(noise: str, rate: float) -> None:
    dropout = Dropout(rate, noise="gaussian", scaling="none") if noise == "gaussian" else Dropout(rate, scaling=noise)
    e = make_experiment(Placement.from_sites({"input": dropout}), 1, hidden=(4,), embedding=500, steps=20, batch=20)
    torch.manual_seed(5)
    mask = execute_script(e)["draw_masks"](torch.zeros(20, 20, dtype=torch.long), 1)["input.1"]
    assert mask.shape == (20, 20, 500)
    mean, variance = {
        "inverted": (1.0, rate / (1 - rate)),
        "test": (1 - rate, rate * (1 - rate)),
        "gaussian": (1.0, rate / (1 - rate)),
    }[noise]
    # 200 000 draws: five standard errors of the mean.
    assert mask.mean().item() == pytest.approx(mean, abs=5 * (variance / mask.numel()) ** 0.5)
    assert mask.var().item() == pytest.approx(variance, rel=0.05)


def test_a_dropped_word_is_dropped_everywhere_in_the_sample() -> None:
    e = make_experiment(Placement.from_sites({"words": build_dropout("words", 0.5)}), 1, hidden=(4,), steps=40, batch=30)
    x = torch.arange(40 * 30).reshape(40, 30) % TOKENS
    torch.manual_seed(5)
    mask = execute_script(e)["draw_masks"](x, 1, TOKENS)["words.1"]
    for sample in range(30):
        for word in range(TOKENS):
            assert len(mask[x[:, sample] == word, sample].unique()) == 1
    assert {round(value, 3) for value in mask.unique().tolist()} == {0.0, 2.0}
    assert len({tuple(mask[:7, sample, 0].tolist()) for sample in range(0, 30, 7)}) > 1  # each sample drops others


@pytest.mark.parametrize("kind", ["ramp", "rise-fall", "late-rise-fall"])
def test_the_rate_follows_the_schedule(kind: str) -> None:
    schedule = RateSchedule(kind, 10, 0.1)
    e = make_experiment(Placement.from_sites({"state": Dropout(0.6, schedule=schedule)}), 1, hidden=(4,))
    function = execute_script(e)[kind.replace("-", "_")]
    assert [function(0.1, 0.6, 10, update) for update in range(1, 15)] == pytest.approx(
        [schedule.compute_rate(0.6, update) for update in range(1, 15)]
    )


@pytest.mark.parametrize(("cell", "name"), CELLS_AND_METHODS)
def test_the_script_contains_only_active_sites(cell: str, name: str) -> None:
    placement = METHODS[name].build_placement(cell=cell)
    text = build_script(make_experiment(placement, cell=cell))
    off = [site for site in SITES if placement.get(site) is None]
    assert [site for site in off if re.search(f'"{site}[".]', text)] == []
    assert all(site.name in text for site, _dropout in placement)
    assert max(map(len, text.splitlines())) <= 128


@pytest.mark.parametrize(
    ("task", "cell", "name", "given"),
    [
        ("language-model", "lstm", "merity2017", {"hidden": (16, 8), "embedding": 12}),
        ("language-model", "gru", "fraternal", {"hidden": 8}),
        ("delayed-recall", "lstm", "monte-carlo", {"hidden": 8, "options": {"lag": 3}, "monte_carlo": 3}),
        ("delayed-recall", "rnn-logistic", "krueger2016", {"hidden": 8, "options": {"lag": 3}}),
        ("series", "lstm", "merity2017", {"hidden": 8, "steps": 7}),
        ("digits", "gru", "gal2016", {"hidden": 8, "options": {"order": "permuted"}}),
        ("adding", "lstm", "monte-carlo", {"hidden": 8, "options": {"lag": 3}, "monte_carlo": 3}),
        (
            "language-model",
            "lstm",
            "gal2016",
            {
                "hidden": 8,
                "optimiser": "nt-asgd",
                "decay": 1.2,
                "weight_decay": 1e-6,
                "loss": "sum",
                "init_range": 0.1,
                "forget_bias": None,
                "decoder": "tied",
                "states": "fresh",
            },
        ),
    ],
)
def test_the_script_runs_alone(
    task: str, cell: str, name: str, given: dict[str, Any], run_script: RunScript, tmp_path: Path
) -> None:
    e = build_experiment(task, cell=cell, placement=METHODS[name].build_placement(cell=cell), updates=3, **given)
    output = run_script(build_script(e), tmp_path / "pasted.py")
    assert [line.split(":")[0] for line in output.splitlines()[:2]] == ["update 0", "update 3"]
    loss = float(output.splitlines()[1].split("validation loss ")[1].split(",")[0])
    assert 0 < loss < np.log(200)
    assert ("Monte Carlo, 3 passes" in output) == (name == "monte-carlo")


TEXTS = {
    "words": "der Größe nach: la fête isn't over, 3.14 <unk>!\n" * 60,
    "hindi": "हिंदी एक पढ़ता है क्षत्रिय यह मॉडल । " * 60,
    "chinese": "使循步同可网个今经们用循。" * 80,
    "prepared": " the cat <unk> N times \n a mat <unk> N cats \n" * 60,
}
TABLES = {
    "semicolon": "Datum;Höhe, m;Nr\n" + "".join(f"{n % 28 + 1}.01.2020;{n % 13},{n % 7}5;{n}\n" for n in range(150)),
    "percent": "t|x\n" + "".join(f"{n}|−{n * n % 17}.5%\n" for n in range(150)),
    "back": "# a remark\nyear\tx\n" + "".join(f"{2000 - n}\t{n * n % 17}\n" for n in range(150)),
}
REVIEWS = {
    "renamed": "review;stars\n" + "".join(f"{('good', 'bad')[n % 2]} film, yes {n};{n % 2}\n" for n in range(90)),
    "quote": 'review\tstars\n"' + "".join(f"{('good', 'schön')[n % 2]} film {n}\t{n % 2}\n" for n in range(90)),
}
OWN_FILES = [
    *(("language-model", {}, text) for text in TEXTS.values()),
    *(("character-model", {}, text) for text in TEXTS.values()),
    *(("series", {}, table) for table in TABLES.values()),
    *(("classification", {"text": "review", "label": "stars"}, table) for table in REVIEWS.values()),
]


@pytest.mark.parametrize(("task", "columns", "content"), OWN_FILES)
def test_the_script_reads_a_file_as_the_program_does(
    task: str, columns: dict[str, str], content: str, run_script: RunScript, tmp_path: Path
) -> None:
    """The first losses, with masks and without, equal those of a run of the program, whether the file is given or found."""
    path = tmp_path / "own file.txt"
    path.write_text(content, encoding="utf-8")
    e = build_experiment(task, {"corpus": str(path), **columns}, hidden=6, layers=2, steps=5, batch=4, epochs=2, device="cpu")
    events = list(train(replace(e, updates=2 * next(train(e))["updates_per_epoch"])))
    records = [event for event in events if event["event"] == "record"]
    epoch = events[0]["updates_per_epoch"]
    expected = [record["val_loss"] for record in records if record["val_loss"] is not None]
    mean = np.mean([record["train_loss"] for record in records[1 : epoch + 1]])
    output = run_script(build_script(e), tmp_path / "pasted.py", str(path))
    losses = [float(line.split("validation loss ")[1].split(",")[0]) for line in output.splitlines()]
    assert losses == pytest.approx(expected, abs=2e-4)
    assert float(output.split("training loss ")[1].split(",")[0]) == pytest.approx(mean, abs=2e-4)


def test_the_script_finds_the_file_of_the_experiment_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text(TABLES["percent"], encoding="utf-8")
    text = build_script(build_experiment("series", {"corpus": str(path)}, hidden=4, steps=5, batch=2, updates=1))
    assert 'FILE = "own.csv"' in text.replace("'", '"')
    assert str(tmp_path) not in text
    path.unlink()
    (tmp_path / "pasted.py").write_text(text, encoding="utf-8")
    done = subprocess.run([sys.executable, "pasted.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "“own.csv” cannot be read: No such file or directory.\n")


@pytest.mark.parametrize("task", READER_MODULES)
def test_the_readers_share_no_name(task: str) -> None:
    """In the one file of the script, a second function of the same name would replace the first."""
    tree = ast.parse("\n".join(write_readers(task)))
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    targets = [target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
    names += [target.id for target in targets if isinstance(target, ast.Name)]
    assert [name for name, count in Counter(names).items() if count > 1] == []
    assert not set(names) & {"T", "B", "E", "H", "L", "F", "nn", "Model", "train", "evaluate", "load_data"}


@pytest.mark.parametrize("task", TASKS)
def test_every_task_has_its_data(task: str) -> None:
    e = build_experiment(task)
    names = execute_script(e)
    sys.argv[1:], before = [], sys.argv[1:]
    V, C, windows = names["load_data"]()
    sys.argv[1:] = before
    for part in ("train", "validation"):
        x, y, first = next(iter(windows(part)))
        assert y.shape == (e.steps, e.batch)
        assert first
        assert x.shape == (y.shape if e.has_tokens else (*y.shape, e.features))
        assert x.max() < V if e.has_tokens else V == 0
        if y.is_floating_point():
            assert C == 1
            assert y.isfinite().any()
        else:
            assert set(y.flatten().tolist()) <= {-1, *range(C)}
            assert (y >= 0).any()
