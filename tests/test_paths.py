"""Path counts.

Oracles: the catalogue's formulas, for every method and cell; an enumeration of every content path, hop by hop, independent of
core/nn/cells.py; and a handwritten rule for the masks on a single path.
"""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.analysis import path_counts
from core.analysis.path_counts import (
    MAX_DISTANCE,
    MAX_LAYERS,
    CorruptionCounts,
    DistinctArrays,
    count_all_routes,
    count_corruption,
    list_crossings,
    list_routes,
    make_even_climbs,
    trace_arrivals,
)
from core.dropout.methods import METHODS
from core.dropout.placement import Dropout, Placement, build_dropout
from core.dropout.sites import SITES
from core.errors import Invalid
from tests.strategies import placements

Place = tuple[str, int, int]  # site, layer, step
Path = tuple[list[Place], int]  # the places on it, in order; how many of its hops in time run through the state

CASES = [(row.name, cell) for row in METHODS.values() for cell in row.cells]
# Per method, the masks on an LSTM's path of L layers and Δ steps, H of which run through the state: the table of the
# literature, written once more.
COUNTS: dict[str, Callable[[int, int, int], int]] = {
    "none": lambda L, D, H: 0,
    "zaremba2014": lambda L, D, H: L + 1,
    "pytorch": lambda L, D, H: L - 1,
    "keras-stack": lambda L, D, H: L,
    "naive-state": lambda L, D, H: L + 1 + H,
    "naive-cell": lambda L, D, H: (L + 1) + (L + D),
    "moon2015": lambda L, D, H: L + D,
    "gal2016": lambda L, D, H: L + 1 + 1 + H,
    "semeniuta2016": lambda L, D, H: L + H,
    "krueger2016": lambda L, D, H: 0,
    "merity2017": lambda L, D, H: L + 2 + H,
}
# The greatest number of different arrays on a path, where that is not its count.
DISTINCT: dict[str, Callable[[int, int], int]] = {
    "moon2015": lambda L, D: L,
    "gal2016": lambda L, D: L + 2 + min(L, D),
    "gal2016-untied": lambda L, D: L + 2 + min(L, D),
    "monte-carlo": lambda L, D: L + 2 + min(L, D),
    "merity2017": lambda L, D: L + 2 + min(L, D),
    "keras": lambda L, D: L + min(L, D),
    "keras-3.7": lambda L, D: L + min(L, D),
    "tf-variational": lambda L, D: L + 1 + min(L, D),
    "dropconnect": lambda L, D: L + min(L, D),
}


def catalogue_formula(method: str, cell: str) -> Callable[[int, int, int], int]:
    """Return the count that the catalogue prints, as a function of L, Δ and H."""
    row = METHODS[method]
    text = re.sub(r"(\d)(?=[LΔH])", r"\1*", row.count_for.get(cell, row.count))
    return lambda L, D, H: int(eval(text, {"L": L, "Δ": D, "H": H}))


@pytest.mark.parametrize("method", COUNTS)
def test_the_formula_of_the_catalogue_is_the_papers(method: str) -> None:
    for L, D, H in ((1, 0, 0), (2, 5, 3), (4, 7, 7), (3, 2, 0)):
        assert catalogue_formula(method, "lstm")(L, D, H) == COUNTS[method](L, D, H)


@pytest.mark.parametrize("layers", [1, 2, 3, 4])
@pytest.mark.parametrize(("method", "cell"), CASES)
def test_every_method_at_every_distance(method: str, cell: str, layers: int) -> None:
    count, placement = catalogue_formula(method, cell), METHODS[method].build_placement(cell=cell)
    carried = "cell" in list_routes(cell)
    for distance in range(0, 21, 1 if layers < 3 else 4):
        c = count_corruption(placement, layers, distance, cell)
        expected: Counter[int] = Counter()
        for hops in range(distance + 1) if carried else [distance]:  # of Δ hops on L layers, those through the state
            ways = comb(distance, hops) if carried else 1
            expected[count(layers, distance, hops)] += comb(distance + layers - 1, layers - 1) * ways
        assert dict(enumerate(c.histogram)) == {n: expected[n] for n in range(max(expected) + 1)}
        assert (c.least, c.most) == (min(expected), max(expected))
        assert c.through_cell == (count(layers, distance, 0) if carried else None)
        assert c.through_state == count(layers, distance, distance)
        assert c.distinct == (DISTINCT[method](layers, distance) if method in DISTINCT else c.most)
        assert c.paths == comb(distance + layers - 1, layers - 1) * (2**distance if carried else 1)


@pytest.mark.parametrize(
    ("cell", "least", "most"),
    [
        ("lstm", lambda L, D: 2 * L, lambda L, D: 2 * (L + D)),
        ("gru", lambda L, D: L, lambda L, D: L + D),
        ("rnn", lambda L, D: L + D, lambda L, D: L + D),
    ],
)
def test_zoneout_is_counted_apart(cell: str, least: Callable[[int, int], int], most: Callable[[int, int], int]) -> None:
    """Content is held back at most L times at writing and at reading, and once more each per hop through the state."""
    placement = METHODS["krueger2016"].build_placement(cell=cell)
    for layers in (1, 2, 3):
        for distance in (0, 1, 6):
            c = count_corruption(placement, layers, distance, cell)
            assert (c.histogram[0], len(c.histogram)) == (c.paths, 1)
            assert c.held == (least(layers, distance), most(layers, distance))


def test_the_polynomial_of_naive_state_for_two_layers_and_five_steps() -> None:
    """The polynomial is 6k³ + 30k⁴ + 60k⁵ + 60k⁶ + 30k⁷ + 6k⁸."""
    assert count_corruption(METHODS["naive-state"].build_placement(), 2, 5).histogram == (0, 0, 0, 6, 30, 60, 60, 30, 6)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_a_mask_on_the_whole_state_of_a_gru_costs_a_mask_at_every_step_on_every_route(layers: int) -> None:
    """TensorFlow's wrapper: L + 1 on the way up and Δ along time; with the mask on the state as well, H more."""
    wrapper = METHODS["tf-variational"].build_placement(cell="gru")
    both = Placement.from_sites({**dict(wrapper.sites), "state": Dropout(0.5)})
    for distance in (0, 1, 7):
        c, twice = (count_corruption(placement, layers, distance, "gru") for placement in (wrapper, both))
        up = layers + 1
        assert (c.least, c.most, c.through_cell, c.through_state) == (up + distance,) * 4
        assert (twice.through_cell, twice.through_state) == (up + distance, up + 2 * distance)


def test_counts_are_exact_beyond_64_bits() -> None:
    distance, layers = 300, 4
    c = count_corruption(METHODS["naive-state"].build_placement(), layers, distance)
    assert c.paths == comb(303, 3) * 2**300 > 2**64
    assert c.histogram[layers + 1 + 150] == comb(303, 3) * comb(300, 150)


# The sites that content passes in each cell: when it is written, carried along time, output as h, and read back as h₋.
WRITE_SITES = {"lstm": ["candidate", "input_gate", "cell"], "gru": ["candidate"], "rnn": []}
CARRY_SITES = {"lstm": ["forget_gate", "cell"], "gru": ["whole_state", "update_gate"], "rnn": None}
OUTPUT_SITES = {"lstm": ["output_gate"], "gru": [], "rnn": []}
STATE_SITES = {
    "lstm": ["state", "recurrent_weights"],
    "gru": ["whole_state", "state", "recurrent_weights", "reset_gate"],
    "rnn": ["state", "recurrent_weights"],
}


def make_places(sites: list[str], layer: int, t: int) -> list[Place]:
    return [(site, layer, t) for site in sites]


def walk_paths(layers: int, distance: int, cell: str = "lstm") -> Iterator[Path]:
    """Yield every content path from x_0 to y_Δ, hop by hop."""

    def onward(layer: int, t: int, crossed: list[Place], through_state: int) -> Iterator[Path]:
        """Continue from the memory of a layer at step t: carried along time, or output as h and then along time or up."""
        carried, output_places = CARRY_SITES[cell], make_places(OUTPUT_SITES[cell], layer, t)
        if t < distance:
            if carried is not None:
                yield from onward(layer, t + 1, [*crossed, *make_places(carried, layer, t + 1)], through_state)
            state = [
                *output_places,
                *make_places(STATE_SITES[cell], layer, t + 1),
                *make_places(WRITE_SITES[cell], layer, t + 1),
            ]
            yield from onward(layer, t + 1, crossed + state, through_state + 1)
        if layer < layers:
            up = [*output_places, *make_places(["between", "input_weights", *WRITE_SITES[cell]], layer + 1, t)]
            yield from onward(layer + 1, t, [*crossed, *up], through_state)
        elif t == distance:
            yield [*crossed, *output_places, ("output", layer, t)], through_state

    yield from onward(1, 0, make_places(["words", "input", "input_weights", *WRITE_SITES[cell]], 1, 0), 0)


def select_masked_places(placement: Placement, layers: int, places: list[Place]) -> list[Place]:
    """Return the places that have a mask."""
    return [(site, layer, t) for site, layer, t in places if placement.get_rate(site, layer, layers) > 0]


def remove_zoneout(placement: Placement) -> Placement:
    """Return the placement without Zoneout, which is counted apart."""
    return Placement.from_sites({site.name: dropout for site, dropout in placement if site.kind != "zoneout"})


def identify_array(placement: Placement, place: Place) -> tuple[str, int, int | None]:
    """Return the identity of a mask's array; an array that is shared over time is the same at every step."""
    dropout = placement.get(place[0])
    return (*place[:2], None if dropout and dropout.time == "sequence" else place[2])


def count_by_enumeration(placement: Placement, layers: int, distance: int, cell: str = "lstm") -> CorruptionCounts:
    """Return the counts from an enumeration of all paths."""
    all_paths = [(select_masked_places(placement, layers, places), hops) for places, hops in walk_paths(layers, distance, cell)]
    counts = Counter(len(crossed) for crossed, _hops in all_paths)
    return CorruptionCounts(
        tuple(counts[n] for n in range(max(counts) + 1)),
        min(len(crossed) for crossed, hops in all_paths if hops == distance),
        min(len(crossed) for crossed, hops in all_paths if hops == 0) if "cell" in list_routes(cell) else None,
        max(len({identify_array(placement, place) for place in crossed}) for crossed, _hops in all_paths),
    )


@given(data=st.data(), layers=st.integers(1, 3), distance=st.integers(0, 4), cell=st.sampled_from(list(WRITE_SITES)))
@settings(max_examples=80)
def test_any_placement_against_enumeration(data: st.DataObject, layers: int, distance: int, cell: str) -> None:
    """Rates by layer are included, so that a site may be on in one layer and off in the next."""
    placement = remove_zoneout(data.draw(placements(layers, cell)))
    assert count_corruption(placement, layers, distance, cell) == count_by_enumeration(placement, layers, distance, cell)


@pytest.mark.parametrize(("method", "cell"), [case for case in CASES if case[1] in WRITE_SITES])
@pytest.mark.parametrize(("layers", "distance"), [(1, 0), (1, 6), (2, 5), (3, 3), (4, 2)])
def test_methods_against_enumeration(method: str, cell: str, layers: int, distance: int) -> None:
    placement = remove_zoneout(METHODS[method].build_placement(cell=cell))
    assert count_corruption(placement, layers, distance, cell) == count_by_enumeration(placement, layers, distance, cell)


# The routes within one step of an LSTM when content in a gate counts, which changes what the gate multiplies: from x or h₋
# through i, f or g into c, and through o into h.
INTO_CELL = (["candidate", "input_gate"], ["input_gate"], ["forget_gate"])


def walk_gate_routes(layers: int, distance: int) -> Iterator[list[Place]]:
    """Yield every route of an LSTM from x_0 to y_Δ, routes through gates included."""

    def read(layer: int, t: int, crossed: list[Place]) -> Iterator[list[Place]]:
        for sites in INTO_CELL:
            yield from cell(layer, t, [*crossed, *make_places([*sites, "cell"], layer, t)])
        yield from read_upwards(layer, t, [*crossed, ("output_gate", layer, t)])

    def cell(layer: int, t: int, crossed: list[Place]) -> Iterator[list[Place]]:
        if t < distance:
            yield from cell(layer, t + 1, [*crossed, *make_places(["forget_gate", "cell"], layer, t + 1)])
        yield from read_upwards(layer, t, [*crossed, ("output_gate", layer, t)])

    def read_upwards(layer: int, t: int, crossed: list[Place]) -> Iterator[list[Place]]:
        if t < distance:
            yield from read(layer, t + 1, [*crossed, *make_places(["state", "recurrent_weights"], layer, t + 1)])
        if layer < layers:
            yield from read(layer + 1, t, [*crossed, *make_places(["between", "input_weights"], layer + 1, t)])
        elif t == distance:
            yield [*crossed, ("output", layer, t)]

    yield from read(1, 0, make_places(["words", "input", "input_weights"], 1, 0))


@given(data=st.data(), layers=st.integers(1, 2), distance=st.integers(0, 2))
@settings(max_examples=40)
def test_routes_through_gates_against_enumeration(data: st.DataObject, layers: int, distance: int) -> None:
    placement = remove_zoneout(data.draw(placements(layers)))
    counts = Counter(len(select_masked_places(placement, layers, places)) for places in walk_gate_routes(layers, distance))
    assert count_all_routes(placement, layers, distance) == tuple(counts[n] for n in range(max(counts) + 1))


def test_a_plain_rnn_has_no_gates_to_go_through() -> None:
    placement = METHODS["naive-state"].build_placement(cell="rnn")
    assert count_all_routes(placement, 2, 4, "rnn") == count_corruption(placement, 2, 4, "rnn").histogram


def list_places_of_path(climbs: list[int], through: str, cell: str) -> list[Place]:
    """Return the places on one path: into each layer where it climbs, one hop a step within it, and out at the top."""
    met: list[Place] = []
    for layer, (enters, leaves) in enumerate(pairwise(climbs), start=1):
        met += make_places(["words", "input"] if layer == 1 else ["between"], layer, enters)
        met += make_places(["input_weights", *WRITE_SITES[cell]], layer, enters)
        for t in range(enters + 1, leaves + 1):
            back = [
                *make_places(OUTPUT_SITES[cell], layer, t - 1),
                *make_places([*STATE_SITES[cell], *WRITE_SITES[cell]], layer, t),
            ]
            met += back if through == "state" else make_places(CARRY_SITES[cell] or [], layer, t)
        met += make_places(OUTPUT_SITES[cell], layer, leaves)
    return [*met, ("output", len(climbs) - 1, climbs[-1])]


@given(data=st.data(), layers=st.integers(1, 4), cell=st.sampled_from(list(WRITE_SITES)))
def test_the_crossings_of_one_path(data: st.DataObject, layers: int, cell: str) -> None:
    placement, through = data.draw(placements(layers, cell)), data.draw(st.sampled_from(list_routes(cell)))
    climbs = sorted(data.draw(st.lists(st.integers(0, 9), min_size=layers + 1, max_size=layers + 1)))
    met = list_crossings(placement, layers, climbs, through, cell)
    expected = select_masked_places(placement, layers, list_places_of_path(climbs, through, cell))
    assert [(mask.site, mask.layer, mask.t) for mask in met] == expected
    assert [mask.array for mask in met] == [identify_array(placement, place) for place in expected]


@given(data=st.data(), layers=st.integers(1, 4), distance=st.integers(0, 12), source=st.integers(0, 3))
def test_one_path_and_all_paths_agree(data: st.DataObject, layers: int, distance: int, source: int) -> None:
    """If all layers drop alike, the count of any path through the cell, or the state, is the count of that route."""
    chosen = data.draw(st.sets(st.sampled_from([site.name for site in SITES.values() if "lstm" in site.cells])))
    placement = Placement.from_sites({site: build_dropout(site, 0.5) for site in chosen})
    climbs = make_even_climbs(layers, source, source + distance)
    assert (len(climbs), climbs[0], climbs[-1]) == (layers + 1, source, source + distance)
    c = count_corruption(placement, layers, distance)
    assert len(list_crossings(placement, layers, climbs, "cell")) == c.through_cell
    assert len(list_crossings(placement, layers, climbs, "state")) == c.through_state


@pytest.mark.parametrize(("layers", "distance"), [(0, 1), (MAX_LAYERS + 1, 1), (1, -1), (1, MAX_DISTANCE + 1)])
def test_out_of_range(layers: int, distance: int) -> None:
    with pytest.raises(Invalid, match=f"for 1 to {MAX_LAYERS} layers and distances from 0 to {MAX_DISTANCE}"):
        count_corruption(Placement(), layers, distance)


@pytest.mark.parametrize("climbs", [(0, 1), (0, 1, 2, 3), (0, 2, 1), (-1, 0, 1), ()])
def test_what_is_no_path(climbs: tuple[int, ...]) -> None:
    with pytest.raises(Invalid, match="A path through 2 layers has 3 steps"):
        list_crossings(Placement(), 2, climbs, "cell")


def test_a_route_that_does_not_exist() -> None:
    with pytest.raises(Invalid, match="“gate” is not a route of this cell; its routes: cell, state"):
        list_crossings(Placement(), 1, (0, 1), "gate")
    with pytest.raises(Invalid, match="“cell” is not a route of this cell; its routes: state"):
        list_crossings(Placement(), 1, (0, 1), "cell", "rnn")


NINE = ("input", "between", "output", "state", "candidate", "cell", "input_gate", "forget_gate", "output_gate")


@pytest.mark.parametrize("fresh", [(), ("input", "output", "forget_gate"), NINE])
def test_the_largest_link_of_the_path_page_is_counted_quickly(fresh: tuple[str, ...]) -> None:
    """L 4, T 256, nine sites: the sets of shared arrays stay few, and other rates cost nothing."""
    placement = Placement.from_sites({site: Dropout(0.1, time="step" if site in fresh else "sequence") for site in NINE})
    arrived = trace_arrivals(DistinctArrays({frozenset(): 0}), placement, 4, 255)
    assert max(len(arrays.fresh) for arrays in arrived) <= 100
    began = time.process_time()
    counts = count_corruption(placement, 4, 255)
    assert time.process_time() - began < 3
    hits = path_counts._count_corruption.cache_info().hits
    again = Placement.from_sites({name: replace(dropout, rate=0.7) for name, dropout in placement.sites})
    assert count_corruption(again, 4, 255) is counts
    assert path_counts._count_corruption.cache_info().hits == hits + 1


def test_arrays_that_another_path_has_too_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Oracle: the same count with all sets kept."""
    placements = [
        Placement.from_sites({site: Dropout(0.1, time="step" if n >> at & 1 else "sequence") for at, site in enumerate(NINE)})
        for n in range(0, 512, 7)
    ]

    def count_distinct() -> list[int]:
        path_counts._count_corruption.cache_clear()
        return [count_corruption(placement, 2, 5).distinct for placement in placements]

    few = count_distinct()
    monkeypatch.setattr(path_counts, "_drop_surpassed", lambda fresh: fresh)
    assert count_distinct() == few
    path_counts._count_corruption.cache_clear()
