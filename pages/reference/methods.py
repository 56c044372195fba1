"""The methods of the literature: found, explained, counted, drawn, as code; any two side by side."""

from collections.abc import Callable

import streamlit as st

from core.dropout.methods import METHODS
from core.figures.theme import Theme, theme
from core.language import _
from pages.common.address import address
from pages.common.texts import plain
from pages.common.title import title
from pages.reference import card, choice


def page() -> None:
    """The whole page."""
    colours = theme(st.context.theme.type)
    purpose = _("Every way to drop in a recurrent network that the literature names: where its masks multiply, and how often "
                "they meet what is remembered.")  # fmt: skip
    title(_("Methods"), purpose)
    choice.begin()
    with st.container(key="methods"):
        cell, first, second = choice.show()
        if second:
            _beside(cell, [first, second], colours)
        else:
            _alone(cell, first, colours)
    address(choice.query(), "methods-address")


def _alone(cell: str, name: str, colours: Theme) -> None:
    card.head(name)
    left, right = st.columns([1, 1.15], gap="large")
    with left:
        card.cell_figure(name, cell, colours)
        card.masks_over_time(name, cell, colours)
    with right:
        card.facts(name, cell)
        layers, distance, gates = choice.distances()
        card.counts(name, cell, layers, distance, gates, colours)
        card.results(name)
    card.code(name, cell)


def _beside(cell: str, names: list[str], colours: Theme) -> None:
    # Row by row, so that what is compared stands side by side.
    def row(show: Callable[..., None], *arguments: object) -> None:
        for column, name in zip(st.columns(2, gap="large"), names, strict=True):
            with column:
                # On a phone one stands below the other, and each part says whose it is.
                with st.container(key=f"whose-{show.__name__}-{name}"):
                    st.caption(plain(_(METHODS[name].label)))
                show(name, *arguments)

    row(card.head)
    row(card.cell_figure, cell, colours)
    row(card.facts, cell)
    row(card.masks_over_time, cell, colours)
    layers, distance, gates = choice.distances()
    row(card.counts, cell, layers, distance, gates, colours)
    row(card.results)
    row(card.code, cell)


page()
