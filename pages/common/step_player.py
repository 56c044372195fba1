"""A button that runs through the steps, one after the other, as fast as the page can follow."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from core.i18n import _

_ASSETS = Path(__file__).parents[2] / "assets" / "components"

_mount = st.components.v2.component(
    "player",
    html='<button type="button" class="player"><span aria-hidden="true"></span> <span class="player-name"></span></button>',
    css=(_ASSETS / "player.css").read_text(encoding="utf-8"),
    js=(_ASSETS / "player.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def player(step: int, steps: int, key: str, on_step: Callable[[int], None]) -> None:
    """Play and pause, from `step` to the last of `steps`; tells `on_step` each that comes. Where the visitor wants less
    motion, each press is one step."""
    data = {"step": step, "steps": steps, "play": _("Play the steps"), "pause": _("Pause"), "next": _("Next step")}
    _mount(key=key, data=data, on_step_change=lambda: _tell(key, on_step))


def _tell(key: str, on_step: Callable[[int], None]) -> None:
    if (step := st.session_state[key].get("step")) is not None:
        on_step(int(step))
