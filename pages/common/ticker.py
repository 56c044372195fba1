"""The component that asks for the next tick once the last one is on the screen, and distributes the news.

Streamlit's `run_every` would ask at its interval even if the last answer has not come yet, which makes a busy server busier,
and also in tabs that nobody looks at.
"""

import json
from collections.abc import Mapping
from typing import Any

from pages.common import news
from pages.common.component import make_value_callback, mount_component

KEY, REDRAW = "ticker", "redraw"
_mount, _redraw = mount_component("ticker"), mount_component("redraw")


def draw_ticker(interval: float | None, parts: Mapping[str, Any]) -> None:
    """Draw the component, within the fragment that a tick runs.

    interval: seconds between two ticks, None for no further tick. parts: the data of other components by key.
    """
    data = {"number": news.get_number(), "interval": interval, "parts": json.dumps(parts)}
    _mount(key=KEY, data=data, height=1, on_tick_change=make_value_callback(KEY, "tick", _begin_tick))


def mount_redraw() -> None:
    """Mount the component that reruns its fragment; within a tick, make it do so."""
    data = {"now": not news.is_mounting(), "number": news.get_number()}
    news.mount_or_collect(_redraw, REDRAW, data, height=1, on_redraw_change=_nothing)


def _begin_tick(received: Any) -> None:
    """Begin a message. received: the number of the newest message that the browser has received; it may be anything."""
    if isinstance(received, int):
        news.mark_received(received)
    news.begin_message()


def _nothing() -> None:
    """Give Streamlit the callback that it needs."""
