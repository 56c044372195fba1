"""What a tick of a live page sends: the data of the components that have changed, all in one message.

A run of the script that draws a component's place mounts it. A tick mounts nothing but the ticker: what it gives the other
components is collected, and the ticker's script hands it on to them (assets/components/ticker.js). That is a tenth of the
work, as Streamlit keeps books about every element and sends the component's script with it.

The session keeps the number of the newest message, the number of the newest one that the browser has received, and of each
component the data that it was sent last, with that message's number.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import streamlit as st

KEY = "news"


def begin_message(mounts: bool = False) -> None:
    """Begin a message: a tick, or, if it `mounts`, a run of the script that draws the live side."""
    state = _state()
    state["number"] += 1
    if mounts:
        state["mounted"] = state["number"]


def is_mounting() -> bool:
    """Whether the message mounts the components: it is no tick."""
    state = _state()
    return bool(state["mounted"] == state["number"])


@contextmanager
def collect() -> Iterator[dict[str, Any]]:
    """Collect what the components are given, instead of mounting them; yield the data of those that have changed, by key."""
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
    """Note that the browser has received the message of that number."""
    state = _state()
    state["received"] = min(number, state["number"])


def mount_or_collect(mount: Callable[..., Any], key: str, data: Mapping[str, Any], **named: Any) -> Any:
    """Mount the component of that key and return its result; within `collect`, keep its data if it is new and return None.

    Mounted with the same data as before, a component would not be called again: so the data get the number of the last message
    that brought it others meanwhile.
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
