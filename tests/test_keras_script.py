"""The Keras script of an experiment, and the masks of the installed Keras.

Oracles: the layers and arguments that Keras documents for a placement, written down here; core.nn.network.Network in
float64, to 1e-6, with the masks that Keras drew in float32. What needs Keras is skipped without it:
`pip install -r requirements-keras.txt`.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from core.dropout.cells import GATES
from core.dropout.methods import METHODS
from core.dropout.placement import Dropout, Placement, build_dropout
from core.dropout.schedule import RateSchedule
from core.errors import Invalid
from core.experiment.experiment import Experiment, build_experiment
from core.export.keras_layers import LAYERS, find_keras_obstacle
from core.export.keras_script import build_keras_script
from core.nn.network import Network
from core.tasks import TASKS

os.environ.setdefault("KERAS_BACKEND", "torch")
needs_keras = pytest.mark.skipif(not find_spec("keras"), reason="Keras is not installed: requirements-keras.txt")
SEQUENCE: dict[str, Any] = {"time": "sequence"}
BY_GATE: dict[str, Any] = {"time": "sequence", "gates": "separate"}


class FakeKeras(ModuleType):
    """Stands for Keras where it is not installed: the model is the list of the layers that were added, as they were called."""

    def __init__(self, version: str) -> None:
        """Make the modules `keras` and `keras.layers` of a version."""
        super().__init__("keras")
        self.__version__ = version
        self.backend = SimpleNamespace(backend=lambda: "jax")
        self.layers = ModuleType("keras.layers")
        self.layers.__getattr__ = lambda name: _record(name)  # type: ignore[method-assign]
        self.Input = _record("Input")
        self.Sequential = lambda: SimpleNamespace(added=[], add=None)


def _record(name: str) -> Callable[..., str]:
    def call(*args: object, **given: object) -> str:
        return f"{name}({', '.join([*map(repr, args), *(f'{key}={value!r}' for key, value in given.items())])})"

    return call


def execute_script(e: Experiment, monkeypatch: pytest.MonkeyPatch, version: str = "3.8.0") -> dict[str, Any]:
    """Execute the script with a Keras that only records, without starting the training, and return its names."""
    fake = FakeKeras(version)
    monkeypatch.setitem(sys.modules, "keras", fake)
    monkeypatch.setitem(sys.modules, "keras.layers", fake.layers)
    names: dict[str, Any] = {"__name__": "pasted"}
    exec(compile(build_keras_script(e), "pasted", "exec"), names)
    return names


def list_layers(e: Experiment, monkeypatch: pytest.MonkeyPatch, version: str = "3.8.0") -> list[str]:
    """Return the layers that the script adds, in order, without input, embedding, decoder and the arguments of all layers."""
    added: list[str] = []
    names = execute_script(e, monkeypatch, version)
    names["keras"].Sequential = lambda: SimpleNamespace(add=added.append)
    names["build_model"](30, 5)
    assert [added[0].split("(")[0], added[-1]] == ["Input", "Dense(5)"]
    assert all("stateful=True" in one for one in added if "return_sequences" in one), "windows of a text continue each other"
    return [
        one.replace(", return_sequences=True, stateful=True, use_cudnn=False", "").replace(", stateful=True", "")
        for one in added[1 + e.has_tokens : -1]
    ]


def make_experiment(sites: dict[str, Dropout] | Placement, cell: str = "lstm", layers: int = 2, **given: Any) -> Experiment:
    placement = sites if isinstance(sites, Placement) else Placement.from_sites(sites)
    sizes: dict[str, Any] = {"hidden": (4, 3)[:layers], "embedding": 6, "steps": 5, "batch": 2, "device": "cpu"}
    return build_experiment(**{**sizes, "cell": cell, "layers": layers, "placement": placement, **given})


@pytest.mark.parametrize(
    ("sites", "layers"),
    [
        ({}, ["LSTM(4)", "LSTM(3)"]),
        ({"input": Dropout(0.5)}, ["Dropout(0.5)", "LSTM(4)", "LSTM(3)"]),
        ({"between": Dropout(0.5), "output": Dropout(0.25)}, ["LSTM(4)", "Dropout(0.5)", "LSTM(3)", "Dropout(0.25)"]),
        ({"output": Dropout(0.5, **SEQUENCE)}, ["LSTM(4)", "LSTM(3)", "SpatialDropout1D(0.5)"]),
        ({"input": Dropout(0.4, **SEQUENCE)}, ["LSTM(4, dropout=0.4)", "LSTM(3)"]),
        ({"between": Dropout(0.4, **SEQUENCE)}, ["LSTM(4)", "LSTM(3, dropout=0.4)"]),
        ({"input": Dropout(0.5, batch="batch")}, ["Dropout(0.5, noise_shape=(1, 5, 6))", "LSTM(4)", "LSTM(3)"]),
        ({"between": Dropout(0.5, units="layer")}, ["LSTM(4)", "Dropout(0.5, noise_shape=(2, 5, 1))", "LSTM(3)"]),
        (
            {"output": Dropout(0.5, time="sequence", batch="batch")},
            ["LSTM(4)", "LSTM(3)", "Dropout(0.5, noise_shape=(1, 1, 3))"],
        ),
        ({"input": Dropout(0.5, noise="gaussian", scaling="none")}, ["GaussianDropout(0.5)", "LSTM(4)", "LSTM(3)"]),
        ({"state": Dropout(0.3, **BY_GATE)}, ["LSTM(4, recurrent_dropout=0.3)", "LSTM(3, recurrent_dropout=0.3)"]),
        ({"state": Dropout((0.3, 0.0), **BY_GATE)}, ["LSTM(4, recurrent_dropout=0.3)", "LSTM(3)"]),
        (
            {"input": Dropout(0.2, **BY_GATE), "state": Dropout(0.3, **BY_GATE)},
            ["LSTM(4, dropout=0.2, recurrent_dropout=0.3)", "LSTM(3, recurrent_dropout=0.3)"],
        ),
        (  # one mask for all gates of the input cannot be drawn by dropout= here
            {"input": Dropout(0.2, **SEQUENCE), "state": Dropout(0.3, **BY_GATE)},
            ["SpatialDropout1D(0.2)", "LSTM(4, recurrent_dropout=0.3)", "LSTM(3, recurrent_dropout=0.3)"],
        ),
        (  # where the second layer has none on the state, its dropout= draws one for all gates
            {"between": Dropout(0.2, **SEQUENCE), "state": Dropout((0.3, 0.0), **BY_GATE)},
            ["LSTM(4, recurrent_dropout=0.3)", "LSTM(3, dropout=0.2)"],
        ),
    ],
)
def test_a_placement_becomes_layers_and_arguments(
    sites: dict[str, Dropout], layers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list_layers(make_experiment(sites), monkeypatch) == layers


def test_one_mask_for_all_gates_of_the_state_is_an_old_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    e = make_experiment(METHODS["keras-3.7"].build_placement())
    assert list_layers(e, monkeypatch, "3.7.0") == [
        "LSTM(4, dropout=0.25, recurrent_dropout=0.25)",
        "LSTM(3, dropout=0.25, recurrent_dropout=0.25)",
    ]
    with pytest.raises(SystemExit, match=r"Keras 3\.0 to 3\.7"):
        list_layers(e, monkeypatch, "3.8.0")
    with pytest.raises(SystemExit, match=r"need Keras 3\.8 or newer"):
        list_layers(make_experiment(METHODS["keras"].build_placement()), monkeypatch, "3.7.0")


@pytest.mark.parametrize(("cell", "name"), [(cell, name) for name, row in METHODS.items() for cell in row.cells])
def test_every_method_has_a_script_or_a_reason(cell: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The recurrent layer is the cell's, each layer of the script stands for an active site, and no site is left out."""
    e = make_experiment(METHODS[name].build_placement(cell=cell), cell)
    if obstacle := find_keras_obstacle(e):
        assert obstacle.startswith("There is no Keras script")
        with pytest.raises(Invalid, match=re.escape(obstacle)):
            build_keras_script(e)
        return
    added = " ".join(list_layers(e, monkeypatch, "3.7" if name == "keras-3.7" else "3.8"))
    assert added.count(f"{LAYERS[cell]}(") == e.layers
    places = len(e.placement.list_active(e.layers))
    assert len(re.findall(r"Dropout\w*\(|\bdropout=|recurrent_dropout=", added)) == places


SCRIPTS = {"none", "zaremba2014", "pytorch", "keras-stack", "keras", "keras-3.7", "gaussian"}


def test_these_methods_have_a_script_in_an_lstm() -> None:
    have = {name for name, row in METHODS.items() if not find_keras_obstacle(make_experiment(row.build_placement()))}
    assert have == SCRIPTS


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"placement": Placement.from_sites({"cell": Dropout(0.5)})},
            "site “cell”. No layer and no argument of Keras masks cₜ",
        ),
        ({"placement": Placement.from_sites({"words": build_dropout("words", 0.5)})}, "masks whole words"),
        ({"placement": Placement.from_sites({"state": Dropout(0.5)})}, "site “state”. The argument recurrent_dropout"),
        ({"placement": Placement.from_sites({"input": Dropout(0.5, gates="separate")})}, "Each gate has its own mask"),
        ({"placement": Placement.from_sites({"input": Dropout(0.5, scaling="test")})}, "divide by 1-p"),
        (
            {"placement": Placement.from_sites({"input": Dropout(0.5, schedule=RateSchedule("ramp", 9))})},
            "The rate changes during the training",
        ),
        (
            {"placement": Placement.from_sites({"input": Dropout(0.5, **SEQUENCE, noise="gaussian", scaling="none")})},
            "GaussianDropout draws it for each step",
        ),
        ({"placement": METHODS["fraternal"].build_placement()}, "adds this term to the loss: fraternal"),
        ({"decoder": "tied", "embedding": 3}, "shares the weights of the embedding"),
        ({"optimiser": "nt-asgd"}, "averaged SGD"),
        ({"sites": {"state": Dropout(0.5, **SEQUENCE)}, "cell": "gru"}, "mask what z carries on too"),
        ({"sites": {"whole_state": Dropout(0.5, **SEQUENCE)}, "cell": "gru"}, "only the GRU of 3.0 to 3.7 masks it"),
        ({"weight_decay": 1e-4}, "weight decay of Keras' Adam"),
    ],
)
def test_what_keras_cannot_express_is_said(given: dict[str, Any], words: str) -> None:
    assert words in (find_keras_obstacle(make_experiment(**{"sites": {}, **given})) or "")


@pytest.mark.parametrize("task", TASKS)
def test_the_script_of_every_task_can_be_read(task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch weighs the steps with a target such that Keras' mean over B · T is the engine's loss."""
    e = build_experiment(task, placement=METHODS["zaremba2014"].build_placement(), loss="mean")
    text = build_keras_script(e)
    monkeypatch.setattr(sys, "argv", ["pasted.py"])
    names = execute_script(e, monkeypatch)
    *_sizes, windows = names["load_data"]()
    assert ("stateful=True" in text) == any(not starts_sequence for *_batch, starts_sequence in windows("train"))
    regression = "isnan" in text.split("def make_batch")[1]
    x = torch.zeros((e.steps, e.batch) if e.has_tokens else (e.steps, e.batch, e.features))
    y = torch.full((e.steps, e.batch), torch.nan if regression else -1)
    y[0], y[-1, 0] = 1, 1
    inputs, targets, weights = names["make_batch"](x, y)
    assert inputs.shape[:2] == weights.shape == (e.batch, e.steps)
    assert np.isfinite(targets).all()
    assert set(np.unique(weights)) == {0.0, np.float32(e.steps * e.batch / (e.batch + 1))}


def run_script(e: Experiment, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the script of an experiment in a folder, where it cannot import this project."""
    (folder / "pasted.py").write_text(build_keras_script(e), encoding="utf-8")
    command, env = [sys.executable, "pasted.py"], {**os.environ, "PYTHONPATH": ""}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def load_keras() -> Any:
    """Return the installed Keras."""
    import keras

    return keras


def draw_keras_masks(layer: Any, x: np.ndarray[Any, Any]) -> tuple[Any, dict[str, Any]]:
    """Run a recurrent layer of Keras in training; return its output and the masks that it drew: "input" and "state"."""
    drawn: dict[str, list[Any]] = {}
    draw = layer.cell._create_dropout_mask

    def record(step_input: Any, rate: float) -> Any:
        masks = draw(step_input, rate)
        name = "input" if step_input.shape[-1] == x.shape[-1] else "state"
        assert name not in drawn, "the masks are drawn once and serve every step"
        drawn[name] = [one.detach().numpy() for one in (masks if isinstance(masks, list) else [masks])]
        return masks

    layer.cell._create_dropout_mask = record
    return layer(torch.from_numpy(x), training=True), drawn


# The order of Keras' gates, as the blocks of its kernels have it.
KERAS_GATES = {"lstm": "ifgo", "gru": "zrg", "rnn": "g", "rnn-logistic": "g"}


@needs_keras
@pytest.mark.parametrize("cell", GATES)
def test_the_method_keras_is_the_installed_keras(cell: str) -> None:
    """A layer with both arguments draws 4 and 4, 3 and 3, 1 and 1 masks; with them the engine has the layer's outputs."""
    keras = load_keras()
    version = tuple(map(int, keras.__version__.split(".")[:2]))
    name = "keras" if version >= (3, 8) or len(GATES[cell]) == 1 else "keras-3.7"
    state = "whole_state" if (name, cell) == ("keras-3.7", "gru") else "state"  # before 3.8 a GRU masks its carry too
    e = make_experiment(METHODS[name].build_placement(cell=cell), cell, 1, forget_bias=None, engine="reference")
    given = {"activation": "sigmoid"} if cell == "rnn-logistic" else {}
    layer = getattr(keras.layers, LAYERS[cell])(4, dropout=0.25, recurrent_dropout=0.25, return_sequences=True, **given)
    x = np.random.default_rng(1).standard_normal((2, 5, 6))
    layer.build(x.shape)
    network = Network(9, 3, e).double()

    def reorder(weights: torch.Tensor) -> np.ndarray[Any, Any]:
        """Return the blocks of W or U [4H, I] or b [4H] in Keras' order, transposed."""
        blocks = np.split(weights.detach().numpy(), len(GATES[cell]))
        return np.concatenate([blocks[GATES[cell].index(gate)] for gate in KERAS_GATES[cell]]).T

    layer.cell.kernel.assign(reorder(network.W[0]))
    layer.cell.recurrent_kernel.assign(reorder(network.U[0]))
    bias = reorder(network.b[0])
    layer.cell.bias.assign(np.stack([np.zeros_like(bias), bias]) if cell == "gru" else bias)
    output, drawn = draw_keras_masks(layer, x.astype(np.float32))
    by_gate = dict(e.placement.sites)[state].is_fresh("gates")
    assert {site: len(masks) for site, masks in drawn.items()} == dict.fromkeys(
        ("input", "state"), len(GATES[cell]) if by_gate else 1
    )
    masks: dict[str, torch.Tensor] = {}
    for site, arrays in drawn.items():
        assert set(np.unique(np.concatenate(arrays))) <= {0.0, np.float32(1 / 0.75)}
        names = [f".{gate}" for gate in KERAS_GATES[cell]] if by_gate else [""]
        at = {"input": "input", "state": state}[site]
        masks |= {f"{at}.1{gate}": torch.from_numpy(one).double()[None] for gate, one in zip(names, arrays, strict=True)}
    expected, _states = network(torch.from_numpy(x).transpose(0, 1), network.zero_states(2), masks)
    np.testing.assert_allclose(output.detach().numpy(), expected.transpose(0, 1).detach().numpy(), rtol=1e-6, atol=1e-6)


@needs_keras
def test_the_script_with_masks_for_each_gate_runs_alone(tmp_path: Path) -> None:
    keras = load_keras()
    placement = METHODS["keras"].build_placement(cell="gru")
    e = build_experiment("delayed-recall", {"lag": 2}, cell="gru", placement=placement, updates=4, hidden=8)
    done = run_script(e, tmp_path)
    if tuple(map(int, keras.__version__.split(".")[:2])) < (3, 8):
        assert "need Keras 3.8 or newer" in done.stderr
    else:
        assert done.returncode == 0, done.stderr


@needs_keras
@pytest.mark.parametrize("cell", ["LSTM", "GRU", "SimpleRNN"])
def test_dropout_alone_draws_one_mask_for_all_gates(cell: str) -> None:
    layer = getattr(load_keras().layers, cell)(4, dropout=0.25, use_bias=False)
    x = np.ones((2, 5, 6), np.float32)
    layer.build(x.shape)
    _output, drawn = draw_keras_masks(layer, x.astype(np.float32))
    assert {site: len(masks) for site, masks in drawn.items()} == {"input": 1}


@needs_keras
@pytest.mark.parametrize(
    ("task", "cell", "name", "given"),
    [
        ("delayed-recall", "lstm", "zaremba2014", {"options": {"lag": 2}, "updates": 300, "hidden": 24, "learning_rate": 0.01}),
        ("language-model", "lstm", "keras-stack", {"updates": 6, "hidden": 8, "decay": 1.5}),
        ("adding", "rnn-logistic", "keras", {"options": {"lag": 3}, "updates": 6, "hidden": 8, "monte_carlo": 2}),
        ("delayed-recall", "lstm", "gaussian", {"options": {"lag": 3}, "updates": 6, "hidden": 8, "monte_carlo": 2}),
        (
            "series",
            "lstm",
            "pytorch",
            {"epochs": 1, "hidden": 8, "optimiser": "sgd", "weight_decay": 1e-4, "loss": "sum", "states": "fresh"},
        ),
    ],
)
def test_the_script_runs_alone_and_trains(task: str, cell: str, name: str, given: dict[str, Any], tmp_path: Path) -> None:
    rate = 0.1 if name == "zaremba2014" else None
    e = build_experiment(task, cell=cell, placement=METHODS[name].build_placement(rate, cell), device="cpu", **given)
    done = run_script(e, tmp_path)
    if "Before 3.9" in done.stderr:
        pytest.skip("this Keras cannot carry states")
    assert done.returncode == 0, done.stderr
    losses = [float(loss) for loss in re.findall(r"validation loss ([\d.]+)", done.stdout)]
    assert losses[-1] < losses[0]
    assert ("Monte Carlo, 2 passes: " in done.stdout) == bool(e.monte_carlo)
    if name == "zaremba2014":
        assert losses[-1] < np.log(8) / 4, "the first token is remembered"
