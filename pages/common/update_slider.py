"""A slider whose upper end may grow while it is dragged, as the updates of a running run do."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from pages.common.component import make_value_callback, mount_component
from pages.common.news import mount_or_collect

_mount = mount_component(
    "update_slider",
    '<div class="scrub-root"><label class="scrub"><span class="scrub-name"></span><input type="range" step="1">'
    '<output></output></label><span class="scrub-jumps"></span></div>',
)


def draw_slider(
    label: str,
    bounds: tuple[int, int],
    value: int,
    key: str,
    on_change: Callable[[int | None], None],
    newest: str = "",
    jumps: Mapping[str, int | None] = MappingProxyType({}),
) -> None:
    """Draw a slider within the bounds that shows `value`. on_change: is called with the value that the visitor selects.

    newest: the label of the upper end where that may grow; a selection there is None. jumps: the labels of buttons beside the
    slider, with the value that each selects; one with None is invisible and keeps its room.
    """
    # A tuple: for a list, Streamlit would import pandas, half a second of the first page.
    buttons = tuple({"label": name, "value": to} for name, to in jumps.items())
    data = {"label": label, "low": bounds[0], "high": bounds[1], "value": value, "newest": newest, "jumps": buttons}

    def select(chosen: Mapping[str, Any]) -> None:
        on_change(None if chosen["newest"] else int(chosen["value"]))

    mount_or_collect(_mount, key, data, on_chosen_change=make_value_callback(key, "chosen", select))
