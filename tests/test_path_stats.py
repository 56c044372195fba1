"""Path counts over every distance at once. Oracles: core.analysis.path_counts at each distance, and single paths."""

from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.analysis.path_counts import count_corruption, list_crossings, list_routes, make_even_climbs
from core.analysis.path_stats import (
    compute_method_rows,
    compute_survival,
    count_along_route,
    count_by_distance,
    find_extreme_path,
    remove_schedules,
)
from core.dropout.methods import METHODS
from core.dropout.placement import Dropout, Placement
from core.errors import Invalid
from tests.strategies import placements
from tests.test_paths import remove_zoneout

CELLS = ("lstm", "gru", "rnn")


@given(data=st.data(), layers=st.integers(1, 3), max_distance=st.integers(0, 6), cell=st.sampled_from(CELLS))
@settings(max_examples=60)
def test_every_distance_is_that_of_the_single_count(data: st.DataObject, layers: int, max_distance: int, cell: str) -> None:
    placement = data.draw(placements(layers, cell, scheduled=False))
    for distance, found in enumerate(count_by_distance(placement, layers, max_distance, cell)):
        c = count_corruption(placement, layers, distance, cell)
        assert (found.least, found.most, found.distinct) == (c.least, c.most, c.distinct)
        assert [count_along_route(placement, layers, max_distance, cell, way)[distance] for way in list_routes(cell)] == [
            {"cell": c.through_cell, "state": c.through_state}[way] for way in list_routes(cell)
        ]


@given(
    data=st.data(), layers=st.integers(1, 4), distance=st.integers(0, 6), source=st.integers(0, 3), cell=st.sampled_from(CELLS)
)
@settings(max_examples=80)
def test_the_extreme_paths_are_those_that_the_counts_promise(
    data: st.DataObject, layers: int, distance: int, source: int, cell: str
) -> None:
    """Some placements have rates by layer: then the extreme path is not the one that climbs evenly."""
    placement = remove_zoneout(data.draw(placements(layers, cell, scheduled=False)))
    c = count_corruption(placement, layers, distance, cell)
    for most, count in ((False, c.least), (True, c.most)):
        climbs, through = find_extreme_path(placement, layers, source, source + distance, cell, most)
        assert (climbs[0], climbs[-1], len(climbs)) == (source, source + distance, layers + 1)
        assert through in list_routes(cell)
        assert len(list_crossings(placement, layers, climbs, through, cell)) == count


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("layers", "distance"), [(1, 0), (2, 5), (4, 12)])
def test_the_rows_are_the_catalogue_at_its_usual_rates(cell: str, layers: int, distance: int) -> None:
    found = compute_method_rows(layers, distance, 12, cell)
    assert list(found) == [name for name, row in METHODS.items() if cell in row.cells]
    for name, row in found.items():
        placement = remove_schedules(METHODS[name].build_placement(cell=cell))
        c = count_corruption(placement, layers, distance, cell)
        assert (row.counts.least, row.counts.most, row.counts.distinct) == (c.least, c.most, c.distinct), name
        assert (row.cell.count if row.cell else None, row.state.count) == (c.through_cell, c.through_state)
        path = list_crossings(placement, layers, make_even_climbs(layers, 0, distance), "state", cell)
        arrays = {mask.array: 1 - placement.get_rate(mask.site, mask.layer, layers) for mask in path}
        kept = 1.0 if name == "gaussian" else prod(arrays.values())
        assert row.state.survival == pytest.approx(kept, rel=1e-12), name


def test_what_survives() -> None:
    """By hand: k³ for the paper's three masks at .5; k once if the same array is crossed at every step."""
    found = compute_method_rows(2, 30, 30, "lstm")
    survives = {name: row.cell.survival for name, row in found.items() if row.cell}
    assert survives["zaremba2014"] == found["zaremba2014"].state.survival == 0.5**3
    assert survives["naive-cell"] == pytest.approx(0.5**3 * 0.75**32)
    assert survives["moon2015"] == 0.5**2
    assert all(row.state.survival == prod(k**n for k, n in row.state.keep_factors) for row in found.values())
    assert {name: row.cell.keep_factors for name, row in found.items() if row.cell and name in ("naive-cell", "gaussian")} == {
        "naive-cell": ((0.5, 3), (0.75, 32)),
        "gaussian": (),
    }
    assert survives["gaussian"] == 1
    assert survives["krueger2016"] == 1
    assert compute_method_rows(2, 30, 30, "rnn")["zaremba2014"].cell is None


def test_a_gaussian_factor_is_met_but_drops_nothing() -> None:
    placement = Placement.from_sites({"input": Dropout(0.5, noise="gaussian", scaling="none")})
    path = list_crossings(placement, 1, (0, 0), "state")
    assert len(path) == 1
    assert compute_survival(path, placement, 1) == 1


def test_counts_beyond_64_bits_are_exact() -> None:
    """There are C(D + L - 1, L - 1) ways to share D hops among L layers, and each hop goes through cell or state."""
    naive = METHODS["naive-state"].build_placement()
    assert count_corruption(naive, 1, 100).paths == 2**100
    assert count_corruption(naive, 2, 200).paths == 201 * 2**200
    assert len(count_by_distance(naive, 2, 200)) == 201


def test_a_schedule_is_left_out() -> None:
    assert remove_schedules(METHODS["scheduled"].build_placement()) == METHODS["zaremba2014"].build_placement()


@pytest.mark.parametrize(("layers", "max_distance"), [(0, 1), (9, 1), (1, -1), (1, 1001)])
def test_out_of_range(layers: int, max_distance: int) -> None:
    with pytest.raises(Invalid, match="Paths are counted for 1 to 8 layers"):
        count_by_distance(Placement(), layers, max_distance)
