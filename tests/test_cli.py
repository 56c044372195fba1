"""The command line, in this process. Oracles: the contract of --json as the README states it, and the core called directly."""

import argparse
import json
import math
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.analysis.path_counts import count_all_routes, count_corruption
from core.benchmark.markdown import format_table
from core.cli.main import COMMANDS, main
from core.cli.train import build_from_arguments as experiment_of
from core.dropout.cells import CELLS
from core.dropout.methods import METHODS
from core.dropout.placement import Dropout, Placement, build_dropout, placement_from_plain
from core.dropout.schedule import RateSchedule
from core.experiment.batches import draw_update_masks, load_data
from core.experiment.bounds import INTEGER_BOUNDS
from core.experiment.experiment import Experiment, build_experiment, replace_seeds
from core.experiment.recipes import RECIPES, build_recipe_experiment
from core.experiment.recipes.recipe import MAX_SCALED_UPDATES
from core.tasks import TASKS
from core.training.checkpoint import Checkpoint
from core.training.trainer import train

SHORT_RUN = [
    "train",
    "--task",
    "delayed-recall",
    "--option",
    "lag=3",
    "sequences=64",
    "--hidden",
    "4",
    "--layers",
    "1",
    "--updates",
    "3",
    "--device",
    "cpu",
]
MASKS = ["masks", "--layers", "2", "--steps", "5", "--hidden", "8", "--batch", "3", "--seed", "11"]


def capture_output(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Return what a command prints to standard output; it must end with status 0."""
    assert main(arguments) == 0
    return capsys.readouterr().out


def parse_json_lines(text: str) -> list[dict[str, Any]]:
    """Return the JSON objects of a text that has one on each line and nothing else. Refuse NaN and Infinity."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    return [json.loads(line, parse_constant=refuse) for line in text.splitlines()]


def parse_experiment(*arguments: str) -> Experiment:
    """Return the experiment that `train` would run with these arguments."""
    parser = argparse.ArgumentParser()
    COMMANDS["train"].add_arguments(parser)
    return experiment_of(parser.parse_args(arguments))


def test_train_prints_the_events_of_train(capsys: pytest.CaptureFixture[str]) -> None:
    events = parse_json_lines(capture_output(capsys, *SHORT_RUN, "--json"))
    records, done = [e for e in events if e["event"] == "record"], events[-1]
    for record in records:
        assert {"update", "epoch", "train_loss", "train_loss_clean", "val_loss"} <= set(record)
    assert [r["update"] for r in records] == [0, 1, 2, 3]
    assert records[0]["train_loss"] is None
    assert records[1]["val_loss"] is records[1]["train_loss_clean"] is None
    assert records[3]["val_loss"] > 0
    assert done["event"] == "done"
    assert 0 <= done["test"]["accuracy"] <= 1
    assert done["seconds"] > 0
    e = build_experiment("delayed-recall", {"lag": 3, "sequences": 64}, hidden=4, layers=1, updates=3, device="cpu")
    expected = [event for event in train(e) if event["event"] == "record"]
    assert records == json.loads(json.dumps(expected))


def test_train_without_json_is_readable(capsys: pytest.CaptureFixture[str]) -> None:
    text = capture_output(capsys, *SHORT_RUN)
    assert "parameters, 3 updates on cpu" in text
    assert "train masked not yet" in text
    assert "test accuracy" in text
    matrix = text[text.index("confusion matrix of the test split: a row for each target") :].splitlines()[1:10]
    assert matrix[0].split() == [row.split()[0] for row in matrix[1:]] == list("ABCDEFGH")
    assert sum(int(n) for row in matrix[1:] for n in row.split()[1:]) == 1024
    assert "{" not in text
    assert "Traceback" not in text


def test_a_run_that_diverges_ends_with_status_1(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The loss is patched to NaN here; test_training.py has a run that diverges by itself."""
    monkeypatch.setattr("torch.nn.functional.cross_entropy", lambda *_arguments, **_more: torch.tensor(math.nan))
    assert main([*SHORT_RUN, "--json"]) == 1
    events = parse_json_lines(capsys.readouterr().out)
    assert [event["event"] for event in events] == ["started", "failed"]
    assert main(SHORT_RUN) == 1
    printed = capsys.readouterr()
    assert printed.out.splitlines()[-1] == events[-1]["reason"]
    assert "Traceback" not in printed.err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], build_experiment()),
        (["--task", "delayed-recall"], build_experiment("delayed-recall")),
        (
            ["--task", "delayed-recall", "--option", "lag=30", "--option", "sequences=64"],
            build_experiment("delayed-recall", {"lag": 30, "sequences": 64}),
        ),
        (["--method", "gal2016"], build_experiment(placement=METHODS["gal2016"].build_placement())),
        (["--method", "gal2016", "--rate", "0.2"], build_experiment(placement=METHODS["gal2016"].build_placement(0.2))),
        (["--rate", "0.2"], build_experiment(placement=METHODS["zaremba2014"].build_placement(0.2))),
        (
            ["--method", "pytorch", "--rate", "between=0.3", "state=0.1"],
            build_experiment(placement=Placement.from_sites({"between": Dropout(0.3), "state": Dropout(0.1)})),
        ),
        (
            ["--method", "none", "--rate", "cell=0.1~sequence~none", "input=0.3~ramp,300,0.1", "words=0.1~sequence"],
            build_experiment(
                placement=Placement.from_sites(
                    {
                        "cell": Dropout(0.1, time="sequence", scaling="none"),
                        "words": build_dropout("words", 0.1),
                        "input": Dropout(0.3, schedule=RateSchedule("ramp", 300, 0.1)),
                    }
                )
            ),
        ),
        (["--method", "none", "--rate", "cell=0.1"], build_experiment(placement=Placement.from_sites({"cell": Dropout(0.1)}))),
        (
            ["--hidden", "8,9", "--embedding", "5", "--batch", "3", "--steps", "4"],
            build_experiment(hidden=(8, 9), embedding=5, batch=3, steps=4),
        ),
        (
            ["--layers", "3", "--hidden", "8", "--epochs", "2", "--learning-rate", "0.1"],
            build_experiment(layers=3, hidden=8, epochs=2, learning_rate=0.1),
        ),
        (
            ["--updates", "9", "--device", "cpu", "--engine", "reference", "--cell", "lstm"],
            build_experiment(updates=9, device="cpu", engine="reference"),
        ),
        (["--seed", "3"], build_experiment(data_seed=3, weight_seed=3, mask_seed=3)),
        (["--seed", "3", "--mask-seed", "4"], build_experiment(data_seed=3, weight_seed=3, mask_seed=4)),
        (
            ["--data-seed", "1", "--weight-seed", "2", "--mask-seed", "0"],
            build_experiment(data_seed=1, weight_seed=2, mask_seed=0),
        ),
    ],
)
def test_the_options_of_train(arguments: list[str], expected: Experiment) -> None:
    assert parse_experiment(*arguments) == expected


def test_a_recipe_and_what_is_changed_of_it() -> None:
    medium, small = (build_recipe_experiment(RECIPES["zaremba2014-medium"], scale) for scale in (1, 0.1))
    assert parse_experiment("--recipe", "zaremba2014-medium") == medium
    assert parse_experiment("--recipe", "zaremba2014-medium", "--scale", "0.1") == small
    assert parse_experiment("--recipe", "zaremba2014-medium", "--hidden", "9", "--seed", "3", "--epochs", "2") == replace_seeds(
        replace(medium, hidden=9, epochs=2), 3
    )
    for more, placement in (
        (["--method", "none"], Placement()),
        (["--rate", "0.2"], METHODS["zaremba2014"].build_placement(0.2)),
        (["--rate", "state=0.1"], Placement.from_sites({**dict(medium.placement.sites), "state": Dropout(0.1)})),
    ):
        assert parse_experiment("--recipe", "zaremba2014-medium", *more) == replace(medium, placement=placement)
    assert dict(parse_experiment("--recipe", "merity2017", "--rate", "0.1").placement.losses) == {"ar": 2, "tar": 1}
    assert dict(parse_experiment("--recipe", "zaremba2014-small", "--option", "words=3000").options)["words"] == 3000


def test_a_finished_run_repeats_its_output(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    arguments = [*SHORT_RUN, "--checkpoint", str(tmp_path / "run")]
    first = capture_output(capsys, *arguments).splitlines()
    assert main(arguments) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines()[:-1] == [first[0], "this run has already finished; its output:", *first[1:-1]]
    assert printed.err == "", "no bar"


def test_a_resumed_run_repeats_its_output_and_says_where_it_continues(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    short = ["train", "--option", "words=2000", "--hidden", "4", "--layers", "1", "--updates", "8", "--device", "cpu"]
    uninterrupted, path = capture_output(capsys, *short).splitlines(), tmp_path / "run"
    chosen, least = parse_experiment(*short[1:]), load_data(parse_experiment(*short[1:])).updates
    for event in train(chosen, checkpoint=Checkpoint(path, least)):
        if event.get("update") == least + 1:
            break
    resumed = capture_output(capsys, *short, "--checkpoint", str(path)).splitlines()
    assert resumed[1] == "its output so far:"
    at = resumed.index(f"continues after update {least}:")
    assert [resumed[0], *resumed[2:at], *resumed[at + 1 :]][:-1] == uninterrupted[:-1]
    assert [line[:5] for line in resumed[2:at]] == ["epoch", "  gen"] * 2


def test_a_language_model_prints_generated_text(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A short line at every evaluation holds the beginning of the generated text of the record."""
    short = [
        "train",
        "--task",
        "character-model",
        "--option",
        "characters=10000",
        "--hidden",
        "4",
        "--layers",
        "1",
        "--updates",
        "2",
        "--device",
        "cpu",
    ]
    texts = [
        " ".join(event["written"].split())
        for event in parse_json_lines(capture_output(capsys, *short, "--json"))
        if "written" in event
    ]
    for columns in (60, 200):
        monkeypatch.setenv("COLUMNS", str(columns))
        lines = [line for line in capture_output(capsys, *short).splitlines() if line.startswith("  generated: ")]
        assert len(lines) == len(texts) == 2
        for line, text in zip(lines, texts, strict=True):
            assert len(line) <= min(columns - 1, 100)
            assert text.startswith(line.removeprefix("  generated: ").removesuffix("…"))


def test_nothing_is_called_masked_where_nothing_is(capsys: pytest.CaptureFixture[str]) -> None:
    for method in ("none", "pytorch"):  # which has masks between layers alone: of one there are none
        text = capture_output(capsys, *SHORT_RUN, "--method", method)
        assert "masked" not in text
        assert "  train " in text


def test_the_help_of_train_names_ranges_and_the_options_of_tasks(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = capture_output(capsys, "train", "--help")
    words = " ".join(text.split())
    assert all(len(line) <= 80 for line in text.splitlines())
    for name in ("layers", "embedding", "batch", "steps", "updates", "epochs"):
        low, high = INTEGER_BOUNDS[name]
        assert re.search(rf" --{name} [A-Z] [^-]*; {low} to {high} ", words), name
    assert f"at most {MAX_SCALED_UPDATES}" in words
    for name, row in TASKS.items():
        assert re.search(rf" {name} {row.options[0].name}={row.options[0].default} \(", words)
        assert all(f" {option.name}=" in words for option in row.options)


def test_methods(capsys: pytest.CaptureFixture[str]) -> None:
    rows = parse_json_lines(capture_output(capsys, "methods", "--json"))
    assert [row["name"] for row in rows] == list(METHODS)
    for row in rows:
        assert set(row) == {
            "name",
            "label",
            "citation",
            "equation",
            "use",
            "rates",
            "test",
            "cost",
            "pitfall",
            "unconfirmed",
            "count",
            "cells",
            "aliases",
            "cell",
            "monte_carlo",
            "sites",
        }
        assert placement_from_plain(row["sites"]) == METHODS[row["name"]].build_placement()
    for cell in CELLS:
        names = [
            (row["name"], row["cell"]) for row in parse_json_lines(capture_output(capsys, "methods", "--cell", cell, "--json"))
        ]
        assert names == [(name, cell) for name, row in METHODS.items() if cell in row.cells]
    lines = capture_output(capsys, "methods").splitlines()
    assert [line.split()[0] for line in lines] == list(METHODS)


@pytest.mark.parametrize(
    ("method", "layers", "distance", "least", "most"),
    [
        ("zaremba2014", 3, 17, 4, 4),
        ("naive-state", 3, 17, 4, 21),
        ("naive-cell", 3, 17, 24, 24),
        ("pytorch", 1, 5, 0, 0),
        ("none", 2, 0, 0, 0),
        ("gal2016", 2, 5, 4, 9),
        ("moon2015", 2, 5, 7, 7),
    ],
)
def test_path(capsys: pytest.CaptureFixture[str], method: str, layers: int, distance: int, least: int, most: int) -> None:
    arguments = ["path", "--method", method, "--layers", str(layers), "--distance", str(distance)]
    (counts,) = parse_json_lines(capture_output(capsys, *arguments, "--json"))
    c = count_corruption(METHODS[method].build_placement(), layers, distance)
    assert counts == {
        "method": method,
        "cell": "lstm",
        "layers": layers,
        "distance": distance,
        "min": least,
        "max": most,
        "through_state": c.through_state,
        "through_cell": c.through_cell,
        "histogram": list(c.histogram),
        "distinct": c.distinct,
    }
    assert f"crosses {least if least == most else f'{least} to {most}'} masks" in capture_output(capsys, *arguments)


@pytest.mark.parametrize("method", METHODS)
def test_masks_are_those_of_the_training(capsys: pytest.CaptureFixture[str], tmp_path: Path, method: str) -> None:
    out = tmp_path / "masks.npz"
    text = capture_output(capsys, *MASKS, "--method", method, "--update", "4", "--out", str(out))
    e = build_experiment(layers=2, steps=5, hidden=8, batch=3, mask_seed=11, placement=METHODS[method].build_placement())
    expected = draw_update_masks(e, 4)
    with np.load(out) as file:
        masks = dict(file)
    assert {name: mask.tobytes() for name, mask in masks.items()} == {name: mask.tobytes() for name, mask in expected.items()}
    assert {name: mask.shape for name, mask in masks.items()} == {name: mask.shape for name, mask in expected.items()}
    assert [line.split()[0] for line in text.splitlines()] == list(expected)


def test_masks_twice_are_the_same_file_and_another_update_another(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("first", "second", "other")]
    for file, update in zip(files, ("3", "3", "4"), strict=True):
        capture_output(capsys, *MASKS, "--method", "zaremba2014", "--rate", "0.4", "--update", update, "--out", str(file))
    first, second, other = (file.read_bytes() for file in files)
    assert first == second != other
    # A zip file dates its members, to two seconds: had they today's date, only files of the same moment would be the same.
    assert {member.date_time[0] for member in zipfile.ZipFile(files[0]).infolist()} == {1980}


def test_masks_of_gal_are_the_same_stripes_at_all_steps(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "masks.npz"
    capture_output(capsys, *MASKS, "--method", "gal2016", "--out", str(out))
    with np.load(out) as file:
        assert sorted(file) == ["between.2", "input.1", "output.2", "state.1", "state.2", "words.1"]
        assert all(mask.shape == (1, 3, 8) for name, mask in file.items() if name != "words.1")
        assert file["words.1"].shape == (1, 3, load_data(build_experiment()).tokens)


def test_the_vocabulary_of_words_that_are_dropped(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "masks.npz"
    capture_output(capsys, *MASKS, "--method", "embedding", "--vocabulary", "30", "--out", str(out))
    with np.load(out) as file:
        assert {name: mask.shape for name, mask in file.items()} == {"words.1": (1, 3, 30)}


def test_path_of_zoneout_and_of_routes_through_gates(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["path", "--method", "zoneout", "--layers", "2", "--distance", "3", "--gates"]
    (counts,) = parse_json_lines(capture_output(capsys, *arguments, "--json"))
    placement = METHODS["krueger2016"].build_placement()
    assert (counts["method"], counts["min"], counts["max"], counts["held"]) == ("krueger2016", 0, 0, [4, 10])
    assert counts["with_gates"] == list(count_all_routes(placement, 2, 3))
    text = capture_output(capsys, *arguments)
    assert "zoneout can hold content back 4 to 10 times" in text
    assert f"{sum(counts['with_gates'])} routes" in text


def test_path_of_a_plain_rnn_has_no_cell(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["path", "--method", "naive-state", "--cell", "rnn", "--layers", "2", "--distance", "5"]
    (counts,) = parse_json_lines(capture_output(capsys, *arguments, "--json"))
    assert (counts["through_cell"], counts["through_state"], counts["min"], counts["max"]) == (None, 8, 8, 8)
    assert "through the cell" not in capture_output(capsys, *arguments)


WRONG_ARGUMENTS = {
    "": "train|compare|methods|path|masks",
    "learn": "invalid choice: 'learn'",
    "train --speed 3": "unrecognized arguments: --speed 3",
    "train --tas language-model": "unrecognized arguments",
    "train --task recall": "did you mean delayed-recall",
    "train --option lag": "--option takes key=value",
    "train --task delayed-recall --option lag=long": "lag is “long”; a number is expected",
    "train --option lag=25": "has no option “lag”; it has words",
    "train --task delayed-recall --option lag=101": "lag is 101; it must be a whole number from 1 to 100",
    "train --task delayed-recall --option lag=25 --steps 20": "A lag of 25 needs sequences of at least 27 steps",
    "train --method dropout": "There is no method “dropout”",
    "train --rate 1": "at least 0 and below 1",
    "train --rate -0.1": "at least 0 and below 1",
    "train --rate nan": "at least 0 and below 1",
    "train --rate half": "it must be a number, at least 0 and below 1",
    "train --rate input=half": "it must be a number, at least 0 and below 1",
    "train --rate 0.1 0.2": "--rate takes one number, or site=number for each site",
    "train --rate here=0.1": "There is no site “here”; the sites are words, input",
    "train --rate input=0.5~ramp,-5": "is -5 updates long; “ramp” takes a whole number from 1 to 1000000",
    "train --rate input=0.5~sometimes": "“sometimes” is not a setting of a site; the settings are step",
    "train --rate output=0.5~separate": "“output” has no axis “gates”",
    "train --rate words=0.5~step": "“words” has no axis “time”",
    "train --rate": "expected at least one argument",
    "train --cell elman": "(choose from 'lstm', 'gru', 'rnn', 'rnn-logistic')",
    "train --cell gru --method moon2015": "“moon2015” is not defined for the cell “gru”; it is for lstm",
    "train --cell gru --rate cell=0.1": "“cell” does not exist in the cell “gru”, but in lstm",
    "train --layers two": "“two” is not a whole number",
    "train --layers 5": "layers is 5; it must be a whole number from 1 to 4",
    "train --hidden 8,x": "“x” is not a whole number",
    "train --hidden 8,9,10": "hidden names 3 sizes for 2 layers",
    "train --hidden 1501": "hidden is 1501; it must be a whole number from 1 to 1500",
    "train --embedding 0": "embedding is 0",
    "train --batch 0": "batch is 0",
    "train --batch 200 --steps 200 --hidden 9": "that one window of",
    "train --batch 256 --steps 30": "that one window of",
    "train --hidden 1500 --layers 4 --batch 256 --steps 256": "at most 5000000 fit in memory",
    "train --updates 0": "updates is 0; it must be a whole number from 1 to",
    "train --updates 3 --epochs 1": "not allowed with argument",
    "train --epochs 501": "epochs is 501",
    "train --learning-rate fast": "“fast” is not a number",
    "train --learning-rate 0": "learning_rate is 0.0; it must be a number above 0 and at most 100",
    "train --learning-rate inf": "learning_rate is inf",
    "train --recipe zaremba": "There is no recipe “zaremba”; did you mean zaremba2014-",
    "train --recipe merity2017 --task adding": "A recipe brings its own task: leave --task out",
    "train --option corpus=PTB": "“PTB” cannot be read: No such file or directory",
    "train --option corpus=" + "a" * 300: "cannot be read: File name too long",
    "train --recipe merity2017 --scale 2": "The scale is 2.0; it must be a number above 0 and at most 1",
    "train --recipe merity2017 --steps 10": "Windows of varied length need steps of at least 20; steps is 10",
    "train --scale 0.1": "--scale needs a recipe: name one with --recipe",
    "train --checkpoint-every 5": "name a file with it",
    "train --checkpoint-every 0 --checkpoint run": "checkpoint-every is 0; it must be a whole number from 1 to",
    "train --checkpoint .": "The checkpoint . cannot be read: Is a directory",
    "train --seed -1": "data_seed is -1; it must be a whole number from 0 to 4294967295",
    "train --mask-seed 4294967296": "mask_seed is 4294967296",
    "train --device toaster": "(choose from 'auto', 'cpu', 'cuda', 'mps')",
    "train --engine steam": "(choose from 'auto', 'fused', 'bptt', 'reference')",
    "methods --cell elman": "(choose from 'lstm', 'gru', 'rnn', 'rnn-logistic')",
    "path --method zaremba2014 --layers 3": "required: --distance",
    "path --method zarembo --layers 3 --distance 2": "did you mean zaremba2014",
    "path --method none --layers 0 --distance 2": "Paths are counted for 1 to",
    "path --method none --layers 2 --distance -1": "distances from 0 to 1000",
    "path --method none --layers 2 --distance far": "“far” is not a whole number",
    "masks --method gal2016 --vocabulary 0 --out masks.npz": "vocabulary is 0; it must be a whole number from 1 to 100000",
    "masks --method gal2016": "required: --out",
    "masks --out masks.npz": "required: --method",
    "masks --method gal2016 --update -1 --out masks.npz": "update is -1; it must be a whole number from 0 to 1000000",
    "masks --method gal2016 --seed -1 --out masks.npz": "mask_seed is -1",
    "masks --method gal2016 --out nowhere/masks.npz": "cannot be written: No such file or directory",
    "masks --method gal2016 --out .": "cannot be written: Is a directory",
    "bench --method zarembo": "did you mean zaremba2014",
    "bench --hidden 0": "hidden is 0; it must be a whole number from 1 to 1500",
    "bench --steps 2": "steps is 2; it must be a whole number from 3 to",
    "bench --rounds 0": "rounds is 0; it must be a whole number from 1 to 1000",
    "bench --threads 0": "threads is 0",
    "bench --device tpu": "(choose from 'cpu', 'cuda')",
}


@pytest.mark.parametrize("line", WRONG_ARGUMENTS)
def test_wrong_arguments(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    """Wrong arguments give status 2, a line on standard error with what is allowed, nothing on standard output, no file."""
    monkeypatch.chdir(tmp_path)
    assert main(line.split()) == 2
    printed = capsys.readouterr()
    assert WRONG_ARGUMENTS[line] in printed.err
    assert printed.err.startswith("python -m core")
    assert printed.err.count("\n") == 1
    assert printed.out == ""
    assert list(tmp_path.iterdir()) == []


BENCH_ARGUMENTS = ["bench", "--hidden", "4", "--steps", "3", "--batch", "2", "--rounds", "1"]


def test_the_benchmark_has_a_row_for_each_case_and_names_the_engine(capsys: pytest.CaptureFixture[str]) -> None:
    """Each time must be present; its value is not compared with anything."""
    rows = parse_json_lines(
        capture_output(
            capsys, *BENCH_ARGUMENTS, "--cell", "lstm", "gru", "--method", "zaremba2014", "naive-cell", "gal2016", "--json"
        )
    )
    cases = [(row["cell"], row["method"], row["engine"]) for row in rows]
    assert cases == [
        ("lstm", "zaremba2014", "fused"),
        ("lstm", "naive-cell", "bptt"),
        ("lstm", "gal2016", "bptt"),
        ("gru", "zaremba2014", "bptt"),
        ("gru", "gal2016", "bptt"),
    ]
    assert all(row[f"{name}ms"] > 0 for row in rows for name in ("", "draw_", "update_", "torch_", "loop_", "floor_"))


def test_the_benchmark_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    table = capture_output(capsys, *BENCH_ARGUMENTS, "--cell", "rnn", "--method", "gal2016", "--layers", "1", "2").splitlines()
    assert [line.split()[:7] for line in table[-2:]] == [["rnn", "gal2016", "4", "3", "2", layers, "bptt"] for layers in "12"]


def test_the_benchmark_in_markdown() -> None:
    """The table has a column for each size, with two ratios; a cell that was not measured is empty."""
    rows = [
        {
            "cell": "lstm",
            "method": method,
            "engine": "bptt",
            "steps": 40,
            "batch": 32,
            "layers": 2,
            "hidden": hidden,
            "ms": 6.0,
            "torch_ms": 4.0,
            "loop_ms": 15.0,
        }
        for method, hidden in (("none", 64), ("none", 32), ("gal2016", 64))
    ]
    assert list(format_table(rows)) == [
        "| cell, method | engine | T, B, L | H = 32 | H = 64 |",
        "|---|---|---|---|---|",
        "| lstm, `none` | bptt | 40, 32, 2 | 1.50, 2.5 | 1.50, 2.5 |",
        "| lstm, `gal2016` | bptt | 40, 32, 2 |  | 1.50, 2.5 |",
    ]


@pytest.mark.parametrize("arguments", [["train", "--task", "a\nb"], ["train", "--layers", "1\n2"], ["a\nb"]])
def test_a_wrong_argument_of_two_lines_is_answered_in_one(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help(capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert "usage: python -m core" in capture_output(capsys, *([command] if command else []), "--help")
