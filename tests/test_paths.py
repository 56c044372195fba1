"""Path counts. Oracles: the catalogue's counts as formulas, for every method and cell; every content path, hop by hop,
that knows nothing of cells.py; and a rule written by hand for the crossings of a single path."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.analysis.path_counts import (
    MAX_DISTANCE,
    MAX_LAYERS,
    Corruption,
    corruption,
    crossings,
    even_climbs,
    routes_of,
    through_gates,
)
from core.dropout.methods import METHODS
from core.dropout.placement import Placement, usual
from core.dropout.sites import SITES
from core.errors import Invalid
from tests.strategies import placements

Place = tuple[str, int, int]  # site, layer, step
Path = tuple[list[Place], int]  # what is crossed, in order; how many of the hops in time ran through the state

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
# How many different arrays the worst path meets, where that is not its count.
DISTINCT: dict[str, Callable[[int, int], int]] = {
    "moon2015": lambda L, D: L,
    "gal2016": lambda L, D: L + 2 + min(L, D),
    "gal2016-untied": lambda L, D: L + 2 + min(L, D),
    "monte-carlo": lambda L, D: L + 2 + min(L, D),
    "merity2017": lambda L, D: L + 2 + min(L, D),
    "keras": lambda L, D: L + min(L, D),
    "tf-variational": lambda L, D: L + 1 + min(L, D),
    "dropconnect": lambda L, D: L + min(L, D),
}


def formula(method: str, cell: str) -> Callable[[int, int, int], int]:
    """The count that the catalogue prints, as a function of L, Δ and H."""
    row = METHODS[method]
    text = re.sub(r"(\d)(?=[LΔH])", r"\1*", row.count_for.get(cell, row.count))
    return lambda L, D, H: int(eval(text, {"L": L, "Δ": D, "H": H}))


@pytest.mark.parametrize("method", COUNTS)
def test_the_formula_of_the_catalogue_is_the_papers(method: str) -> None:
    for L, D, H in ((1, 0, 0), (2, 5, 3), (4, 7, 7), (3, 2, 0)):
        assert formula(method, "lstm")(L, D, H) == COUNTS[method](L, D, H)


@pytest.mark.parametrize("layers", [1, 2, 3, 4])
@pytest.mark.parametrize(("method", "cell"), CASES)
def test_every_method_at_every_distance(method: str, cell: str, layers: int) -> None:
    count, placement = formula(method, cell), METHODS[method].placement(cell=cell)
    carried = "cell" in routes_of(cell)
    for distance in range(0, 21, 1 if layers < 3 else 4):
        c = corruption(placement, layers, distance, cell)
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
    """Held back at most where it is written and where it is read: L of each, and one more of each a hop through the state."""
    placement = METHODS["krueger2016"].placement(cell=cell)
    for layers in (1, 2, 3):
        for distance in (0, 1, 6):
            c = corruption(placement, layers, distance, cell)
            assert (c.histogram[0], len(c.histogram)) == (c.paths, 1)
            assert c.held == (least(layers, distance), most(layers, distance))


def test_the_polynomial_of_naive_state_for_two_layers_and_five_steps() -> None:
    """6k³ + 30k⁴ + 60k⁵ + 60k⁶ + 30k⁷ + 6k⁸."""
    assert corruption(METHODS["naive-state"].placement(), 2, 5).histogram == (0, 0, 0, 6, 30, 60, 60, 30, 6)


def test_counts_are_exact_beyond_64_bits() -> None:
    distance, layers = 300, 4
    c = corruption(METHODS["naive-state"].placement(), layers, distance)
    assert c.paths == comb(303, 3) * 2**300 > 2**64
    assert c.histogram[layers + 1 + 150] == comb(303, 3) * comb(300, 150)


# Per cell, what content meets: where it is written, carried on, told (of h, upwards or back), and where it comes back.
WRITTEN = {"lstm": ["candidate", "input_gate", "cell"], "gru": ["candidate"], "rnn": []}
CARRIED = {"lstm": ["forget_gate", "cell"], "gru": ["update_gate"], "rnn": None}
TOLD = {"lstm": ["output_gate"], "gru": [], "rnn": []}
BACK = {
    "lstm": ["state", "recurrent_weights"],
    "gru": ["state", "recurrent_weights", "reset_gate"],
    "rnn": ["state", "recurrent_weights"],
}


def at(sites: list[str], layer: int, t: int) -> list[Place]:
    return [(site, layer, t) for site in sites]


def paths(layers: int, distance: int, cell: str = "lstm") -> Iterator[Path]:
    """Every content path from x_0 to y_Δ, hop by hop."""

    def onward(layer: int, t: int, crossed: list[Place], through_state: int) -> Iterator[Path]:
        """From the memory of a layer at step t: carried along time, or out as h and along time or up."""
        carried, told = CARRIED[cell], at(TOLD[cell], layer, t)
        if t < distance:
            if carried is not None:
                yield from onward(layer, t + 1, [*crossed, *at(carried, layer, t + 1)], through_state)
            state = [*told, *at(BACK[cell], layer, t + 1), *at(WRITTEN[cell], layer, t + 1)]
            yield from onward(layer, t + 1, crossed + state, through_state + 1)
        if layer < layers:
            up = [*told, *at(["between", "input_weights", *WRITTEN[cell]], layer + 1, t)]
            yield from onward(layer + 1, t, [*crossed, *up], through_state)
        elif t == distance:
            yield [*crossed, *told, ("output", layer, t)], through_state

    yield from onward(1, 0, at(["words", "input", "input_weights", *WRITTEN[cell]], 1, 0), 0)


def crossed_by(placement: Placement, layers: int, places: list[Place]) -> list[Place]:
    """Of the places, those where a mask is."""
    return [(site, layer, t) for site, layer, t in places if placement.rate(site, layer, layers) > 0]


def erasing(placement: Placement) -> Placement:
    """The placement without Zoneout, which is counted apart."""
    return Placement.of({site.name: dropout for site, dropout in placement if site.kind != "old"})


def array(placement: Placement, place: Place) -> tuple[str, int, int | None]:
    """What tells a mask's array from another: one that is shared over time is the same at every step."""
    dropout = placement.get(place[0])
    return (*place[:2], None if dropout and dropout.time == "sequence" else place[2])


def by_enumeration(placement: Placement, layers: int, distance: int, cell: str = "lstm") -> Corruption:
    """The same counts, path by path."""
    all_paths = [(crossed_by(placement, layers, places), hops) for places, hops in paths(layers, distance, cell)]
    counts = Counter(len(crossed) for crossed, _hops in all_paths)
    return Corruption(
        tuple(counts[n] for n in range(max(counts) + 1)),
        min(len(crossed) for crossed, hops in all_paths if hops == distance),
        min(len(crossed) for crossed, hops in all_paths if hops == 0) if "cell" in routes_of(cell) else None,
        max(len({array(placement, place) for place in crossed}) for crossed, _hops in all_paths),
    )


@given(data=st.data(), layers=st.integers(1, 3), distance=st.integers(0, 4), cell=st.sampled_from(list(WRITTEN)))
@settings(max_examples=80)
def test_any_placement_against_enumeration(data: st.DataObject, layers: int, distance: int, cell: str) -> None:
    """Rates by layer included, so that a site may be on in one layer and off in the next."""
    placement = erasing(data.draw(placements(layers, cell)))
    assert corruption(placement, layers, distance, cell) == by_enumeration(placement, layers, distance, cell)


@pytest.mark.parametrize(("method", "cell"), [case for case in CASES if case[1] in WRITTEN])
@pytest.mark.parametrize(("layers", "distance"), [(1, 0), (1, 6), (2, 5), (3, 3), (4, 2)])
def test_methods_against_enumeration(method: str, cell: str, layers: int, distance: int) -> None:
    placement = erasing(METHODS[method].placement(cell=cell))
    assert corruption(placement, layers, distance, cell) == by_enumeration(placement, layers, distance, cell)


# What leads where within one step: content in a gate changes what that gate multiplies. Of an LSTM: from what is read, x or
# h₋, through i, f or g into c, through o past it.
INTO_CELL = (["candidate", "input_gate"], ["input_gate"], ["forget_gate"])


def with_gates(layers: int, distance: int) -> Iterator[list[Place]]:
    """Every route of an LSTM from x_0 to y_Δ, those through gates included."""

    def read(layer: int, t: int, crossed: list[Place]) -> Iterator[list[Place]]:
        for sites in INTO_CELL:
            yield from cell(layer, t, [*crossed, *at([*sites, "cell"], layer, t)])
        yield from shown(layer, t, [*crossed, ("output_gate", layer, t)])

    def cell(layer: int, t: int, crossed: list[Place]) -> Iterator[list[Place]]:
        if t < distance:
            yield from cell(layer, t + 1, [*crossed, *at(["forget_gate", "cell"], layer, t + 1)])
        yield from shown(layer, t, [*crossed, ("output_gate", layer, t)])

    def shown(layer: int, t: int, crossed: list[Place]) -> Iterator[list[Place]]:
        if t < distance:
            yield from read(layer, t + 1, [*crossed, *at(["state", "recurrent_weights"], layer, t + 1)])
        if layer < layers:
            yield from read(layer + 1, t, [*crossed, *at(["between", "input_weights"], layer + 1, t)])
        elif t == distance:
            yield [*crossed, ("output", layer, t)]

    yield from read(1, 0, at(["words", "input", "input_weights"], 1, 0))


@given(data=st.data(), layers=st.integers(1, 2), distance=st.integers(0, 2))
@settings(max_examples=40)
def test_routes_through_gates_against_enumeration(data: st.DataObject, layers: int, distance: int) -> None:
    placement = erasing(data.draw(placements(layers)))
    counts = Counter(len(crossed_by(placement, layers, places)) for places in with_gates(layers, distance))
    assert through_gates(placement, layers, distance) == tuple(counts[n] for n in range(max(counts) + 1))


def test_a_plain_rnn_has_no_gates_to_go_through() -> None:
    placement = METHODS["naive-state"].placement(cell="rnn")
    assert through_gates(placement, 2, 4, "rnn") == corruption(placement, 2, 4, "rnn").histogram


def by_hand(climbs: list[int], through: str, cell: str) -> list[Place]:
    """What one path meets: into each layer where it climbs, one hop a step within it, and out at the top."""
    met: list[Place] = []
    for layer, (enters, leaves) in enumerate(pairwise(climbs), start=1):
        met += at(["words", "input"] if layer == 1 else ["between"], layer, enters)
        met += at(["input_weights", *WRITTEN[cell]], layer, enters)
        for t in range(enters + 1, leaves + 1):
            back = [*at(TOLD[cell], layer, t - 1), *at([*BACK[cell], *WRITTEN[cell]], layer, t)]
            met += back if through == "state" else at(CARRIED[cell] or [], layer, t)
        met += at(TOLD[cell], layer, leaves)
    return [*met, ("output", len(climbs) - 1, climbs[-1])]


@given(data=st.data(), layers=st.integers(1, 4), cell=st.sampled_from(list(WRITTEN)))
def test_the_crossings_of_one_path(data: st.DataObject, layers: int, cell: str) -> None:
    placement, through = data.draw(placements(layers, cell)), data.draw(st.sampled_from(routes_of(cell)))
    climbs = sorted(data.draw(st.lists(st.integers(0, 9), min_size=layers + 1, max_size=layers + 1)))
    met = crossings(placement, layers, climbs, through, cell)
    expected = crossed_by(placement, layers, by_hand(climbs, through, cell))
    assert [(mask.site, mask.layer, mask.t) for mask in met] == expected
    assert [mask.array for mask in met] == [array(placement, place) for place in expected]


@given(data=st.data(), layers=st.integers(1, 4), distance=st.integers(0, 12), source=st.integers(0, 3))
def test_one_path_and_all_paths_agree(data: st.DataObject, layers: int, distance: int, source: int) -> None:
    """Where all layers drop alike, the count of any path through the cell, or the state, is the count of that route."""
    chosen = data.draw(st.sets(st.sampled_from([site.name for site in SITES.values() if "lstm" in site.cells])))
    placement = Placement.of({site: usual(site, 0.5) for site in chosen})
    climbs = even_climbs(layers, source, source + distance)
    assert (len(climbs), climbs[0], climbs[-1]) == (layers + 1, source, source + distance)
    c = corruption(placement, layers, distance)
    assert len(crossings(placement, layers, climbs, "cell")) == c.through_cell
    assert len(crossings(placement, layers, climbs, "state")) == c.through_state


@pytest.mark.parametrize(("layers", "distance"), [(0, 1), (MAX_LAYERS + 1, 1), (1, -1), (1, MAX_DISTANCE + 1)])
def test_out_of_range(layers: int, distance: int) -> None:
    with pytest.raises(Invalid, match=f"for 1 to {MAX_LAYERS} layers and distances from 0 to {MAX_DISTANCE}"):
        corruption(Placement(), layers, distance)


@pytest.mark.parametrize("climbs", [(0, 1), (0, 1, 2, 3), (0, 2, 1), (-1, 0, 1), ()])
def test_what_is_no_path(climbs: tuple[int, ...]) -> None:
    with pytest.raises(Invalid, match="A path through 2 layers has 3 steps"):
        crossings(Placement(), 2, climbs, "cell")


def test_a_route_that_does_not_exist() -> None:
    with pytest.raises(Invalid, match="goes through the cell or through the state, not “gate”"):
        crossings(Placement(), 1, (0, 1), "gate")
    with pytest.raises(Invalid, match="goes through the state, not “cell”"):
        crossings(Placement(), 1, (0, 1), "cell", "rnn")
