"""The message of a tick: the data of the live page's components that have changed, all in one.

A run of the script mounts every component. A tick mounts only the ticker: the data for the other components are collected, and
the ticker's script hands them on (assets/components/ticker.js). That is a tenth of the work, because Streamlit keeps books
about every element and sends the component's script with it.

The session stores the number of the newest message, the number of the newest one that the browser has received, and for each
component the data that it was sent last, with the number of that message.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import streamlit as st

KEY = "news"


def begin_message(mounts: bool = False) -> None:
    """Begin a message: a tick or, if it `mounts`, a run of the script that draws the live side."""
    state = _state()
    state["number"] += 1
    if mounts:
        state["mounted"] = state["number"]


def is_mounting() -> bool:
    """Return whether the message mounts the components, so that it is no tick."""
    state = _state()
    return bool(state["mounted"] == state["number"])


@contextmanager
def collect() -> Iterator[dict[str, Any]]:
    """Collect the data of the components instead of mounting them; yield the data of those that have changed, by key."""
    state = _state()
    collected: dict[str, Any] = {}
    state["collected"] = collected
    try:
        yield collected
    finally:
        state["collected"] = None


def get_number() -> int:
    """Return the number of the newest message."""
    return int(_state()["number"])


def mark_received(number: int) -> None:
    """Note that the browser has received the message with that number."""
    state = _state()
    state["received"] = min(number, state["number"])


def mount_or_collect(mount: Callable[..., Any], key: str, data: Mapping[str, Any], **named: Any) -> Any:
    """Mount the component with that key and return its result; within `collect`, only store its data if they are new.

    Streamlit does not call a component again that is mounted with the same data as before. So the data carry the number of the
    last message that brought it other data in between.
    """
    state = _state()
    before = state["parts"].get(key, {"data": None, "number": 0, "revision": 0})
    if state["collected"] is None:
        state["parts"][key] = before | {"data": data, "number": state["number"]}
        return mount(key=key, data={**data, "revision": before["revision"]}, **named)
    if before["data"] != data or before["number"] > state["received"]:
        state["collected"][key] = data
        state["parts"][key] = {"data": data, "number": state["number"], "revision": state["number"]}
    return None


def _state() -> dict[str, Any]:
    new: dict[str, Any] = {"number": 0, "received": 0, "mounted": 0, "parts": {}, "collected": None}
    state: dict[str, Any] = st.session_state.setdefault(KEY, new)
    return state
