"""What the papers report, beside what this program measured and what anyone can start in the Lab."""

from collections.abc import Iterable, Iterator, Sequence

import streamlit as st

from core.codec import from_query, to_query
from core.dropout.methods import METHODS
from core.dropout.published import NOTE
from core.errors import Invalid
from core.experiment import Experiment, build
from core.language import _
from core.recipes import RECIPES, Recipe
from core.recipes import experiment as of_recipe
from core.results import measured, miniatures, papers, seeds
from core.results import table as five
from core.results.measured import Measured, read
from core.tasks import TASKS
from pages.common.table import command, folded, said, table, to_lab, value
from pages.common.texts import plain
from pages.common.title import title


def page() -> None:
    """The whole page."""
    purpose = _("The tables of the papers, beside what was measured with this program, and a miniature of each to start.")
    title(_("Paper tables"), purpose)
    small, repeated = read(miniatures.FILE), read(seeds.FILE)
    with st.container(key="papers"):
        _recipes(small)
        _four(repeated)
        _seeds(repeated)
        _others()


def _recipes(runs: Sequence[Measured]) -> None:
    _head(_("The papers' set-ups on the Penn Treebank"))
    st.caption(plain(_("In small: a tenth of the widths and of the text, and that of Python's documentation, so that only what "
                       "dropout does can be compared, not the figures. {note}").format(note=_(NOTE))))  # fmt: skip
    table([*papers.head(), _("start it")], (_recipe(recipe, runs) for recipe in RECIPES.values()))
    if runs:
        st.caption(plain(_("Measured by {command}: {where}.").format(
            command="python -m core tables --run", where=five.where(runs))))  # fmt: skip


def _recipe(recipe: Recipe, runs: Sequence[Measured]) -> tuple[str, ...]:
    whole = said(_("In small:")) + "".join(command(measured.command(one)) for one in miniatures.of(recipe))
    whole += said(_("As published, on a folder PTB in the layout of the Penn Treebank:")) + command(papers.whole(recipe))
    return (said(_(recipe.label)), _results(map(papers.reported, recipe.reported)), _results(papers.measured(recipe, runs)),
            said(papers.differs(recipe)), _start(recipe) + folded(_("Commands"), whole))  # fmt: skip


def _results(found: Iterable[papers.Result]) -> str:
    return "".join(value(one.value, one.note) for one in found) or said(_("not yet"))


def _start(recipe: Recipe) -> str:
    query = to_query(of_recipe(recipe, miniatures.SCALE))
    try:
        from_query(query)
    except Invalid:
        return said(_("It runs on the command line only."))
    return to_lab(_("Open in the Lab"), query)


def _four(runs: Sequence[Measured]) -> None:
    kinds = papers.four(runs)
    _head(_("The four tasks of Zaremba et al. (2014)"))
    names = [_("task"), _("published"), _("measured here, five seeds"), _("what differs"), _("start it")]
    table(names, (tuple(_kind(kind)) for kind in kinds))


def _kind(kind: papers.Kind) -> Iterator[str]:
    yield said(kind.task, _(kind.data))
    yield _results(map(papers.reported, kind.reported))
    yield _results(kind.measured)
    yield said(_("Another, smaller task stands for it here. {about}").format(about=_(TASKS[kind.task].about)))
    whole = build(kind.task)
    yield to_lab(_("With dropout, in the Lab"), to_query(whole)) + to_lab(_("Without, in the Lab"), to_query(_without(whole)))


def _without(experiment: Experiment) -> Experiment:
    return build(experiment.task, placement=METHODS["none"].placement())


def _seeds(runs: Sequence[Measured]) -> None:
    _head(_("Every task, without dropout and with three methods"))
    if not runs:
        st.caption(_("Nothing has been measured yet."))
        return
    table(five.head(), (tuple(map(said, row)) for row in five.rows(runs)))
    st.caption(plain(_("Measured by {command}. {about}").format(command="python -m core seeds --run", about=five.about(runs))))


def _others() -> None:
    _head(_("Also published, without a recipe here"))
    names, found = [_("method"), _("data"), _("published")], papers.others()
    table(names, ((said(_(METHODS[row.method].label)), said(_(row.data)), _results([papers.reported(row)])) for row in found))


def _head(text: str) -> None:
    st.header(plain(text), anchor=False)


page()
