"""Sensitivity measurements, and the process that makes them.

Oracles: finite differences of the network, and theory for independent masks.
"""

import json
import subprocess
import sys
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import torch

from core.analysis.sensitivity import PerturbedNetwork, compare_responses, make_masks_independent, measure_sensitivity
from core.analysis.sensitivity_request import (
    SensitivityCurve,
    collect_placements,
    make_request,
    parse_request,
    shrink_for_measurement,
)
from core.dropout.masks import count_mask_elements, draw_masks, expand_word_masks
from core.dropout.methods import METHODS
from core.dropout.placement import Dropout, Placement
from core.errors import Invalid
from core.experiment.experiment import build_experiment
from core.figures.sensitivity_chart import QUANTITIES
from core.nn.network import to_torch
from core.runs.job_queue import JobQueue
from core.runs.sensitivity_jobs import SensitivityJobs
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


@pytest.mark.parametrize(
    ("name", "cell"), [*CASES, ("naive-cell", "lstm"), ("moon2015", "lstm"), ("gate", "gru"), ("tf-variational", "gru")]
)
def test_the_response_is_the_derivative_of_the_model_itself(name: str, cell: str) -> None:
    """Central differences through Network.forward, whose embedding is shifted, under the same masks."""
    experiment = replace(SMALL, cell=cell)
    perturbed, placement = PerturbedNetwork(experiment, draws=3), METHODS[name].build_placement(cell=cell)
    found = perturbed.response(placement)
    shape, x = replace(perturbed.shape, batch=3), np.repeat(perturbed.x, 3, axis=1)
    drawn = draw_masks(make_masks_independent(placement), shape, experiment.mask_seed, 1)
    masks = to_torch(expand_word_masks(drawn, x), torch.device("cpu"), torch.float64)
    network, step_size = perturbed.network, 1e-5

    def shifted_outputs(sign: int) -> torch.Tensor:
        # Each sample has its own copy of the embedding: sample b reads the rows from b·V on, and its first row is shifted.
        types = len(network.embedding)
        numbers_by_sample = torch.from_numpy(np.add(x, types * np.arange(3)))
        table = network.embedding.detach().repeat(3, 1)
        first = table[numbers_by_sample[0]] + sign * step_size * perturbed.direction
        embedded = table[numbers_by_sample]
        embedded[0] = first
        return run_embedded(embedded)

    def run_embedded(embedded: torch.Tensor) -> torch.Tensor:
        flat = embedded.reshape(-1, embedded.shape[-1])
        numbers = torch.arange(len(flat)).reshape(embedded.shape[:2])
        embedding = network.embedding
        network.embedding = torch.nn.Parameter(flat)
        h, _states = network(numbers, network.zero_states(3), masks)
        network.embedding = embedding
        return network.decoder_input(h, masks)

    with torch.no_grad():
        expected = (shifted_outputs(1) - shifted_outputs(-1)) / (2 * step_size)
    difference = float((found - expected).abs().max())
    assert difference < 1e-7, f"largest difference {difference}"
    assert found.abs().max() > 0


@pytest.mark.parametrize("rate", [0.2, 0.5])
def test_two_independent_masks_cost_what_theory_says_at_every_distance(rate: float) -> None:
    """One layer has Zaremba's sites: one mask on the input, one on the output.

    Each scaled mask multiplies the root mean square by 1/√k and the correlation by √k, because the second moment of its factor
    is 1/k and its mean 1.
    """
    experiment = replace(SMALL, layers=1, hidden=64)
    perturbed = PerturbedNetwork(experiment, draws=600)
    found = compare_responses(perturbed.response(METHODS["zaremba2014"].build_placement(rate)), perturbed.response(Placement()))
    keep = 1 - rate
    assert found.gradient == pytest.approx([1 / keep] * len(found.gradient), rel=0.06)
    assert found.correlation == pytest.approx([keep] * len(found.correlation), abs=0.06)


def test_the_curves_of_the_compared_methods() -> None:
    """Zaremba's curve stays, the mask on the cell decays, the mask on the state lies between, Moon's explodes when scaled."""
    experiment = build_experiment(hidden=32)
    found = {
        event["name"]: event
        for event in measure_sensitivity(shrink_for_measurement(experiment), collect_placements(experiment))
    }
    correlation = {name: event["correlation"] for name, event in found.items() if name}
    zaremba, state, cell = (correlation[name] for name in ("zaremba2014", "naive-state", "naive-cell"))
    assert max(zaremba[3:]) - min(zaremba[3:]) < 0.12
    assert cell[15] < 0.35 * cell[1]
    assert cell[15] < state[15] <= zaremba[15] + 0.02
    growth = found["moon2015"]["gradient"]
    assert growth[15] > 50 * growth[0]
    assert found["zaremba2014"]["gradient"][15] <= found["zaremba2014"]["gradient"][0]


def test_without_masks_the_response_is_the_baseline() -> None:
    perturbed = PerturbedNetwork(SMALL, draws=5)
    clean = perturbed.response(Placement())
    found = compare_responses(clean, clean)
    steps = len(clean)
    assert found.gradient == pytest.approx([1] * steps)
    assert found.correlation == pytest.approx([1] * steps)
    assert set(found.signal_to_noise) <= {None} or min(v for v in found.signal_to_noise if v is not None) > 1e20


def test_no_draw_is_shared_by_the_batch() -> None:
    placement = METHODS["tf-variational"].build_placement()
    assert {dropout.batch for _site, dropout in placement} == {"batch"}
    perturbed = PerturbedNetwork(SMALL, draws=4)
    first, second = perturbed.response(placement)[0, :2]
    assert not torch.equal(first == 0, second == 0)


def test_large_masks_have_fewer_draws_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Masks on weights at every step: fewer draws, all different, computed in parts that fit in memory."""
    placement = METHODS["activations-and-connections"].build_placement()
    perturbed = PerturbedNetwork(SMALL, draws=12)
    size = count_mask_elements(make_masks_independent(placement), perturbed.shape)
    monkeypatch.setattr("core.analysis.sensitivity.MAX_DRAWN_NUMBERS", 11 * size)
    monkeypatch.setattr("core.analysis.sensitivity.MAX_MASK_ELEMENTS", 3 * size)
    found = perturbed.response(placement)
    assert found.shape[1] == 11
    assert len(torch.unique(found[-1], dim=0)) == 11
    assert compare_responses(found, perturbed.response(Placement())).draws == 11


def test_the_standard_errors_are_those_of_repeated_measurements() -> None:
    """The spread of many measurements of 40 draws each, against the standard errors of single measurements."""
    shape = (1, 40, 16)
    random = torch.Generator().manual_seed(3)
    clean = torch.randn(shape, generator=random, dtype=torch.float64)
    noise = torch.randn((300, *shape), generator=random, dtype=torch.float64)
    many = [compare_responses(clean + one, clean) for one in noise]
    for name in QUANTITIES:
        values = np.array([getattr(one, name)[0] for one in many])
        errors = np.array([one.error(name)[0] for one in many])
        assert errors.mean() == pytest.approx(values.std(), rel=0.25), name


def test_the_events_are_what_the_page_reads() -> None:
    events = list(measure_sensitivity(shrink_for_measurement(SMALL), collect_placements(SMALL)))
    assert [event["name"] for event in events] == ["", *collect_placements(SMALL)]
    assert [event["part"] for event in events][-1] == 1
    assert all(len(event["correlation"]) == SMALL.steps for event in events[1:])
    json.dumps(events, allow_nan=False)


def test_which_methods_are_compared() -> None:
    beside = {"zaremba2014", "naive-state", "naive-cell", "moon2015", "gal2016"}
    assert set(collect_placements(replace(SMALL, placement=METHODS["zaremba2014"].build_placement()))) == beside
    assert set(collect_placements(replace(SMALL, placement=METHODS["semeniuta2016"].build_placement()))) == beside | {"own"}
    assert set(collect_placements(replace(SMALL, placement=METHODS["merity2017"].build_placement()))) == beside | {"own"}
    assert set(collect_placements(replace(SMALL, cell="gru", placement=Placement()))) == {
        "zaremba2014",
        "naive-state",
        "gal2016",
    }
    moon = collect_placements(SMALL)["moon2015"].get("cell")
    assert moon == Dropout(0.5, time="sequence")


def test_a_request_is_small_and_comes_back() -> None:
    wide = build_experiment(hidden=(600, 300), layers=2, placement=METHODS["zaremba2014"].build_placement(0.3))
    experiment, placements, weights = parse_request(make_request(wide))
    assert (experiment.widths, experiment.shape.embedding) == ((128, 128), 128)
    assert (placements, weights) == (collect_placements(wide), None)
    assert make_request(wide) == make_request(replace(wide, epochs=3, learning_rate=0.1, placement=wide.placement))


def test_the_weights_of_a_run_are_those_measured(tmp_path: Path) -> None:
    """The weight file holds the weights at the end of the run."""
    run, file = replace(SMALL, epochs=1, updates=7, engine="reference", device="cpu"), tmp_path / "run.pt"
    for _event in train(run, weight_file=file):
        pass
    perturbed = PerturbedNetwork(shrink_for_measurement(run), draws=3, weights=file)
    assert perturbed.update == 7
    run_here = Trainer(run, NoCommands(), 0)
    for _event in run_here.run_updates():
        pass
    for name, one in perturbed.network.state_dict().items():
        assert torch.equal(one, run_here.network.state_dict()[name].double()), name
    untrained = PerturbedNetwork(shrink_for_measurement(run), draws=3)
    assert untrained.update == 0
    assert not torch.equal(perturbed.response(Placement()), untrained.response(Placement()))


def test_missing_or_wrong_weights_are_an_error(tmp_path: Path) -> None:
    file = tmp_path / "run.pt"
    with pytest.raises(Invalid, match="no longer stored"):
        PerturbedNetwork(SMALL, weights=file)
    save_weights(PerturbedNetwork(replace(SMALL, hidden=5)).network, 3, file)
    with pytest.raises(Invalid, match="belongs to another network"):
        PerturbedNetwork(SMALL, weights=file)
    file.write_bytes(b"nonsense")
    with pytest.raises(Invalid, match="damaged"):
        PerturbedNetwork(SMALL, weights=file)


def test_the_process_reports_an_invalid_request() -> None:
    line = make_request(SMALL).replace('"delayed-recall"', '"nonsense"')
    process = subprocess.run(
        [sys.executable, "-m", "core.runs.sensitivity_process"],
        input=line,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    (event,) = [json.loads(one) for one in process.stdout.splitlines()]
    assert (process.returncode, event["event"]) == (0, "failed")
    assert "nonsense" in event["reason"]


def wait_for(measurements: SensitivityJobs, state: str) -> None:
    """Wait until the measurement is in a state; it fails after its time limit, so this ends."""
    for _look in count():
        found = measurements.get_answer(SMALL)
        assert found
        if found.state in (state, "failed"):
            assert found.state == state, found.reason
            return


def test_a_measurement_is_made_once_and_kept() -> None:
    measurements = SensitivityJobs()
    assert measurements.get_answer(SMALL) is None
    measurements.submit(SMALL)
    wait_for(measurements, "done")
    first = measurements.get_answer(SMALL)
    assert first
    assert list(first.curves) == list(json.loads(make_request(SMALL))["placements"])
    assert all(isinstance(one, SensitivityCurve) for one in first.curves.values())
    measurements.submit(SMALL)
    assert measurements.get_answer(SMALL) is first
    measurements.close()


def test_a_process_that_takes_too_long_is_reported() -> None:
    measurements = SensitivityJobs(JobQueue(Settings(job_time=0.01)))
    measurements.submit(SMALL)
    with pytest.raises(AssertionError, match="took longer than"):
        wait_for(measurements, "done")
    measurements.close()


@pytest.mark.parametrize("task", ["adding", "digits"])
def test_real_inputs_are_changed_as_they_are(task: str) -> None:
    """Central differences at the features themselves, because there is no embedding."""
    perturbed = PerturbedNetwork(build_experiment(task, hidden=6, layers=2), 4)
    found = perturbed.response(Placement())
    network, step_size = perturbed.network, 1e-5

    def shifted_outputs(sign: int) -> torch.Tensor:
        x = torch.from_numpy(np.repeat(perturbed.x, 4, axis=1)).double()
        x[0] += sign * step_size * perturbed.direction
        with torch.no_grad():
            h: torch.Tensor = network(x, network.zero_states(4), {})[0]
        return h

    torch.testing.assert_close(found, (shifted_outputs(1) - shifted_outputs(-1)) / (2 * step_size), rtol=1e-5, atol=1e-8)
