"""What a unit sums up under a thousand masks: against the cells' equations written out once more, and against chance.

Oracle: an LSTM and a GRU in plain NumPy, one sample and one mask at a time.
"""

from dataclasses import replace

import numpy as np
import pytest

from core.analysis.preactivations import DRAWS, farthest, reader_of, scalings_of, sums, units_of
from core.dropout.masks import draw_masks, mask_key
from core.dropout.methods import METHODS
from core.dropout.placement import Dropout, Placement, usual
from core.dropout.sites import SITES, layers_of
from core.experiment.batches import batch_at
from core.experiment.experiment import CELLS, Experiment, build_experiment
from core.nn.numpy_init import initial

STEP, SAMPLE, UPDATE = 5, 2, 3
H = 12


def small(placement: Placement, cell: str = "lstm") -> Experiment:
    return build_experiment("delayed-recall", {"lag": 6}, cell=cell, layers=2, hidden=H, placement=placement)


def sigmoid(a: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-a)))


def lstm(e: Experiment, steps: int, state_scale: float = 1.0) -> tuple[np.ndarray, list[np.ndarray]]:
    """The embedded token at step `steps` and h of both layers before it, no masks but a constant on h₋."""
    weights, x = initial(e), batch_at(e, UPDATE).x[:, SAMPLE]
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
    e = small(Placement.of({"input": Dropout(0.4, scaling=scaling)}))
    found = sums(e, UPDATE, "input", 1, SAMPLE, STEP, unit=4)
    only = Placement.of({"input": Dropout(0.4, scaling=scaling)})
    masks = draw_masks(only, replace(e.shape, steps=1, batch=DRAWS), e.mask_seed, UPDATE)["input.1"][0]
    W, U, b = initial(e).layers[0]
    x, h = lstm(replace(e, placement=Placement()), STEP)
    if scaling == "test":  # before, the network runs as at test: with 1-p in the place of the mask
        weights, tokens = initial(e), batch_at(e, UPDATE).x[:, SAMPLE]
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
    e = small(Placement.of({"state": Dropout((0.3, 0.6))}))
    found = sums(e, UPDATE, "state", 1, SAMPLE, STEP, unit=0)
    shape = replace(e.shape, steps=1, batch=DRAWS)
    masks = draw_masks(Placement.of({"state": Dropout((0.3, 0.6))}), shape, e.mask_seed, UPDATE)["state.1"][0]
    W, U, b = initial(e).layers[0]
    x, h = lstm(e, STEP)
    row = 2 * H
    assert np.allclose(found.values, [W[row] @ x + U[row] @ (mask * h[0]) + b[row] for mask in masks], atol=1e-5)


def test_an_output_mask_is_read_by_the_decoder() -> None:
    e = small(Placement.of({"output": Dropout(0.5)}))
    found = sums(e, UPDATE, "output", 2, SAMPLE, STEP, unit=3)
    masks = draw_masks(e.placement, replace(e.shape, steps=1, batch=DRAWS), e.mask_seed, UPDATE)["output.2"][0]
    weights = initial(e)
    _x, h = lstm(e, STEP + 1)
    expected = [weights.decoder[3] @ (mask * h[1]) + weights.decoder_bias[3] for mask in masks]
    assert np.allclose(found.values, expected, atol=1e-5)
    assert found.layer == 3
    assert units_of(e, "output", 2) == 8


CASES = [(cell, site.name) for site in SITES.values() for cell in CELLS if cell in site.cells and site.name != "zoneout_cell"]


@pytest.mark.parametrize(("cell", "site"), CASES, ids=lambda value: str(value))
def test_every_place_is_heard_where_it_is_read(cell: str, site: str) -> None:
    """In every layer the sums vary with the mask, and where no nonlinearity is between, their mean is the value at test."""
    for layer in layers_of(SITES[site], 2):
        e = small(Placement.of({site: usual(site, 0.5)}), cell)
        linear = site in ("words", "input", "between", "state", "output", "recurrent_weights", "input_weights")
        units = range(min(4, units_of(e, site, layer)))
        found = [sums(e, UPDATE, site, layer, SAMPLE, STEP, unit) for unit in units]
        assert any(one.values.std() > 1e-6 for one in found)
        assert {one.layer for one in found} == {reader_of(site, layer)}
        for one in found if linear else []:
            assert abs(one.mean - one.test) < 5 * one.error + 1e-6, (layer, one.unit)


def test_scaling_decides_whether_the_mean_is_that_of_the_test() -> None:
    e = small(METHODS["zaremba2014"].placement(0.5))
    one = {scaling: sums(e, UPDATE, "between", 2, SAMPLE, STEP, 1, scaling) for scaling in ("inverted", "test", "none")}
    assert all(abs(one[scaling].mean - one[scaling].test) < 5 * one[scaling].error for scaling in ("inverted", "test"))
    assert one["inverted"].test == one["none"].test, "the same input, nothing multiplied at test"
    assert np.array_equal(one["test"].values, one["none"].values), "in training both only drop"
    assert one["inverted"].values.std() == pytest.approx(2 * one["none"].values.std(), rel=1e-4)
    own = sums(e, UPDATE, "between", 2, SAMPLE, STEP, 1)
    assert np.array_equal(own.values, one["inverted"].values)


def test_without_scaling_the_mean_is_another() -> None:
    e = small(METHODS["zaremba2014"].placement(0.5))
    apart = [
        abs(one.mean - one.test) / one.error
        for unit in range(H)
        for one in [sums(e, UPDATE, "between", 2, SAMPLE, STEP, unit, "none")]
    ]
    assert max(apart) > 10
    assert farthest(e, UPDATE, "between", 2, SAMPLE, STEP, "none") == apart.index(max(apart))


def test_the_farthest_answer_of_the_decoder() -> None:
    e = small(METHODS["zaremba2014"].placement(0.5))
    found = [sums(e, UPDATE, "output", 2, SAMPLE, STEP, unit, "none") for unit in range(8)]
    apart = [abs(one.mean - one.test) / one.error for one in found]
    assert farthest(e, UPDATE, "output", 2, SAMPLE, STEP, "none") == apart.index(max(apart))


def test_zoneout_and_gaussian_noise_have_but_their_own_scaling() -> None:
    assert scalings_of(usual("zoneout_state", 0.5), "zoneout_state") == ("test",)
    assert scalings_of(Dropout(0.5, noise="gaussian", scaling="none"), "input") == ("none",)
    assert scalings_of(Dropout(0.5), "input") == ("inverted", "test", "none")


def test_what_is_held_back_in_the_cell_is_not_read_at_the_same_step() -> None:
    e = small(Placement.of({"zoneout_cell": usual("zoneout_cell", 0.5)}))
    one = sums(e, UPDATE, "zoneout_cell", 1, SAMPLE, STEP)
    assert len(one.values) == 1
    assert one.mean == one.test


def test_a_key_of_the_draw_is_found_for_every_gate() -> None:
    e = small(METHODS["gal2016-untied"].placement())
    assert mask_key("state", 1, "g") in draw_masks(e.placement.at(1), replace(e.shape, tokens=18), 7, 1)
    assert sums(e, UPDATE, "state", 1, SAMPLE, STEP).values.std() > 0
