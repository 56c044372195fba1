"""Charts of values as dots with whiskers: a row for each thing that was measured, and panels with an axis of values each.

The page draws the legend, which wraps like any text. All series of a chart have a color, a symbol and a place within a row, so
that none hides another and none differs in color alone. The numbers of a dot appear under the pointer.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap

from core.figures.theme import Figure, Theme, build_template
from core.i18n import _

ROW = 34  # pixels of a row
AXIS = 46  # pixels of a panel's axis with its title, and of the gap below it
LABEL_CHARACTERS = 19  # per line of a row's name
MARGINS = {"l": 132, "r": 14, "t": 4, "b": 0}  # pixels
# Plotly's symbols, and the characters that stand for them in a legend.
SIGNS = {"circle": "●", "circle-open": "○", "diamond": "◆", "square": "■", "x-thin": "×"}
SHORT_AXIS = 4  # from the least value of a logarithmic axis to the largest, as a ratio
SPREAD = 0.26  # rows between two series within a row


@dataclass(frozen=True)
class DotSeries:
    """What the dots of one look mean.

    symbol: one of `SIGNS`. place: from the middle of a row, in series; those that seldom coincide can share it.
    """

    name: str
    color: str
    symbol: str
    place: float = 0.0


@dataclass(frozen=True)
class Dot:
    """A value of a series, given by its number. half_width: of its interval; 0 without one. text: the numbers as text."""

    series: int
    value: float
    text: str
    half_width: float = 0.0


@dataclass(frozen=True)
class DotRow:
    """The dots of one thing."""

    label: str
    dots: tuple[Dot, ...]


@dataclass(frozen=True)
class DotPanel:
    """Rows that share an axis of values. zero: whether the axis shows 0, with a line."""

    title: str
    rows: tuple[DotRow, ...]
    is_logarithmic: bool = False
    zero: bool = False


@dataclass(frozen=True)
class DotChart:
    """The panels of a chart and its series."""

    panels: tuple[DotPanel, ...]
    series: tuple[DotSeries, ...]


def plot_dots(chart: DotChart, theme: Theme) -> Figure:
    """Return the panels below one another; `layout.height` is as many pixels as the rows take."""
    panels, series = chart.panels, chart.series
    height = sum(ROW * len(panel.rows) + AXIS for panel in panels)
    traces: list[Figure] = []
    axes: Figure = {}
    below = 0.0
    for number, panel in enumerate(panels, 1):
        share = ROW * len(panel.rows) / height
        top = 1 - below
        below += share + AXIS / height
        axes |= _build_axes(panel, "" if number == 1 else str(number), (max(0.0, top - share), top), theme)
        traces += _plot_panel(panel, series, "" if number == 1 else str(number))
    layout = {
        "template": build_template(theme),
        "height": height + MARGINS["t"],
        "margin": MARGINS,
        "hovermode": "closest",
        "uirevision": "dots",
    }
    return {"data": traces, "layout": layout | axes}


def describe_dots(chart: DotChart) -> str:
    """Return all numbers of the chart as sentences for screen readers."""
    sentences, series = [], chart.series
    for panel in chart.panels:
        rows = [
            _("{row}: {dots}").format(
                row=row.label, dots=", ".join(f"{series[dot.series].name} {dot.text}" for dot in row.dots)
            )
            for row in panel.rows
        ]
        sentences.append(f"{panel.title}. {'; '.join(rows)}.")
    return " ".join(sentences)


def _plot_panel(panel: DotPanel, series: Sequence[DotSeries], suffix: str) -> Iterator[Figure]:
    for index, one in enumerate(series):
        found = [(at, row, dot) for at, row in enumerate(panel.rows) for dot in row.dots if dot.series == index]
        if not found:
            continue
        yield {
            "type": "scatter",
            "mode": "markers",
            "name": one.name,
            "x": [dot.value for _at, _row, dot in found],
            "y": [round(at + SPREAD * one.place, 3) for at, _row, _dot in found],
            "xaxis": f"x{suffix}",
            "yaxis": f"y{suffix}",
            "customdata": [row.label for _at, row, _dot in found],
            "text": [dot.text for _at, _row, dot in found],
            "cliponaxis": False,
            "marker": {"color": one.color, "symbol": one.symbol, "size": 9, "line": {"color": one.color, "width": 1.8}},
            "error_x": {"array": [dot.half_width for _at, _row, dot in found], "thickness": 1.6, "width": 3},
            "hovertemplate": f"<b>%{{customdata}}</b><br>{one.name}: %{{text}}<extra></extra>",
        }


def _build_axes(panel: DotPanel, suffix: str, domain: tuple[float, float], theme: Theme) -> Figure:
    x = {
        "anchor": f"y{suffix}",
        "title": {"text": panel.title, "standoff": 2},
        "nticks": 7,
        "tickangle": 0,
        "fixedrange": True,
        "tickformat": "~r",
        **({"type": "log", "tickvals": _choose_ticks(panel)} if panel.is_logarithmic else {}),
        **({"rangemode": "tozero", "zeroline": True, "zerolinecolor": theme.muted, "zerolinewidth": 1.5} if panel.zero else {}),
    }
    y = {
        "anchor": f"x{suffix}",
        "domain": [round(end, 5) for end in domain],
        "range": [len(panel.rows) - 0.5, -0.5],
        "tickvals": list(range(len(panel.rows))),
        "ticktext": ["<br>".join(wrap(row.label, LABEL_CHARACTERS)) for row in panel.rows],
        "tickfont": {"color": theme.ink, "size": 12},
        "fixedrange": True,
    }
    return {f"xaxis{suffix}": x, f"yaxis{suffix}": y}


def _choose_ticks(panel: DotPanel) -> list[float]:
    """Return the ticks of a logarithmic axis: as many digits as a short one has room for, or those of a long one."""
    values = [dot.value for row in panel.rows for dot in row.dots]
    low, high = min(values), max(values)
    digits = (1, 1.2, 1.5, 2, 3, 4, 5, 6, 8) if high < SHORT_AXIS * low else (1, 2, 5)
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [digit * 10.0**decade for decade in decades for digit in digits]
