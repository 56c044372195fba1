"""Tests of the sentence about a path's count, compared with core.analysis.path_counts; formulas are parsed and evaluated."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis.path_counts import count_corruption, list_crossings, list_routes, make_even_climbs
from core.dropout.methods import METHODS
from core.dropout.placement import Placement
from core.figures.path_sentence import derive_formula, explain_count, format_count_sentence
from pages.common.path_view import ROUTES
from tests.strategies import placements


def evaluate_formula(text: str, layers: int, distance: int) -> int:
    """Return the value of a sum such as “2L - 1 + Δ”."""
    assert re.fullmatch(r"\d*[LΔ]( [+-] (\d+|\d*[LΔ]))*", text), text
    value = {"L": layers, "Δ": distance, "": 1}
    terms = re.findall(r"([+-]?)(\d*)([LΔ]?)", text.replace(" ", ""))
    return sum((-1 if sign == "-" else 1) * int(n or 1) * value[symbol] for sign, n, symbol in terms if n or symbol)


def count_masks(placement: Placement, layers: int, distance: int, through: str, cell: str = "lstm") -> tuple[int, str]:
    """Return how many masks the even path crosses, and the formula."""
    path = list_crossings(placement, layers, make_even_climbs(layers, 0, distance), through, cell)
    return len(path), derive_formula(path, layers, distance, through)


CASES = [(row.name, cell, through) for row in METHODS.values() for cell in row.cells for through in list_routes(cell)]


@pytest.mark.parametrize(("name", "cell", "through"), CASES)
def test_the_formula_gives_the_count_for_every_size(name: str, cell: str, through: str) -> None:
    placement = METHODS[name].build_placement(cell=cell)
    for layers in (1, 2, 3, 4):
        for distance in (0, 1, 2, 5, 12):
            number, text = count_masks(placement, layers, distance, through, cell)
            counts = count_corruption(placement, layers, distance, cell)
            assert number == (counts.through_cell if through == "cell" else counts.through_state)
            assert not text or evaluate_formula(text, layers, distance) == number, f"L = {layers}, Δ = {distance}: {text}"


@pytest.mark.parametrize("through", ROUTES)
@pytest.mark.parametrize("name", METHODS)
def test_the_formula_of_one_size_holds_for_the_others(name: str, through: str) -> None:
    placement = METHODS[name].build_placement()
    number, text = count_masks(placement, 2, 5, through)
    assert text or number <= 2, "a formula, unless the count is a constant"
    for layers in (2, 3, 4):
        for distance in (1, 4, 9):
            assert not text or evaluate_formula(text, layers, distance) == count_masks(placement, layers, distance, through)[0]


@pytest.mark.parametrize(
    ("name", "cell", "state"),
    [
        ("zaremba2014", "L + 1", "L + 1"),
        ("pytorch", "L - 1", "L - 1"),
        ("keras-stack", "L", "L"),
        ("naive-state", "L + 1", "L + 1 + Δ"),
        ("naive-cell", "2L + 1 + Δ", "2L + 1 + Δ"),
        ("moon2015", "L + Δ", "L + Δ"),
        ("gal2016", "L + 2", "L + 2 + Δ"),
        ("merity2017", "L + 2", "L + 2 + Δ"),
        ("gate", "2L + Δ", "2L + 2Δ"),
        ("activations-and-connections", "", "2Δ"),
        ("krueger2016", "", ""),
        ("semeniuta2016", "L", "L + Δ"),
        ("none", "", ""),
    ],
)
def test_what_the_formulas_are(name: str, cell: str, state: str) -> None:
    placement = METHODS[name].build_placement()
    assert [count_masks(placement, 3, 7, through)[1] for through in ROUTES] == [cell, state]


@given(data=st.data(), layers=st.integers(1, 4), through=st.sampled_from(ROUTES))
def test_no_placement_and_no_path_gives_a_wrong_formula(data: st.DataObject, layers: int, through: str) -> None:
    placement = data.draw(placements(layers))
    climbs = sorted(data.draw(st.lists(st.integers(0, 12), min_size=layers + 1, max_size=layers + 1)))
    path = list_crossings(placement, layers, climbs, through)
    distance = climbs[-1] - climbs[0]
    text = derive_formula(path, layers, distance, through)
    assert not text or evaluate_formula(text, layers, distance) == len(path)


def explain(name: str, layers: int, distance: int, through: str) -> str:
    """Return the explanation of the count of the even path."""
    placement = METHODS[name].build_placement()
    path = list_crossings(placement, layers, make_even_climbs(layers, 0, distance), through)
    return explain_count(path, layers, count_corruption(placement, layers, distance))


@pytest.mark.parametrize(
    ("name", "layers", "through", "sentence"),
    [
        (
            "zaremba2014",
            2,
            "cell",
            "1 at the input + 1 between the 2 layers + 1 at the output = 3. "
            "There is none along time, so the count does not depend on the distance.",
        ),
        (
            "zaremba2014",
            4,
            "state",
            "1 at the input + 3 between the 4 layers + 1 at the output = 5. "
            "There is none along time, so the count does not depend on the distance.",
        ),
        (
            "naive-state",
            1,
            "state",
            "1 at the input + 6 on the state + 1 at the output = 8. "
            "Through the cell 2, through the state 8; all other paths 2 to 8.",
        ),
        (
            "naive-state",
            1,
            "cell",
            "1 at the input + 1 at the output = 2. Along time this path crosses none; "
            "through the state it would be 8; all other paths cross 2 to 8.",
        ),
        (
            "gal2016",
            1,
            "state",
            "1 on the words + 1 at the input + 6 on the state + 1 at the output = 9. "
            "4 different arrays, some crossed more than once. "
            "Through the cell 3, through the state 9; all other paths 3 to 9.",
        ),
        ("krueger2016", 2, "cell", "Zoneout erases nothing: it can hold content back 4 to 16 times."),
        (
            "moon2015",
            1,
            "cell",
            "1 array, crossed more than once. Every content path between the two crosses 7, on every route along time.",
        ),
        ("none", 2, "cell", "Every content path between the two crosses 0, on every route along time."),
    ],
)
def test_why_the_count_is_what_it_is(name: str, layers: int, through: str, sentence: str) -> None:
    assert explain(name, layers, 6, through) == sentence


@given(data=st.data(), layers=st.integers(1, 4), through=st.sampled_from(ROUTES))
def test_the_parts_of_a_count_are_its_sum(data: st.DataObject, layers: int, through: str) -> None:
    placement = data.draw(placements(layers))
    climbs = sorted(data.draw(st.lists(st.integers(0, 12), min_size=layers + 1, max_size=layers + 1)))
    path = list_crossings(placement, layers, climbs, through)
    sentence = explain_count(path, layers, count_corruption(placement, layers, climbs[-1] - climbs[0]))
    if sums := re.match(r"(.*) = (\d+)\.", sentence):
        assert sum(int(part.split()[0]) for part in sums[1].split(" + ")) == int(sums[2]) == len(path)
    if arrays := re.search(r"(\d+) (different arrays|array)", sentence):
        assert int(arrays[1]) == len({mask.array for mask in path}) < len(path)
    alike = "There is none along time" in sentence
    assert not alike or not {mask.site for mask in path} & {"state", "cell"}


def test_the_sentence() -> None:
    assert format_count_sentence("is", 5, 3, "L + 1") == "“is” reaches the prediction 5 steps later through **3 masks** = L + 1"
    assert format_count_sentence("is", 1, 1, "") == "“is” reaches the prediction 1 step later through **1 mask**"
    assert format_count_sentence("is", 5, 8, "L + 1 + Δ").startswith(
        "“is” reaches the prediction Δ = 5 steps later through **8"
    )
    assert format_count_sentence("{n}", 0, 0, "") == "“{n}” reaches the prediction 0 steps later through **0 masks**"
