"""The end of a series, and over it the forecast that a network makes one step ahead, and the naive one. Pure.

The series is ink, the network's forecast dashed in the colour of the run, the naive one, the last value again, thin and dotted.
"""

from collections.abc import Sequence

import numpy as np

from core.figures.theme import Figure, Theme, template
from core.i18n import _
from core.tasks.task import Floats, ForecastSeries, short

MARGINS = {"l": 52, "r": 8, "t": 50, "b": 40}


def forecast(
    track: ForecastSeries, ahead: Sequence[float | None], theme: Theme, title: str, run: str = "", height: int = 270
) -> Figure:
    """The figure, plain data, `height` pixels high. ahead [N]: the network's forecast, None where there is none; [] before a
    network has made one. run: whatever tells it from others; the user's zoom holds as long as it stays."""
    naive = {"color": theme.muted, "width": 1.2, "dash": "dot"}
    lines = [
        _line(_("data"), track, track.values, {"color": theme.ink, "width": 1.8}),
        _line(_("last value again"), track, track.naive, naive),
    ]
    if ahead:
        own = {"color": theme.runs[0], "width": 2.2, "dash": "6px,3px"}
        lines.append(_line(_("network"), track, _floats(ahead), own))
    return {
        "data": lines,
        "layout": {
            "template": template(theme),
            "height": height,
            "margin": MARGINS,
            "uirevision": run,
            "hovermode": "x unified",
            "title": {"text": title, "y": 1, "yref": "container", "yanchor": "top", "pad": {"t": 6}},
            "showlegend": True,
            "legend": {
                "orientation": "h",
                "x": 0,
                "y": 1,
                "yanchor": "bottom",
                "font": {"size": 12},
                "itemclick": False,
                "itemdoubleclick": False,
            },
            "xaxis": {"title": {"text": _("place in the series")}, "showgrid": False, "tickformat": "d"},
            "yaxis": {"title": {"text": _("value")}, "nticks": 6},
        },
    }


def describe_forecast(track: ForecastSeries, ahead: Sequence[float | None]) -> str:
    """What the figure shows, and by how much the forecasts miss what is drawn."""
    last = track.first + len(track.values) - 1
    drawn = _("Values {first} to {last} of the series, the end of the validation part.").format(first=track.first, last=last)
    naive = short(_missed(track, track.naive))
    if not ahead:
        alone = _("The last value again misses these by {naive} on average; no network has forecast them yet.")
        return f"{drawn} {alone.format(naive=naive)}"
    both = _(
        "One step ahead the network misses these {n} by {error} on average, the last value again by {naive}: their mean "
        "absolute errors."
    )
    return f"{drawn} {both.format(n=len(track.values), error=short(_missed(track, _floats(ahead))), naive=naive)}"


def _missed(track: ForecastSeries, said: Floats) -> float:
    """The mean absolute error over all that was forecast."""
    return float(np.nanmean(np.abs(track.values - said)))


def _floats(values: Sequence[float | None]) -> Floats:
    return np.array(values, np.float64)


def _line(name: str, track: ForecastSeries, values: Floats, line: Figure) -> Figure:
    shown = [None if value != value else float(f"{value:.5g}") for value in values.tolist()]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x0": track.first,
        "y": shown,
        "line": line,
        "connectgaps": False,
        "hovertemplate": "%{y}",
    }
