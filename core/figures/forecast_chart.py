"""The chart of a time series with the network's one-step forecast and the naive forecast (the last value again).

The series is drawn in ink, the network's forecast dashed in the color of the run, the naive forecast thin and dotted.
"""

from collections.abc import Sequence

import numpy as np

from core.figures.theme import Figure, Theme, build_template
from core.i18n import _
from core.tasks.task import Floats, ForecastSeries, format_number

MARGINS = {"l": 52, "r": 8, "t": 50, "b": 40}


def plot_forecast(
    series: ForecastSeries, predictions: Sequence[float | None], theme: Theme, title: str, run: str = "", height: int = 270
) -> Figure:
    """Return the chart, `height` pixels high.

    predictions: the network's forecast, [N], None if it has none; [] before the first forecast. run: identifies the
    run; the user's zoom is kept as long as it stays the same.
    """
    lines = [
        _plot_line(_("data"), series, series.values, {"color": theme.ink, "width": 1.8}),
        _plot_line(_("naive: last value"), series, series.naive, {"color": theme.muted, "width": 1.2, "dash": "dot"}),
    ]
    if predictions:
        dashed = {"color": theme.run_colors[0], "width": 2.2, "dash": "6px,3px"}
        lines.append(_plot_line(_("network"), series, np.array(predictions, np.float64), dashed))
    return {
        "data": lines,
        "layout": {
            "template": build_template(theme),
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
            "xaxis": {"title": {"text": _("position in the series")}, "showgrid": False, "tickformat": "d"},
            "yaxis": {"title": {"text": _("value")}, "nticks": 6},
        },
    }


def describe_forecast(series: ForecastSeries, predictions: Sequence[float | None]) -> str:
    """Return which values are shown and the mean absolute errors of the forecasts."""
    last = series.first_position + len(series.values) - 1
    visible = _("Values {first} to {last} of the series, the end of the validation split.").format(
        first=series.first_position, last=last
    )
    naive = format_number(_mean_absolute_error(series, series.naive))
    if not predictions:
        text = _("Mean absolute error of the naive forecast (last value): {naive}. No network has forecast these values yet.")
        return f"{visible} {text.format(naive=naive)}"
    text = _("Mean absolute error of the one-step forecast over {n} values: network {error}, naive forecast {naive}.")
    error = format_number(_mean_absolute_error(series, np.array(predictions, np.float64)))
    return f"{visible} {text.format(n=len(series.values), error=error, naive=naive)}"


def _mean_absolute_error(series: ForecastSeries, predictions: Floats) -> float:
    return float(np.nanmean(np.abs(series.values - predictions)))


def _plot_line(name: str, series: ForecastSeries, values: Floats, line: Figure) -> Figure:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x0": series.first_position,
        "y": [None if value != value else float(f"{value:.5g}") for value in values.tolist()],
        "line": line,
        "connectgaps": False,
        "hovertemplate": "%{y}",
    }
