"""A slider whose end may grow while it is dragged: for the updates of a run that goes on."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from pages.common.component import mount, on_value

_mount = mount(
    "update_slider",
    '<div class="scrub-root"><label class="scrub"><span class="scrub-name"></span><input type="range" step="1">'
    '<output></output></label><span class="scrub-jumps"></span></div>',
)


def scrubber(
    label: str,
    bounds: tuple[int, int],
    value: int,
    key: str,
    on_chosen: Callable[[int | None], None],
    newest: str = "",
    jumps: Mapping[str, int | None] = MappingProxyType({}),
) -> None:
    """A slider within the bounds that shows `value`, and tells `on_chosen` what the user chooses.

    newest: where the upper end grows, what is said there; at that end the choice is None, whatever the end was then.
    jumps: buttons behind it, with the value that each leads to; one with None is not seen, but keeps its room, so that the
    slider is as long with it as without.
    """
    # A tuple: to look whether a list is a table, Streamlit would import pandas, half a second of the first page.
    leads = tuple({"label": name, "value": to} for name, to in jumps.items())
    data = {"label": label, "low": bounds[0], "high": bounds[1], "value": value, "newest": newest, "jumps": leads}

    def tell(chosen: Mapping[str, Any]) -> None:
        on_chosen(None if chosen["newest"] else int(chosen["value"]))

    _mount(key=key, data=data, on_chosen_change=on_value(key, "chosen", tell))
