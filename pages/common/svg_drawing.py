"""An SVG that core has drawn, on a page: Streamlit's own HTML element would take it out."""

from pages.common.component import mount

_mount = mount("svg_drawing", '<div class="drawing"></div>')


def drawing(svg: str, key: str, width: int = 440) -> None:
    """Shows an SVG of core/figures, at most `width` pixels wide."""
    _mount(key=key, data={"svg": svg, "width": width})
