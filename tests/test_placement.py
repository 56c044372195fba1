"""Placements and methods. Oracles: the catalogue in words, written out once more here; and a round trip through JSON."""

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dropout.methods import METHODS, method, name_of
from core.dropout.placement import SCALINGS, SHARING, Dropout, Placement, check_layers, from_data, to_data
from core.dropout.sites import AXES, SITES, layers_of, width_of
from core.errors import Invalid
from tests.strategies import json_values, placements, rates

WHERE = {
    "none": "",
    "zaremba2014": "input between output",
    "pytorch": "between",
    "keras-stack": "between output",
    "naive-state": "input between output state",
    "naive-cell": "input between output cell",
    "moon2015": "cell",
    "gal2016": "input between output state",
    "semeniuta2016": "candidate",
}
NAN, INFINITY = float("nan"), float("inf")


@pytest.mark.parametrize("name", METHODS)
def test_a_method_acts_where_its_paper_says(name: str) -> None:
    placement = METHODS[name].placement()
    assert {site.name for site, _dropout in placement} == set(WHERE[name].split())
    for _site, dropout in placement:
        assert dropout.time == ("sequence" if name in ("moon2015", "gal2016") else "step")
        assert dropout.scaling == {"moon2015": "none", "semeniuta2016": "test"}.get(name, "inverted")
        assert (dropout.batch, dropout.gates, dropout.units) == ("sample", "shared", "unit")


def test_the_catalogue_is_complete() -> None:
    assert set(METHODS) == set(WHERE)
    assert all(row.name == name and row.label and row.use and row.equation for name, row in METHODS.items())


@pytest.mark.parametrize("name", METHODS)
@given(rate=st.floats(0, 1, exclude_max=True))
def test_one_rate_for_all_sites(name: str, rate: float) -> None:
    placement = method(name).placement(rate)
    assert [dropout.rate for _site, dropout in placement] == [rate] * (len(WHERE[name].split()) if rate else 0)
    assert not rate or name_of(placement) == name


@pytest.mark.parametrize("name", METHODS)
def test_a_method_keeps_its_name_at_other_rates_and_loses_it_with_another_sharing(name: str) -> None:
    placement = METHODS[name].placement()
    assert name_of(placement) == name
    for site, dropout in placement.sites:
        layers = len(layers_of(SITES[site], 3))
        assert name_of(Placement.of({**dict(placement.sites), site: replace(dropout, rate=(0.1,) * layers)})) == name
        assert name_of(Placement.of({**dict(placement.sites), site: replace(dropout, units="layer")})) is None


def test_the_paper_of_a_name_that_is_nearly_right_is_suggested() -> None:
    with pytest.raises(Invalid, match="“zaremba14”; did you mean zaremba2014"):
        method("zaremba14")
    with pytest.raises(Invalid, match="did you mean none, zaremba2014"):
        method("???")


@given(data=st.data())
def test_rate_0_is_off(data: st.DataObject) -> None:
    placement = data.draw(placements(3))
    name = data.draw(st.sampled_from(list(SITES)))
    zero: Any = data.draw(st.sampled_from([0, 0.0, -0.0, (0.0,) * len(layers_of(SITES[name], 3))]))
    rest = {site: dropout for site, dropout in placement.sites if site != name}
    assert Placement.of({**rest, name: Dropout(rate=zero)}) == Placement.of(rest)
    assert Placement.of(rest).rate(name, 1, 3) == 0


@given(placement=placements(3))
def test_active_are_the_layers_with_a_rate(placement: Placement) -> None:
    assert [(site.name, layer) for site, layer, _dropout in placement.active(3)] == [
        (name, layer) for name in SITES for layer in layers_of(SITES[name], 3) if placement.rate(name, layer, 3) > 0
    ]


@given(placement=placements(3))
def test_round_trip(placement: Placement) -> None:
    assert from_data(json.loads(json.dumps(to_data(placement)))) == placement


@given(placement=placements(3), order=st.randoms())
def test_the_order_of_the_sites_is_the_tables(placement: Placement, order: object) -> None:
    pairs = list(placement.sites)
    order.shuffle(pairs)  # type: ignore[attr-defined]  # a random.Random
    assert Placement.of(dict(pairs)) == placement


@pytest.mark.parametrize(
    "rate", [1, 1.0, 1.5, -0.1, NAN, INFINITY, -INFINITY, True, "0.5", None, 10**400, [0.5], (0.5, 2.0), {}]
)
def test_a_bad_rate(rate: object) -> None:
    with pytest.raises(Invalid, match=r"The rate of “state” is .* at least 0 and below 1") as caught:
        Placement.of({"state": Dropout(rate=rate)})  # type: ignore[arg-type]
    assert caught.value.field == "state"


@pytest.mark.parametrize("field", [*SHARING, "scaling"])
@pytest.mark.parametrize("value", ["sometimes", "", None, 1, ["step"], {}])
def test_a_bad_word(field: str, value: object) -> None:
    allowed = ", ".join({**SHARING, "scaling": SCALINGS}[field])
    with pytest.raises(Invalid, match=f"{field} of “state” is “.*”; it must be one of {allowed}"):
        from_data({"state": {"rate": 0.5, field: value}})


@pytest.mark.parametrize(("site", "axis"), [(site, axis) for site in SITES for axis in AXES if axis not in SITES[site].axes])
def test_an_axis_that_the_site_does_not_have(site: str, axis: str) -> None:
    with pytest.raises(Invalid, match=f"“{site}” has no {axis} of its own to draw for; leave {axis} “{SHARING[axis][1]}”"):
        Placement.of({site: Dropout(0.5, **{axis: SHARING[axis][0]})})


@pytest.mark.parametrize("data", [{"nowhere": {"rate": 0.5}}, {"": {}}])
def test_a_bad_site(data: object) -> None:
    with pytest.raises(Invalid, match=f"the sites are {', '.join(SITES)}"):
        from_data(data)


@pytest.mark.parametrize("data", [None, [], "input", 0.5, {"input": 0.5}, {"input": None}, {"input": {"p": 0.5}}])
def test_what_is_no_placement(data: object) -> None:
    with pytest.raises(Invalid, match=r"A placement is an object of sites|takes batch, gates, rate, scaling, time, units"):
        from_data(data)


@given(data=st.dictionaries(st.sampled_from([*SITES, "x"]), json_values | st.dictionaries(
    st.sampled_from(["rate", "scaling", *SHARING]), json_values, max_size=3), max_size=3))  # fmt: skip
def test_any_json_is_a_placement_or_invalid(data: object) -> None:
    with suppress(Invalid):
        placement = from_data(data)
        assert from_data(to_data(placement)) == placement


@given(given_rates=st.lists(rates, min_size=1, max_size=5), site=st.sampled_from(list(SITES)), layers=st.integers(1, 4))
def test_one_rate_per_layer_that_the_site_has(given_rates: list[float], site: str, layers: int) -> None:
    placement = Placement.of({site: Dropout((*given_rates, 0.5))})
    have = len(layers_of(SITES[site], layers))
    if have == len(given_rates) + 1:
        check_layers(placement, layers)
        assert [placement.rate(site, layer, layers) for layer in layers_of(SITES[site], layers)] == [*given_rates, 0.5]
    else:
        with pytest.raises(Invalid, match=f"has {have} layers in this network but {len(given_rates) + 1} rates"):
            check_layers(placement, layers)


def test_where_each_site_exists_and_whose_units_it_masks() -> None:
    """For three layers, E = 5 and H = 6, 7, 8, by hand."""
    expected = {
        "input": {1: 5},
        "between": {2: 6, 3: 7},
        "output": {3: 8},
        **{site: {1: 6, 2: 7, 3: 8} for site in ("state", "candidate", "cell")},
    }
    assert {s.name: {at: width_of(s, at, 5, (6, 7, 8)) for at in layers_of(s, 3)} for s in SITES.values()} == expected
    assert list(layers_of(SITES["between"], 1)) == []
