"""The grid of masks on a page: mounted once, changed in place; the cell that is opened comes back."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

_ASSETS = Path(__file__).parents[2] / "assets" / "components"

_mount = st.components.v2.component(
    "mask_grid",
    html='<div class="grid-root"></div>',
    css=(_ASSETS / "grid.css").read_text(encoding="utf-8"),
    js=(_ASSETS / "grid.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def mask_grid(svg: str, key: str, on_opened: Callable[[str, int, int, int], None]) -> None:
    """Shows what `core.figures.mask_grid.grid` drew; tells `on_opened` the site, layer, sample and step that are pressed."""
    _mount(key=key, data={"svg": svg}, on_opened_change=lambda: _tell(key, on_opened))


def _tell(key: str, on_opened: Callable[[str, int, int, int], None]) -> None:
    if at := st.session_state[key].get("opened"):
        site, layer, sample, t = str(at).split(" ")
        on_opened(site, int(layer), int(sample), int(t))
