"""The charts of the papers' tables. Oracles: the papers' figures, the table of five seeds, and figures built by hand."""

import json

import pytest

from core.figures.dot_chart import SIGNS, Dot, DotChart, DotPanel, DotRow, DotSeries, describe_dots, plot_dots
from core.figures.paper_charts import (
    FULL_SIZE,
    PUBLISHED,
    SCALED,
    WITHOUT,
    build_difference_chart,
    build_measured_effect_chart,
    build_published_effect_chart,
    build_setup_chart,
)
from core.figures.theme import DARK, LIGHT, Theme
from core.results import paper_tables, recipe_runs, seed_runs, seed_table
from core.results.measured_runs import SPLITS, load_runs
from core.tasks.metrics import METRICS
from pages.common.citation import format_citation

SEEDS = load_runs(seed_runs.FILE)
TASKS = dict(seed_table.group_by_task(SEEDS))
SETUPS = paper_tables.list_setup_results(load_runs(recipe_runs.FILE))


def find_row(chart: DotChart, label: str) -> DotRow:
    """Return the row with a label that begins so."""
    (row,) = (row for panel in chart.panels for row in panel.rows if row.label.startswith(label))
    return row


def test_the_set_ups_have_what_the_papers_report_and_what_was_measured() -> None:
    chart = build_setup_chart(SETUPS, "test", LIGHT)
    small = {dot.series: dot.value for dot in find_row(chart, "Zaremba et al., not").dots}
    assert small.keys() == {PUBLISHED, FULL_SIZE, SCALED}, "it has no dropout that could be left out"
    assert small[PUBLISHED] == 114.5
    assert small[FULL_SIZE] == pytest.approx(114.9, abs=0.05)
    untied = find_row(chart, "Gal & Ghahramani, large, untied").dots
    assert [dot.value for dot in untied if dot.series == PUBLISHED] == [75.2, 75.11, 73.4, 73.32]
    assert WITHOUT in {dot.series for dot in untied}
    validation = find_row(build_setup_chart(SETUPS, "validation", LIGHT), "Gal & Ghahramani, large, untied").dots
    assert [dot.value for dot in validation if dot.series == PUBLISHED] == [77.9, 77.46], "Monte Carlo is of the test split"
    assert [panel.title for panel in chart.panels] == ["perplexity, test, at the end", "bits per character, test, at the end"]


def test_the_four_tasks_without_and_with_dropout() -> None:
    kinds = paper_tables.list_paper_tasks(SEEDS)
    chart = build_published_effect_chart(kinds, LIGHT)
    assert [(panel.title, [(dot.series, dot.value) for dot in panel.rows[0].dots]) for panel in chart.panels] == [
        ("perplexity, test", [(0, 114.5), (2, 82.7), (2, 78.4)]),
        ("frame accuracy %, validation", [(0, 68.9), (2, 70.5)]),
        ("BLEU", [(0, 25.9), (2, 29.03)]),
        ("BLEU", [(0, 23.5), (2, 24.3)]),
    ]
    speech = find_row(build_measured_effect_chart(kinds, LIGHT), "speech")
    cell = next(row for row in seed_table.build_rows(SEEDS) if row[0].startswith("speech"))
    assert [dot.text for dot in speech.dots] == [cell[place].split(" / ")[1] for place in (1, 3, 2)]
    assert all(60 < dot.value < 100 for dot in speech.dots), "in per cent"


@pytest.mark.parametrize("split", SPLITS)
def test_what_is_right_of_zero_is_better(split: str) -> None:
    """The table says better, worse or undecided; the interval of the chart says the same."""
    chart = build_difference_chart(TASKS, split, LIGHT)
    assert [one.name for one in chart.series] == ["Zaremba et al., p = .5", "Zaremba et al., p = .25", "Gal & Ghahramani"]
    assert sum(len(panel.rows) for panel in chart.panels) == len(TASKS)
    for name, *cells in seed_table.build_difference_rows(SEEDS):
        row = find_row(chart, name)
        for dot in row.dots:
            told = cells[dot.series].split(";")[0].split(" / ")[SPLITS.index(split)]
            sign = (dot.value > dot.half_width) - (dot.value < -dot.half_width)
            assert told.endswith({1: ("better",), 0: ("undecided", "equal"), -1: ("worse",)}[sign]), (name, told)
    for panel in chart.panels[1:]:
        assert len(panel.rows) == 1, "metrics of different units have axes of their own"
    percentages = {TASKS[row.label.split(",")[0]]["none"].metric for row in chart.panels[0].rows}
    assert all(METRICS[metric].is_percentage for metric in percentages)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_a_chart_has_a_row_for_each_thing_and_an_axis_for_each_panel(theme: Theme) -> None:
    series = (DotSeries("one", theme.ink, "circle"), DotSeries("other", theme.previous, "x-thin", 1.0))
    rows = (DotRow("a", (Dot(0, 60, "60"), Dot(1, 90, "90 ± 5", 5))), DotRow("b", (Dot(0, 70, "70"),)))
    chart = DotChart((DotPanel("p", rows, is_logarithmic=True), DotPanel("q", rows[:1], zero=True)), series)
    figure = plot_dots(chart, theme)
    json.dumps(figure, allow_nan=False)
    first, other, second, _last = figure["data"]
    assert (first["x"], first["y"], first["xaxis"]) == ([60, 70], [0, 1], "x")
    assert (other["x"], other["error_x"]["array"]) == ([90], [5])
    assert other["y"][0] > 0, "beside the first series, not on it"
    assert second["xaxis"] == "x2"
    layout = figure["layout"]
    assert layout["yaxis2"]["domain"][1] < layout["yaxis"]["domain"][0]
    assert layout["yaxis2"]["domain"][0] >= 0
    assert sum(60 <= tick <= 90 for tick in layout["xaxis"]["tickvals"]) >= 2
    assert layout["xaxis2"]["rangemode"] == "tozero"
    assert describe_dots(chart) == "p. a: one 60, other 90 ± 5; b: one 70. q. a: one 60, other 90 ± 5."
    assert {one.symbol for one in series} <= SIGNS.keys()


def test_arxiv_numbers_and_dois_are_links() -> None:
    assert format_citation("A, 2016, arXiv:1512.05287; B, doi:10.21437/Interspeech.2017-129, and C.").replace("\\", "") == (
        "A, 2016, [arXiv:1512.05287](https://arxiv.org/abs/1512.05287); "
        "B, [doi:10.21437/Interspeech.2017-129](https://doi.org/10.21437/Interspeech.2017-129), and C."
    )
    assert "](" not in format_citation("no arXiv number, nor a DOI: 10.1 of them")
