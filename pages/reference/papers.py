"""The page of the papers' tables: published results, results of this program, and links that start each in the Lab."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from html import escape
from typing import Any

import streamlit as st

from core.dropout.methods import METHODS
from core.dropout.published_results import LOSS_NOTE
from core.experiment.experiment import Experiment, build_experiment
from core.experiment.recipes import RECIPES, Recipe, build_recipe_experiment
from core.experiment.serialization import to_query
from core.figures.dot_chart import SIGNS, DotChart, describe_dots, plot_dots
from core.figures.number_format import format_exponent
from core.figures.paper_charts import (
    TASK_COLUMNS,
    build_difference_chart,
    build_measured_effect_chart,
    build_published_effect_chart,
    build_setup_chart,
)
from core.figures.theme import Theme, get_theme
from core.i18n import N_, _
from core.results import measured_runs, paper_tables, recipe_runs, seed_runs
from core.results import seed_table as seed_table
from core.results.measured_runs import SPLITS, MeasuredRun, load_runs
from core.tasks import TASKS
from pages.common.escape import escape_markdown
from pages.common.lab_link import format_lab_anchor
from pages.common.live_chart import draw_live_chart
from pages.common.page_title import draw_page_title
from pages.common.table import (
    draw_table,
    format_small_line,
    format_text_cell,
    format_unbroken_cell,
    format_value_cell,
)

SECTIONS = {
    "set-ups": N_("The papers' set-ups on the Penn Treebank"),
    "four": N_("The four tasks of Zaremba et al. (2014)"),
    "seeds": N_("Every task, five seeds: does it help here?"),
    "others": N_("Also published, without a recipe here"),
}
# Labels of the links, by column of the table of five seeds.
COLUMN_LABELS = {
    "none": N_("without dropout"),
    "zaremba2014 at .25": N_("at .25"),
    "zaremba2014": N_("at .5"),
}


def draw_page() -> None:
    """Draw the page."""
    purpose = _("The results of the papers, beside what was measured with this program, and a miniature of each to start.")
    draw_page_title(_("Paper tables"), purpose)
    ways = "".join(f'<a href="#{key}">{escape(_(name))}</a>' for key, name in SECTIONS.items())
    st.html(f'<nav class="papers-ways">{ways}</nav>')
    runs, repeated, colors = load_runs(recipe_runs.FILE), load_runs(seed_runs.FILE), get_theme(st.context.theme.type)
    with st.container(key="papers"):
        _draw_setups(runs, colors)
        _draw_tasks(repeated, colors)
        _draw_seeds(repeated, colors)
        _draw_others()


def _draw_setups(runs: Sequence[MeasuredRun], colors: Theme) -> None:
    _draw_head("set-ups")
    about = _(
        "In small: a tenth of the widths, Python's documentation in the place of the Penn Treebank, and a tenth of the "
        "updates, but 6000 at most: only what dropout does can be compared, not the figures."
    )
    st.caption(escape_markdown(about))
    setups = paper_tables.list_setup_results(runs)
    _draw_charts("setups", [build_setup_chart(setups, split, colors) for split in SPLITS], colors)
    _draw_links((_(recipe.label), _list_start_links(recipe)) for recipe in RECIPES.values())
    _draw_details(_("The numbers, what differs from the papers, and the commands"), "setup-numbers", _draw_setup_table, runs)


def _draw_setup_table(runs: Sequence[MeasuredRun]) -> None:
    st.caption(escape_markdown(" ".join((_(LOSS_NOTE), _(paper_tables.SOURCE)))))
    draw_table(paper_tables.build_head(), (_format_setup(recipe, runs) for recipe in RECIPES.values()))
    for n, sentence in enumerate(paper_tables.list_shared_differences(), start=1):
        st.caption(f"{format_exponent(n)} {escape_markdown(_(sentence))}")
    _draw_source("python -m core tables --run", seed_table.describe_machines(runs) if runs else _("nothing yet"))
    st.caption(_("The commands: in small, and as published, on a folder PTB in the layout of the Penn Treebank"))
    for recipe in RECIPES.values():
        lines = [
            *map(measured_runs.format_command, recipe_runs.list_recipe_arguments(recipe)),
            paper_tables.format_full_command(recipe),
        ]
        st.caption(escape_markdown(_(recipe.label)))
        st.code("\n".join(lines), language=None)


def _format_setup(recipe: Recipe, runs: Sequence[MeasuredRun]) -> tuple[str, ...]:
    here = (_format_result(one) if one else format_text_cell("–") for one in paper_tables.describe_measured(recipe, runs))
    theirs = "".join(_format_result(paper_tables.describe_published(row)) for row in recipe.reported)
    whole = paper_tables.describe_whole_run(recipe)
    marks = " ".join(
        format_exponent(n) for n, one in enumerate(paper_tables.list_shared_differences(), start=1) if one in recipe.differs
    )
    return (
        format_text_cell(f"{_(recipe.label)} {marks}"),
        theirs,
        _format_result(whole) if whole else format_text_cell("–"),
        *here,
        "".join(map(format_small_line, paper_tables.list_particular_differences(recipe))),
    )


def _format_result(entry: paper_tables.TableEntry) -> str:
    return format_value_cell(entry.value, entry.note)


def _list_start_links(recipe: Recipe) -> list[tuple[str, Experiment]]:
    """Return name and experiment of the links to the Lab, whose figures need windows of equal length."""
    experiment = replace(build_recipe_experiment(recipe, recipe_runs.SCALE), windows="equal")
    has_equal_windows = recipe.fields.get("windows", "equal") == "equal"
    links = [(_("scaled down") if has_equal_windows else _("scaled down, with windows of equal length"), experiment)]
    if recipe.fields["placement"].sites:
        links.append((_("without dropout"), replace(experiment, placement=METHODS["none"].build_placement())))
    return links


def _draw_tasks(runs: Sequence[MeasuredRun], colors: Theme) -> None:
    _draw_head("four")
    kinds = paper_tables.list_paper_tasks(runs)
    about = _("Left as published, right here, where another, smaller task stands for each: test at the end, five seeds.")
    st.caption(escape_markdown(about))
    _draw_charts("four", [build_published_effect_chart(kinds, colors), build_measured_effect_chart(kinds, colors)], colors)
    _draw_links((kind.task, _list_column_links(kind.task)) for kind in kinds)
    _draw_details(_("The numbers, and what differs from the paper"), "four-numbers", _draw_task_table, kinds)


def _draw_task_table(kinds: Sequence[paper_tables.PaperTask]) -> None:
    about = _(
        "Here: five seeds, mean ± 95 % interval, best validation / test at the end. Below it, how much more than without "
        "dropout, seed by seed on the same data: two intervals may overlap, and all seeds agree."
    )
    st.caption(escape_markdown(about))
    names = [
        _("task"),
        _("published"),
        _("here: without dropout"),
        _("here: at .25"),
        _("here: at .5"),
        _("what differs"),
    ]
    draw_table(names, (tuple(_format_task(kind)) for kind in kinds))


def _format_task(kind: paper_tables.PaperTask) -> Iterator[str]:
    yield format_text_cell(kind.task) + format_small_line(_(kind.data))
    yield "".join(_format_result(paper_tables.describe_published(row)) for row in kind.reported)
    for column in TASK_COLUMNS:
        entry = kind.describe_column(column)
        yield (
            format_unbroken_cell(entry.value) + "".join(map(format_small_line, entry.note.split("; ")))
            if entry
            else format_text_cell("–")
        )
    yield format_small_line(
        _("Another, smaller task stands for it here. {about}").format(about=_(TASKS[kind.task].description))
    )


def _list_column_links(task: str) -> list[tuple[str, Experiment]]:
    return [(_(COLUMN_LABELS[column]), _build_column_experiment(task, column)) for column in TASK_COLUMNS]


def _build_column_experiment(task: str, column: str) -> Experiment:
    """Return the experiment of a column."""
    name, _at, rate = column.partition(" at ")
    return build_experiment(task, placement=METHODS[name].build_placement(float(rate) if rate else None))


def _draw_seeds(runs: Sequence[MeasuredRun], colors: Theme) -> None:
    _draw_head("seeds")
    if not runs:
        st.caption(_("Nothing has been measured yet."))
        return
    about = _(
        "By how much each method is better than no dropout: the mean of the differences over five seeds, both runs on the same "
        "data, with its 95 % interval. At the left the best validation value, at the right the test at the end."
    )
    st.caption(escape_markdown(about))
    tasks = dict(seed_table.group_by_task(runs))
    _draw_charts("seeds", [build_difference_chart(tasks, split, colors) for split in SPLITS], colors)
    _draw_details(_("The numbers, with all methods and the claims of the papers"), "seed-numbers", _draw_seed_tables, runs)


def _draw_seed_tables(runs: Sequence[MeasuredRun]) -> None:
    _draw_source("python -m core seeds --run", seed_table.describe_measurement(runs))
    draw_table(
        seed_table.build_difference_head(),
        ((format_text_cell(name), *map(_format_difference, cells)) for name, *cells in seed_table.build_difference_rows(runs)),
    )
    draw_table(
        seed_table.build_head(),
        ((format_text_cell(name), *map(format_unbroken_cell, cells)) for name, *cells in seed_table.build_rows(runs)),
    )


def _format_difference(text: str) -> str:
    values, _apart, claim = text.partition("; ")
    return format_unbroken_cell(values) + (format_small_line(claim) if claim else "")


def _draw_others() -> None:
    _draw_head("others")
    _draw_details(_("The numbers"), "other-numbers", _draw_other_table)


def _draw_other_table() -> None:
    names, entry = [_("method"), _("data"), _("published")], paper_tables.list_other_published()
    draw_table(
        names,
        (
            (
                format_text_cell(_(METHODS[row.method].label)),
                format_text_cell(_(row.dataset)),
                _format_result(paper_tables.describe_published(row)),
            )
            for row in entry
        ),
    )


def _draw_charts(key: str, charts: Sequence[DotChart], colors: Theme) -> None:
    """Draw charts beside one another, or below where the window is narrow, and the legend of the last one above them."""
    signs = (
        f'<li><span style="color: {one.color}">{SIGNS[one.symbol]}</span> {escape(one.name)}</li>' for one in charts[-1].series
    )
    st.html(f'<ul class="papers-legend" aria-hidden="true">{"".join(signs)}</ul>')
    for place, (column, chart) in enumerate(zip(st.columns(len(charts)), charts, strict=True)):
        with column:
            figure = plot_dots(chart, colors)
            draw_live_chart(figure, f"papers-{key}-{place}", describe_dots(chart), figure["layout"]["height"])


def _draw_links(rows: Iterable[tuple[str, Sequence[tuple[str, Experiment]]]]) -> None:
    """Draw links to the Lab. rows: what each is about, and name and experiment of its links."""
    items = (
        f"<li>{escape(name)}: {' · '.join(format_lab_anchor(label, to_query(experiment)) for label, experiment in links)}</li>"
        for name, links in rows
    )
    st.html(f'<p class="papers-start">{escape(_("Start in the Lab"))}</p><ul class="papers-links">{"".join(items)}</ul>')


def _draw_details(label: str, key: str, draw: Callable[..., None], *arguments: Any) -> None:
    """Draw an expander; draw(*arguments) is called within it while it is open: nothing is built while it is closed."""
    details = st.expander(label, key=key, on_change="rerun")
    if details.open:
        with details:
            draw(*arguments)


def _draw_head(key: str) -> None:
    st.header(escape_markdown(_(SECTIONS[key])), anchor=key)


def _draw_source(command: str, what: str) -> None:
    st.caption(_("Measured by `{command}`. {what}").format(command=command, what=escape_markdown(what)))


draw_page()
