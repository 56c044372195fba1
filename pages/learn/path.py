"""The path page: how often one piece of information is corrupted on its way through layers and time, and why."""

import streamlit as st

from core.figures.theme import get_theme
from core.i18n import _
from pages.common import visit
from pages.common.address import address
from pages.common.component import read_style
from pages.common.escape import plain
from pages.common.page_title import title
from pages.learn import path_charts, path_controls, path_explanation, path_network, path_sensitivity, path_state


def page() -> None:
    """The whole page."""
    colours = get_theme(st.context.theme.type)
    title(
        _("The path that is corrupted L + 1 times"),
        _(
            "Follow one word through layers and time to one prediction. Each numbered barcode on the thick line is a dropout "
            "mask that it meets."
        ),
    )
    st.html(f"<style>{read_style('path')}</style>")
    path_state.begin()
    if said := visit.visit()["notice"] or visit.refusal("path-method", "path-cell", "path-layers"):
        st.error(plain(said))
    with st.container(key="path"):
        path_controls.show()
        left, right = st.columns([2.15, 1], gap="medium")
        with left:
            path_network.show(colours)
        with right:
            path_charts.spread(colours)
            path_charts.growth(colours)
        path_explanation.show(colours.accent)
        path_charts.table()
        path_sensitivity.show()
    address(path_state.query(), "path-address")


page()
