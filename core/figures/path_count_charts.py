"""Charts of mask counts: the histogram over all paths and the growth with the distance, with their describing texts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

from core.analysis.path_counts import MaskCrossing
from core.figures.label_layout import build_end_label, spread_labels
from core.figures.number_format import format_count
from core.figures.path_sentence import derive_formula
from core.figures.theme import Figure, Theme, build_template
from core.i18n import _, ngettext

PLOT_WIDTH, GLYPH_WIDTH = 300, 6.2  # pixels: the narrowest histogram, and a character above its bars
FEW_BARS, MAX_DIGITS, CROWDED_DIGITS = 6, 9, 6  # with more than FEW_BARS bars counts have at most CROWDED_DIGITS digits
LABEL_WIDTH = 17  # characters of a name at the end of a line
LINE_WIDTHS = (6, 4, 2.5, 1.5)  # the first line is the widest, so that it stays visible below the others
LINE_HEIGHT = 13  # pixels of a line of text


@dataclass(frozen=True)
class CountGrowth:
    """The mask counts of one method by distance, from 0.

    cell, state: on the route through the cell ([] if there is none) and through the state. hue: number of the method's
    color, the same in every comparison. carry: name of the carried value, c or h.
    """

    name: str
    cell: Sequence[int]
    state: Sequence[int]
    hue: int = 0
    carry: str = "c"


def format_count_equation(path: Sequence[MaskCrossing], layers: int, distance: int, through: str) -> str:
    """Return a path's count as an equation in L and Δ and how it depends on the distance; "" if no formula fits."""
    symbols = derive_formula(list(path), layers, distance, through)
    if not symbols:
        return ""
    numbers = re.sub(r"(\d)(?=[LΔ])", r"\1·", symbols).replace("L", str(layers)).replace("Δ", str(distance))
    equation = " = ".join(dict.fromkeys([symbols, numbers, str(len(path))]))  # “L = 2”, not “L = 2 = 2”
    slope = re.search(r"(\d*)Δ", symbols)
    if not slope:
        return _("{equation}, at every distance").format(equation=equation)
    more = int(slope[1] or 1)
    return ngettext("{equation}, {n} more per step", "{equation}, {n} more per step", more).format(equation=equation, n=more)


def plot_path_histogram(counts: Sequence[int], theme: Theme, height: int) -> Figure:
    """Return the histogram of the number of masks on a path, in percent of all paths.

    counts: counts[n] paths cross n masks, integers of any size. height: pixels. The x axis begins at 0, so that methods
    can be compared.
    """
    present = [n for n, paths in enumerate(counts) if paths]
    least, most, total = present[0], present[-1], sum(counts)
    exact = [counts[n] for n in range(least, most + 1)]
    far, digits = max(most, least + 3), MAX_DIGITS if len(exact) <= FEW_BARS else CROWDED_DIGITS
    texts = [format_count(paths, digits) if paths else "" for paths in exact]
    percents = [compute_percent(paths, total) for paths in exact]
    bars = {
        "type": "bar",
        "x": list(range(least, most + 1)),
        "y": percents,
        "width": 0.8,
        "text": _select_texts_that_fit(texts, percents, GLYPH_WIDTH * (far + 1.4) / PLOT_WIDTH),
        "textposition": "outside",
        "textangle": 0,
        "cliponaxis": False,
        "textfont": {"size": 11},
        "constraintext": "none",  # the same font size above narrow and wide bars
        "customdata": [_format_paths(paths) for paths in exact],
        "marker": {"color": theme.primary},
        "hovertemplate": _("<b>{n} masks</b><br>{paths}<br>{part} % of all").format(
            n="%{x}", paths="%{customdata}", part="%{y:.3~g}"
        )
        + "<extra></extra>",
    }
    x = {
        "title": {"text": _("masks on the path")},
        "range": [-0.7, far + 0.7],
        "tickformat": "d",
        "nticks": 8,
        "showgrid": False,
    }
    y = {"title": {"text": _("% of all paths")}, "range": [0, 1.25 * max(percents)], "nticks": 4, "fixedrange": True}
    layout = _build_layout(theme, height, x, y) | {
        "uirevision": f"{least} {most}",
        "margin": {"l": 48, "r": 8, "t": 6, "b": 40},
    }
    return {"data": [bars], "layout": layout}


def plot_count_growth(methods: Sequence[CountGrowth], distance: int, theme: Theme, height: int) -> Figure:
    """Return the counts over the distance: through the cell solid, through the state dashed, `distance` marked by a line."""
    lines = [
        line
        for i, one in enumerate(methods)
        for line in _plot_method(
            one, theme.method_colors[one.hue % len(theme.method_colors)], LINE_WIDTHS[i % len(LINE_WIDTHS)]
        )
    ]
    farthest = max(len(one.state) for one in methods) - 1
    high = max(max(line["y"]) for line in lines) * 1.08 + 1
    x = {"title": {"text": _("distance Δ, steps")}, "range": [0, farthest or 1], "tickformat": "d", "nticks": 6}
    y = {"title": {"text": _("masks")}, "range": [0, high], "tickformat": "d", "nticks": 6}
    margin = {"l": 48, "r": 118, "t": 6, "b": 40}
    layout = _build_layout(theme, height, x, y) | {"uirevision": f"{farthest}", "margin": margin, "hovermode": "closest"}
    layout["shapes"] = [
        {
            "type": "line",
            "x0": distance,
            "x1": distance,
            "yref": "paper",
            "y0": 0,
            "y1": 1,
            "line": {"color": theme.accent, "width": 1.5, "dash": "dot"},
        }
    ]
    layout["annotations"] = _build_end_labels(lines, high, height - margin["t"] - margin["b"])
    return {"data": lines, "layout": layout}


def describe_path_histogram(counts: Sequence[int]) -> str:
    """Return a description of the histogram for screen readers."""
    present = [n for n, paths in enumerate(counts) if paths]
    least, most = present[0], present[-1]
    if least == most:
        return _("{paths}, each crosses {n} masks.").format(paths=_format_paths(sum(counts)), n=least)
    return _("{paths}; they cross from {least} masks ({few}) to {most} masks ({many}).").format(
        paths=_format_paths(sum(counts)),
        least=least,
        few=_format_paths(counts[least]),
        most=most,
        many=_format_paths(counts[most]),
    )


def describe_count_growth(methods: Sequence[CountGrowth], distance: int) -> str:
    """Return a description of the growth for screen readers."""
    return " ".join(_describe_method_growth(one, distance) for one in methods)


def _select_texts_that_fit(texts: Sequence[str], heights: Sequence[float], glyph: float) -> list[str]:
    """Return the texts above bars that touch no other text and no higher bar, "" for the others.

    Higher bars are labelled first. glyph: width of a character, in bars.
    """
    fitting = [""] * len(texts)
    for i in sorted(range(len(texts)), key=lambda i: -heights[i]):
        half = len(texts[i]) * glyph / 2
        bars = [j for j in range(len(texts)) if j != i and abs(j - i) < half + 0.4]
        free = all(abs(j - i) >= half + (len(fitting[j]) + 1) * glyph / 2 for j in range(len(texts)) if fitting[j])
        if free and all(heights[j] <= heights[i] for j in bars):
            fitting[i] = texts[i]
    return fitting


def compute_percent(paths: int, total: int) -> float:
    """Return a share in percent; both counts are integers of any size."""
    return paths * 10**8 // total / 10**6


def _format_paths(n: int) -> str:
    return ngettext("{n} path", "{n} paths", n).format(n=f"{n:,}")


def _plot_method(one: CountGrowth, color: str, width: float) -> list[Figure]:
    if list(one.cell) == list(one.state):
        return [_plot_line(_("{method}, every route").format(method=one.name), one.state, color, "solid", width)]
    state = _plot_line(_("{method}, through h").format(method=one.name), one.state, color, "dash", width)
    return (
        [_plot_line(_("{method}, through {carry}").format(method=one.name, carry=one.carry), one.cell, color, "solid", width)]
        if one.cell
        else []
    ) + [state]


def _plot_line(name: str, counts: Sequence[int], color: str, dash: str, width: float) -> Figure:
    point = _("{n} masks at Δ = {distance}").format(n="%{y}", distance="%{x}")
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": list(range(len(counts))),
        "y": list(counts),
        "line": {"color": color, "dash": dash, "width": width},
        "hovertemplate": f"<b>{name}</b><br>{point}<extra></extra>",
    }


def _build_end_labels(lines: Sequence[Figure], high: float, pixels: int) -> list[Figure]:
    texts = [wrap(line["name"], LABEL_WIDTH) for line in lines]
    centers = [line["y"][-1] / high * pixels for line in lines]
    shifts = spread_labels(centers, [LINE_HEIGHT * len(text) for text in texts], [0] * len(lines), 0, pixels)
    return [
        build_end_label(text, line["x"][-1], line["y"][-1], shift, line["line"]["color"])
        for line, text, shift in zip(lines, texts, shifts, strict=True)
    ]


def _build_layout(theme: Theme, height: int, x: Figure, y: Figure) -> Figure:
    return {"template": build_template(theme), "height": height, "xaxis": x, "yaxis": y}


def _describe_method_growth(one: CountGrowth, distance: int) -> str:
    last = len(one.state) - 1
    if list(one.cell) == list(one.state):
        return _("{method}: every route crosses {n} masks at distance {distance} and {end} at {last}.").format(
            method=one.name, distance=distance, last=last, n=one.state[distance], end=one.state[last]
        )
    carry = _("through the cell") if one.carry == "c" else _("through {carry}").format(carry=one.carry)
    routes = [(carry, one.cell)] * bool(one.cell) + [(_("through the state"), one.state)]
    parts = ", ".join(
        _("{route} {n} masks at distance {distance} and {end} at {last}").format(
            route=route, n=counts[distance], distance=distance, end=counts[last], last=last
        )
        for route, counts in routes
    )
    return f"{one.name}: {parts}."
