"""What the papers report, beside what this program measured and what anyone can start in the Lab."""

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
from core.results import seed_table as five
from core.results.measured_runs import MeasuredRun, load_runs
from core.tasks import TASKS
from pages.common.escape import plain
from pages.common.page_title import title
from pages.common.table import parts, said, small, table, to_lab, value

WAYS = {
    "set-ups": N_("The papers' set-ups on the Penn Treebank"),
    "four": N_("The four tasks of Zaremba et al. (2014)"),
    "seeds": N_("Every task, five seeds: does it help here?"),
    "others": N_("Also published, without a recipe here"),
}
# Of the four tasks, by column of the table of five seeds.
STARTS = {
    "none": N_("Without dropout"),
    "zaremba2014 at .25": N_("At .25"),
    "zaremba2014": N_("At .5"),
}


def page() -> None:
    """The whole page."""
    purpose = _("The tables of the papers, beside what was measured with this program, and a miniature of each to start.")
    title(_("Paper tables"), purpose)
    ways = "".join(f'<a href="#{key}">{escape(_(name))}</a>' for key, name in WAYS.items())
    st.html(f'<nav class="papers-ways">{ways}</nav>')
    runs, repeated = load_runs(recipe_runs.FILE), load_runs(seed_runs.FILE)
    with st.container(key="papers"):
        _set_ups(runs)
        _four(repeated)
        _seeds(repeated)
        _others()


def _set_ups(runs: Sequence[MeasuredRun]) -> None:
    _head("set-ups")
    about = _(
        "In small: a tenth of the widths, Python's documentation in the place of the Penn Treebank, and a tenth of the "
        "updates, but 6000 at most: only what dropout does can be compared, not the figures."
    )
    st.caption(plain(" ".join((about, _(LOSS_NOTE), _(paper_tables.SOURCE)))))
    table([*paper_tables.build_head(), _("start it")], (_set_up(recipe, runs) for recipe in RECIPES.values()))
    for n, sentence in enumerate(paper_tables.list_shared_differences(), start=1):
        st.caption(f"{format_exponent(n)} {plain(_(sentence))}")
    _measured_by("python -m core tables --run", five.describe_machines(runs) if runs else _("nothing yet"))
    with st.expander(_("The commands: in small, and as published, on a folder PTB in the layout of the Penn Treebank")):
        for recipe in RECIPES.values():
            lines = [
                *map(measured_runs.format_command, recipe_runs.list_recipe_arguments(recipe)),
                paper_tables.format_full_command(recipe),
            ]
            st.caption(plain(_(recipe.label)))
            st.code("\n".join(lines), language="bash")


def _set_up(recipe: Recipe, runs: Sequence[MeasuredRun]) -> tuple[str, ...]:
    here = (_result(one) if one else said("–") for one in paper_tables.describe_measured(recipe, runs))
    theirs = "".join(_result(paper_tables.describe_published(row)) for row in recipe.reported)
    marks = " ".join(
        format_exponent(n) for n, one in enumerate(paper_tables.list_shared_differences(), start=1) if one in recipe.differs
    )
    return (
        said(f"{_(recipe.label)} {marks}"),
        theirs,
        *here,
        "".join(map(small, paper_tables.list_particular_differences(recipe))),
        _starts(recipe),
    )


def _result(found: paper_tables.TableEntry) -> str:
    return value(found.value, found.note)


def _starts(recipe: Recipe) -> str:
    """Links to the Lab, whose pictures need windows of one length."""
    whole = replace(build_recipe_experiment(recipe, recipe_runs.SCALE), windows="equal")
    links = to_lab(_("Open in the Lab"), to_query(whole))
    if recipe.fields["placement"].sites:
        links += to_lab(_("Without dropout"), to_query(replace(whole, placement=METHODS["none"].build_placement())))
    same = recipe.fields.get("windows", "equal") == "equal"
    return links if same else links + small(_("with windows of equal length; of varied length on the command line only"))


def _four(runs: Sequence[MeasuredRun]) -> None:
    _head("four")
    about = _(
        "Here: five seeds, mean ± 95 % interval, best validation / test at the end. Below it, how much more than without "
        "dropout, seed by seed on the same data: two intervals may overlap, and all seeds agree."
    )
    st.caption(plain(about))
    names = [
        _("task"),
        _("published"),
        _("here: without dropout"),
        _("here: at .25"),
        _("here: at .5"),
        _("what differs"),
        _("start it in the Lab"),
    ]
    table(names, (tuple(_kind(kind)) for kind in paper_tables.list_paper_tasks(runs)))


def _kind(kind: paper_tables.PaperTask) -> Iterator[str]:
    yield said(kind.task) + small(_(kind.data))
    yield "".join(_result(paper_tables.describe_published(row)) for row in kind.reported)
    for column in STARTS:
        found = kind.describe_column(column)
        yield parts(found.value) + "".join(map(small, found.note.split("; "))) if found else said("–")
    yield small(_("Another, smaller task stands for it here. {about}").format(about=_(TASKS[kind.task].description)))
    yield "".join(to_lab(_(name), to_query(_of(kind.task, column))) for column, name in STARTS.items())


def _of(task: str, column: str) -> Experiment:
    """The very experiment of that column."""
    name, _at, rate = column.partition(" at ")
    return build_experiment(task, placement=METHODS[name].build_placement(float(rate) if rate else None))


def _seeds(runs: Sequence[MeasuredRun]) -> None:
    _head("seeds")
    if not runs:
        st.caption(_("Nothing has been measured yet."))
        return
    _measured_by("python -m core seeds --run", five.describe_measurement(runs))
    table(
        five.build_difference_head(),
        ((said(name), *map(_difference, cells)) for name, *cells in five.build_difference_rows(runs)),
    )
    table(five.build_head(), ((said(name), *map(parts, cells)) for name, *cells in five.build_rows(runs)))


def _difference(text: str) -> str:
    values, _apart, claim = text.partition("; ")
    return parts(values) + (small(claim) if claim else "")


def _others() -> None:
    _head("others")
    names, found = [_("method"), _("data"), _("published")], paper_tables.list_other_published()
    table(
        names,
        (
            (said(_(METHODS[row.method].label)), said(_(row.dataset)), _result(paper_tables.describe_published(row)))
            for row in found
        ),
    )


def _head(key: str) -> None:
    st.header(plain(_(WAYS[key])), anchor=key)


def _measured_by(command: str, what: str) -> None:
    st.caption(_("Measured by `{command}`. {what}").format(command=command, what=plain(what)))


page()
