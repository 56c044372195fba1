"""What arrives of a small change: against finite differences of the model itself, against what theory says of independent
masks, and the process that measures it."""

import json
import subprocess
import sys
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import torch

from core.analysis.sensitivity import Changed, curve, each_for_itself, measured
from core.analysis.sensitivity_request import Curve, asked, candidates, measurable, request
from core.dropout.masks import count_elements, draw_masks, expand_word_masks
from core.dropout.methods import METHODS
from core.dropout.placement import Dropout, Placement
from core.errors import Invalid
from core.experiment.experiment import build_experiment
from core.figures.sensitivity_chart import QUANTITIES
from core.nn.network import to_torch
from core.runs.job_queue import JobQueue
from core.runs.sensitivity_jobs import Measurements
from core.runs.settings import Settings
from core.training.events import NoCommands
from core.training.trainer import Trainer, train
from core.training.weight_file import save_weights

ROOT = Path(__file__).parents[1]
SMALL = build_experiment("delayed-recall", {"lag": 6}, hidden=12, layers=2, batch=4)
EVERYWHERE = (
    "none",
    "zaremba2014",
    "naive-state",
    "gal2016-untied",
    "krueger2016",
    "embedding",
    "merity2017",
    "dropconnect",
    "activations-and-connections",
)
CASES = [(name, cell) for name in EVERYWHERE for cell in METHODS[name].cells]


@pytest.mark.parametrize(("name", "cell"), [*CASES, ("naive-cell", "lstm"), ("moon2015", "lstm"), ("gate", "gru")])
def test_the_response_is_the_derivative_of_the_model_itself(name: str, cell: str) -> None:
    """Central differences through Network.forward, whose embedding is given the change; masks and all."""
    experiment = replace(SMALL, cell=cell)
    changed, placement = Changed(experiment, draws=3), METHODS[name].placement(cell=cell)
    found = changed.response(placement)
    shape, x = replace(changed.shape, batch=3), np.repeat(changed.x, 3, axis=1)
    drawn = draw_masks(each_for_itself(placement), shape, experiment.mask_seed, 1)
    masks = to_torch(expand_word_masks(drawn, x), torch.device("cpu"), torch.float64)
    network, small = changed.network, 1e-5

    def told(sign: int) -> torch.Tensor:
        # Sample b reads word types of its own: those of b are the numbers from b·V on, and its first one is changed.
        types = len(network.embedding)
        own = torch.from_numpy(np.add(x, types * np.arange(3)))
        table = network.embedding.detach().repeat(3, 1)
        first = table[own[0]] + sign * small * changed.direction
        read = table[own]
        read[0] = first
        return through(read)

    def through(read: torch.Tensor) -> torch.Tensor:
        flat = read.reshape(-1, read.shape[-1])
        numbers = torch.arange(len(flat)).reshape(read.shape[:2])
        kept = network.embedding
        network.embedding = torch.nn.Parameter(flat)
        h, _states = network(numbers, network.start(3), masks)
        network.embedding = kept
        return network.decoder_input(h, masks)

    with torch.no_grad():
        expected = (told(1) - told(-1)) / (2 * small)
    difference = float((found - expected).abs().max())
    assert difference < 1e-7, f"largest difference {difference}"
    assert found.abs().max() > 0


@pytest.mark.parametrize("rate", [0.2, 0.5])
def test_two_independent_masks_cost_what_theory_says_at_every_distance(rate: float) -> None:
    """One layer under Zaremba's sites: one mask on the input, one on the output. Each scaled mask multiplies the root mean
    square by 1/√k and the correlation by √k, as the second moment of its factor is 1/k and its mean 1."""
    experiment = replace(SMALL, layers=1, hidden=64)
    changed = Changed(experiment, draws=600)
    found = curve(changed.response(METHODS["zaremba2014"].placement(rate)), changed.response(Placement()))
    keep = 1 - rate
    assert found.gradient == pytest.approx([1 / keep] * len(found.gradient), rel=0.06)
    assert found.correlation == pytest.approx([keep] * len(found.correlation), abs=0.06)


def test_what_the_page_is_built_to_show() -> None:
    """Zaremba's curve stays, the mask on the cell decays, the mask on the state lies between, Moon's explodes when scaled."""
    experiment = build_experiment(hidden=32)
    found = {event["name"]: event for event in measured(measurable(experiment), candidates(experiment))}
    correlation = {name: event["correlation"] for name, event in found.items() if name}
    zaremba, state, cell = (correlation[name] for name in ("zaremba2014", "naive-state", "naive-cell"))
    assert max(zaremba[3:]) - min(zaremba[3:]) < 0.12
    assert cell[15] < 0.35 * cell[1]
    assert cell[15] < state[15] <= zaremba[15] + 0.02
    growth = found["moon2015"]["gradient"]
    assert growth[15] > 50 * growth[0]
    assert found["zaremba2014"]["gradient"][15] <= found["zaremba2014"]["gradient"][0]


def test_without_masks_all_is_as_without_masks() -> None:
    changed = Changed(SMALL, draws=5)
    clean = changed.response(Placement())
    found = curve(clean, clean)
    steps = len(clean)
    assert found.gradient == pytest.approx([1] * steps)
    assert found.correlation == pytest.approx([1] * steps)
    assert set(found.signal_to_noise) <= {None} or min(v for v in found.signal_to_noise if v is not None) > 1e20


def test_no_draw_is_shared_by_the_batch() -> None:
    placement = METHODS["tf-variational"].placement()
    assert {dropout.batch for _site, dropout in placement} == {"batch"}
    changed = Changed(SMALL, draws=4)
    first, second = changed.response(placement)[0, :2]
    assert not torch.equal(first == 0, second == 0)


def test_fewer_draws_of_many_masks_and_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Masks on weights at every step: as many draws as are affordable, none of them like another, in parts that fit."""
    placement = METHODS["activations-and-connections"].placement()
    changed = Changed(SMALL, draws=12)
    size = count_elements(each_for_itself(placement), changed.shape)
    monkeypatch.setattr("core.analysis.sensitivity.MOST_DRAWN", 11 * size)
    monkeypatch.setattr("core.analysis.sensitivity.LARGEST", 3 * size)
    found = changed.response(placement)
    assert found.shape[1] == 11
    assert len(torch.unique(found[-1], dim=0)) == 11
    assert curve(found, changed.response(Placement())).draws == 11


def test_the_standard_errors_are_those_of_repeated_measurements() -> None:
    """The spread of many measurements of 40 draws each, against what one of them says of itself."""
    shape = (1, 40, 16)
    random = torch.Generator().manual_seed(3)
    clean = torch.randn(shape, generator=random, dtype=torch.float64)
    noise = torch.randn((300, *shape), generator=random, dtype=torch.float64)
    many = [curve(clean + one, clean) for one in noise]
    for name in QUANTITIES:
        values = np.array([getattr(one, name)[0] for one in many])
        said = np.array([one.error(name)[0] for one in many])
        assert said.mean() == pytest.approx(values.std(), rel=0.25), name


def test_the_events_are_what_the_page_reads() -> None:
    events = list(measured(measurable(SMALL), candidates(SMALL)))
    assert [event["name"] for event in events] == ["", *candidates(SMALL)]
    assert [event["part"] for event in events][-1] == 1
    assert all(len(event["correlation"]) == SMALL.steps for event in events[1:])
    json.dumps(events, allow_nan=False)


def test_what_is_measured_beside_the_chosen_method() -> None:
    beside = {"zaremba2014", "naive-state", "naive-cell", "moon2015", "gal2016"}
    assert set(candidates(replace(SMALL, placement=METHODS["zaremba2014"].placement()))) == beside
    assert set(candidates(replace(SMALL, placement=METHODS["semeniuta2016"].placement()))) == beside | {"own"}
    assert set(candidates(replace(SMALL, placement=METHODS["merity2017"].placement()))) == beside | {"own"}
    assert set(candidates(replace(SMALL, cell="gru", placement=Placement()))) == {"zaremba2014", "naive-state", "gal2016"}
    moon = candidates(SMALL)["moon2015"].get("cell")
    assert moon == Dropout(0.5, time="sequence")


def test_a_request_is_small_and_comes_back() -> None:
    wide = build_experiment(hidden=(600, 300), layers=2, placement=METHODS["zaremba2014"].placement(0.3))
    experiment, placements, weights = asked(request(wide))
    assert (experiment.widths, experiment.shape.embedding) == ((128, 128), 128)
    assert (placements, weights) == (candidates(wide), None)
    assert request(wide) == request(replace(wide, epochs=3, learning_rate=0.1, placement=wide.placement))


def test_the_weights_of_a_run_are_those_measured(tmp_path: Path) -> None:
    """Against the network that was trained: what is kept is what it has at the end."""
    run, file = replace(SMALL, epochs=1, updates=7, engine="reference", device="cpu"), tmp_path / "run.pt"
    for _event in train(run, kept=file):
        pass
    changed = Changed(measurable(run), draws=3, weights=file)
    assert changed.update == 7
    run_here = Trainer(run, NoCommands(), 0)
    for _event in run_here.all_updates():
        pass
    for name, one in changed.network.state_dict().items():
        assert torch.equal(one, run_here.network.state_dict()[name].double()), name
    untrained = Changed(measurable(run), draws=3)
    assert untrained.update == 0
    assert not torch.equal(changed.response(Placement()), untrained.response(Placement()))


def test_weights_that_are_gone_or_do_not_fit_are_said(tmp_path: Path) -> None:
    file = tmp_path / "run.pt"
    with pytest.raises(Invalid, match="no longer kept"):
        Changed(SMALL, weights=file)
    save_weights(Changed(replace(SMALL, hidden=5)).network, 3, file)
    with pytest.raises(Invalid, match="of another network"):
        Changed(SMALL, weights=file)
    file.write_bytes(b"nonsense")
    with pytest.raises(Invalid, match="damaged"):
        Changed(SMALL, weights=file)


def test_the_process_says_in_a_sentence_what_cannot_be() -> None:
    line = request(SMALL).replace('"delayed-recall"', '"nonsense"')
    ended = subprocess.run(
        [sys.executable, "-m", "core.runs.sensitivity_process"],
        input=line,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    (event,) = [json.loads(one) for one in ended.stdout.splitlines()]
    assert (ended.returncode, event["event"]) == (0, "failed")
    assert "nonsense" in event["reason"]


def wait_for(measurements: Measurements, state: str) -> None:
    """Until the measurement is in a state; the process ends after its time, so this does too."""
    for _look in count():
        found = measurements.look(SMALL)
        assert found
        if found.state in (state, "failed"):
            assert found.state == state, found.reason
            return


def test_a_measurement_is_made_once_and_kept() -> None:
    measurements = Measurements()
    assert measurements.look(SMALL) is None
    measurements.ask(SMALL)
    wait_for(measurements, "done")
    first = measurements.look(SMALL)
    assert first
    assert list(first.curves) == list(json.loads(request(SMALL))["placements"])
    assert all(isinstance(one, Curve) for one in first.curves.values())
    measurements.ask(SMALL)
    assert measurements.look(SMALL) is first
    measurements.close()


def test_a_process_that_takes_too_long_is_said() -> None:
    measurements = Measurements(JobQueue(Settings(job_time=0.01)))
    measurements.ask(SMALL)
    with pytest.raises(AssertionError, match="took longer than"):
        wait_for(measurements, "done")
    measurements.close()


@pytest.mark.parametrize("task", ["adding", "digits"])
def test_real_inputs_are_changed_as_they_are(task: str) -> None:
    """Central differences at the features themselves; there is no embedding in between."""
    changed = Changed(build_experiment(task, hidden=6, layers=2), 4)
    found = changed.response(Placement())
    network, small = changed.network, 1e-5

    def told(sign: int) -> torch.Tensor:
        x = torch.from_numpy(np.repeat(changed.x, 4, axis=1)).double()
        x[0] += sign * small * changed.direction
        with torch.no_grad():
            h: torch.Tensor = network(x, network.start(4), {})[0]
        return h

    torch.testing.assert_close(found, (told(1) - told(-1)) / (2 * small), rtol=1e-5, atol=1e-8)
