"""Placements and methods. Oracles: the catalogue of the methods, repeated here in words; the round trip through JSON."""

import json
import re
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dropout.methods import METHODS, find_method_name, get_method
from core.dropout.placement import (
    SCALINGS,
    SHARING,
    Dropout,
    Placement,
    build_dropout,
    check_cell_sites,
    check_layer_rates,
    placement_from_plain,
    placement_to_plain,
)
from core.dropout.schedule import RateSchedule
from core.dropout.sites import AXES, SITES, get_mask_width, get_site_layers
from core.errors import Invalid
from tests.strategies import json_values, placements, rates

FEED_FORWARD_SITES = "input between output"
# The sites of every method; below, the methods with one mask per sequence, with another scaling, and the sites of a method
# with one mask for the batch or one per gate.
METHOD_SITES = {
    "none": "",
    "zaremba2014": FEED_FORWARD_SITES,
    "pham2013": FEED_FORWARD_SITES,
    "pytorch": "between",
    "keras-stack": "between output",
    "naive-state": f"{FEED_FORWARD_SITES} state",
    "naive-cell": f"{FEED_FORWARD_SITES} cell",
    "activations-and-connections": "state recurrent_weights",
    "moon2015": "cell",
    "gal2016": f"words {FEED_FORWARD_SITES} state",
    "gal2016-untied": f"words {FEED_FORWARD_SITES} state",
    "embedding": "words",
    "semeniuta2016": "candidate",
    "krueger2016": "zoneout_cell zoneout_state",
    "merity2017": f"words {FEED_FORWARD_SITES} recurrent_weights",
    "ar-tar": "output",
    "dropconnect": "recurrent_weights input_weights",
    "gate": "input_gate forget_gate output_gate",
    "gate-frame": "input_gate forget_gate output_gate",
    "keras": "input between state",
    "keras-3.7": "input between state",
    "tf-variational": f"{FEED_FORWARD_SITES} state",
    "gaussian": FEED_FORWARD_SITES,
    "monte-carlo": f"words {FEED_FORWARD_SITES} state",
    "scheduled": FEED_FORWARD_SITES,
    "fraternal": FEED_FORWARD_SITES,
}
ONE_MASK_PER_SEQUENCE = {
    "moon2015",
    "gal2016",
    "gal2016-untied",
    "embedding",
    "merity2017",
    "ar-tar",
    "dropconnect",
    "keras",
    "keras-3.7",
    "tf-variational",
    "monte-carlo",
}
METHOD_SCALING = {"moon2015": "none", "semeniuta2016": "test", "pham2013": "test", "krueger2016": "test", "gaussian": "none"}
SHARED_OVER_BATCH = {
    "tf-variational": FEED_FORWARD_SITES + " state",
    "merity2017": "words recurrent_weights",
    "dropconnect": METHOD_SITES["dropconnect"],
    "activations-and-connections": "recurrent_weights",
}
ONE_MASK_PER_GATE = {
    "keras": "input between state",
    "gal2016-untied": "input between state",
    "merity2017": "recurrent_weights",
    "dropconnect": METHOD_SITES["dropconnect"],
    "activations-and-connections": "recurrent_weights",
}
SITES_IN_OTHER_CELLS = {
    ("semeniuta2016", "rnn"): "state",
    ("krueger2016", "gru"): "zoneout_state",
    ("krueger2016", "rnn"): "zoneout_state",
    ("gate", "gru"): "reset_gate update_gate",
    ("keras-3.7", "gru"): "input between whole_state",
    ("tf-variational", "gru"): f"{FEED_FORWARD_SITES} whole_state",
    ("tf-variational", "rnn"): f"{FEED_FORWARD_SITES} state",
}
METHOD_SCHEDULE = {"gate": "rise-fall", "gate-frame": "late-rise-fall", "scheduled": "ramp"}
SAME_PLACEMENT = {"monte-carlo": "gal2016"}  # the same placement: only the test differs
NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize("name", METHODS)
def test_a_method_has_the_sites_of_its_paper(name: str) -> None:
    placement = METHODS[name].build_placement()
    assert {site.name for site, _dropout in placement} == set(METHOD_SITES[name].split())
    for site, dropout in placement:
        assert dropout.time == ("sequence" if name in ONE_MASK_PER_SEQUENCE else "step")
        assert dropout.scaling == METHOD_SCALING.get(name, "inverted")
        assert dropout.batch == ("batch" if site.name in SHARED_OVER_BATCH.get(name, "").split() else "sample")
        assert dropout.gates == ("separate" if site.name in ONE_MASK_PER_GATE.get(name, "").split() else "shared")
        assert dropout.units == ("layer" if name == "gate-frame" else "unit")
        assert dropout.noise == ("gaussian" if name == "gaussian" else "bernoulli")
        assert dropout.schedule.kind == METHOD_SCHEDULE.get(name, "constant")


@pytest.mark.parametrize(("name", "cell"), SITES_IN_OTHER_CELLS)
def test_a_method_has_other_sites_in_some_cells(name: str, cell: str) -> None:
    sites = SITES_IN_OTHER_CELLS[name, cell].split()
    assert [site.name for site, _dropout in METHODS[name].build_placement(cell=cell)] == sites


def test_a_method_is_refused_for_a_cell_without_its_sites() -> None:
    for name in ("naive-cell", "moon2015"):
        with pytest.raises(Invalid, match=f"“{name}” is not defined for the cell “gru”; it is for lstm"):
            get_method(name).build_placement(cell="gru")
    for row in METHODS.values():
        for cell in row.cells:
            assert all(cell in site.cells for site, _dropout in row.build_placement(cell=cell))


def test_every_alias_names_its_method_whatever_its_case() -> None:
    aliases = [alias for row in METHODS.values() for alias in row.aliases]
    assert len(set(aliases)) == len(aliases)
    assert not set(aliases) & set(METHODS)
    for row in METHODS.values():
        assert all(get_method(alias) is row and get_method(alias.upper()) is row for alias in (*row.aliases, row.name))


def test_the_catalogue_is_complete() -> None:
    assert set(METHODS) == set(METHOD_SITES)
    for name, row in METHODS.items():
        assert row.name == name
        assert all((row.label, row.use, row.equation, row.rates, row.test, row.cost, row.count))
        assert row.citation or name == "none"


def test_what_was_not_confirmed_of_pham_2013_says_what_was_read() -> None:
    """Neither the paper itself nor the one of 2015 was read: abstracts, and a reader's notes that leave the question open."""
    said = METHODS["pham2013"].unconfirmed
    for part in (
        "full paper could not be read",
        "whether the raw input is masked",
        "reader's notes",
        "10.1109/ICDAR.2015.7333848",
    ):
        assert part in said


@pytest.mark.parametrize("name", METHODS)
@given(rate=st.floats(0, 1, exclude_max=True))
def test_one_rate_for_all_sites(name: str, rate: float) -> None:
    placement = get_method(name).build_placement(rate)
    assert {dropout.rate for _site, dropout in placement} <= {rate}
    assert len(placement.sites) == (len(METHOD_SITES[name].split()) if rate else 0)
    assert not rate or find_method_name(placement) == SAME_PLACEMENT.get(name, name)


@pytest.mark.parametrize("name", METHODS)
def test_a_method_keeps_its_name_at_other_rates_and_loses_it_with_another_sharing(name: str) -> None:
    placement = METHODS[name].build_placement()
    name = SAME_PLACEMENT.get(name, name)
    assert find_method_name(placement) == name
    for site, dropout in placement.sites:
        layers = len(get_site_layers(SITES[site], 3))
        others, losses = dict(placement.sites), dict(placement.losses)
        assert find_method_name(Placement.from_sites({**others, site: replace(dropout, rate=(0.1,) * layers)}, losses)) == name
        other = replace(dropout, units={"unit": "layer", "layer": "unit"}[dropout.units])
        assert find_method_name(Placement.from_sites({**others, site: other}, losses)) is None


def test_a_misspelled_name_suggests_the_nearest_methods() -> None:
    with pytest.raises(Invalid, match="“zaremba14”; did you mean zaremba2014"):
        get_method("zaremba14")
    with pytest.raises(Invalid, match="did you mean none, zaremba2014, pham2013"):
        get_method("???")


@given(data=st.data())
def test_rate_0_is_off(data: st.DataObject) -> None:
    placement = data.draw(placements(3))
    name = data.draw(st.sampled_from(list(SITES)))
    zero: Any = data.draw(st.sampled_from([0, 0.0, -0.0, (0.0,) * len(get_site_layers(SITES[name], 3))]))
    rest = {site: dropout for site, dropout in placement.sites if site != name}
    assert Placement.from_sites({**rest, name: build_dropout(name, zero)}) == Placement.from_sites(rest)
    assert Placement.from_sites(rest).get_rate(name, 1, 3) == 0


@given(placement=placements(3))
def test_active_sites_are_those_with_a_rate(placement: Placement) -> None:
    assert [(site.name, layer) for site, layer, _dropout in placement.list_active(3)] == [
        (name, layer) for name in SITES for layer in get_site_layers(SITES[name], 3) if placement.get_rate(name, layer, 3) > 0
    ]


@given(placement=placements(3))
def test_round_trip(placement: Placement) -> None:
    assert placement_from_plain(json.loads(json.dumps(placement_to_plain(placement)))) == placement


@given(placement=placements(3), order=st.randoms())
def test_sites_are_in_the_order_of_the_table(placement: Placement, order: object) -> None:
    pairs = list(placement.sites)
    order.shuffle(pairs)  # type: ignore[attr-defined]  # a random.Random
    assert Placement.from_sites(dict(pairs), dict(placement.losses)) == placement


@pytest.mark.parametrize("rate", [1, 1.0, 1.5, -0.1, NAN, INF, -INF, True, "0.5", None, 10**400, [0.5], (0.5, 2.0), {}])
def test_a_bad_rate(rate: object) -> None:
    with pytest.raises(Invalid, match=r"The rate of “state” is .* at least 0 and below 1") as caught:
        Placement.from_sites({"state": Dropout(rate=rate)})  # type: ignore[arg-type]
    assert caught.value.field == "state"


@pytest.mark.parametrize("field", [*SHARING, "scaling"])
@pytest.mark.parametrize("value", ["sometimes", "", None, 1, ["step"], {}])
def test_a_bad_word(field: str, value: object) -> None:
    allowed = ", ".join({**SHARING, "scaling": SCALINGS}[field])
    with pytest.raises(Invalid, match=f"{field} of “state” is “.*”; it must be one of {allowed}"):
        placement_from_plain({"state": {"rate": 0.5, field: value}})


@pytest.mark.parametrize(("site", "axis"), [(site, axis) for site in SITES for axis in AXES if axis not in SITES[site].axes])
def test_an_axis_that_the_site_does_not_have(site: str, axis: str) -> None:
    with pytest.raises(Invalid, match=f"“{site}” has no axis “{axis}”; leave {axis} at “{SHARING[axis][1]}”"):
        Placement.from_sites({site: build_dropout(site, 0.5, **{axis: SHARING[axis][0]})})


@pytest.mark.parametrize("data", [{"nowhere": {"rate": 0.5}}, {"": {}}])
def test_a_bad_site(data: object) -> None:
    with pytest.raises(Invalid, match=f"the sites are {', '.join(SITES)}"):
        placement_from_plain(data)


@pytest.mark.parametrize("data", [None, [], "input", 0.5, {"input": 0.5}, {"input": None}, {"input": {"p": 0.5}}])
def test_data_that_are_not_a_placement(data: object) -> None:
    with pytest.raises(
        Invalid, match=r"A placement is an object of sites|takes batch, gates, noise, rate, scaling, schedule, time, units"
    ):
        placement_from_plain(data)


@given(
    data=st.dictionaries(
        st.sampled_from([*SITES, "x"]),
        json_values | st.dictionaries(st.sampled_from(["rate", "scaling", *SHARING]), json_values, max_size=3),
        max_size=3,
    )
)
def test_any_json_is_a_placement_or_invalid(data: object) -> None:
    with suppress(Invalid):
        placement = placement_from_plain(data)
        assert placement_from_plain(placement_to_plain(placement)) == placement


def test_schedules() -> None:
    ramp, bump = RateSchedule("ramp", 100), RateSchedule("rise-fall", 100)
    assert [ramp.compute_rate(0.5, update) for update in (0, 50, 100, 900)] == [0, 0.25, 0.5, 0.5]
    assert [bump.compute_rate(0.3, update) for update in (0, 25, 50, 75, 100, 900)] == pytest.approx([0, 0.15, 0.3, 0.15, 0, 0])
    recipe = RateSchedule("late-rise-fall", 100)  # Kaldi's 0,0@0.20,0.3@0.50,0
    assert [recipe.compute_rate(0.3, n) for n in (0, 20, 35, 50, 75, 100, 900)] == pytest.approx([0, 0, 0.15, 0.3, 0.15, 0, 0])
    assert RateSchedule("ramp", 10, 0.4).compute_rate(0.0, 5) == pytest.approx(0.2)
    falling = Placement.from_sites({"input": Dropout(0.0, schedule=RateSchedule("ramp", 10, 0.4))})
    assert falling.resolve_schedules(5).get_rate("input", 1, 2) == pytest.approx(0.2)
    assert falling.resolve_schedules(10) == Placement()


@given(placement=placements(3), update=st.integers(0, 500))
def test_at_an_update_a_placement_has_constant_rates(placement: Placement, update: int) -> None:
    now = placement.resolve_schedules(update)
    assert now.resolve_schedules(update + 1) == now
    for name, dropout in placement.sites:
        for layer in get_site_layers(SITES[name], 3):
            assert now.get_rate(name, layer, 3) == dropout.schedule.compute_rate(placement.get_rate(name, layer, 3), update)


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ({"kind": "jump"}, "must be one of constant, ramp, rise-fall, late-rise-fall"),
        ({"kind": ["ramp"]}, "must be one of constant"),
        ({"kind": "ramp", "length": -5}, "is -5 updates long; “ramp” takes a whole number from 1 to 1000000"),
        ({"kind": "ramp"}, "is 0 updates long"),
        ({"kind": "ramp", "length": 1.5}, "is 1.5 updates long"),
        ({"kind": "constant", "length": 3}, "takes a whole number from 0 to 0"),
        ({"kind": "ramp", "length": 3, "start": 1}, "starts at 1; it must be at least 0 and below 1"),
        ({"start": 0.1}, "starts at 0.1"),
        ({"steps": 3}, "takes kind, length, start"),
        ("ramp", "takes kind, length, start"),
    ],
)
def test_a_bad_schedule(schedule: object, words: str) -> None:
    with pytest.raises(Invalid, match=words) as caught:
        placement_from_plain({"state": {"rate": 0.5, "schedule": schedule}})
    assert caught.value.field == "state"


@pytest.mark.parametrize(
    ("losses", "words"),
    [
        ({"l2": 1}, "There is no loss term “l2”; the terms are ar, tar, fraternal"),
        ({"ar": -1}, "The weight of “ar” is -1; it must be a number from 0 to 1000"),
        ({"ar": NAN}, "The weight of “ar” is nan"),
        ({"ar": "2"}, "The weight of “ar” is 2"),
        ([2], "The loss terms are an object"),
    ],
)
def test_bad_loss_terms(losses: object, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        placement_from_plain({"losses": losses})


@pytest.mark.parametrize(
    ("site", "settings", "words"),
    [
        ("zoneout_cell", {}, "takes noise “bernoulli” and scaling “test” only"),
        ("zoneout_state", {"scaling": "test", "noise": "gaussian"}, "takes noise “bernoulli” and scaling “test” only"),
        ("input", {"noise": "gaussian"}, "set the scaling of “input” to “none”"),
        ("input", {"noise": "salt"}, "must be one of bernoulli, gaussian"),
    ],
)
def test_noise_that_a_site_does_not_allow(site: str, settings: dict[str, str], words: str) -> None:
    with pytest.raises(Invalid, match=words):
        placement_from_plain({site: {"rate": 0.5, **settings}})


def test_a_site_that_the_cell_does_not_have() -> None:
    check_cell_sites(Placement.from_sites({"update_gate": Dropout(0.5)}), "gru")
    with pytest.raises(Invalid, match="“cell” does not exist in the cell “gru”, but in lstm; “gru” has words, input, between"):
        check_cell_sites(Placement.from_sites({"cell": Dropout(0.5)}), "gru")


@given(given_rates=st.lists(rates, min_size=1, max_size=5), site=st.sampled_from(list(SITES)), layers=st.integers(1, 4))
def test_one_rate_per_layer_that_the_site_has(given_rates: list[float], site: str, layers: int) -> None:
    placement = Placement.from_sites({site: build_dropout(site, (*given_rates, 0.5))})
    expected = len(get_site_layers(SITES[site], layers))
    if expected == len(given_rates) + 1:
        check_layer_rates(placement, layers)
        assert [placement.get_rate(site, layer, layers) for layer in get_site_layers(SITES[site], layers)] == [
            *given_rates,
            0.5,
        ]
    else:
        with pytest.raises(Invalid, match=f"has {expected} layers in this network but {len(given_rates) + 1} rates"):
            check_layer_rates(placement, layers)


def test_where_each_site_exists_and_whose_units_it_masks() -> None:
    """For three layers, E = 5 and H = 6, 7, 8, by hand."""
    expected = {
        "words": {1: 9},
        "input": {1: 5},
        "between": {2: 6, 3: 7},
        "output": {3: 8},
        "input_weights": {1: 5, 2: 6, 3: 7},
        **{site: {1: 6, 2: 7, 3: 8} for site in SITES if site not in ("words", "input_weights", *FEED_FORWARD_SITES.split())},
    }
    assert {
        s.name: {at: get_mask_width(s, at, 5, (6, 7, 8), 9) for at in get_site_layers(s, 3)} for s in SITES.values()
    } == expected
    assert list(get_site_layers(SITES["between"], 1)) == []


def test_an_equation_has_only_the_gates_of_its_cell() -> None:
    gates = {
        "gru": r"i, f|f \\odot|o \\odot|c_t|c_\{",
        "rnn": r"i, f|f \\odot|\bz \\odot|\br \\odot|c_t",
        "lstm": r"r, z|r \\odot",
    }
    for cell, foreign in gates.items():
        for row in METHODS.values():
            if cell in row.cells:
                assert not re.search(foreign, row.get_equation(cell)), (row.name, cell)
    different = METHODS["naive-state"].get_equation("gru")
    assert r"W(d_t^x \odot" in different
    assert r"U(d_t^h \odot" in different, "two arrays, two names"
