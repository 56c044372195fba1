"""Controlled widgets: each shows the value that it is given and passes the visitor's change to a function.

Streamlit forgets the value of a widget that is not drawn, and most keyed widgets ignore a changed `value`. So the widget's key
is assigned before it is drawn, but only if it differs: assigning it at every run would overwrite a drag in progress. No other
code reads a widget's key.

Every request of the browser carries the values of all widgets. A request that was sent before the browser had drawn the last
assignments carries old values, which Streamlit takes for changes. So the last widget of every run, which is invisible, has the
number of the newest replacement as its value: a request with an older number knows nothing of the later ones.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import streamlit as st

from pages.common.guard import guarded_callback

OnChange = Callable[..., Any]
STATE = "widgets"  # the session's key for the shown and assigned values
PAGE = "page"  # the scope of the widgets outside of fragments
MAX_REMEMBERED = 8  # replaced values that are remembered for each widget
# The name of the argument with the default, if it is not `value`.
_DEFAULTS = {"selectbox": "index", "segmented_control": "default", "multiselect": "default"}
_MISSING = object()


def draw_widget(widget: Callable[..., Any], label: str, *positional: Any, key: str, value: Any, tell: OnChange,
               args: Sequence[Any] = (), **named: Any) -> None:  # fmt: skip
    """Draw a keyed widget of Streamlit that shows `value`; tell(new value, *args) is called when the visitor changes it.

    The value is also the widget's default: if a later message overtakes the one with the assignment before the browser has made
    the widget, it begins with the default.
    """
    _assign(key, value)
    named.setdefault(_DEFAULTS.get(widget.__name__, "value"), value)
    widget(label, *positional, key=key, on_change=guarded_callback(_on_change), args=(key, tell, tuple(args)), **named)


def draw_choice(widget: Callable[..., Any], label: str, options: Sequence[Any], *, key: str, value: Any, tell: OnChange,
           args: Sequence[Any] = (), format_func: Callable[[Any], str] = str, **named: Any) -> None:  # fmt: skip
    """Draw a select box, segmented control or the like, as `draw_widget` does.

    The browser may answer with nothing, or with an option that is no longer offered; such an answer is ignored.
    """

    def format_known(option: Any) -> str:
        return format_func(option) if option in options else str(option)

    def tell_known(chosen: Any, *more: Any) -> None:
        if chosen in options:
            tell(chosen, *more)

    if widget.__name__ == "selectbox":
        named["index"] = list(options).index(value) if value in options else None
    else:
        named["default"] = [value] if value in options else None
    draw_widget(widget, label, options, key=key, value=value, tell=tell_known, args=args, format_func=format_known, **named)


def draw_button(label: str, *, key: str, tell: OnChange, args: Sequence[Any] = (), **named: Any) -> bool:
    """Draw a button; tell(*args) is called when it is pressed, before the page is drawn. Return whether it was just pressed."""
    return st.button(label, key=key, on_click=guarded_callback(tell), args=tuple(args), **named)


@contextmanager
def mark_assignments(scope: str) -> Iterator[None]:
    """Enclose all widgets of a run; the invisible marking widget is drawn after them.

    scope: PAGE, or the name of the fragment.
    """
    state = _state()
    outer, state["scope"] = state["scope"], scope
    if scope == PAGE:
        state["page_due"] = False
    try:
        yield
        _draw_mark(scope)
    finally:
        state["scope"] = outer


def rerun_page_if_due() -> None:
    """Rerun the whole page from within a fragment if a widget outside of fragments has changed.

    Its request and one of a fragment can become a single run, of the fragment alone.
    """
    if _state()["page_due"]:
        st.rerun()


def _draw_mark(scope: str) -> None:
    state, key = _state(), f"assigned-{scope}"
    number = str(state["newest"])
    if st.session_state.get(key) != number:
        st.session_state[key] = number
    with st.container(key=f"hidden-{scope}"):
        st.text_input("·", number, key=key, label_visibility="collapsed")


def _assign(key: str, value: Any) -> None:
    """Assign the shown value to the session's value of a widget, and remember what was shown, and sent, before."""
    state, sent = _state(), st.session_state.get(key, _MISSING)
    shown = state["shown"].get(key, _MISSING)
    state["shown"][key] = value
    state["scopes"][key] = state["scope"]
    if sent is _MISSING:
        state["replaced"].pop(key, None)
        st.session_state[key] = value
        return
    replaced = [old for old in (shown, sent) if old is not _MISSING and old != value]
    if replaced:
        state["newest"] += 1
        entry = state["replaced"].setdefault(key, {"scope": state["scope"], "values": []})
        entry["values"] = [*entry["values"], *((state["newest"], old) for old in replaced)][-MAX_REMEMBERED:]
    # Assign again if the browser may not know the last assignment: a later message may have overtaken it.
    if sent != value or _list_unknown(key):
        st.session_state[key] = value


def _on_change(key: str, tell: OnChange, args: Sequence[Any]) -> None:
    state, value = _state(), st.session_state.get(key, _MISSING)
    if value is _MISSING or value == state["shown"].get(key, _MISSING) or value in _list_unknown(key):
        return  # the widget is gone; the value is the shown one; or the browser sent it without knowing of a replacement
    state["shown"][key] = value  # the browser shows it already
    state["page_due"] |= state["scopes"].get(key) == PAGE
    tell(value, *args)


def _list_unknown(key: str) -> list[Any]:
    """Return the values of a widget that the page has replaced and that the browser may still show."""
    entry = _state()["replaced"].get(key)
    if entry is None:
        return []
    drawn = int(st.session_state.get(f"assigned-{entry['scope']}") or 0)
    return [old for number, old in entry["values"] if number > drawn]


def _state() -> dict[str, Any]:
    new: dict[str, Any] = {"newest": 0, "scope": PAGE, "scopes": {}, "page_due": False, "shown": {}, "replaced": {}}
    state: dict[str, Any] = st.session_state.setdefault(STATE, new)
    return state
