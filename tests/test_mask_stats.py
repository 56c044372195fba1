"""Mask statistics. Oracles: plain counting; for the expected values, many draws and enumeration."""

import sys
from itertools import product
from statistics import fmean, pstdev
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dropout.cells import CELLS
from core.dropout.comparison import (
    MAX_COMPARED,
    SHARING_VARIANTS,
    build_compared_placement,
    check_comparison,
    get_common_rate,
    list_comparison_choices,
    replace_all_rates,
)
from core.dropout.mask_stats import (
    count_digits,
    count_independent_draws,
    get_test_factor,
    measure_kept_share,
    measure_mean_factor,
    measure_step_overlap,
)
from core.dropout.masks import NetworkShape, draw_masks, get_test_time_values, make_mask_key
from core.dropout.methods import METHODS
from core.dropout.placement import Dropout, Placement, build_dropout
from core.errors import Invalid
from core.figures.mask_detail import format_network_count
from tests.strategies import placements

T, B, H = 6, 4, 8
SHAPE = NetworkShape(T, B, H, (H, H))
SETTINGS: list[dict[str, Any]] = [
    {}, {"time": "sequence"}, {"time": "sequence", "batch": "batch"}, {"scaling": "test"}, {"scaling": "none"},
    {"noise": "gaussian", "scaling": "none"}, {"units": "layer"},
]  # fmt: skip


def draw_state_mask(dropout: Dropout, seed: int = 7) -> np.ndarray:
    return draw_masks(Placement.from_sites({"state": dropout}), SHAPE, seed, update=3)["state.1"]


@given(st.sampled_from([0.1, 0.5, 0.8]), st.integers(0, 1000), st.sampled_from(SETTINGS[:5]))
def test_statistics_equal_plain_counts(rate: float, seed: int, settings: dict[str, Any]) -> None:
    dropout = Dropout(rate, **settings)
    mask = draw_state_mask(dropout, seed)
    assert measure_kept_share(mask, rate).value == fmean(float(value != 0) for value in mask.flat)
    assert measure_mean_factor(mask, dropout, rate).value == pytest.approx(fmean(float(value) for value in mask.flat))
    full = np.broadcast_to(mask, (T, B, H)) != 0
    same = [full[t, b, n] == full[t + 1, b, n] for t in range(T - 1) for b in range(B) for n in range(H)]
    overlap = measure_step_overlap(mask, dropout, rate, T)
    assert overlap is not None
    assert overlap.value == pytest.approx(fmean(same))


@pytest.mark.parametrize("rate", [0.2, 0.5, 0.75])
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_expected_values_are_the_means_of_many_draws(rate: float, settings: dict[str, Any]) -> None:
    dropout, n = Dropout(rate, **settings), 3000
    masks = [draw_state_mask(dropout, seed) for seed in range(n)]
    statistics = [[measure_mean_factor(mask, dropout, rate) for mask in masks]]
    if dropout.noise == "bernoulli":
        pairs = [measure_step_overlap(mask, dropout, rate, T) for mask in masks]
        statistics += [[measure_kept_share(mask, rate) for mask in masks], [pair for pair in pairs if pair]]
    for numbers in statistics:
        assert len(numbers) == n
        values, first = [number.value for number in numbers], numbers[0]
        assert fmean(values) == pytest.approx(first.expected, abs=5 * first.std / n**0.5 + 1e-9)
        assert pstdev(values) == pytest.approx(first.std, rel=0.08, abs=1e-9)


def test_there_is_no_overlap_with_one_step_or_gaussian_noise() -> None:
    assert measure_step_overlap(draw_state_mask(Dropout(0.5))[:1], Dropout(0.5), 0.5, 1) is None
    gaussian = Dropout(0.5, noise="gaussian", scaling="none")
    assert measure_step_overlap(draw_state_mask(gaussian), gaussian, 0.5, T) is None


@given(st.sampled_from(CELLS).flatmap(lambda cell: st.tuples(st.just(cell), placements(2, cell, scheduled=False))))
def test_the_test_factor_is_that_of_the_engine(both: tuple[str, Placement]) -> None:
    cell, placement = both
    values = get_test_time_values(placement, NetworkShape(T, B, H, (H, H), cell))
    for site, layer, dropout in placement.list_active(2):
        rate = placement.get_rate(site.name, layer, 2)
        name = next((name for name in values if name.startswith(make_mask_key(site.name, layer))), None)
        engine = float(values[name].flat[0]) if name else 1.0
        assert get_test_factor(dropout, rate) == pytest.approx(engine)


@pytest.mark.parametrize(
    ("settings", "bits"),
    [({}, 4), ({"time": "sequence"}, 2), ({"units": "layer"}, 2), ({"time": "sequence", "batch": "batch"}, 2)],
)
def test_every_thinned_network_of_a_sample_occurs(settings: dict[str, Any], bits: int) -> None:
    """Enumeration: over many seeds, every pattern of kept and dropped units occurs, and no other pattern."""
    shape, placement = NetworkShape(2, 3, 2, (2,)), Placement.from_sites({"state": Dropout(0.5, **settings)})
    masks = [draw_masks(placement, shape, seed, 1) for seed in range(600)]
    assert {count_independent_draws(mask, 3) for mask in masks} == {bits}
    patterns = {tuple(np.broadcast_to(mask["state.1"], (2, 3, 2))[:, 1].ravel() != 0) for mask in masks}
    assert len(patterns) == 2**bits
    assert patterns <= set(product([False, True], repeat=4))


def test_masks_of_weights_and_gates_count_every_draw() -> None:
    sites = {
        "recurrent_weights": Dropout(0.5, time="sequence", batch="batch", gates="separate"),
        "input": Dropout(0.5, gates="separate"),
    }
    masks = draw_masks(Placement.from_sites(sites), SHAPE, 7, 1)
    assert count_independent_draws(masks, B) == 2 * 4 * H * H + 4 * T * H


def test_digits_are_counted() -> None:
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        assert all(count_digits(n) == len(str(2**n)) for n in [*range(2000), 7680, 50_000])
    finally:
        sys.set_int_max_str_digits(limit)
    assert format_network_count(10) == "2¹⁰ = 1,024"
    assert format_network_count(7680) == "2⁷⁶⁸⁰, a number of 2,312 digits"


@pytest.mark.parametrize("cell", CELLS)
def test_every_comparison_is_defined_for_the_cell(cell: str) -> None:
    first = METHODS["gal2016"].build_placement(cell=cell)
    for name in list_comparison_choices(cell):
        other = build_compared_placement(first, name, cell)
        assert all(cell in site.cells for site, _dropout in other)
        if name in SHARING_VARIANTS:
            assert [site.name for site, _dropout in other] == [site.name for site, _dropout in first]
            assert all(other.get(site.name).rate == dropout.rate for site, dropout in first)  # type: ignore[union-attr]


def test_sharing_changes_what_it_names_and_masks_of_weights_stay_one_for_the_batch() -> None:
    placement = Placement.from_sites({name: build_dropout(name, 0.3) for name in ("state", "recurrent_weights", "words")})
    for name, (time, batch, _label) in SHARING_VARIANTS.items():
        state, weights, words = (
            build_compared_placement(placement, name, "lstm").get(s) for s in ("state", "recurrent_weights", "words")
        )
        assert state is not None
        assert weights is not None
        assert words is not None
        assert (state.time, state.batch) == (time, batch)
        assert (weights.time, weights.batch) == (time, "batch")
        assert (words.time, words.batch) == ("sequence", batch)


def test_a_compared_method_takes_the_common_rate() -> None:
    zaremba, gal = METHODS["zaremba2014"].build_placement(0.35), METHODS["gal2016"].build_placement()
    assert get_common_rate(zaremba) == 0.35
    assert get_common_rate(gal) is None
    assert build_compared_placement(zaremba, "naive-cell", "lstm") == METHODS["naive-cell"].build_placement(0.35)
    assert build_compared_placement(gal, "naive-cell", "lstm") == METHODS["naive-cell"].build_placement()
    assert get_common_rate(replace_all_rates(gal, 0.2)) == 0.2


def test_names_of_a_link_are_checked() -> None:
    assert check_comparison(("sequence", "gal")) == ("sequence", "gal2016")
    assert check_comparison(("gal", "gal2016")) == ("gal2016",)
    with pytest.raises(Invalid, match="no method"):
        check_comparison(("nonsense",))
    with pytest.raises(Invalid, match=f"At most {MAX_COMPARED}"):
        check_comparison(("step", "sequence", "batch"))
