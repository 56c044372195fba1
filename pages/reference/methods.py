"""The Methods page: one method of the literature, or two side by side."""

from collections.abc import Callable

import streamlit as st

from core.dropout.methods import METHODS
from core.figures.theme import Theme, get_theme
from core.i18n import _
from pages.common.address import replace_address
from pages.common.escape import escape_markdown
from pages.common.page_title import draw_page_title
from pages.reference import method_card, method_controls


def draw_page() -> None:
    """Draw the page."""
    colors = get_theme(st.context.theme.type)
    purpose = _(
        "Every way to drop in a recurrent network that the literature names: where its masks multiply, and how often "
        "they meet what is remembered."
    )
    draw_page_title(_("Methods"), purpose)
    method_controls.begin()
    with st.container(key="methods"):
        cell, first, second = method_controls.draw_controls()
        if second:
            _draw_pair(cell, [first, second], colors)
        else:
            _draw_one(cell, first, colors)
    replace_address(method_controls.build_query(), "methods-address")


def _draw_one(cell: str, name: str, colors: Theme) -> None:
    method_card.draw_head(name)
    left, right = st.columns([1, 1.15], gap="large")
    with left:
        method_card.draw_cell(name, cell, colors)
        method_card.draw_masks(name, cell, colors)
    with right:
        method_card.draw_facts(name, cell)
        layers, distance, gates = method_controls.draw_distances()
        method_card.draw_counts(name, cell, layers, distance, gates, colors)
        method_card.draw_results(name)
    method_card.draw_code(name, cell)


def _draw_pair(cell: str, names: list[str], colors: Theme) -> None:
    def draw_row(draw_part: Callable[..., None], *arguments: object) -> None:
        for column, name in zip(st.columns(2, gap="large"), names, strict=True):
            with column:
                # On a phone one stands below the other: each part needs the name of its method.
                with st.container(key=f"whose-{draw_part.__name__.removeprefix('draw_')}-{name}"):
                    st.caption(escape_markdown(_(METHODS[name].label)))
                draw_part(name, *arguments)

    draw_row(method_card.draw_head)
    draw_row(method_card.draw_cell, cell, colors)
    draw_row(method_card.draw_facts, cell)
    draw_row(method_card.draw_masks, cell, colors)
    layers, distance, gates = method_controls.draw_distances()
    draw_row(method_card.draw_counts, cell, layers, distance, gates, colors)
    draw_row(method_card.draw_results)
    draw_row(method_card.draw_code, cell)


draw_page()
