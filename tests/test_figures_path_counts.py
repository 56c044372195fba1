"""The figures of the path page, against the counts that they are made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis.path_counts import corruption, crossings, even_climbs, gated
from core.analysis.path_stats import along
from core.analysis.sensitivity_request import Curve
from core.dropout.methods import METHODS
from core.figures.path_count_charts import Growth, counted, describe_growth, describe_histogram, growth, histogram, percent
from core.figures.path_sentence import gates_sentence, short
from core.figures.sensitivity_chart import DASHES, QUANTITIES, describe_measured, measured_curves
from core.figures.theme import DARK, LIGHT, Theme

CASES = [
    ("zaremba2014", "cell", 2, 5, "L + 1 = 2 + 1 = 3, whatever the distance"),
    ("zaremba2014", "state", 4, 19, "L + 1 = 4 + 1 = 5, whatever the distance"),
    ("naive-state", "state", 2, 7, "L + 1 + Δ = 2 + 1 + 7 = 10, 1 more with every step"),
    ("naive-state", "cell", 2, 7, "L + 1 = 2 + 1 = 3, whatever the distance"),
    ("naive-cell", "cell", 2, 5, "2L + 1 + Δ = 2·2 + 1 + 5 = 10, 1 more with every step"),
    ("activations-and-connections", "state", 2, 5, "2Δ = 2·5 = 10, 2 more with every step"),
    ("keras-stack", "cell", 3, 5, "L = 3, whatever the distance"),
    ("none", "cell", 2, 5, ""),
    ("krueger2016", "state", 2, 5, ""),
]


@pytest.mark.parametrize(("name", "through", "layers", "distance", "said"), CASES)
def test_the_count_as_an_equation(name: str, through: str, layers: int, distance: int, said: str) -> None:
    path = crossings(METHODS[name].placement(), layers, even_climbs(layers, 0, distance), through)
    assert counted(path, layers, distance, through) == said
    assert not said or said.split(",")[0].endswith(f" = {len(path)}")


@pytest.mark.parametrize("theme", [LIGHT, DARK])
@pytest.mark.parametrize(
    ("name", "layers", "distance"), [("zaremba2014", 2, 5), ("naive-state", 2, 7), ("naive-state", 1, 300)]
)
def test_the_histogram_shows_every_count(name: str, layers: int, distance: int, theme: Theme) -> None:
    counts = corruption(METHODS[name].placement(), layers, distance).histogram
    figure = histogram(counts, theme, 200)
    (bars,) = figure["data"]
    assert -1 < figure["layout"]["xaxis"]["range"][0] < 0
    present = range(next(n for n, paths in enumerate(counts) if paths), len(counts))
    assert bars["x"] == list(present)
    assert sum(bars["y"]) == pytest.approx(100, abs=1e-3)
    # Exact, also beyond 64 bits.
    assert [int(text.split(" ")[0].replace(",", "")) for text in bars["customdata"]] == [counts[n] for n in present]
    assert f"{sum(counts):,} paths" in describe_histogram(counts)


@given(st.lists(st.integers(0, 10**30), min_size=1, max_size=60).filter(any))
def test_what_is_said_above_a_bar_touches_no_higher_bar_and_no_other_text(counts: list[int]) -> None:
    """As wide as the narrowest chart: 300 pixels for the axis, 6.2 for a character."""
    figure = histogram(counts, LIGHT, 200)
    (bars,), (low, high) = figure["data"], figure["layout"]["xaxis"]["range"]
    pitch = 300 / (high - low)
    spans = {i: (i * pitch - 3.1 * len(text), i * pitch + 3.1 * len(text)) for i, text in enumerate(bars["text"]) if text}
    assert bars["y"].index(max(bars["y"])) in spans, "the highest bar is always named"
    for i, (left, right) in spans.items():
        covered = [j for j in range(len(bars["y"])) if left < (j + 0.4) * pitch and right > (j - 0.4) * pitch]
        assert max(bars["y"][j] for j in covered) == bars["y"][i]
        assert not any(left < end and right > begin for j, (begin, end) in spans.items() if j != i)


def test_what_paths_of_no_width_look_like() -> None:
    assert histogram((1,), LIGHT, 200)["data"][0]["x"] == [0]
    assert describe_histogram((0, 0, 0, 192)) == "192 paths, and every one crosses 3 masks."


def test_numbers_of_any_size() -> None:
    assert [short(n) for n in (192, 999_999_999, 2**100)] == ["192", "999,999,999", "1.2·10³⁰"]
    assert percent(2**99, 2**100) == 50
    assert percent(1, 10**9) == 0


def test_growth_draws_each_route_and_one_line_where_they_are_equal() -> None:
    placements = {name: METHODS[name].placement() for name in ("zaremba2014", "naive-state", "naive-cell")}
    lines = [
        Growth(name, along(one, 2, 19, "lstm", "cell"), along(one, 2, 19, "lstm", "state"), i)
        for i, (name, one) in enumerate(placements.items())
    ]
    figure = growth(lines, 5, LIGHT, 240)
    drawn = {line["name"]: line for line in figure["data"]}
    assert list(drawn) == [
        "zaremba2014, every route",
        "naive-state, through c",
        "naive-state, through h",
        "naive-cell, every route",
    ]
    assert drawn["zaremba2014, every route"]["y"] == [3] * 20
    assert drawn["naive-state, through h"]["y"] == [3 + d for d in range(20)]
    assert drawn["naive-state, through h"]["line"]["dash"] != drawn["naive-state, through c"]["line"]["dash"]
    assert figure["layout"]["shapes"][0]["x0"] == 5
    assert "zaremba2014: every route meets 3 masks at distance 5 and 3 at 19." in describe_growth(lines, 5)
    assert "through the cell 3 masks at distance 5" in describe_growth(lines, 5)


def test_a_cell_without_a_carry_has_one_line() -> None:
    counts = along(METHODS["naive-state"].placement(cell="rnn"), 2, 9, "rnn", "state")
    assert [line["name"] for line in growth([Growth("naive", [], counts)], 3, LIGHT, 240)["data"]] == ["naive, through h"]


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_measured_curves_leave_out_what_is_not_finite_or_not_on_a_log(quantity: str) -> None:
    curves = {
        "one": Curve((0.5, 0.4, None), (1.0, 0.0, None), (2.0, 30.0, None)),
        "two": Curve(
            (0.1, -0.2, 0.0), (0.1, 0.2, 0.3), (1.0, 1e9, 1.0), (0.3, 2e9, None), (0.3, 2e9, None), (0.3, 2e9, None), 7
        ),
    }
    figure = measured_curves(curves, quantity, LIGHT, 300, "untrained")
    assert [line["name"] for line in figure["data"]] == ["one", "two"]
    assert figure["data"][0]["y"][-1] is None
    assert figure["data"][1]["error_y"]["array"] == [0.3, 2e9, 0.0]
    if quantity == "signal_to_noise":
        assert figure["data"][0]["y"] == [1.0, None, None]
    reach = zip(figure["data"][1]["error_y"]["arrayminus"], figure["data"][1]["y"], strict=True)
    assert quantity == "correlation" or all(down <= 0.9 * y for down, y in reach), "what is left is on an axis of powers"
    assert {line["line"]["dash"] for line in figure["data"]} == set(DASHES[:2])
    assert len(figure["layout"]["annotations"]) == 2
    assert "not finite" in describe_measured(curves, quantity, "untrained")
    assert measured_curves({}, quantity, LIGHT, 300, "untrained")["data"] == []


def test_the_routes_through_gates_in_a_sentence() -> None:
    """By hand: one layer, no step between: x into the gates i, f and o beside g; the cell before is empty."""
    alone = gated(METHODS["zaremba2014"].placement(), 1, 0)
    assert gates_sentence(alone) == "Through a gate: 2 masks on each of 3 more routes (dotted)."
    far = gated(METHODS["naive-state"].placement(), 2, 9)
    least = next(n for n, routes in enumerate(far) if routes)
    assert gates_sentence(far).startswith(f"Through a gate: at least {least} masks, at most {len(far) - 1}, on ")
    assert gated(METHODS["naive-state"].placement(cell="rnn"), 2, 4, "rnn") == ()
