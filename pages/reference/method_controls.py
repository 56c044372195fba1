"""The filters and choices of the Methods page: method, cell and the method to compare with."""

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
from pages.common.escape import escape_markdown
from pages.common.experiment_choices import draw_cell_choice
from pages.common.link_fields import LinkField, make_choice_field
from pages.common.widgets import draw_choice, draw_widget

DEFAULT_METHOD = "zaremba2014"
MAX_DISTANCE = 100  # steps, so that the count is computed and drawn at once
NARROW, WIDE = 165, 340  # pixels: two widgets in a row on a phone, or one
PAGE = "methods"  # the visit's key for this page's choices


def begin() -> None:
    """Begin the visit with the link, or continue it."""
    visit.begin(FIELDS, PAGE, with_experiment=False)


def draw_controls() -> tuple[str, str, str]:
    """Draw the filters and choices. Return cell, method and the method to compare with, "" for none."""
    page = visit.visit()[PAGE]
    if sentence := visit.visit()["notice"]:
        st.error(escape_markdown(sentence))
    text, site, time = _draw_filters()
    matches = find_methods(text, site, time)
    _draw_search_result(matches, bool(text or site or time))
    # A search changes which methods are offered, not which is selected.
    names = [name for name in METHODS if not matches or name in matches or name == page["method"]]
    chosen, other = st.columns(2, gap="small")
    with chosen:
        _draw_method(names, "method", _("Method"), page["cell"])
    with other:
        others = ["", *(name for name in METHODS if name != page["method"])]
        _draw_method(others, "with", _("Side by side with"), page["cell"])
    return page["cell"], page["method"], page["with"]


def build_query() -> dict[str, str]:
    """Return the query of the link to what is shown."""
    values = visit.visit()[PAGE]
    return {name: values[name] for name in ("method", "cell", "with") if values[name]}


def draw_distances() -> tuple[int, int, bool]:
    """Draw the widgets for L and Δ. Return both, and whether routes through gates are counted too."""
    page = visit.visit()[PAGE]
    layers, distance, gates = page.get("layers", 2), page.get("distance", 5), page.get("gates", False)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        bounds = INTEGER_BOUNDS["layers"]
        _draw_control(st.number_input, "layers", layers, _("Layers L"), *bounds, width=130)
        _draw_control(st.number_input, "distance", distance, _("Distance Δ, steps"), 0, MAX_DISTANCE, width=150)
        _draw_control(st.toggle, "gates", gates, _("also routes through gates"))
    return layers, distance, gates


def _draw_control(widget: Callable[..., Any], name: str, value: Any, label: str, *bounds: int, **named: Any) -> None:
    """Draw a widget that sets one value of this page."""
    draw_widget(widget, label, *bounds, key=f"methods-{name}", value=value, tell=_set_value, args=[name], **named)


def _set_value(value: Any, name: str) -> None:
    visit.visit()[PAGE][name] = value


def _set_method(name: str, field: str) -> None:
    page = visit.visit()[PAGE]
    if field == "method" and name == page["with"]:
        page["with"] = page["method"]  # it was the second method: swap the two
    page[field] = name


def _draw_filters() -> tuple[str, str, str]:
    """Draw cell and filters, side by side where there is room, two in a row on a phone; return text, site and sharing."""
    page = visit.visit()[PAGE]
    with st.container(horizontal=True, gap="small"):
        draw_cell_choice(page["cell"], "methods-cell", _set_value, args=["cell"], width=NARROW)
        draw_choice(
            st.selectbox,
            _("Masks at"),
            ["", *SITES],
            key="methods-site",
            value=page.get("site", ""),
            tell=_set_value,
            args=["site"],
            format_func=_name_site,
            width=NARROW,
        )
        draw_choice(
            st.selectbox,
            _("Draws"),
            ["", *SHARING["time"]],
            key="methods-time",
            value=page.get("time", ""),
            tell=_set_value,
            args=["time"],
            width=NARROW,
            format_func=lambda word: _(CHOICE_LABELS[word]) if word else _("any"),
        )
        text = page.get("text", "")
        _draw_control(st.text_input, "text", text, _("Find by name, author or site"), max_chars=80, width=WIDE)
    return text, page.get("site", ""), page.get("time", "")


def _draw_search_result(matches: list[str], filtered: bool) -> None:
    if filtered and matches:
        names = ", ".join(_(METHODS[name].label) for name in matches)
        sentence = ngettext("{n} method: {names}", "{n} methods: {names}", len(matches)).format(n=len(matches), names=names)
        st.caption(escape_markdown(sentence))
    elif filtered:
        st.info(_("Nothing matches; all methods are offered below."))


def _draw_method(names: list[str], field: str, label: str, cell: str) -> None:
    draw_choice(
        st.selectbox,
        label,
        names,
        key=f"methods-{field}",
        value=visit.visit()[PAGE][field],
        tell=_set_method,
        args=[field],
        format_func=lambda name: _name_method(name, cell),
    )


def _name_method(name: str, cell: str) -> str:
    if not name:
        return _("no other")
    label = _(METHODS[name].label)
    return (
        label if cell in METHODS[name].cells else _("{method} (not for {cell})").format(method=label, cell=_(CELL_LABELS[cell]))
    )


def _name_site(name: str) -> str:
    return _(SITES[name].label) if name else _("any site")


def _check_method(text: str) -> str:
    return get_method(text).name if text else ""


FIELDS = (
    LinkField("method", DEFAULT_METHOD, _check_method),
    make_choice_field("cell", "lstm", CELLS),
    LinkField("with", "", _check_method),
)
