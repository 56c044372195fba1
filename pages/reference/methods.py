"""The methods of the literature: found, explained, counted, drawn, as code; any two side by side."""

from collections.abc import Callable

import streamlit as st

from core.dropout.methods import METHODS
from core.figures.theme import Theme, get_theme
from core.i18n import _
from pages.common.address import address
from pages.common.escape import plain
from pages.common.page_title import title
from pages.reference import method_card, method_controls


def page() -> None:
    """The whole page."""
    colours = get_theme(st.context.theme.type)
    purpose = _(
        "Every way to drop in a recurrent network that the literature names: where its masks multiply, and how often "
        "they meet what is remembered."
    )
    title(_("Methods"), purpose)
    method_controls.begin()
    with st.container(key="methods"):
        cell, first, second = method_controls.show()
        if second:
            _beside(cell, [first, second], colours)
        else:
            _alone(cell, first, colours)
    address(method_controls.query(), "methods-address")


def _alone(cell: str, name: str, colours: Theme) -> None:
    method_card.head(name)
    left, right = st.columns([1, 1.15], gap="large")
    with left:
        method_card.cell_figure(name, cell, colours)
        method_card.masks_over_time(name, cell, colours)
    with right:
        method_card.facts(name, cell)
        layers, distance, gates = method_controls.distances()
        method_card.counts(name, cell, layers, distance, gates, colours)
        method_card.results(name)
    method_card.code(name, cell)


def _beside(cell: str, names: list[str], colours: Theme) -> None:
    # Row by row, so that what is compared stands side by side.
    def row(show: Callable[..., None], *arguments: object) -> None:
        for column, name in zip(st.columns(2, gap="large"), names, strict=True):
            with column:
                # On a phone one stands below the other, and each part says whose it is.
                with st.container(key=f"whose-{show.__name__}-{name}"):
                    st.caption(plain(_(METHODS[name].label)))
                show(name, *arguments)

    row(method_card.head)
    row(method_card.cell_figure, cell, colours)
    row(method_card.facts, cell)
    row(method_card.masks_over_time, cell, colours)
    layers, distance, gates = method_controls.distances()
    row(method_card.counts, cell, layers, distance, gates, colours)
    row(method_card.results)
    row(method_card.code, cell)


page()
