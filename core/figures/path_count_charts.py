"""How counts of corruption spread over all paths, and how they grow with the distance, as Plotly figures, and their texts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

from core.analysis.path_counts import Mask
from core.figures.label_layout import spread
from core.figures.path_sentence import formula, short
from core.figures.theme import Figure, Theme, template
from core.i18n import _, ngettext

PLOT, GLYPH = 300, 6.2  # pixels: width of a histogram, at least, and of a character above its bars
FEW_BARS, DIGITS, FEW_DIGITS = 6, 9, 6  # above so many bars there is room for so many digits only
LABEL = 17  # characters of a name at the end of a line
WIDTHS = (6, 4, 2.5, 1.5)  # the first lies below the others, and is seen where they lie on it
LINE = 13  # pixels of height that a line of text needs


@dataclass(frozen=True)
class Growth:
    """The counts of one method from distance 0 on: through the cell (empty where there is no such route), through the state.

    hue: which of the theme's colours it has, so that it keeps it whatever stands beside it. carry: what the cell's own way
    along time is called.
    """

    name: str
    cell: Sequence[int]
    state: Sequence[int]
    hue: int = 0
    carry: str = "c"


def counted(path: Sequence[Mask], layers: int, distance: int, through: str) -> str:
    """The count of a path as an equation in L and Δ with its numbers, and whether the distance matters; "" where no such
    formula gives this count."""
    symbols = formula(list(path), layers, distance, through)
    if not symbols:
        return ""
    numbers = re.sub(r"(\d)(?=[LΔ])", r"\1·", symbols).replace("L", str(layers)).replace("Δ", str(distance))
    steps = {symbols: None, numbers: None, str(len(path)): None}  # “L = 2”, not “L = 2 = 2”
    equation = " = ".join(steps)
    slope = re.search(r"(\d*)Δ", symbols)
    if not slope:
        return _("{equation}, whatever the distance").format(equation=equation)
    more = int(slope[1] or 1)
    return ngettext("{equation}, {n} more with every step", "{equation}, {n} more with every step", more).format(
        equation=equation, n=more
    )


def histogram(counts: Sequence[int], theme: Theme, height: int) -> Figure:
    """How many paths cross how many masks: counts[n] cross n, exact integers of any size. Bars are parts of all, 0 to 100 %.

    The axis begins at 0, so that one method's can be held against another's.
    """
    every = [n for n, paths in enumerate(counts) if paths]
    least, most, total = every[0], every[-1], sum(counts)
    exact = [counts[n] for n in range(least, most + 1)]
    far, digits = max(most, least + 3), DIGITS if len(exact) <= FEW_BARS else FEW_DIGITS
    said = [short(paths, digits) if paths else "" for paths in exact]
    parts = [percent(paths, total) for paths in exact]
    named = _with_room(said, parts, GLYPH * (far + 1.4) / PLOT)
    bars = {
        "type": "bar",
        "x": list(range(least, most + 1)),
        "y": parts,
        "width": 0.8,
        "text": named,
        "textposition": "outside",
        "textangle": 0,
        "cliponaxis": False,
        "textfont": {"size": 11},
        "constraintext": "none",  # as large above a narrow bar as above a wide one
        "customdata": [_paths(paths) for paths in exact],
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
    y = {"title": {"text": _("% of all paths")}, "range": [0, 1.25 * max(parts)], "nticks": 4, "fixedrange": True}
    layout = _layout(theme, height, x, y) | {"uirevision": f"{least} {most}", "margin": {"l": 48, "r": 8, "t": 6, "b": 40}}
    return {"data": [bars], "layout": layout}


def growth(methods: Sequence[Growth], distance: int, theme: Theme, height: int) -> Figure:
    """The counts over the distance: through the cell solid, through the state dashed. A line stands at the distance shown."""
    lines = [
        line
        for i, one in enumerate(methods)
        for line in _lines(one, theme.methods[one.hue % len(theme.methods)], WIDTHS[i % len(WIDTHS)])
    ]
    farthest = max(len(one.state) for one in methods) - 1
    high = max(max(line["y"]) for line in lines) * 1.08 + 1
    x = {"title": {"text": _("distance Δ, steps")}, "range": [0, farthest or 1], "tickformat": "d", "nticks": 6}
    y = {"title": {"text": _("masks")}, "range": [0, high], "tickformat": "d", "nticks": 6}
    margin = {"l": 48, "r": 118, "t": 6, "b": 40}
    layout = _layout(theme, height, x, y) | {"uirevision": f"{farthest}", "margin": margin, "hovermode": "closest"}
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
    layout["annotations"] = _names(lines, high, height - margin["t"] - margin["b"], theme)
    return {"data": lines, "layout": layout}


def describe_histogram(counts: Sequence[int]) -> str:
    """The histogram for those who do not see it."""
    every = [n for n, paths in enumerate(counts) if paths]
    least, most = every[0], every[-1]
    if least == most:
        return _("{paths}, and every one crosses {n} masks.").format(paths=_paths(sum(counts)), n=least)
    return _("{paths}; they cross from {least} masks ({few}) to {most} ({many}).").format(
        paths=_paths(sum(counts)), least=least, few=_paths(counts[least]), most=most, many=_paths(counts[most])
    )


def describe_growth(methods: Sequence[Growth], distance: int) -> str:
    """The growth for those who do not see it."""
    return " ".join(_grows(one, distance) for one in methods)


def _with_room(texts: Sequence[str], heights: Sequence[float], glyph: float) -> list[str]:
    """The texts above bars that touch no other text and no higher bar; the highest bars come first. glyph: the width of a
    character, in bars."""
    named = [""] * len(texts)
    for i in sorted(range(len(texts)), key=lambda i: -heights[i]):
        half = len(texts[i]) * glyph / 2
        bars = [j for j in range(len(texts)) if j != i and abs(j - i) < half + 0.4]
        free = all(abs(j - i) >= half + (len(named[j]) + 1) * glyph / 2 for j in range(len(texts)) if named[j])
        if free and all(heights[j] <= heights[i] for j in bars):
            named[i] = texts[i]
    return named


def percent(paths: int, total: int) -> float:
    """A part of a whole in percent, both exact integers of any size."""
    return paths * 10**8 // total / 10**6


def _paths(n: int) -> str:
    return ngettext("{n} path", "{n} paths", n).format(n=f"{n:,}")


def _lines(one: Growth, colour: str, width: float) -> list[Figure]:
    if list(one.cell) == list(one.state):
        return [_line(_("{method}, every route").format(method=one.name), one.state, colour, "solid", width)]
    state = _line(_("{method}, through h").format(method=one.name), one.state, colour, "dash", width)
    return (
        [_line(_("{method}, through {carry}").format(method=one.name, carry=one.carry), one.cell, colour, "solid", width)]
        if one.cell
        else []
    ) + [state]


def _line(name: str, counts: Sequence[int], colour: str, dash: str, width: float) -> Figure:
    says = _("{n} masks at Δ = {distance}").format(n="%{y}", distance="%{x}")
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": list(range(len(counts))),
        "y": list(counts),
        "line": {"color": colour, "dash": dash, "width": width},
        "hovertemplate": f"<b>{name}</b><br>{says}<extra></extra>",
    }


def _names(lines: Sequence[Figure], high: float, pixels: int, theme: Theme) -> list[Figure]:
    texts = [wrap(line["name"], LABEL) for line in lines]
    at = [line["y"][-1] / high * pixels for line in lines]
    shifts = spread(at, [LINE * len(text) for text in texts], [0] * len(lines), 0, pixels)
    return [
        {
            "x": line["x"][-1],
            "y": line["y"][-1],
            "xanchor": "left",
            "yanchor": "middle",
            "xshift": 5,
            "yshift": round(shift, 1),
            "text": "<br>".join(text),
            "align": "left",
            "showarrow": False,
            "font": {"size": 11, "color": line["line"]["color"]},
        }
        for line, text, shift in zip(lines, texts, shifts, strict=True)
    ]


def _layout(theme: Theme, height: int, x: Figure, y: Figure) -> Figure:
    return {"template": template(theme), "height": height, "xaxis": x, "yaxis": y}


def _grows(one: Growth, distance: int) -> str:
    last = len(one.state) - 1
    said = {"method": one.name, "distance": distance, "last": last}
    if list(one.cell) == list(one.state):
        return _("{method}: every route meets {n} masks at distance {distance} and {end} at {last}.").format(
            **said, n=one.state[distance], end=one.state[last]
        )
    carry = _("through the cell") if one.carry == "c" else _("through {carry}").format(carry=one.carry)
    routes = [(carry, one.cell)] * bool(one.cell) + [(_("through the state"), one.state)]
    parts = ", ".join(
        _("{route} {n} masks at distance {distance} and {end} at {last}").format(
            **said, route=route, n=counts[distance], end=counts[last]
        )
        for route, counts in routes
    )
    return f"{one.name}: {parts}."
