"""The button that plays the time steps, as fast as the page can follow."""

from collections.abc import Callable

from core.i18n import _
from pages.common.component import make_value_callback, mount_component

_mount = mount_component(
    "step_player",
    '<button type="button" class="player"><span aria-hidden="true"></span> <span class="player-name"></span></button>',
)


def draw_step_player(step: int, steps: int, key: str, on_step: Callable[[int], None]) -> None:
    """Draw the button, which plays and pauses from `step` to the last of `steps`. on_step: is called with each step.

    Where the visitor prefers reduced motion, each press is one step.
    """
    data = {"step": step, "steps": steps, "play": _("Play the steps"), "pause": _("Pause"), "next": _("Next step")}
    _mount(key=key, data=data, on_step_change=make_value_callback(key, "step", lambda step: on_step(int(step))))
