"""The masks. Oracles: the binomial distribution; repeated calls; masks that share less, repeated along the shared axes;
and known bytes, drawn once, that a NumPy with another stream of random numbers would no longer give."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.dropout.masks import GATES, Shape, draw_masks, mask_key, uniforms
from core.dropout.masks import test_time_values as values_at_test
from core.dropout.methods import METHODS
from core.dropout.placement import SHARING, Dropout, Placement, usual
from core.dropout.schedule import CONSTANT
from core.dropout.sites import AXES, SITES, layers_of, width_of
from tests.strategies import dropouts, placements, rates, seeds

SMALL = Shape(steps=3, batch=2, embedding=5, hidden=(4, 6), tokens=9)
WIDE = Shape(steps=20, batch=20, embedding=30, hidden=(30, 30), tokens=300)
PLACE: dict[str, Any] = {"seed": 7, "update": 1, "pass_index": 0, "site": "state", "layer": 1, "gate": "", "shape": (3, 2, 4)}
sites = st.sampled_from(list(SITES))


@given(site=sites, rate=st.floats(0.01, 0.95), scaling=st.sampled_from(["inverted", "none"]), seed=seeds)
@settings(max_examples=40)
def test_the_kept_fraction_and_the_mean_are_those_of_bernoulli(site: str, rate: float, scaling: str, seed: int) -> None:
    if SITES[site].kind == "old":
        scaling = "test"  # of a Zoneout site the mask chooses, and is never scaled
    for name, mask in draw_masks(Placement.of({site: usual(site, rate, scaling=scaling)}), WIDE, seed, 1).items():
        kept = np.count_nonzero(mask) / mask.size
        spread = np.sqrt(rate * (1 - rate) / mask.size)
        assert abs(kept - (1 - rate)) < 6 * spread, f"{name} keeps {kept}"
        expected, scale = (1, 1 / (1 - rate)) if scaling == "inverted" else (1 - rate, 1)
        assert abs(mask.mean(dtype=np.float64) - expected) < 6 * spread * scale + 1e-6
        assert set(np.unique(mask)) <= {np.float32(0), np.float32(scale)}


@given(placement=placements(2), seed=seeds, update=st.integers(0, 10**6), pass_index=st.integers(0, 1000))
def test_the_same_arguments_give_the_same_bytes(placement: Placement, seed: int, update: int, pass_index: int) -> None:
    first, again = (draw_masks(placement, SMALL, seed, update, pass_index) for _time in range(2))
    assert {n: m.tobytes() for n, m in first.items()} == {n: m.tobytes() for n, m in again.items()}


def test_the_random_numbers_of_the_process_play_no_part() -> None:
    placement = METHODS["gal2016"].placement()
    before = draw_masks(placement, SMALL, 7, 1)
    np.random.seed(0)
    np.testing.assert_equal(draw_masks(placement, SMALL, 7, 1), before)


@given(one=placements(2), other=placements(2), site=sites, data=st.data(), seed=seeds)
def test_placements_that_agree_at_a_site_share_its_masks(
    one: Placement, other: Placement, site: str, data: st.DataObject, seed: int
) -> None:
    dropout = data.draw(dropouts(SITES[site], 2))
    masks = [draw_masks(Placement.of({**dict(p.sites), site: dropout}), SMALL, seed, 1) for p in (one, other)]
    mine = [{name: mask for name, mask in drawn.items() if name.startswith(f"{site}.")} for drawn in masks]
    np.testing.assert_equal(mine[0], mine[1])


@pytest.mark.parametrize(
    ("argument", "other"),
    [("seed", 8), ("update", 2), ("pass_index", 1), ("site", "cell"), ("layer", 2), ("gate", "i"), ("shape", (4, 2, 4))],
)
def test_every_argument_changes_the_uniforms(argument: str, other: object) -> None:
    drawn, changed = uniforms(**PLACE), uniforms(**(PLACE | {argument: other}))
    assert drawn.shape != changed.shape if argument == "shape" else (drawn != changed).mean() > 0.9


def test_no_two_places_of_a_network_share_their_uniforms() -> None:
    places = [
        PLACE | {"site": site, "layer": layer, "gate": gate, "update": update}
        for site in SITES
        for layer in (1, 2, 3, 4)
        for gate in ("", *GATES["lstm"])
        for update in (0, 1, 2)
    ]
    assert len({uniforms(**place).tobytes() for place in places}) == len(places)


@given(site=sites, low=rates, high=rates, seed=seeds, data=st.data())
def test_a_higher_rate_only_drops_more(site: str, low: float, high: float, seed: int, data: st.DataObject) -> None:
    low, high = sorted((low, high))
    dropout = data.draw(dropouts(SITES[site], 2))
    dropout = replace(dropout, noise="bernoulli", schedule=CONSTANT)  # Gaussian noise drops nothing
    fewer, more = (draw_masks(Placement.of({site: replace(dropout, rate=rate)}), SMALL, seed, 1) for rate in (low, high))
    for name in fewer.keys() & more.keys():
        assert not ((fewer[name] == 0) & (more[name] != 0)).any(), f"{name}: a unit came back"


@given(placement=placements(3), seed=seeds)
def test_a_shared_axis_has_length_one_and_an_own_axis_its_full_length(placement: Placement, seed: int) -> None:
    shape = Shape(steps=3, batch=2, embedding=5, hidden=(4, 6, 7), tokens=9)
    masks = draw_masks(placement, shape, seed, 1)
    expected: dict[str, tuple[int, ...]] = {}
    for site, dropout in placement.at(1):
        for layer in layers_of(site, 3):
            if placement.at(1).rate(site.name, layer, 3) > 0:
                own = ((4, 6, 7)[layer - 1],) if site.kind == "weights" else ()
                full = (3, 2, *own, width_of(site, layer, 5, (4, 6, 7), 9))
                axes = ("time", "batch", *["units"] * (len(own) + 1))
                size = tuple(n if dropout.fresh(axis) else 1 for axis, n in zip(axes, full, strict=True))
                gates = GATES["lstm"] if dropout.fresh("gates") else ("",)
                expected |= {mask_key(site.name, layer, gate): size for gate in gates}
    assert {name: mask.shape for name, mask in masks.items()} == expected


@pytest.mark.parametrize(("site", "axis"), [(site, axis) for site in SITES for axis in AXES if axis in SITES[site].axes])
def test_what_is_fresh_along_an_axis_is_not_repeated(site: str, axis: str) -> None:
    only = {name: words[1] for name, words in SHARING.items()} | {axis: SHARING[axis][0]}
    scaling = {"scaling": "test"} if SITES[site].kind == "old" else {}
    dropout, shape = usual(site, 0.5, **only, **scaling), Shape(20, 20, 20, (20, 20), tokens=40)
    drawn = [draw_masks(Placement.of({site: dropout}), shape, seed, 1).values() for seed in range(9)]
    kept = [np.concatenate([mask.ravel() > 0 for mask in masks]) for masks in drawn]
    assert any(values.any() and not values.all() for values in kept)


def test_gates_of_their_own_have_masks_of_their_own() -> None:
    masks = draw_masks(Placement.of({"state": Dropout(0.5, gates="separate")}), WIDE, 7, 1)
    assert sorted(masks) == sorted(f"state.{layer}.{gate}" for layer in (1, 2) for gate in "ifgo")
    assert len({mask.tobytes() for mask in masks.values()}) == 8


@given(placement=placements(2))
def test_at_test_a_mask_is_its_mean_where_scaling_says_so_and_absent_elsewhere(placement: Placement) -> None:
    placement = placement.at(1)
    masks, values = draw_masks(placement, SMALL, 7, 1), values_at_test(placement, SMALL)
    scaling = {site.name: dropout.scaling for site, dropout in placement}
    assert set(values) == {name for name in masks if scaling[name.split(".")[0]] == "test"}
    for name, value in values.items():
        site, layer = name.split(".")[:2]
        assert value.shape == (1,) * masks[name].ndim
        assert value.item() == pytest.approx(1 - placement.rate(site, int(layer), 2), abs=1e-7)


def test_a_layer_at_rate_0_draws_nothing() -> None:
    assert list(draw_masks(Placement.of({"cell": Dropout((0.0, 0.5))}), SMALL, 7, 1)) == ["cell.2"]
    assert draw_masks(Placement.of({"cell": Dropout(0.0), "state": Dropout((0.0, 0.0))}), SMALL, 7, 1) == {}


def test_known_bytes() -> None:
    """Drawn with NumPy 2.4.6. Other bytes mean that past runs, links and recorded runs show masks that were never used."""
    masks = draw_masks(METHODS["naive-state"].placement(), SMALL, seed=7, update=3)
    digest = sha256(b"".join(name.encode() + mask.tobytes() for name, mask in masks.items())).hexdigest()
    assert digest == "009f4ead80d4fd97f3ad1d84d45739ab902201aa8b937a6bc7fe2fc405577f39"
    assert (masks["state.1"][0] > 0).tolist() == [[False, True, True, True], [False, True, True, True]]
