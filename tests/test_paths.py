"""Path counts. Oracles: METHODS' counts as formulas, for every method; an enumeration of every content path, hop by hop,
that knows nothing of cells.py; and a rule written by hand for the crossings of a single path."""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.dropout.methods import METHODS
from core.dropout.placement import Dropout, Placement
from core.dropout.sites import SITES
from core.errors import Invalid
from core.paths import MAX_DISTANCE, MAX_LAYERS, Corruption, corruption, crossings, even_climbs
from tests.strategies import placements

Place = tuple[str, int, int]  # site, layer, step
Path = tuple[list[Place], int]  # what is crossed, in order; how many of the hops in time ran through the state

# Per method, the masks on a path of L layers and Δ steps, H of which run through the state.
COUNTS: dict[str, Callable[[int, int, int], int]] = {
    "none": lambda L, D, H: 0,
    "zaremba2014": lambda L, D, H: L + 1,
    "pytorch": lambda L, D, H: L - 1,
    "keras-stack": lambda L, D, H: L,
    "naive-state": lambda L, D, H: L + 1 + H,
    "naive-cell": lambda L, D, H: (L + 1) + (L + D),
    "moon2015": lambda L, D, H: L + D,
    "gal2016": lambda L, D, H: L + 1 + H,
    "semeniuta2016": lambda L, D, H: L + H,
}
# How many different arrays the worst path meets, where that is not its count.
DISTINCT: dict[str, Callable[[int, int], int]] = {
    "moon2015": lambda L, D: L,
    "gal2016": lambda L, D: L + 1 + min(L, D),
}


@pytest.mark.parametrize("layers", [1, 2, 3, 4])
@pytest.mark.parametrize("method", METHODS)
def test_every_method_at_every_distance(method: str, layers: int) -> None:
    count, placement = COUNTS[method], METHODS[method].placement()
    for distance in range(21):
        c = corruption(placement, layers, distance)
        expected: Counter[int] = Counter()
        for hops in range(distance + 1):  # Δ hops on L layers, of which `hops` run through the state
            expected[count(layers, distance, hops)] += comb(distance + layers - 1, layers - 1) * comb(distance, hops)
        assert dict(enumerate(c.histogram)) == {n: expected[n] for n in range(max(expected) + 1)}
        assert (c.least, c.most) == (min(expected), max(expected))
        assert (c.through_cell, c.through_state) == (count(layers, distance, 0), count(layers, distance, distance))
        assert c.distinct == (DISTINCT[method](layers, distance) if method in DISTINCT else c.most)
        assert c.paths == comb(distance + layers - 1, layers - 1) * 2**distance


def test_the_polynomial_of_naive_state_for_two_layers_and_five_steps() -> None:
    """6k³ + 30k⁴ + 60k⁵ + 60k⁶ + 30k⁷ + 6k⁸."""
    assert corruption(METHODS["naive-state"].placement(), 2, 5).histogram == (0, 0, 0, 6, 30, 60, 60, 30, 6)


def test_counts_are_exact_beyond_64_bits() -> None:
    distance, layers = 300, 4
    c = corruption(METHODS["naive-state"].placement(), layers, distance)
    assert c.paths == comb(303, 3) * 2**300 > 2**64
    assert c.histogram[layers + 1 + 150] == comb(303, 3) * comb(300, 150)


def paths(layers: int, distance: int) -> Iterator[Path]:
    """Every content path from x_0 to y_Δ, hop by hop."""

    def written(layer: int, t: int) -> list[Place]:
        return [("candidate", layer, t), ("cell", layer, t)]

    def onward(layer: int, t: int, crossed: list[Place], through_state: int) -> Iterator[Path]:
        """From the cell of a layer at step t: along time through the cell, or out as h and along time or up."""
        if t < distance:
            yield from onward(layer, t + 1, [*crossed, ("cell", layer, t + 1)], through_state)
            state = [("state", layer, t + 1), *written(layer, t + 1)]
            yield from onward(layer, t + 1, crossed + state, through_state + 1)
        if layer < layers:
            yield from onward(layer + 1, t, [*crossed, ("between", layer + 1, t), *written(layer + 1, t)], through_state)
        elif t == distance:
            yield [*crossed, ("output", layer, t)], through_state

    yield from onward(1, 0, [("input", 1, 0), *written(1, 0)], 0)


def crossed_by(placement: Placement, layers: int, places: list[Place]) -> list[Place]:
    """Of the places, those where a mask is."""
    return [(site, layer, t) for site, layer, t in places if placement.rate(site, layer, layers) > 0]


def array(placement: Placement, place: Place) -> tuple[str, int, int | None]:
    """What tells a mask's array from another: one that is shared over time is the same at every step."""
    dropout = placement.get(place[0])
    return (*place[:2], None if dropout and dropout.time == "sequence" else place[2])


def by_enumeration(placement: Placement, layers: int, distance: int) -> Corruption:
    """The same counts, path by path."""
    all_paths = [(crossed_by(placement, layers, places), hops) for places, hops in paths(layers, distance)]
    counts = Counter(len(crossed) for crossed, _hops in all_paths)
    return Corruption(
        tuple(counts[n] for n in range(max(counts) + 1)),
        min(len(crossed) for crossed, hops in all_paths if hops == distance),
        min(len(crossed) for crossed, hops in all_paths if hops == 0),
        max(len({array(placement, place) for place in crossed}) for crossed, _hops in all_paths),
    )


@given(data=st.data(), layers=st.integers(1, 3), distance=st.integers(0, 4))
@settings(max_examples=60)
def test_any_placement_against_enumeration(data: st.DataObject, layers: int, distance: int) -> None:
    """Rates by layer included, so that a site may be on in one layer and off in the next."""
    placement = data.draw(placements(layers))
    assert corruption(placement, layers, distance) == by_enumeration(placement, layers, distance)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("layers", "distance"), [(1, 0), (1, 6), (2, 5), (3, 3), (4, 2)])
def test_methods_against_enumeration(method: str, layers: int, distance: int) -> None:
    placement = METHODS[method].placement()
    assert corruption(placement, layers, distance) == by_enumeration(placement, layers, distance)


def by_hand(climbs: list[int], through: str) -> list[Place]:
    """What one path meets: into each layer where it climbs, one hop a step within it, and out at the top."""
    met: list[Place] = []
    for layer, (enters, leaves) in enumerate(pairwise(climbs), start=1):
        met.append(("input" if layer == 1 else "between", layer, enters))
        met += [("candidate", layer, enters), ("cell", layer, enters)]
        for t in range(enters + 1, leaves + 1):
            met += [("state", layer, t), ("candidate", layer, t)] if through == "state" else []
            met.append(("cell", layer, t))
    return [*met, ("output", len(climbs) - 1, climbs[-1])]


@given(data=st.data(), layers=st.integers(1, 4), through=st.sampled_from(["cell", "state"]))
def test_the_crossings_of_one_path(data: st.DataObject, layers: int, through: str) -> None:
    placement = data.draw(placements(layers))
    climbs = sorted(data.draw(st.lists(st.integers(0, 9), min_size=layers + 1, max_size=layers + 1)))
    met = crossings(placement, layers, climbs, through)
    expected = crossed_by(placement, layers, by_hand(climbs, through))
    assert [(mask.site, mask.layer, mask.t) for mask in met] == expected
    assert [mask.array for mask in met] == [array(placement, place) for place in expected]


@given(data=st.data(), layers=st.integers(1, 4), distance=st.integers(0, 12), source=st.integers(0, 3))
def test_one_path_and_all_paths_agree(data: st.DataObject, layers: int, distance: int, source: int) -> None:
    """Where all layers drop alike, the count of any path through the cell, or the state, is the count of that route."""
    placement = Placement.of({site: Dropout(0.5) for site in data.draw(st.sets(st.sampled_from(list(SITES))))})
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
    with pytest.raises(Invalid, match="through the cell or through the state, not “gate”"):
        crossings(Placement(), 1, (0, 1), "gate")
