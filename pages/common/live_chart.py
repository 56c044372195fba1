"""The Plotly chart that is updated in place, so that zoom and hover survive every redraw."""

import json
from typing import Any

from core.figures.theme import Figure
from core.i18n import _
from pages.common.component import mount_component
from pages.common.news import mount_or_collect
from pages.common.save_menu import build_save_menu
from pages.common.static_files import provide_plotly

HTML = """<div class="chart-frame">
<div class="live-chart" role="figure" tabindex="0"></div><div class="chart-tools figure-tools"></div>
</div>"""

_mount = mount_component("live_chart", HTML)


def draw_live_chart(figure: Figure, key: str, sentence: str, height: int, tools: bool = False) -> dict[str, Any] | None:
    """Draw a figure, plain data for Plotly, `height` pixels high and as wide as there is room. Return the last click.

    sentence: the text for screen readers. tools: whether Plotly's buttons appear at the top right under the pointer; dragging
    zooms and a double click resets without them too. The click is {"curve", "point", "x", "y"} in the run of the script that
    follows it, else None.
    """
    # As text: the page compares it with the last one, and Streamlit has less to walk through.
    data = {
        "figure": json.dumps(figure, allow_nan=False),
        "sentence": sentence,
        "height": height,
        "tools": tools,
        "plotly": provide_plotly(),
        "missing": _("The chart's script did not load; reload the page."),
        "save": build_save_menu(key),
    }
    result = mount_or_collect(_mount, key, data, on_clicked_change=_nothing, on_theme_change=_nothing)
    clicked: dict[str, Any] | None = result.clicked if result else None
    return clicked


def _nothing() -> None:
    """Give Streamlit the callback that it needs; the rerun that follows is all that a click or a new theme needs."""
