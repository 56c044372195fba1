"""The sentence that counts. Oracle: core.analysis.path_counts; the formula is read back and worked out."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis.path_counts import corruption, crossings, even_climbs, routes_of
from core.dropout.methods import METHODS
from core.dropout.placement import Placement
from core.figures.path_sentence import count_sentence, formula, reason
from pages.common.path_view import ROUTES
from tests.strategies import placements


def worked_out(text: str, layers: int, distance: int) -> int:
    """The value of a sum such as “2L - 1 + Δ”."""
    assert re.fullmatch(r"\d*[LΔ]( [+-] (\d+|\d*[LΔ]))*", text), text
    value = {"L": layers, "Δ": distance, "": 1}
    terms = re.findall(r"([+-]?)(\d*)([LΔ]?)", text.replace(" ", ""))
    return sum((-1 if sign == "-" else 1) * int(n or 1) * value[symbol] for sign, n, symbol in terms if n or symbol)


def count(placement: Placement, layers: int, distance: int, through: str, cell: str = "lstm") -> tuple[int, str]:
    """How many masks the even path crosses, and the formula."""
    path = crossings(placement, layers, even_climbs(layers, 0, distance), through, cell)
    return len(path), formula(path, layers, distance, through)


CASES = [(row.name, cell, through) for row in METHODS.values() for cell in row.cells for through in routes_of(cell)]


@pytest.mark.parametrize(("name", "cell", "through"), CASES)
def test_the_formula_gives_the_count_for_every_size(name: str, cell: str, through: str) -> None:
    placement = METHODS[name].placement(cell=cell)
    for layers in (1, 2, 3, 4):
        for distance in (0, 1, 2, 5, 12):
            number, text = count(placement, layers, distance, through, cell)
            counts = corruption(placement, layers, distance, cell)
            assert number == (counts.through_cell if through == "cell" else counts.through_state)
            assert not text or worked_out(text, layers, distance) == number, f"L = {layers}, Δ = {distance}: {text}"


@pytest.mark.parametrize("through", ROUTES)
@pytest.mark.parametrize("name", METHODS)
def test_the_formula_of_one_size_holds_for_the_others(name: str, through: str) -> None:
    placement = METHODS[name].placement()
    number, text = count(placement, 2, 5, through)
    assert text or number <= 2, "a formula, unless the count is a constant"
    for layers in (2, 3, 4):
        for distance in (1, 4, 9):
            assert not text or worked_out(text, layers, distance) == count(placement, layers, distance, through)[0]


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
    placement = METHODS[name].placement()
    assert [count(placement, 3, 7, through)[1] for through in ROUTES] == [cell, state]


@given(data=st.data(), layers=st.integers(1, 4), through=st.sampled_from(ROUTES))
def test_no_placement_and_no_path_gives_a_wrong_formula(data: st.DataObject, layers: int, through: str) -> None:
    placement = data.draw(placements(layers))
    climbs = sorted(data.draw(st.lists(st.integers(0, 12), min_size=layers + 1, max_size=layers + 1)))
    path = crossings(placement, layers, climbs, through)
    distance = climbs[-1] - climbs[0]
    text = formula(path, layers, distance, through)
    assert not text or worked_out(text, layers, distance) == len(path)


def why(name: str, layers: int, distance: int, through: str) -> str:
    """The reason for the count of the even path."""
    placement = METHODS[name].placement()
    path = crossings(placement, layers, even_climbs(layers, 0, distance), through)
    return reason(path, layers, corruption(placement, layers, distance))


@pytest.mark.parametrize(
    ("name", "layers", "through", "said"),
    [
        (
            "zaremba2014",
            2,
            "cell",
            "1 at the input + 1 between the 2 layers + 1 at the output = 3. "
            "Along time there is none, so the distance does not count.",
        ),
        (
            "zaremba2014",
            4,
            "state",
            "1 at the input + 3 between the 4 layers + 1 at the output = 5. "
            "Along time there is none, so the distance does not count.",
        ),
        (
            "naive-state",
            1,
            "state",
            "1 at the input + 6 on the state + 1 at the output = 8. "
            "Through the cell 2, through the state 8; all others between 2 and 8.",
        ),
        (
            "naive-state",
            1,
            "cell",
            "1 at the input + 1 at the output = 2. Along time this path meets none; "
            "through the state it would be 8, and all others lie between 2 and 8.",
        ),
        (
            "gal2016",
            1,
            "state",
            "1 on the words + 1 at the input + 6 on the state + 1 at the output = 9. "
            "4 different arrays, some met again. "
            "Through the cell 3, through the state 9; all others between 3 and 9.",
        ),
        ("krueger2016", 2, "cell", "Zoneout erases nothing: it can hold content back 4 to 16 times."),
        (
            "moon2015",
            1,
            "cell",
            "1 array, met again. Every content path between the two crosses 7, whichever way it takes along time.",
        ),
        ("none", 2, "cell", "Every content path between the two crosses 0, whichever way it takes along time."),
    ],
)
def test_why_the_count_is_what_it_is(name: str, layers: int, through: str, said: str) -> None:
    assert why(name, layers, 6, through) == said


@given(data=st.data(), layers=st.integers(1, 4), through=st.sampled_from(ROUTES))
def test_the_parts_of_a_count_are_its_sum(data: st.DataObject, layers: int, through: str) -> None:
    placement = data.draw(placements(layers))
    climbs = sorted(data.draw(st.lists(st.integers(0, 12), min_size=layers + 1, max_size=layers + 1)))
    path = crossings(placement, layers, climbs, through)
    said = reason(path, layers, corruption(placement, layers, climbs[-1] - climbs[0]))
    if sums := re.match(r"(.*) = (\d+)\.", said):
        assert sum(int(part.split()[0]) for part in sums[1].split(" + ")) == int(sums[2]) == len(path)
    if arrays := re.search(r"(\d+) (different arrays|array)", said):
        assert int(arrays[1]) == len({mask.array for mask in path}) < len(path)
    alike = "Along time there is none" in said
    assert not alike or not {mask.site for mask in path} & {"state", "cell"}


def test_the_sentence() -> None:
    assert count_sentence("is", 5, 3, "L + 1") == "“is” reaches the prediction 5 steps later through **3 masks** = L + 1"
    assert count_sentence("is", 1, 1, "") == "“is” reaches the prediction 1 step later through **1 mask**"
    assert count_sentence("is", 5, 8, "L + 1 + Δ").startswith("“is” reaches the prediction Δ = 5 steps later through **8")
    assert count_sentence("{n}", 0, 0, "") == "“{n}” reaches the prediction 0 steps later through **0 masks**"
