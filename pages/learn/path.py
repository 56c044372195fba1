"""The path page: how many masks one path of information crosses on its way through layers and time, and why."""

import streamlit as st

from core.figures.theme import get_theme
from core.i18n import _
from pages.common import visit
from pages.common.address import replace_address
from pages.common.component import read_style
from pages.common.escape import escape_markdown
from pages.common.heavy_drawing import draw_path_in_turn
from pages.common.page_title import draw_page_title
from pages.learn import path_charts, path_controls, path_explanation, path_network, path_sensitivity, path_state


def draw_page() -> None:
    """Draw the page."""
    colors = get_theme(st.context.theme.type)
    draw_page_title(
        _("The path that is corrupted L + 1 times"),
        _(
            "Follow one word through layers and time to one prediction. Each numbered barcode on the thick line is a dropout "
            "mask that it meets."
        ),
    )
    st.html(f"<style>{read_style('path')}</style>")
    path_state.begin()
    if notice := visit.visit()["notice"] or visit.get_refusal("path-method", "path-cell", "path-layers"):
        st.error(escape_markdown(notice))
    with draw_path_in_turn(visit.get_experiment()), st.container(key="path"):
        path_controls.draw_controls()
        left, right = st.columns([2.15, 1], gap="medium")
        with left:
            path_network.draw_network(colors)
        with right:
            path_charts.draw_path_histogram(colors)
            path_charts.draw_count_growth(colors)
        path_explanation.draw_explanation(colors.accent)
        path_charts.draw_method_table()
        path_sensitivity.draw_sensitivity()
    replace_address(path_state.build_query(), "path-address")


draw_page()
