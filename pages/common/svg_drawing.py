"""An SVG on a page, as a component: Streamlit's HTML element would remove it."""

from pages.common.component import mount_component

_mount = mount_component("svg_drawing", '<div class="drawing"></div>')


def draw_svg(svg: str, key: str, width: int = 440) -> None:
    """Draw an SVG of core/figures, at most `width` pixels wide."""
    _mount(key=key, data={"svg": svg, "width": width})
