"""A live Plotly chart: one node that is updated in place, so that zoom and hover survive every tick."""

import json
from typing import Any

from core.figures.theme import Figure
from core.i18n import _
from pages.common.component import mount
from pages.common.static_files import provide_plotly

_mount = mount("live_chart", '<div class="live-chart" role="figure" tabindex="0"></div>')


def live_chart(figure: Figure, key: str, sentence: str, height: int, tools: bool = False) -> dict[str, Any] | None:
    """Draws the figure (plain data for Plotly) `height` pixels high and as wide as there is room.

    sentence: what the figure shows now, for those who do not see it. tools: whether Plotly's buttons appear at the top right
    under the pointer, for figures with nothing to read there; dragging zooms and a double click goes back without them too.
    Returns what was clicked since the last run, {"curve", "point", "x", "y"}, for one run; else None.
    """
    # As text: the page compares it with the last one, and Streamlit has less to walk through.
    data = {
        "figure": json.dumps(figure, allow_nan=False),
        "sentence": sentence,
        "height": height,
        "tools": tools,
        "plotly": provide_plotly(),
        "missing": _("The chart's script did not load; reload the page."),
    }
    clicked: dict[str, Any] | None = _mount(key=key, data=data, on_clicked_change=_nothing, on_theme_change=_nothing).clicked
    return clicked


def _nothing() -> None:
    """Streamlit wants to hear what happens when the chart is clicked, or asks for the colours of a new theme: a run."""
