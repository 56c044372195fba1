"""An SVG on a page, as a component: Streamlit's HTML element would remove it."""

from pages.common.component import mount_component
from pages.common.save_menu import build_save_menu

_mount = mount_component("svg_drawing", '<div class="drawing-frame"><div class="drawing"></div></div>')


def draw_svg(svg: str, key: str, width: int = 440, file: str = "") -> None:
    """Draw an SVG of core/figures, at most `width` pixels wide. file: the name that it can be saved under, if not ""."""
    _mount(key=key, data={"svg": svg, "width": width, "save": build_save_menu(file, has_data=False) if file else None})
