"""What the Masks page measures on a mask: against plain counting, and its expectations against many draws and enumeration."""

import sys
from itertools import product
from statistics import fmean, pstdev
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dropout.comparison import MOST, SHARED, beside, check_beside, choices, only_rate, with_rate
from core.dropout.mask_stats import at_test, digits, factor, kept, overlap, thinned
from core.dropout.masks import Shape, draw_masks, mask_key
from core.dropout.masks import test_time_values as values_at_test
from core.dropout.methods import METHODS
from core.dropout.placement import Dropout, Placement, usual
from core.errors import Invalid
from core.experiment.experiment import CELLS
from core.figures.mask_detail import networks_text
from tests.strategies import placements

T, B, H = 6, 4, 8
SHAPE = Shape(T, B, H, (H, H))
SETTINGS: list[dict[str, Any]] = [
    {}, {"time": "sequence"}, {"time": "sequence", "batch": "batch"}, {"scaling": "test"}, {"scaling": "none"},
    {"noise": "gaussian", "scaling": "none"}, {"units": "layer"},
]  # fmt: skip


def drawn(dropout: Dropout, seed: int = 7) -> np.ndarray:
    return draw_masks(Placement.of({"state": dropout}), SHAPE, seed, update=3)["state.1"]


@given(st.sampled_from([0.1, 0.5, 0.8]), st.integers(0, 1000), st.sampled_from(SETTINGS[:5]))
def test_what_is_measured_is_counted(rate: float, seed: int, settings: dict[str, Any]) -> None:
    dropout = Dropout(rate, **settings)
    mask = drawn(dropout, seed)
    assert kept(mask, rate).value == fmean(float(value != 0) for value in mask.flat)
    assert factor(mask, dropout, rate).value == pytest.approx(fmean(float(value) for value in mask.flat))
    full = np.broadcast_to(mask, (T, B, H)) != 0
    same = [full[t, b, n] == full[t + 1, b, n] for t in range(T - 1) for b in range(B) for n in range(H)]
    found = overlap(mask, dropout, rate, T)
    assert found is not None
    assert found.value == pytest.approx(fmean(same))


@pytest.mark.parametrize("rate", [0.2, 0.5, 0.75])
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_the_expectations_are_those_of_many_draws(rate: float, settings: dict[str, Any]) -> None:
    dropout, n = Dropout(rate, **settings), 3000
    masks = [drawn(dropout, seed) for seed in range(n)]
    measured = [[factor(mask, dropout, rate) for mask in masks]]
    if dropout.noise == "bernoulli":
        pairs = [overlap(mask, dropout, rate, T) for mask in masks]
        measured += [[kept(mask, rate) for mask in masks], [pair for pair in pairs if pair]]
    for numbers in measured:
        assert len(numbers) == n
        values, first = [number.value for number in numbers], numbers[0]
        assert fmean(values) == pytest.approx(first.expected, abs=5 * first.spread / n**0.5 + 1e-9)
        assert pstdev(values) == pytest.approx(first.spread, rel=0.08, abs=1e-9)


def test_where_two_steps_are_missing_or_nothing_is_dropped_there_is_no_overlap() -> None:
    assert overlap(drawn(Dropout(0.5))[:1], Dropout(0.5), 0.5, 1) is None
    gaussian = Dropout(0.5, noise="gaussian", scaling="none")
    assert overlap(drawn(gaussian), gaussian, 0.5, T) is None


@given(st.sampled_from(CELLS).flatmap(lambda cell: st.tuples(st.just(cell), placements(2, cell, scheduled=False))))
def test_at_test_stands_what_the_engine_puts_there(both: tuple[str, Placement]) -> None:
    cell, placement = both
    values = values_at_test(placement, Shape(T, B, H, (H, H), cell))
    for site, layer, dropout in placement.active(2):
        rate = placement.rate(site.name, layer, 2)
        name = next((name for name in values if name.startswith(mask_key(site.name, layer))), None)
        engine = float(values[name].flat[0]) if name else 1.0
        assert at_test(dropout, rate) == pytest.approx(engine)


@pytest.mark.parametrize(
    ("settings", "bits"),
    [({}, 4), ({"time": "sequence"}, 2), ({"units": "layer"}, 2), ({"time": "sequence", "batch": "batch"}, 2)],
)
def test_the_thinned_networks_of_a_sample_are_all_met(settings: dict[str, Any], bits: int) -> None:
    """Enumeration: over many seeds every pattern of kept and dropped turns up, and no other could."""
    shape, placement = Shape(2, 3, 2, (2,)), Placement.of({"state": Dropout(0.5, **settings)})
    masks = [draw_masks(placement, shape, seed, 1) for seed in range(600)]
    assert {thinned(mask, 3) for mask in masks} == {bits}
    met = {tuple(np.broadcast_to(mask["state.1"], (2, 3, 2))[:, 1].ravel() != 0) for mask in masks}
    assert len(met) == 2**bits
    assert met <= set(product([False, True], repeat=4))


def test_masks_of_weights_and_gates_count_every_draw() -> None:
    sites = {
        "recurrent_weights": Dropout(0.5, time="sequence", batch="batch", gates="separate"),
        "input": Dropout(0.5, gates="separate"),
    }
    masks = draw_masks(Placement.of(sites), SHAPE, 7, 1)
    assert thinned(masks, B) == 2 * 4 * H * H + 4 * T * H


def test_digits_are_those_of_the_number() -> None:
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        assert all(digits(n) == len(str(2**n)) for n in [*range(2000), 7680, 50_000])
    finally:
        sys.set_int_max_str_digits(limit)
    assert networks_text(10) == "2¹⁰ = 1,024"
    assert networks_text(7680) == "2⁷⁶⁸⁰, a number of 2,312 digits"


@pytest.mark.parametrize("cell", CELLS)
def test_all_that_can_stand_beside_a_placement_is_one_of_the_cell(cell: str) -> None:
    first = METHODS["gal2016"].placement(cell=cell)
    for name in choices(cell):
        other = beside(first, name, cell)
        assert all(cell in site.cells for site, _dropout in other)
        if name in SHARED:
            assert [site.name for site, _dropout in other] == [site.name for site, _dropout in first]
            assert all(other.get(site.name).rate == dropout.rate for site, dropout in first)  # type: ignore[union-attr]


def test_sharing_changes_what_it_names_and_masks_of_weights_stay_one_for_the_batch() -> None:
    placement = Placement.of({name: usual(name, 0.3) for name in ("state", "recurrent_weights", "words")})
    for name, (time, batch, _label) in SHARED.items():
        state, weights, words = (beside(placement, name, "lstm").get(s) for s in ("state", "recurrent_weights", "words"))
        assert state is not None
        assert weights is not None
        assert words is not None
        assert (state.time, state.batch) == (time, batch)
        assert (weights.time, weights.batch) == (time, "batch")
        assert (words.time, words.batch) == ("sequence", batch)


def test_a_method_beside_takes_the_one_rate_there_is() -> None:
    zaremba, gal = METHODS["zaremba2014"].placement(0.35), METHODS["gal2016"].placement()
    assert only_rate(zaremba) == 0.35
    assert only_rate(gal) is None
    assert beside(zaremba, "naive-cell", "lstm") == METHODS["naive-cell"].placement(0.35)
    assert beside(gal, "naive-cell", "lstm") == METHODS["naive-cell"].placement()
    assert only_rate(with_rate(gal, 0.2)) == 0.2


def test_names_of_a_link_are_checked() -> None:
    assert check_beside(("sequence", "gal")) == ("sequence", "gal2016")
    assert check_beside(("gal", "gal2016")) == ("gal2016",)
    with pytest.raises(Invalid, match="no method"):
        check_beside(("nonsense",))
    with pytest.raises(Invalid, match=f"At most {MOST}"):
        check_beside(("step", "sequence", "batch"))
