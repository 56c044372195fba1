"""Which method and cell the page shows, and with which it compares: widgets, the address, and what was wrong with it."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.dropout.cells import CELL_LABELS, CELLS
from core.dropout.methods import METHODS, get_method
from core.dropout.placement import CHOICE_LABELS, SHARING
from core.dropout.search import find_methods
from core.dropout.sites import SITES
from core.experiment.bounds import INTEGER_BOUNDS
from core.i18n import _, ngettext
from pages.common import visit
from pages.common.escape import plain
from pages.common.link_fields import LinkField, one_of
from pages.common.widgets import choice, controlled

FIRST = "zaremba2014"
FARTHEST = 100  # steps; the count is shown, and drawn, at once
NARROW, WIDE = 165, 340  # pixels: two in a row on a phone, and one
PAGE = "methods"  # where the visit keeps what this page looks at


def begin() -> None:
    """Begin the visit with the link, or go on with it."""
    visit.begin(FIELDS, PAGE, with_experiment=False)


def show() -> tuple[str, str, str]:
    """Draw the widgets. Return cell, method and the method to compare with, or "" for none."""
    page = visit.visit()[PAGE]
    if said := visit.visit()["notice"]:
        st.error(plain(said))
    text, site, time = _filters()
    found = find_methods(text, site, time)
    _found(found, bool(text or site or time))
    # A search changes what is offered, not what is chosen.
    names = [name for name in METHODS if not found or name in found or name == page["method"]]
    chosen, other = st.columns(2, gap="small")
    with chosen:
        _method(names, "method", _("Method"), page["cell"])
    with other:
        others = ["", *(name for name in METHODS if name != page["method"])]
        _method(others, "with", _("Side by side with"), page["cell"])
    return page["cell"], page["method"], page["with"]


def query() -> dict[str, str]:
    """Return the query of the link to what is shown."""
    values = visit.visit()[PAGE]
    return {name: values[name] for name in ("method", "cell", "with") if values[name]}


def distances() -> tuple[int, int, bool]:
    """Draw the widgets for L and Δ, and return both, and whether routes through gates are counted too."""
    page = visit.visit()[PAGE]
    layers, distance, gates = page.get("layers", 2), page.get("distance", 5), page.get("gates", False)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        bounds = INTEGER_BOUNDS["layers"]
        _control(st.number_input, "layers", layers, _("Layers L"), *bounds, width=130)
        _control(st.number_input, "distance", distance, _("Distance Δ, steps"), 0, FARTHEST, width=150)
        _control(st.toggle, "gates", gates, _("also routes through gates"))
    return layers, distance, gates


def _control(widget: Callable[..., Any], name: str, value: Any, label: str, *bounds: int, **named: Any) -> None:
    """Draw a widget that sets one value of this page."""
    controlled(widget, label, *bounds, key=f"methods-{name}", value=value, tell=_set, args=[name], **named)


def _set(value: Any, name: str) -> None:
    visit.visit()[PAGE][name] = value


def _choose_method(name: str, field: str) -> None:
    page = visit.visit()[PAGE]
    if field == "method" and name == page["with"]:
        page["with"] = page["method"]  # what was found stood beside: the two change places
    page[field] = name


def _filters() -> tuple[str, str, str]:
    """Draw cell and filters, side by side where there is room, two in a row on a phone; return text, site and sharing."""
    page = visit.visit()[PAGE]
    with st.container(horizontal=True, gap="small"):
        choice(
            st.selectbox,
            _("Cell"),
            CELLS,
            key="methods-cell",
            value=page["cell"],
            tell=_set,
            args=["cell"],
            format_func=lambda name: _(CELL_LABELS[name]),
            width=NARROW,
        )
        choice(
            st.selectbox,
            _("Masks at"),
            ["", *SITES],
            key="methods-site",
            value=page.get("site", ""),
            tell=_set,
            args=["site"],
            format_func=_site_name,
            width=NARROW,
        )
        choice(
            st.selectbox,
            _("Draws"),
            ["", *SHARING["time"]],
            key="methods-time",
            value=page.get("time", ""),
            tell=_set,
            args=["time"],
            width=NARROW,
            format_func=lambda word: _(CHOICE_LABELS[word]) if word else _("any"),
        )
        text = page.get("text", "")
        _control(st.text_input, "text", text, _("Find by name, author or site"), max_chars=80, width=WIDE)
    return text, page.get("site", ""), page.get("time", "")


def _found(found: list[str], filtered: bool) -> None:
    if filtered and found:
        names = ", ".join(_(METHODS[name].label) for name in found)
        said = ngettext("{n} method: {names}", "{n} methods: {names}", len(found)).format(n=len(found), names=names)
        st.caption(plain(said))
    elif filtered:
        st.info(_("Nothing matches; all methods are offered below."))


def _method(names: list[str], field: str, label: str, cell: str) -> None:
    choice(
        st.selectbox,
        label,
        names,
        key=f"methods-{field}",
        value=visit.visit()[PAGE][field],
        tell=_choose_method,
        args=[field],
        format_func=lambda name: _method_name(name, cell),
    )


def _method_name(name: str, cell: str) -> str:
    if not name:
        return _("no other")
    label = _(METHODS[name].label)
    return (
        label if cell in METHODS[name].cells else _("{method} (not for {cell})").format(method=label, cell=_(CELL_LABELS[cell]))
    )


def _site_name(name: str) -> str:
    return _(SITES[name].label) if name else _("any site")


def _check_method(text: str) -> str:
    return get_method(text).name if text else ""


FIELDS = (
    LinkField("method", FIRST, _check_method),
    one_of("cell", "lstm", CELLS),
    LinkField("with", "", _check_method),
)
