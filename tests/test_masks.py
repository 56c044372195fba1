"""The masks.

Oracles: the binomial distribution; repeated calls; the shapes by the sharing; and the known bytes of one draw, which a NumPy
with another random stream would not give.
"""

from dataclasses import replace
from hashlib import sha256
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.dropout.cells import GATES
from core.dropout.masks import NetworkShape, draw_masks, draw_uniforms, get_test_time_values, make_mask_key
from core.dropout.methods import METHODS
from core.dropout.placement import SHARING, Dropout, Placement, build_dropout
from core.dropout.schedule import CONSTANT_RATE
from core.dropout.sites import AXES, SITES, get_mask_width, get_site_layers
from tests.strategies import dropouts, placements, rates, seeds

SMALL = NetworkShape(steps=3, batch=2, embedding=5, hidden=(4, 6), tokens=9)
WIDE = NetworkShape(steps=20, batch=20, embedding=30, hidden=(30, 30), tokens=300)
ARGUMENTS: dict[str, Any] = {
    "seed": 7,
    "update": 1,
    "pass_index": 0,
    "site": "state",
    "layer": 1,
    "gate": "",
    "shape": (3, 2, 4),
}
sites = st.sampled_from(list(SITES))


@given(site=sites, rate=st.floats(0.01, 0.95), scaling=st.sampled_from(["inverted", "none"]), seed=seeds)
@settings(max_examples=40)
def test_the_kept_share_and_the_mean_are_those_of_bernoulli(site: str, rate: float, scaling: str, seed: int) -> None:
    if SITES[site].kind == "zoneout":
        scaling = "test"  # a Zoneout mask chooses between values and is never scaled
    for name, mask in draw_masks(
        Placement.from_sites({site: build_dropout(site, rate, scaling=scaling)}), WIDE, seed, 1
    ).items():
        kept = np.count_nonzero(mask) / mask.size
        std = np.sqrt(rate * (1 - rate) / mask.size)
        assert abs(kept - (1 - rate)) < 6 * std, f"{name} keeps {kept}"
        expected, scale = (1, 1 / (1 - rate)) if scaling == "inverted" else (1 - rate, 1)
        assert abs(mask.mean(dtype=np.float64) - expected) < 6 * std * scale + 1e-6
        assert set(np.unique(mask)) <= {np.float32(0), np.float32(scale)}


@given(placement=placements(2), seed=seeds, update=st.integers(0, 10**6), pass_index=st.integers(0, 1000))
def test_the_same_arguments_give_the_same_bytes(placement: Placement, seed: int, update: int, pass_index: int) -> None:
    first, again = (draw_masks(placement, SMALL, seed, update, pass_index) for _time in range(2))
    assert {n: m.tobytes() for n, m in first.items()} == {n: m.tobytes() for n, m in again.items()}


def test_the_global_random_state_has_no_effect() -> None:
    placement = METHODS["gal2016"].build_placement()
    before = draw_masks(placement, SMALL, 7, 1)
    np.random.seed(0)
    np.testing.assert_equal(draw_masks(placement, SMALL, 7, 1), before)


@given(one=placements(2), other=placements(2), site=sites, data=st.data(), seed=seeds)
def test_placements_that_agree_at_a_site_share_its_masks(
    one: Placement, other: Placement, site: str, data: st.DataObject, seed: int
) -> None:
    dropout = data.draw(dropouts(SITES[site], 2))
    masks = [draw_masks(Placement.from_sites({**dict(p.sites), site: dropout}), SMALL, seed, 1) for p in (one, other)]
    site_masks = [{name: mask for name, mask in drawn.items() if name.startswith(f"{site}.")} for drawn in masks]
    np.testing.assert_equal(site_masks[0], site_masks[1])


@pytest.mark.parametrize(
    ("argument", "other"),
    [("seed", 8), ("update", 2), ("pass_index", 1), ("site", "cell"), ("layer", 2), ("gate", "i"), ("shape", (4, 2, 4))],
)
def test_every_argument_changes_the_uniforms(argument: str, other: object) -> None:
    drawn, changed = draw_uniforms(**ARGUMENTS), draw_uniforms(**(ARGUMENTS | {argument: other}))
    assert drawn.shape != changed.shape if argument == "shape" else (drawn != changed).mean() > 0.9


def test_no_two_places_of_a_network_share_their_uniforms() -> None:
    places = [
        ARGUMENTS | {"site": site, "layer": layer, "gate": gate, "update": update}
        for site in SITES
        for layer in (1, 2, 3, 4)
        for gate in ("", *GATES["lstm"])
        for update in (0, 1, 2)
    ]
    assert len({draw_uniforms(**place).tobytes() for place in places}) == len(places)


@given(site=sites, low=rates, high=rates, seed=seeds, data=st.data())
def test_a_higher_rate_only_drops_more(site: str, low: float, high: float, seed: int, data: st.DataObject) -> None:
    low, high = sorted((low, high))
    dropout = data.draw(dropouts(SITES[site], 2))
    dropout = replace(dropout, noise="bernoulli", schedule=CONSTANT_RATE)  # Gaussian noise drops nothing
    fewer, more = (
        draw_masks(Placement.from_sites({site: replace(dropout, rate=rate)}), SMALL, seed, 1) for rate in (low, high)
    )
    for name in fewer.keys() & more.keys():
        assert not ((fewer[name] == 0) & (more[name] != 0)).any(), f"{name}: a unit came back"


@given(placement=placements(3), seed=seeds)
def test_a_shared_axis_has_length_one_and_a_fresh_axis_its_full_length(placement: Placement, seed: int) -> None:
    shape = NetworkShape(steps=3, batch=2, embedding=5, hidden=(4, 6, 7), tokens=9)
    masks = draw_masks(placement, shape, seed, 1)
    expected: dict[str, tuple[int, ...]] = {}
    for site, dropout in placement.resolve_schedules(1):
        for layer in get_site_layers(site, 3):
            if placement.resolve_schedules(1).get_rate(site.name, layer, 3) > 0:
                rows = ((4, 6, 7)[layer - 1],) if site.kind == "weights" else ()
                full = (3, 2, *rows, get_mask_width(site, layer, 5, (4, 6, 7), 9))
                axes = ("time", "batch", *["units"] * (len(rows) + 1))
                size = tuple(n if dropout.is_fresh(axis) else 1 for axis, n in zip(axes, full, strict=True))
                gates = GATES["lstm"] if dropout.is_fresh("gates") else ("",)
                expected |= {make_mask_key(site.name, layer, gate): size for gate in gates}
    assert {name: mask.shape for name, mask in masks.items()} == expected


@pytest.mark.parametrize(("site", "axis"), [(site, axis) for site in SITES for axis in AXES if axis in SITES[site].axes])
def test_what_is_fresh_along_an_axis_is_not_repeated(site: str, axis: str) -> None:
    only = {name: words[1] for name, words in SHARING.items()} | {axis: SHARING[axis][0]}
    scaling = {"scaling": "test"} if SITES[site].kind == "zoneout" else {}
    dropout, shape = build_dropout(site, 0.5, **only, **scaling), NetworkShape(20, 20, 20, (20, 20), tokens=40)
    drawn = [draw_masks(Placement.from_sites({site: dropout}), shape, seed, 1).values() for seed in range(9)]
    kept = [np.concatenate([mask.ravel() > 0 for mask in masks]) for masks in drawn]
    assert any(values.any() and not values.all() for values in kept)


def test_separate_gates_have_different_masks() -> None:
    masks = draw_masks(Placement.from_sites({"state": Dropout(0.5, gates="separate")}), WIDE, 7, 1)
    assert sorted(masks) == sorted(f"state.{layer}.{gate}" for layer in (1, 2) for gate in "ifgo")
    assert len({mask.tobytes() for mask in masks.values()}) == 8


@given(placement=placements(2))
def test_test_time_values_are_means_with_test_scaling_and_absent_otherwise(placement: Placement) -> None:
    placement = placement.resolve_schedules(1)
    masks, values = draw_masks(placement, SMALL, 7, 1), get_test_time_values(placement, SMALL)
    scaling = {site.name: dropout.scaling for site, dropout in placement}
    assert set(values) == {name for name in masks if scaling[name.split(".")[0]] == "test"}
    for name, value in values.items():
        site, layer = name.split(".")[:2]
        assert value.shape == (1,) * masks[name].ndim
        assert value.item() == pytest.approx(1 - placement.get_rate(site, int(layer), 2), abs=1e-7)


def test_a_layer_at_rate_0_draws_nothing() -> None:
    assert list(draw_masks(Placement.from_sites({"cell": Dropout((0.0, 0.5))}), SMALL, 7, 1)) == ["cell.2"]
    assert draw_masks(Placement.from_sites({"cell": Dropout(0.0), "state": Dropout((0.0, 0.0))}), SMALL, 7, 1) == {}


def test_known_bytes() -> None:
    """Drawn with NumPy 2.4.6. Other bytes mean that past runs, links and recorded runs show masks that were never used."""
    masks = draw_masks(METHODS["naive-state"].build_placement(), SMALL, seed=7, update=3)
    digest = sha256(b"".join(name.encode() + mask.tobytes() for name, mask in masks.items())).hexdigest()
    assert digest == "009f4ead80d4fd97f3ad1d84d45739ab902201aa8b937a6bc7fe2fc405577f39"
    assert (masks["state.1"][0] > 0).tolist() == [[False, True, True, True], [False, True, True, True]]
