"""What the path runs through: the cell, the layers, the method; and the same experiment in the Lab."""

import streamlit as st

from core.dropout.cells import CELL_LABELS, CELLS
from core.dropout.comparison import list_distinct_methods
from core.dropout.methods import METHODS
from core.experiment.bounds import INTEGER_BOUNDS
from core.i18n import N_, _
from pages.common import visit
from pages.common.escape import plain
from pages.common.lab_link import link
from pages.common.widgets import choice
from pages.learn import path_state

# The question of the page in three clicks: what is masked besides the way up?
FIRST = {
    "zaremba2014": N_("only the way up"),
    "naive-state": N_("the way up and h, the state"),
    "naive-cell": N_("the way up and c, the cell"),
}


def show() -> None:
    """Draws the widgets."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="path-choice"):
        _first()
        _method()
        _cell()
        _layers()
        link(_("Open in the Lab"), visit.link())
    if replaced := path_state.page().get("replaced"):
        st.caption(
            _("“{method}” is not defined for this cell, {cell}: “{instead}” is shown instead.").format(
                method=plain(_label(replaced)),
                cell=_(CELL_LABELS[path_state.experiment().cell]),
                instead=plain(_label(_name() or "")),
            )
        )


def _first() -> None:
    there = [name for name in FIRST if path_state.experiment().cell in METHODS[name].cells]
    name = _name()
    choice(
        st.segmented_control,
        _("What is masked?"),
        there,
        key="path-first",
        value=name if name in there else None,
        tell=_choose_method,
        format_func=lambda name: _(FIRST[name]),
    )


def _method() -> None:
    name = _name()
    names = [*list_distinct_methods(path_state.experiment().cell), *[path_state.OWN] * (name is None)]
    choice(
        st.selectbox,
        _("Method"),
        names,
        key="path-method",
        value=name or path_state.OWN,
        tell=_choose_method,
        format_func=_label,
        width=250,
    )


def _cell() -> None:
    choice(
        st.selectbox,
        _("Cell"),
        CELLS,
        key="path-cell",
        value=path_state.experiment().cell,
        tell=path_state.choose_cell,
        format_func=lambda name: _(CELL_LABELS[name]),
        width=130,
    )


def _layers() -> None:
    low, high = INTEGER_BOUNDS["layers"]
    choice(
        st.selectbox,
        _("Layers L"),
        list(range(low, high + 1)),
        key="path-layers",
        value=path_state.experiment().layers,
        tell=path_state.choose_layers,
        width=90,
    )


def _choose_method(name: str | None) -> None:
    if name in METHODS:
        path_state.choose_method(str(name))


def _name() -> str | None:
    return path_state.experiment().method


def _label(name: str) -> str:
    return _("Your own placement") if name == path_state.OWN else _(METHODS[name].label)
