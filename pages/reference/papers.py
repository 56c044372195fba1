"""The page of the papers' tables: published results, results of this program, and links that start each in the Lab."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from html import escape

import streamlit as st

from core.dropout.methods import METHODS
from core.dropout.published_results import LOSS_NOTE
from core.experiment.experiment import Experiment, build_experiment
from core.experiment.recipes import RECIPES, Recipe, build_recipe_experiment
from core.experiment.serialization import to_query
from core.figures.number_format import format_exponent
from core.i18n import N_, _
from core.results import measured_runs, paper_tables, recipe_runs, seed_runs
from core.results import seed_table as seed_table
from core.results.measured_runs import MeasuredRun, load_runs
from core.tasks import TASKS
from pages.common.escape import escape_markdown
from pages.common.page_title import draw_page_title
from pages.common.table import (
    draw_table,
    format_lab_cell,
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
TASK_COLUMNS = {
    "none": N_("Without dropout"),
    "zaremba2014 at .25": N_("At .25"),
    "zaremba2014": N_("At .5"),
}


def draw_page() -> None:
    """Draw the page."""
    purpose = _("The tables of the papers, beside what was measured with this program, and a miniature of each to start.")
    draw_page_title(_("Paper tables"), purpose)
    ways = "".join(f'<a href="#{key}">{escape(_(name))}</a>' for key, name in SECTIONS.items())
    st.html(f'<nav class="papers-ways">{ways}</nav>')
    runs, repeated = load_runs(recipe_runs.FILE), load_runs(seed_runs.FILE)
    with st.container(key="papers"):
        _draw_setups(runs)
        _draw_tasks(repeated)
        _draw_seeds(repeated)
        _draw_others()


def _draw_setups(runs: Sequence[MeasuredRun]) -> None:
    _draw_head("set-ups")
    about = _(
        "In small: a tenth of the widths, Python's documentation in the place of the Penn Treebank, and a tenth of the "
        "updates, but 6000 at most: only what dropout does can be compared, not the figures."
    )
    st.caption(escape_markdown(" ".join((about, _(LOSS_NOTE), _(paper_tables.SOURCE)))))
    draw_table([*paper_tables.build_head(), _("start it")], (_format_setup(recipe, runs) for recipe in RECIPES.values()))
    for n, sentence in enumerate(paper_tables.list_shared_differences(), start=1):
        st.caption(f"{format_exponent(n)} {escape_markdown(_(sentence))}")
    _draw_source("python -m core tables --run", seed_table.describe_machines(runs) if runs else _("nothing yet"))
    with st.expander(_("The commands: in small, and as published, on a folder PTB in the layout of the Penn Treebank")):
        for recipe in RECIPES.values():
            lines = [
                *map(measured_runs.format_command, recipe_runs.list_recipe_arguments(recipe)),
                paper_tables.format_full_command(recipe),
            ]
            st.caption(escape_markdown(_(recipe.label)))
            st.code("\n".join(lines), language="bash")


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
        _format_start_links(recipe),
    )


def _format_result(entry: paper_tables.TableEntry) -> str:
    return format_value_cell(entry.value, entry.note)


def _format_start_links(recipe: Recipe) -> str:
    """Return the links to the Lab, whose figures need windows of equal length."""
    experiment = replace(build_recipe_experiment(recipe, recipe_runs.SCALE), windows="equal")
    links = format_lab_cell(_("Open in the Lab"), to_query(experiment))
    if recipe.fields["placement"].sites:
        links += format_lab_cell(
            _("Without dropout"), to_query(replace(experiment, placement=METHODS["none"].build_placement()))
        )
    has_equal_windows = recipe.fields.get("windows", "equal") == "equal"
    return (
        links
        if has_equal_windows
        else links + format_small_line(_("with windows of equal length; of varied length on the command line only"))
    )


def _draw_tasks(runs: Sequence[MeasuredRun]) -> None:
    _draw_head("four")
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
        _("start it in the Lab"),
    ]
    draw_table(names, (tuple(_format_task(kind)) for kind in paper_tables.list_paper_tasks(runs)))


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
    yield "".join(
        format_lab_cell(_(name), to_query(_build_column_experiment(kind.task, column))) for column, name in TASK_COLUMNS.items()
    )


def _build_column_experiment(task: str, column: str) -> Experiment:
    """Return the experiment of a column."""
    name, _at, rate = column.partition(" at ")
    return build_experiment(task, placement=METHODS[name].build_placement(float(rate) if rate else None))


def _draw_seeds(runs: Sequence[MeasuredRun]) -> None:
    _draw_head("seeds")
    if not runs:
        st.caption(_("Nothing has been measured yet."))
        return
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


def _draw_head(key: str) -> None:
    st.header(escape_markdown(_(SECTIONS[key])), anchor=key)


def _draw_source(command: str, what: str) -> None:
    st.caption(_("Measured by `{command}`. {what}").format(command=command, what=escape_markdown(what)))


draw_page()
