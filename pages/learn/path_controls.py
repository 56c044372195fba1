"""The controls of the path page: method, cell, layers, and the link to the Lab."""

import streamlit as st

from core.dropout.cells import CELL_LABELS
from core.dropout.comparison import list_distinct_methods
from core.dropout.methods import METHODS
from core.i18n import N_, _
from pages.common import visit
from pages.common.escape import escape_markdown
from pages.common.experiment_choices import draw_cell_choice, draw_layers_choice
from pages.common.lab_link import draw_lab_link
from pages.common.widgets import draw_choice
from pages.learn import path_state

# The page's question in three clicks: which masks are added to those on the way up?
QUICK_METHODS = {
    "zaremba2014": N_("only the way up"),
    "naive-state": N_("the way up and h, the state"),
    "naive-cell": N_("the way up and c, the cell"),
}


def draw_controls() -> None:
    """Draw the controls."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="path-choice"):
        _draw_quick_choice()
        _draw_method()
        experiment = visit.get_experiment()
        draw_cell_choice(experiment.cell, "path-cell", path_state.set_cell, width=130)
        draw_layers_choice(experiment.layers, "path-layers", path_state.set_layers, width=90)
        draw_lab_link(_("Open in the Lab"), visit.build_link())
    if replaced := path_state.get_replaced_method():
        st.caption(
            _("“{method}” is not defined for this cell, {cell}: “{instead}” is shown instead.").format(
                method=escape_markdown(_name_method(replaced)),
                cell=_(CELL_LABELS[experiment.cell]),
                instead=escape_markdown(_name_method(path_state.FALLBACK_METHOD)),
            )
        )


def _draw_quick_choice() -> None:
    names = [name for name in QUICK_METHODS if visit.get_experiment().cell in METHODS[name].cells]
    name = visit.get_experiment().method
    draw_choice(
        st.segmented_control,
        _("What is masked?"),
        names,
        key="path-first",
        value=name if name in names else None,
        tell=_set_method,
        format_func=lambda name: _(QUICK_METHODS[name]),
    )


def _draw_method() -> None:
    name = visit.get_experiment().method
    names = [*list_distinct_methods(visit.get_experiment().cell), *[path_state.CUSTOM] * (name is None)]
    draw_choice(
        st.selectbox,
        _("Method"),
        names,
        key="path-method",
        value=name or path_state.CUSTOM,
        tell=_set_method,
        format_func=_name_method,
        width=250,
    )


def _set_method(name: str | None) -> None:
    if name in METHODS:
        path_state.set_method(str(name))


def _name_method(name: str) -> str:
    return _("Your own placement") if name == path_state.CUSTOM else _(METHODS[name].label)
