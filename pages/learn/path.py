"""The path page: how often one piece of information is corrupted on its way through layers and time, and why."""

from pathlib import Path

import streamlit as st

from core.figures.theme import theme
from core.language import _
from pages.common.address import address
from pages.common.texts import plain
from pages.common.title import title
from pages.learn import bench, choice, counts, measured, paper, route

_CSS = Path(__file__).parents[2] / "assets" / "components" / "path.css"


def page() -> None:
    """The whole page."""
    colours = theme(st.context.theme.type)
    title(_("The path that is corrupted L + 1 times"),
          _("Follow one word through layers and time to one prediction. Each numbered barcode on the thick line is a dropout "
            "mask that it meets."))  # fmt: skip
    st.html(f"<style>{_CSS.read_text(encoding='utf-8')}</style>")
    bench.begin()
    if bench.bench()["error"]:
        st.error(plain(bench.bench()["error"]))
    with st.container(key="path"):
        choice.show()
        left, right = st.columns([2.15, 1], gap="medium")
        with left:
            route.show(colours)
        with right:
            counts.spread(colours)
            counts.growth(colours)
        paper.show(colours.accent)
        counts.table()
        measured.show()
    address(bench.query(), "path-address")


page()
