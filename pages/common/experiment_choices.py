"""The choices of cell and number of layers, as several pages draw them."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from core.dropout.cells import CELL_LABELS, CELLS
from core.experiment.bounds import INTEGER_BOUNDS
from core.i18n import _
from pages.common.widgets import draw_choice


def draw_cell_choice(value: str, key: str, on_change: Callable[..., object], **named: Any) -> None:
    """Draw the choice of the cell. named: further arguments of the select box."""
    draw_choice(
        st.selectbox,
        _("Cell"),
        list(CELLS),
        key=key,
        value=value,
        tell=on_change,
        format_func=lambda name: _(CELL_LABELS[name]),
        **named,
    )


def draw_layers_choice(value: int, key: str, on_change: Callable[[int], object], **named: Any) -> None:
    """Draw the choice of the number of layers. named: further arguments of the select box."""
    low, high = INTEGER_BOUNDS["layers"]
    draw_choice(st.selectbox, _("Layers L"), list(range(low, high + 1)), key=key, value=value, tell=on_change, **named)
