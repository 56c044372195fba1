"""The presentation of the Lab: large type, the controls folded to Play and the rates, and keys for what is done most."""

from typing import Any

from core.i18n import _
from pages.common import visit
from pages.common.component import make_value_callback, mount_component
from pages.lab import workbench

KEY = "present"

_mount = mount_component("present", '<div class="present"><button type="button"></button></div>')


def draw_present_button() -> None:
    """Draw the button that begins and ends the presentation; a link with the field `present` begins it too."""
    _mount(
        key=KEY,
        data={
            "label": _("Present"),
            "leave": _("Leave"),
            "help": _("Large type. Space: play or pause. → or S: one step. N: new masks. Escape: leave."),
            "presents": bool(visit.visit()[workbench.PAGE]["present"]),
        },
        on_presents_change=make_value_callback(KEY, "presents", _set_presents),
    )


def _set_presents(on: Any) -> None:
    visit.visit()[workbench.PAGE]["present"] = workbench.PRESENT if on is True else ""
