"""A slider whose end may grow while it is dragged: for the updates of a run that goes on."""

from pathlib import Path

import streamlit as st

_ASSETS = Path(__file__).parents[2] / "assets" / "components"

_mount = st.components.v2.component(
    "scrubber",
    html='<label class="scrub"><span class="scrub-name"></span><input type="range" step="1"><output></output></label>',
    css=(_ASSETS / "scrubber.css").read_text(encoding="utf-8"),
    js=(_ASSETS / "scrubber.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def scrubber(label: str, low: int, high: int, value: int, key: str, live: str = "") -> int | None:
    """A slider from low to high that shows `value`; the text `live` stands beside it at the right end.

    Returns what the user has just chosen, for one run; else None.
    """
    data = {"label": label, "low": low, "high": high, "value": value, "live": live}
    chosen = _mount(key=key, data=data, on_chosen_change=lambda: None).chosen
    return None if chosen is None else int(chosen)
