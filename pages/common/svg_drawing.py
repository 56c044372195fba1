"""An SVG that core has drawn, on a page: Streamlit's own HTML element would take it out."""

import streamlit as st

_JS = """
export default function ({ data, parentElement }) {
  const node = parentElement.querySelector(".drawing");
  node.style.maxWidth = data.width + "px";
  if (node.drawn !== data.svg) node.innerHTML = node.drawn = data.svg;
}
"""

_mount = st.components.v2.component("drawing", html='<div class="drawing"></div>', js=_JS, isolate_styles=False)


def drawing(svg: str, key: str, width: int = 440) -> None:
    """Shows an SVG of core/figures, at most `width` pixels wide."""
    _mount(key=key, data={"svg": svg, "width": width})
