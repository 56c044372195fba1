"""What the path runs through: the cell, the layers, the method; and the same experiment in the Lab."""

import streamlit as st

from core.dropout.comparison import methods_of
from core.dropout.methods import METHODS
from core.experiment.experiment import BOUNDS, CELLS
from core.i18n import N_, _
from pages.common.escape import plain
from pages.common.lab_link import link
from pages.learn import path_state

CELL_NAMES = {"lstm": "LSTM", "gru": "GRU", "rnn": N_("plain RNN, tanh"), "rnn-logistic": N_("plain RNN, logistic")}
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
        link(_("Open in the Lab"), path_state.lab_query())
    if replaced := path_state.bench()["replaced"]:
        st.caption(
            _("“{method}” is not defined for this cell, {cell}: “{instead}” is shown instead.").format(
                method=plain(_label(replaced)),
                cell=_(CELL_NAMES[path_state.experiment().cell]),
                instead=plain(_label(_name() or "")),
            )
        )


def _first() -> None:
    there = [name for name in FIRST if path_state.experiment().cell in METHODS[name].cells]
    name = _name()
    st.session_state["path-first"] = name if name in there else None
    st.segmented_control(
        _("What is masked?"),
        there,
        key="path-first",
        format_func=lambda name: _(FIRST[name]),
        on_change=_chosen,
        args=["path-first"],
    )


def _method() -> None:
    own = _name()
    names = [*methods_of(path_state.experiment().cell), *[path_state.OWN] * (own is None)]
    st.session_state["path-method"] = own or path_state.OWN
    st.selectbox(_("Method"), names, key="path-method", format_func=_label, width=250, on_change=_chosen, args=["path-method"])


def _cell() -> None:
    st.session_state["path-cell"] = path_state.experiment().cell
    st.selectbox(
        _("Cell"),
        CELLS,
        key="path-cell",
        format_func=lambda name: _(CELL_NAMES[name]),
        width=130,
        on_change=lambda: path_state.choose_cell(st.session_state["path-cell"]),
    )


def _layers() -> None:
    low, high = BOUNDS["layers"]
    st.session_state["path-layers"] = path_state.experiment().layers
    st.selectbox(
        _("Layers L"),
        range(low, high + 1),
        key="path-layers",
        width=90,
        on_change=lambda: path_state.change(layers=st.session_state["path-layers"]),
    )


def _name() -> str | None:
    return path_state.experiment().method


def _label(name: str) -> str:
    return _("Your own placement") if name == path_state.OWN else _(METHODS[name].label)


def _chosen(key: str) -> None:
    name = st.session_state[key]
    if name in METHODS:
        path_state.choose(name)
