"""Tests of the charts of the path page, compared with the counts that they show."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis.path_counts import count_corruption, count_gate_routes, list_crossings, make_even_climbs
from core.analysis.path_stats import count_along_route
from core.analysis.sensitivity_request import SensitivityCurve
from core.dropout.methods import METHODS
from core.figures.number_format import format_count
from core.figures.path_count_charts import (
    CountGrowth,
    compute_percent,
    describe_count_growth,
    describe_path_histogram,
    format_count_equation,
    plot_count_growth,
    plot_path_histogram,
)
from core.figures.path_sentence import describe_gate_routes
from core.figures.sensitivity_chart import DASHES, QUANTITIES, describe_sensitivity, plot_sensitivity
from core.figures.theme import DARK, LIGHT, Theme

CASES = [
    ("zaremba2014", "cell", 2, 5, "L + 1 = 2 + 1 = 3, at every distance"),
    ("zaremba2014", "state", 4, 19, "L + 1 = 4 + 1 = 5, at every distance"),
    ("naive-state", "state", 2, 7, "L + 1 + Δ = 2 + 1 + 7 = 10, 1 more per step"),
    ("naive-state", "cell", 2, 7, "L + 1 = 2 + 1 = 3, at every distance"),
    ("naive-cell", "cell", 2, 5, "2L + 1 + Δ = 2·2 + 1 + 5 = 10, 1 more per step"),
    ("activations-and-connections", "state", 2, 5, "2Δ = 2·5 = 10, 2 more per step"),
    ("keras-stack", "cell", 3, 5, "L = 3, at every distance"),
    ("none", "cell", 2, 5, ""),
    ("krueger2016", "state", 2, 5, ""),
]


@pytest.mark.parametrize(("name", "through", "layers", "distance", "sentence"), CASES)
def test_the_count_as_an_equation(name: str, through: str, layers: int, distance: int, sentence: str) -> None:
    path = list_crossings(METHODS[name].build_placement(), layers, make_even_climbs(layers, 0, distance), through)
    assert format_count_equation(path, layers, distance, through) == sentence
    assert not sentence or sentence.split(",")[0].endswith(f" = {len(path)}")


@pytest.mark.parametrize("theme", [LIGHT, DARK])
@pytest.mark.parametrize(
    ("name", "layers", "distance"), [("zaremba2014", 2, 5), ("naive-state", 2, 7), ("naive-state", 1, 300)]
)
def test_the_histogram_shows_every_count(name: str, layers: int, distance: int, theme: Theme) -> None:
    counts = count_corruption(METHODS[name].build_placement(), layers, distance).histogram
    figure = plot_path_histogram(counts, theme, 200)
    (bars,) = figure["data"]
    assert -1 < figure["layout"]["xaxis"]["range"][0] < 0
    present = range(next(n for n, paths in enumerate(counts) if paths), len(counts))
    assert bars["x"] == list(present)
    assert sum(bars["y"]) == pytest.approx(100, abs=1e-3)
    # Exact, also beyond 64 bits.
    assert [int(text.split(" ")[0].replace(",", "")) for text in bars["customdata"]] == [counts[n] for n in present]
    assert f"{sum(counts):,} paths" in describe_path_histogram(counts)


@given(st.lists(st.integers(0, 10**30), min_size=1, max_size=60).filter(any))
def test_what_is_said_above_a_bar_touches_no_higher_bar_and_no_other_text(counts: list[int]) -> None:
    """The width is that of the narrowest chart: 300 pixels for the axis, 6.2 for a character."""
    figure = plot_path_histogram(counts, LIGHT, 200)
    (bars,), (low, high) = figure["data"], figure["layout"]["xaxis"]["range"]
    pitch = 300 / (high - low)
    spans = {i: (i * pitch - 3.1 * len(text), i * pitch + 3.1 * len(text)) for i, text in enumerate(bars["text"]) if text}
    assert bars["y"].index(max(bars["y"])) in spans, "the highest bar is always named"
    for i, (left, right) in spans.items():
        covered = [j for j in range(len(bars["y"])) if left < (j + 0.4) * pitch and right > (j - 0.4) * pitch]
        assert max(bars["y"][j] for j in covered) == bars["y"][i]
        assert not any(left < end and right > begin for j, (begin, end) in spans.items() if j != i)


def test_what_paths_of_no_width_look_like() -> None:
    assert plot_path_histogram((1,), LIGHT, 200)["data"][0]["x"] == [0]
    assert describe_path_histogram((0, 0, 0, 192)) == "192 paths, each crosses 3 masks."


def test_numbers_of_any_size() -> None:
    assert [format_count(n) for n in (192, 999_999_999, 2**100)] == ["192", "999,999,999", "1.2·10³⁰"]
    assert compute_percent(2**99, 2**100) == 50
    assert compute_percent(1, 10**9) == 0


def test_growth_draws_each_route_and_one_line_where_they_are_equal() -> None:
    placements = {name: METHODS[name].build_placement() for name in ("zaremba2014", "naive-state", "naive-cell")}
    lines = [
        CountGrowth(name, count_along_route(one, 2, 19, "lstm", "cell"), count_along_route(one, 2, 19, "lstm", "state"), i)
        for i, (name, one) in enumerate(placements.items())
    ]
    figure = plot_count_growth(lines, 5, LIGHT, 240)
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
    assert "zaremba2014: every route crosses 3 masks at distance 5 and 3 at 19." in describe_count_growth(lines, 5)
    assert "through the cell 3 masks at distance 5" in describe_count_growth(lines, 5)


def test_a_cell_without_a_carry_has_one_line() -> None:
    counts = count_along_route(METHODS["naive-state"].build_placement(cell="rnn"), 2, 9, "rnn", "state")
    assert [line["name"] for line in plot_count_growth([CountGrowth("naive", [], counts)], 3, LIGHT, 240)["data"]] == [
        "naive, through h"
    ]


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_measured_curves_leave_out_what_is_not_finite_or_not_on_a_log(quantity: str) -> None:
    curves = {
        "one": SensitivityCurve((0.5, 0.4, None), (1.0, 0.0, None), (2.0, 30.0, None)),
        "two": SensitivityCurve(
            (0.1, -0.2, 0.0), (0.1, 0.2, 0.3), (1.0, 1e9, 1.0), (0.3, 2e9, None), (0.3, 2e9, None), (0.3, 2e9, None), 7
        ),
    }
    figure = plot_sensitivity(curves, quantity, LIGHT, 300, "untrained")
    assert [line["name"] for line in figure["data"]] == ["one", "two"]
    assert figure["data"][0]["y"][-1] is None
    assert figure["data"][1]["error_y"]["array"] == [0.3, 2e9, 0.0]
    if quantity == "signal_to_noise":
        assert figure["data"][0]["y"] == [1.0, None, None]
    reach = zip(figure["data"][1]["error_y"]["arrayminus"], figure["data"][1]["y"], strict=True)
    assert quantity == "correlation" or all(down <= 0.9 * y for down, y in reach), "what is left is on an axis of powers"
    assert {line["line"]["dash"] for line in figure["data"]} == set(DASHES[:2])
    assert len(figure["layout"]["annotations"]) == 2
    assert "not finite" in describe_sensitivity(curves, quantity, "untrained")
    assert plot_sensitivity({}, quantity, LIGHT, 300, "untrained")["data"] == []


def test_the_routes_through_gates_in_a_sentence() -> None:
    """By hand, for one layer and distance 0: x enters the gates i, f and o beside g; the cell before is empty."""
    alone = count_gate_routes(METHODS["zaremba2014"].build_placement(), 1, 0)
    assert describe_gate_routes(alone) == "Through a gate: 2 masks on each of 3 more routes (dotted)."
    far = count_gate_routes(METHODS["naive-state"].build_placement(), 2, 9)
    least = next(n for n, routes in enumerate(far) if routes)
    assert describe_gate_routes(far).startswith(f"Through a gate: at least {least} masks, at most {len(far) - 1}, on ")
    assert count_gate_routes(METHODS["naive-state"].build_placement(cell="rnn"), 2, 4, "rnn") == ()
