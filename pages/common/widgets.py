"""Controlled widgets: each shows the value that it is given and tells a function what the visitor makes of it.

Streamlit forgets the value of a widget that is not drawn, and most keyed widgets ignore a changed `value`. So the widget's key
is assigned before it is drawn, but only where it differs: assigning it at every run would overwrite a drag that is under way.
No other code reads a widget's key.

Every request of the browser carries the values of all widgets. One that was sent before the browser had drawn the last
assignments carries old values, which Streamlit takes for changes. So the last widget of every run, which nobody sees, has the
number of the newest assignment as its value: a request that carries an older number knows nothing of the later ones.
"""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from pages.common.guard import guarded_callback

Tell = Callable[..., Any]
STATE = "widgets"  # where the session keeps what was shown and assigned
REMEMBERED = 8  # assignments of a widget
_MISSING = object()


def controlled(widget: Callable[..., Any], label: str, *positional: Any, key: str, value: Any, tell: Tell,
               args: Sequence[Any] = (), **named: Any) -> None:  # fmt: skip
    """Draw a keyed widget of Streamlit that shows `value`; tell(new value, *args) when the visitor has changed it."""
    _assign(key, value)
    widget(label, *positional, key=key, on_change=guarded_callback(_on_change), args=(key, tell, tuple(args)), **named)


def choice(widget: Callable[..., Any], label: str, options: Sequence[Any], *, key: str, value: Any, tell: Tell,
           args: Sequence[Any] = (), format_func: Callable[[Any], str] = str, **named: Any) -> None:  # fmt: skip
    """Draw a select box, segmented control or the like, as `controlled`.

    The browser may answer with nothing, or with an option that is no longer offered: that is told to nobody, and what it is
    called does not matter.
    """

    def format_known(option: Any) -> str:
        return format_func(option) if option in options else str(option)

    def tell_known(chosen: Any, *more: Any) -> None:
        if chosen in options:
            tell(chosen, *more)

    controlled(widget, label, options, key=key, value=value, tell=tell_known, args=args, format_func=format_known, **named)


def button(label: str, *, key: str, tell: Tell, args: Sequence[Any] = (), **named: Any) -> bool:
    """Draw a button; tell(*args) when it was pressed, before the page is drawn again. Return whether it was just pressed."""
    return st.button(label, key=key, on_click=guarded_callback(tell), args=tuple(args), **named)


def mark_assignments(scope: str) -> None:
    """Draw the widget that nobody sees, after all others of a run. scope: "page", or the name of the fragment that runs."""
    state, key = _state(), f"assigned-{scope}"
    for assigned in state["assigned"].values():
        assigned["scope"] = assigned["scope"] or scope
    number = str(state["newest"])
    if st.session_state.get(key) != number:
        st.session_state[key] = number
    with st.container(key=f"hidden-{scope}"):
        st.text_input("·", key=key, label_visibility="collapsed")


def _assign(key: str, value: Any) -> None:
    state, before = _state(), st.session_state.get(key, _MISSING)
    state["shown"][key] = value
    if before is _MISSING:
        state["assigned"].pop(key, None)
        st.session_state[key] = value
    elif before != value:
        state["newest"] += 1
        entry = state["assigned"].setdefault(key, {"scope": "", "values": []})
        entry["values"] = [*entry["values"], (state["newest"], before)][-REMEMBERED:]
        st.session_state[key] = value


def _on_change(key: str, tell: Tell, args: Sequence[Any]) -> None:
    value = st.session_state.get(key, _MISSING)
    if value is _MISSING or value == _state()["shown"].get(key, _MISSING) or _is_outdated(key, value):
        return  # gone meanwhile; what the page shows anyway; or what it showed before the last assignment
    tell(value, *args)


def _is_outdated(key: str, value: Any) -> bool:
    """Whether the browser sent the value without knowing of a later assignment that replaced it."""
    entry = _state()["assigned"].get(key)
    if entry is None:
        return False
    drawn = int(st.session_state.get(f"assigned-{entry['scope']}") or 0)
    return any(number > drawn and before == value for number, before in entry["values"])


def _state() -> dict[str, Any]:
    state: dict[str, Any] = st.session_state.setdefault(STATE, {"newest": 0, "shown": {}, "assigned": {}})
    return state
