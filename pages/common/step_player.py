"""A button that runs through the steps, one after the other, as fast as the page can follow."""

from collections.abc import Callable

from core.i18n import _
from pages.common.component import mount, on_value

_mount = mount(
    "step_player",
    '<button type="button" class="player"><span aria-hidden="true"></span> <span class="player-name"></span></button>',
)


def player(step: int, steps: int, key: str, on_step: Callable[[int], None]) -> None:
    """Play and pause, from `step` to the last of `steps`; tells `on_step` each that comes. Where the visitor wants less
    motion, each press is one step."""
    data = {"step": step, "steps": steps, "play": _("Play the steps"), "pause": _("Pause"), "next": _("Next step")}
    _mount(key=key, data=data, on_step_change=on_value(key, "step", lambda step: on_step(int(step))))
