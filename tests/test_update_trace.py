"""Update traces.

Oracles: the run that `train` makes of the same experiment; autograd on the independent implementation of the cells in
tests/reference.py; finite differences of the loss.
"""

import json
import math
import subprocess
import sys
import threading
import time
from dataclasses import replace
from itertools import count, islice
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from core.analysis.update_recorder import RecordingNetwork, RecordingTrainer, record_update, run_recording, train_to_update
from core.analysis.update_trace import (
    UNITS,
    check_update_reachable,
    find_last_reachable_update,
    make_request,
    parse_request,
    parse_trace,
    trace_to_plain,
)
from core.dropout.cells import CELLS
from core.dropout.masks import expand_word_masks
from core.dropout.methods import METHODS
from core.dropout.placement import Dropout, Placement
from core.errors import Invalid
from core.experiment.batches import batch_at, draw_update_masks
from core.experiment.experiment import Experiment, build_experiment
from core.nn.cells import CELLS as CELLS_STEPS
from core.nn.network import Network
from core.runs.trace_jobs import UpdateTraceAnswer, UpdateTraceJobs
from core.training.loss import forward
from core.training.trainer import train
from tests.reference import recurrent_stack

pytestmark = pytest.mark.usefixtures("one_thread")

ROOT = Path(__file__).parents[1]
TINY: dict[str, Any] = {"layers": 2, "hidden": 5, "device": "cpu", "batch": 32}
RECALL = build_experiment("delayed-recall", {"lag": 3, "sequences": 64}, **TINY)
WORDS = build_experiment("language-model", {"words": 2000}, **TINY, steps=6)
# The LSTM's in every run of the tests, the other cells' by `python -m pytest -m slow`.
METHOD_CELLS = [
    pytest.param(name, cell, marks=() if cell == "lstm" else pytest.mark.slow)
    for name, row in METHODS.items()
    for cell in row.cells
]
UPDATE = 2


def record_run(experiment: Experiment, update: int = UPDATE) -> RecordingTrainer:
    *_before, (run, _part) = train_to_update(experiment, update)
    return run


def list_losses(experiment: Experiment, updates: int) -> list[float | None]:
    """Return the losses that a run records, from update 0 to `updates`."""
    every = (event for event in train(experiment) if event["event"] == "record")
    return [event["train_loss"] for event in islice(every, updates + 1)]


@pytest.mark.parametrize(("name", "cell"), METHOD_CELLS)
def test_every_method_of_every_cell_is_the_update_of_the_run(name: str, cell: str) -> None:
    """The loss is the recorded one, and the reference step, which gives h, c and their gradients, has the same objective."""
    row = METHODS[name]
    e = replace(RECALL, cell=cell, placement=row.build_placement(cell=cell))
    run = record_run(e)
    assert run.loss == pytest.approx(list_losses(e, UPDATE)[UPDATE], abs=0)
    trace = record_update(run, 1)
    assert trace == parse_trace(json.loads(json.dumps(trace_to_plain(trace), allow_nan=False)))
    assert trace.loss == pytest.approx(run.loss, rel=1e-5)
    assert [list(layer.carried) for layer in trace.layers] == [["h", "c"] if cell == "lstm" else ["h"]] * 2
    assert [list(layer.gates) for layer in trace.layers] == [{"lstm": ["i", "f", "o"], "gru": ["r", "z"]}.get(cell, [])] * 2
    if not e.placement.losses:
        assert trace.objective == pytest.approx(run.loss, rel=1e-5)
    assert {w.name for w in trace.weights if w.change > 0} == set(run.weights), "every group of weights has moved"


@pytest.mark.parametrize("experiment", [RECALL, WORDS], ids=["recall", "words"])
def test_the_weights_after_it_are_those_of_the_next_update(experiment: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    e = replace(experiment, placement=METHODS["zaremba2014"].build_placement())
    weights_at_start: list[dict[str, Tensor]] = []
    original_forward = Network.forward

    def spy(self: Network, x: Tensor, *rest: Any) -> Any:
        if torch.is_grad_enabled():
            weights_at_start.append({name: weight.detach().clone() for name, weight in self.named_parameters()})
        return original_forward(self, x, *rest)

    monkeypatch.setattr(Network, "forward", spy)
    list_losses(e, UPDATE + 1)
    of_run = list(weights_at_start)
    run = record_run(e)
    for name, weight in run.network.named_parameters():
        assert torch.equal(run.weights[name], of_run[UPDATE - 1][name]), name
        assert torch.equal(weight, of_run[UPDATE][name]), name


@pytest.mark.parametrize("name", ["none", "zaremba2014", "naive-cell", "gal2016-untied", "krueger2016", "merity2017"])
@pytest.mark.parametrize("cell", CELLS)
def test_every_gradient_is_that_of_the_other_implementation(name: str, cell: str) -> None:
    """‖∂loss/∂w‖ of every group of weights, the clip factor, and ∂loss/∂h of the top layer's last step through the decoder."""
    if cell not in METHODS[name].cells:
        return
    placement = replace(METHODS[name].build_placement(cell=cell), losses=())
    e = replace(RECALL, cell=cell, placement=placement, clip=0.05)
    run = record_run(e)
    trace = record_update(run, 2)
    weights = {name: weight.double().requires_grad_() for name, weight in run.weights.items()}
    batch = batch_at(e, UPDATE)
    masks = {
        name: torch.from_numpy(mask).double() for name, mask in expand_word_masks(draw_update_masks(e, UPDATE), batch.x).items()
    }
    x, y = torch.from_numpy(batch.x), torch.from_numpy(batch.y)
    layers = [(weights[f"W.{n}"], weights[f"U.{n}"], weights[f"b.{n}"]) for n in range(2)]
    zero = [tuple(torch.zeros(32, 5, dtype=torch.float64) for _part in range(2 if cell == "lstm" else 1))] * 2
    outs, _states = recurrent_stack(torch, weights["embedding"][x], zero, layers, masks, cell)
    scores = torch.stack(outs) @ weights["decoder"].T + weights["decoder_bias"]
    loss = nn.functional.cross_entropy(scores.flatten(0, 1), y.flatten(), ignore_index=-1)
    found = dict(zip(weights, torch.autograd.grad(loss, list(weights.values())), strict=True))
    assert trace.loss == pytest.approx(loss.item(), rel=1e-5)
    for one in trace.weights:
        assert one.gradient == pytest.approx(found[one.name].norm().item(), rel=1e-3, abs=1e-7), one.name
    norm = torch.cat([g.flatten() for g in found.values()]).norm().item()
    assert trace.norm == pytest.approx(norm, rel=1e-3)
    assert trace.factor == pytest.approx(min(1.0, 0.05 / norm), rel=1e-3)
    probabilities = scores.softmax(-1)
    assert [answer.t for answer in trace.targets] == (y[:, 2] >= 0).nonzero().flatten().tolist()
    for answer in trace.targets:
        assert answer.target == y[answer.t, 2]
        assert answer.probability == pytest.approx(probabilities[answer.t, 2, int(answer.target)].item(), rel=1e-4)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("at", [(0, 0), (0, 4), (1, 2)])
def test_the_gradient_at_a_step_is_the_slope_of_the_loss(
    cell: str, at: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Central differences: unit 3 of one layer at one step is shifted, an LSTM's c together with the h that shows it."""
    e = replace(WORDS, cell=cell, placement=METHODS["gal2016"].build_placement(cell=cell))
    run = record_run(e)
    trace = record_update(run, 1)

    def loss(name: str, shift: float) -> float:
        calls, step = count(), CELLS_STEPS[cell].step

        def shifted(*args: Any) -> Any:
            new = [part.clone() for part in step(*args)]
            if next(calls) == at[0] * e.steps + at[1]:
                if name == "c":
                    c = new[1][1, 3].item()
                    new[0][1, 3] *= math.tanh(c + shift) / math.tanh(c)
                new["hc".index(name)][1, 3] += shift
            return tuple(new)

        with monkeypatch.context() as patched, torch.no_grad():
            patched.setitem(CELLS_STEPS, cell, replace(CELLS_STEPS[cell], step=shifted))
            network = RecordingNetwork(run).double()
            before = [tuple(part.double() for part in state) for state in run.states_before]
            return forward(network, run.batch, before, {k: mask.double() for k, mask in run.mask_sets[0].items()}).loss.item()

    for name, quantity in trace.layers[at[0]].carried.items():
        slope = (loss(name, 1e-4) - loss(name, -1e-4)) / 2e-4
        assert slope == pytest.approx(quantity.gradient[at[1]][3], rel=2e-3, abs=1e-7), name


def test_what_is_carried_along_is_of_the_window_before() -> None:
    """A language model starts from the states after the window before, and so does the recorded pass."""
    run = record_run(WORDS)
    assert any(part.abs().max() > 0 for state in run.states_before for part in state)
    assert record_update(run, 0).loss == pytest.approx(run.loss, rel=1e-5)


def test_the_loss_after_is_lower_and_that_of_the_new_weights() -> None:
    trace = record_update(record_run(replace(RECALL, learning_rate=1e-3)), 0)
    assert trace.loss
    assert trace.after
    assert trace.after < trace.loss


def test_a_window_without_targets_has_no_loss() -> None:
    e = build_experiment("language-model", {"words": 2000}, hidden=2, layers=1, batch=1, steps=2, updates=150, device="cpu")
    empty = next(update for update in range(1, 151) if (batch_at(e, update).y < 0).all())
    trace = record_update(record_run(e, empty), 0)
    assert (trace.loss, trace.after, trace.answers, trace.targets, trace.norm) == (None, None, 0, (), 0.0)
    json.dumps(trace_to_plain(trace), allow_nan=False)


def test_the_events_and_their_size() -> None:
    """The largest trace: 256 steps, four layers, more units than are recorded."""
    e = build_experiment(
        "delayed-recall", {"lag": 100, "sequences": 64}, layers=4, hidden=UNITS + 4, steps=256, batch=2, device="cpu"
    )
    *reached, last = run_recording(e, 2, 1)
    assert [event["event"] for event in reached] == ["reached"] * 3
    assert [event["part"] for event in reached] == [0, 0.5, 1]
    assert len(json.dumps(last)) < 1_000_000
    trace = parse_trace(last["snapshot"])
    assert len(trace.layers[3].carried["c"].values) == 256
    assert len(trace.layers[3].carried["c"].values[0]) == UNITS


def test_an_update_too_far_away_is_an_error() -> None:
    check_update_reachable(RECALL, 5)
    far = build_experiment(hidden=512)
    assert 1 < find_last_reachable_update(far) < 792
    with pytest.raises(Invalid, match=f"Move the slider to {find_last_reachable_update(far)} or below"):
        check_update_reachable(far, 792)
    with pytest.raises(Invalid, match="fewer units, steps or samples"):
        check_update_reachable(build_experiment(hidden=1500, layers=4, steps=20, batch=26), 1)
    with pytest.raises(Invalid, match="from 1 to 792"):
        check_update_reachable(build_experiment(), 793)


def test_values_that_are_not_finite_are_an_error() -> None:
    """A cell mask at rate 0.9, shared over 200 steps and scaled by 1/(1-p), makes the loss overflow."""
    grows = Placement.from_sites({"cell": Dropout(0.9, time="sequence")})
    e = build_experiment("delayed-recall", {"lag": 100, "sequences": 64}, **TINY, steps=200, placement=grows)
    with pytest.raises(Invalid, match="not finite: training diverged"):
        list(run_recording(e, 1, 0))


def test_the_process_reports_an_invalid_request() -> None:
    line = make_request(RECALL, 1, 0).replace('"delayed-recall"', '"nonsense"')
    process = subprocess.run(
        [sys.executable, "-m", "core.runs.trace_process"],
        input=line,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    (event,) = [json.loads(one) for one in process.stdout.splitlines()]
    assert event["event"] == "failed"
    assert "nonsense" in event["reason"]


def test_a_snapshot_is_made_once_and_kept() -> None:
    done = threading.Event()

    class WatchedTraceJobs(UpdateTraceJobs):
        def on_event(self, before: UpdateTraceAnswer, event: dict[str, Any]) -> UpdateTraceAnswer:
            if event["event"] == "snapshot":
                done.set()
            return super().on_event(before, event)

    traces = WatchedTraceJobs()
    assert parse_request(make_request(RECALL, 2, 1)) == (RECALL, 2, 1)
    assert traces.get_answer(RECALL, 2, 1) is None
    traces.submit(RECALL, 2, 1)
    assert done.wait(60)
    while (found := traces.get_answer(RECALL, 2, 1)) is None or found.is_busy:
        time.sleep(0.01)
    assert (found.state, found.progress, found.trace) == ("done", 1, record_update(record_run(RECALL, 2), 1))
    traces.submit(RECALL, 2, 1)
    assert traces.get_answer(RECALL, 2, 1) is found
    traces.close()


def test_a_trace_of_real_values_has_the_value_and_the_prediction() -> None:
    """Both equal the run's own record of that update, scaled."""
    e = build_experiment("adding", {"lag": 5, "sequences": 64}, hidden=6, device="cpu")
    trace = record_update(record_run(e), 1)
    batch = batch_at(e, UPDATE)
    (answer,) = trace.targets
    shown = next(event for event in train(e, show=2) if event.get("update") == UPDATE and "predicted" in event)
    assert (answer.t, answer.probability) == (4, None)
    assert answer.target == pytest.approx(float(batch.y[4, 1]), rel=1e-5)
    assert answer.prediction == pytest.approx(shown["predicted"][1][4], rel=1e-4)
    assert "embedding" not in [one.name for one in trace.weights]
    parse_trace(json.loads(json.dumps(trace_to_plain(trace))))
