"""Pre-activations of a unit under many draws of a mask. Oracle: an LSTM in plain NumPy, one sample and one mask at a time."""

from dataclasses import replace

import numpy as np
import pytest

from core.analysis.preactivations import (
    DRAWS,
    count_units,
    find_most_shifted_unit,
    find_reading_layer,
    list_scalings,
    sample_preactivations,
)
from core.dropout.cells import CELLS
from core.dropout.masks import draw_masks, make_mask_key
from core.dropout.methods import METHODS
from core.dropout.placement import Dropout, Placement, build_dropout
from core.dropout.sites import SITES, get_site_layers
from core.experiment.batches import batch_at
from core.experiment.experiment import Experiment, build_experiment
from core.nn.numpy_init import draw_initial_weights

STEP, SAMPLE, UPDATE = 5, 2, 3
H = 12


def make_experiment(placement: Placement, cell: str = "lstm") -> Experiment:
    return build_experiment("delayed-recall", {"lag": 6}, cell=cell, layers=2, hidden=H, placement=placement)


def sigmoid(a: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-a)))


def lstm(e: Experiment, steps: int, state_scale: float = 1.0) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return the embedded token at step `steps` and h of both layers before it, without masks except a constant on h₋."""
    weights, x = draw_initial_weights(e), batch_at(e, UPDATE).x[:, SAMPLE]
    h, c = [np.zeros(H), np.zeros(H)], [np.zeros(H), np.zeros(H)]
    for t in range(steps):
        below = weights.embedding[x[t]].astype(float)
        for layer, (W, U, b) in enumerate(weights.layers):
            i, f, g, o = np.split(W @ below + U @ (state_scale * h[layer]) + b, 4)
            c[layer] = sigmoid(f) * c[layer] + sigmoid(i) * np.tanh(g)
            h[layer] = below = sigmoid(o) * np.tanh(c[layer])
    return weights.embedding[x[steps]].astype(float), h


@pytest.mark.parametrize("scaling", ["inverted", "test", "none"])
def test_an_input_mask_against_the_equation(scaling: str) -> None:
    e = make_experiment(Placement.from_sites({"input": Dropout(0.4, scaling=scaling)}))
    found = sample_preactivations(e, UPDATE, "input", 1, SAMPLE, STEP, unit=4)
    only = Placement.from_sites({"input": Dropout(0.4, scaling=scaling)})
    masks = draw_masks(only, replace(e.shape, steps=1, batch=DRAWS), e.mask_seed, UPDATE)["input.1"][0]
    W, U, b = draw_initial_weights(e).layers[0]
    x, h = lstm(replace(e, placement=Placement()), STEP)
    if scaling == "test":  # up to this step the network runs as at test, with 1-p in place of the mask
        weights, tokens = draw_initial_weights(e), batch_at(e, UPDATE).x[:, SAMPLE]
        state, cell = np.zeros(H), np.zeros(H)
        for t in range(STEP):
            i, f, g, o = np.split(W @ (0.6 * weights.embedding[tokens[t]]) + U @ state + b, 4)
            cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
            state = sigmoid(o) * np.tanh(cell)
        h = [state]
    row = 2 * H + 4  # gates stand in the order i, f, g, o
    expected = [W[row] @ (mask * x) + U[row] @ h[0] + b[row] for mask in masks]
    assert np.allclose(found.values, expected, atol=1e-5)
    assert found.test == pytest.approx(W[row] @ (x * (0.6 if scaling == "test" else 1)) + U[row] @ h[0] + b[row], abs=1e-5)
    assert (found.layer, found.unit, len(found.values)) == (1, 4, DRAWS)


def test_a_state_mask_against_the_equation() -> None:
    e = make_experiment(Placement.from_sites({"state": Dropout((0.3, 0.6))}))
    found = sample_preactivations(e, UPDATE, "state", 1, SAMPLE, STEP, unit=0)
    shape = replace(e.shape, steps=1, batch=DRAWS)
    masks = draw_masks(Placement.from_sites({"state": Dropout((0.3, 0.6))}), shape, e.mask_seed, UPDATE)["state.1"][0]
    W, U, b = draw_initial_weights(e).layers[0]
    x, h = lstm(e, STEP)
    row = 2 * H
    assert np.allclose(found.values, [W[row] @ x + U[row] @ (mask * h[0]) + b[row] for mask in masks], atol=1e-5)


def test_an_output_mask_is_read_by_the_decoder() -> None:
    e = make_experiment(Placement.from_sites({"output": Dropout(0.5)}))
    found = sample_preactivations(e, UPDATE, "output", 2, SAMPLE, STEP, unit=3)
    masks = draw_masks(e.placement, replace(e.shape, steps=1, batch=DRAWS), e.mask_seed, UPDATE)["output.2"][0]
    weights = draw_initial_weights(e)
    _x, h = lstm(e, STEP + 1)
    expected = [weights.decoder[3] @ (mask * h[1]) + weights.decoder_bias[3] for mask in masks]
    assert np.allclose(found.values, expected, atol=1e-5)
    assert found.layer == 3
    assert count_units(e, "output", 2) == 8


CASES = [(cell, site.name) for site in SITES.values() for cell in CELLS if cell in site.cells and site.name != "zoneout_cell"]


@pytest.mark.parametrize(("cell", "site"), CASES, ids=lambda value: str(value))
def test_every_mask_changes_the_layer_that_reads_it(cell: str, site: str) -> None:
    """In every layer the values vary with the mask; without a nonlinearity before it, their mean is the value at test."""
    for layer in get_site_layers(SITES[site], 2):
        e = make_experiment(Placement.from_sites({site: build_dropout(site, 0.5)}), cell)
        linear = site in ("words", "input", "between", "state", "whole_state", "output", "recurrent_weights", "input_weights")
        units = range(min(4, count_units(e, site, layer)))
        found = [sample_preactivations(e, UPDATE, site, layer, SAMPLE, STEP, unit) for unit in units]
        assert any(drawn.values.std() > 1e-6 for drawn in found)
        assert {drawn.layer for drawn in found} == {find_reading_layer(site, layer)}
        for drawn in found if linear else []:
            assert abs(drawn.mean - drawn.test) < 5 * drawn.error + 1e-6, (layer, drawn.unit)


def test_scaling_decides_whether_the_mean_is_that_of_the_test() -> None:
    e = make_experiment(METHODS["zaremba2014"].build_placement(0.5))
    drawn = {
        scaling: sample_preactivations(e, UPDATE, "between", 2, SAMPLE, STEP, 1, scaling)
        for scaling in ("inverted", "test", "none")
    }
    assert all(abs(drawn[scaling].mean - drawn[scaling].test) < 5 * drawn[scaling].error for scaling in ("inverted", "test"))
    assert drawn["inverted"].test == drawn["none"].test, "the same input, nothing multiplied at test"
    assert np.array_equal(drawn["test"].values, drawn["none"].values), "in training both only drop"
    assert drawn["inverted"].values.std() == pytest.approx(2 * drawn["none"].values.std(), rel=1e-4)
    default = sample_preactivations(e, UPDATE, "between", 2, SAMPLE, STEP, 1)
    assert np.array_equal(default.values, drawn["inverted"].values)


def test_without_scaling_the_mean_is_another() -> None:
    e = make_experiment(METHODS["zaremba2014"].build_placement(0.5))
    shifts = [
        abs(drawn.mean - drawn.test) / drawn.error
        for unit in range(H)
        for drawn in [sample_preactivations(e, UPDATE, "between", 2, SAMPLE, STEP, unit, "none")]
    ]
    assert max(shifts) > 10
    assert find_most_shifted_unit(e, UPDATE, "between", 2, SAMPLE, STEP, "none") == shifts.index(max(shifts))


def test_the_most_shifted_class_of_the_decoder() -> None:
    e = make_experiment(METHODS["zaremba2014"].build_placement(0.5))
    found = [sample_preactivations(e, UPDATE, "output", 2, SAMPLE, STEP, unit, "none") for unit in range(8)]
    shifts = [abs(drawn.mean - drawn.test) / drawn.error for drawn in found]
    assert find_most_shifted_unit(e, UPDATE, "output", 2, SAMPLE, STEP, "none") == shifts.index(max(shifts))


def test_zoneout_and_gaussian_noise_have_one_scaling() -> None:
    assert list_scalings(build_dropout("zoneout_state", 0.5), "zoneout_state") == ("test",)
    assert list_scalings(Dropout(0.5, noise="gaussian", scaling="none"), "input") == ("none",)
    assert list_scalings(Dropout(0.5), "input") == ("inverted", "test", "none")


def test_what_is_held_back_in_the_cell_is_not_read_at_the_same_step() -> None:
    e = make_experiment(Placement.from_sites({"zoneout_cell": build_dropout("zoneout_cell", 0.5)}))
    drawn = sample_preactivations(e, UPDATE, "zoneout_cell", 1, SAMPLE, STEP)
    assert len(drawn.values) == 1
    assert drawn.mean == drawn.test


def test_a_key_of_the_draw_is_found_for_every_gate() -> None:
    e = make_experiment(METHODS["gal2016-untied"].build_placement())
    assert make_mask_key("state", 1, "g") in draw_masks(e.placement.resolve_schedules(1), replace(e.shape, tokens=18), 7, 1)
    assert sample_preactivations(e, UPDATE, "state", 1, SAMPLE, STEP).values.std() > 0
