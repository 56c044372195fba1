"""Which method and cell the page shows, and with which it compares: widgets, the address, and what was wrong with it."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.dropout.methods import METHODS, method
from core.dropout.placement import SHARING, WORDS
from core.dropout.search import find
from core.dropout.sites import SITES
from core.errors import Invalid
from core.experiment.experiment import BOUNDS, CELLS
from core.i18n import N_, _, ngettext
from pages.common.escape import plain

FIRST = "zaremba2014"
FARTHEST = 100  # steps; the count is shown, and drawn, at once
NARROW, WIDE = 165, 340  # pixels: two in a row on a phone, and one
CELL_NAMES = {"lstm": "LSTM", "gru": "GRU", "rnn": N_("plain RNN, tanh"), "rnn-logistic": N_("plain RNN, logistic")}
QUERY = ("method", "cell", "with")


def begin() -> None:
    """Fills the widgets from the address where it is a new one, and from the defaults at the first visit."""
    state, query = st.session_state, {name: text for name, text in st.query_params.to_dict().items() if name in QUERY}
    if "methods" not in state:
        state["methods"] = {"link": {}, "error": "", "cell": "lstm", "method": FIRST, "with": ""}
    if query and query != state["methods"]["link"]:
        state["methods"] |= {"link": query, **_read(query)}
        for name in QUERY:
            state[f"methods-{name}"] = state["methods"][name]
    for name in QUERY:
        state.setdefault(f"methods-{name}", state["methods"][name])


def show() -> tuple[str, str, str]:
    """Draws the widgets. Returns cell, method and the method to compare with, or "" for none."""
    bench = st.session_state["methods"]
    if bench["error"]:
        st.error(plain(bench["error"]))
    text, site, time, cell = _filters()
    found = find(text, site, time)
    _found(found, bool(text or site or time))
    chosen, other = st.columns(2, gap="small")
    names = found if found else list(METHODS)
    with chosen:
        first = _method(names, "methods-method", _("Method"), cell)
    if st.session_state["methods-with"] == first != bench["method"]:
        st.session_state["methods-with"] = bench["method"]  # what was found stood beside: the two change places
    with other:
        second = _method(["", *(name for name in METHODS if name != first)], "methods-with", _("Side by side with"), cell)
    bench |= {"cell": cell, "method": first, "with": second}
    return cell, first, second


def query() -> dict[str, str]:
    """The address of what is shown."""
    bench = st.session_state["methods"]
    return {name: bench[name] for name in QUERY if bench[name]}


def distances() -> tuple[int, int, bool]:
    """Widgets for L and Δ, and whether routes through gates are counted too."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        layers = st.number_input(_("Layers L"), *BOUNDS["layers"], 2, key="methods-layers", width=130)
        distance = st.number_input(_("Distance Δ, steps"), 0, FARTHEST, 5, key="methods-distance", width=150)
        gates = st.toggle(_("also routes through gates"), key="methods-gates")
    return layers, distance, gates


def _read(query: Mapping[str, str]) -> dict[str, Any]:
    # What is right in the address holds; of what is wrong the page says so.
    read: dict[str, Any] = {"cell": "lstm", "method": FIRST, "with": "", "error": ""}
    errors = []
    for name in ("method", "with"):
        try:
            read[name] = method(query[name]).name if query.get(name) else read[name]
        except Invalid as invalid:
            errors.append(str(invalid))
    if query.get("cell", "lstm") in CELLS:
        read["cell"] = query.get("cell", "lstm")
    else:
        errors.append(_("There is no cell “{cell}”; the cells are {all}.").format(cell=query["cell"], all=", ".join(CELLS)))
    return read | {"error": " ".join(errors)}


def _filters() -> tuple[str, str, str, str]:
    # Side by side where there is room, two in a row on a phone.
    with st.container(horizontal=True, gap="small"):
        cell = st.selectbox(_("Cell"), CELLS, key="methods-cell", format_func=lambda name: _(CELL_NAMES[name]), width=NARROW)
        site = st.selectbox(_("Masks at"), ["", *SITES], key="methods-site", format_func=_site_name, width=NARROW)
        time = st.selectbox(
            _("Draws"),
            ["", *SHARING["time"]],
            key="methods-time",
            width=NARROW,
            format_func=lambda word: _(WORDS[word]) if word else _("any"),
        )
        text = st.text_input(_("Find by name, author or site"), key="methods-text", max_chars=80, width=WIDE)
    return text or "", site, time, cell


def _found(found: list[str], filtered: bool) -> None:
    if filtered and found:
        names = ", ".join(_(METHODS[name].label) for name in found)
        said = ngettext("{n} method: {names}", "{n} methods: {names}", len(found)).format(n=len(found), names=names)
        st.caption(plain(said))
    elif filtered:
        st.info(_("Nothing matches; all methods are offered below."))


def _method(names: list[str], key: str, label: str, cell: str) -> str:
    if st.session_state[key] not in names:
        st.session_state[key] = names[0]
    chosen: str = st.selectbox(label, names, key=key, format_func=lambda name: _method_name(name, cell))
    return chosen


def _method_name(name: str, cell: str) -> str:
    if not name:
        return _("no other")
    label = _(METHODS[name].label)
    return (
        label if cell in METHODS[name].cells else _("{method} (not for {cell})").format(method=label, cell=_(CELL_NAMES[cell]))
    )


def _site_name(name: str) -> str:
    return _(SITES[name].label) if name else _("any site")
