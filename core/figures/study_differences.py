"""The differences of experiments to the first one, seed by seed, as dots with whiskers: an SVG."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.figures.study_curves_svg import choose_ticks
from core.figures.study_style import get_slot_color
from core.figures.svg import escape_text, format_path, group, label, tag, wrap_two_lines
from core.figures.theme import FONT, Theme
from core.i18n import _
from core.results.interval import Interval

WIDTH, ROW, TOP, FOOT = 440.0, 38.0, 8.0, 38.0
NAMES, RIGHT = 128.0, 424.0  # right end of the names; right end of the scale
NAME_SIZE = 12.5
FAR, BEYOND = 4.0, 1.5  # so many times the next largest difference is far; where the scale then ends


@dataclass(frozen=True)
class Difference:
    """One experiment against the first. slot: its place among the colors. interval: None before there is one.

    values: one a seed. text: the mean with its interval.
    """

    name: str
    slot: int
    interval: Interval | None
    values: Sequence[float]
    text: str


def render_differences(rows: Sequence[Difference], theme: Theme, higher_is_better: bool, scale: float = 1.0) -> str:
    """Return the SVG. scale: by which the values on the axis are multiplied, 100 for percentages."""
    height = TOP + ROW * len(rows) + FOOT
    low, high = _choose_range(rows)

    def place(value: float) -> float:
        return NAMES + 14 + (RIGHT - NAMES - 14) * (min(max(value, low), high) - low) / (high - low)

    zero, bottom = place(0), height - FOOT
    smaller, larger = (_("← worse"), _("better →")) if higher_is_better else (_("← better"), _("worse →"))
    ticks = choose_ticks(low, high)
    sheet = (
        f".diff{{font:{NAME_SIZE}px {FONT}}}.diff text{{fill:{theme.muted}}}.diff .diff-name{{fill:{theme.ink}}}"
        ".diff-mid{text-anchor:middle}.diff-end{text-anchor:end}"
    )
    return tag(
        "svg",
        tag("style", escape_text(sheet)),
        tag("path", d=format_path("M", zero, TOP, "V", bottom), stroke=theme.muted, stroke_dasharray="3 3", fill="none"),
        *(_render_row(row, TOP + ROW * n, theme, place) for n, row in enumerate(rows)),
        *(
            label(_("same") if tick == 0 else _format_tick(scale * tick), place(tick), bottom + 14, "diff-mid")
            for tick in ticks
        ),
        label(smaller, NAMES + 14, bottom + 31, ""),
        label(larger, RIGHT, bottom + 31, "diff-end"),
        xmlns="http://www.w3.org/2000/svg",
        class_="diff",
        viewBox=f"0 0 {WIDTH:g} {height:g}",
        role="img",
        aria_label="; ".join(f"{row.name}: {row.text}" for row in rows),
    )


def _render_row(row: Difference, top: float, theme: Theme, place: Callable[[float], float]) -> str:
    color, middle = get_slot_color(theme, row.slot), top + 21
    lines = wrap_two_lines(row.name, NAMES, NAME_SIZE)
    parts = [label(line, 0, middle + 4 + 15 * (n - (len(lines) - 1) / 2), "diff-name") for n, line in enumerate(lines)]
    parts += [
        tag("circle", cx=place(value), cy=middle + 9, r=1.9, fill=color, opacity="0.65")
        for value in row.values
        if len(row.values) > 1
    ]
    if row.interval is not None:
        ends = [end if math.isfinite(end) else row.interval.mean for end in (row.interval.low, row.interval.high)]
        parts.append(
            tag("path", d=format_path("M", place(ends[0]), middle, "H", place(ends[1])), stroke=color, stroke_width="2.4")
        )
        hollow = row.interval.half_width == math.inf
        dot = {"fill": theme.paper if hollow else color, "stroke": color, "stroke_width": "1.6"}
        parts.append(tag("circle", cx=place(row.interval.mean), cy=middle, r=4.6, **dot))
        if place(row.interval.mean) in (place(-math.inf), place(math.inf)):  # it lies beyond the scale: an arrow points there
            side = 1 if row.interval.mean > 0 else -1
            arrow = format_path("M", place(row.interval.mean) + 7 * side, middle - 5, f"l{7 * side} 5l{-7 * side} 5z")
            parts.append(tag("path", d=arrow, fill=color))
        at = min(max(place(row.interval.mean), NAMES + 80), RIGHT - 70)
        parts.append(
            tag(
                "text",
                escape_text(row.text),
                x=at,
                y=middle - 9,
                class_="diff-mid",
                style=f"fill:{color};paint-order:stroke;stroke:{theme.paper};stroke-width:3",
            )
        )
    return group(*parts, data_experiment=str(row.slot))


def _choose_range(rows: Sequence[Difference]) -> tuple[float, float]:
    """Return the ends of the scale: 0, all values and all finite ends of intervals, with a margin.

    One row that lies far outside of all others does not set the scale: it is drawn at its edge.
    """
    values = [[0.0, *row.values, *_list_finite_ends(row)] for row in rows]
    largest = sorted((max(map(abs, row)) for row in values), reverse=True)
    is_far = len(largest) > 2 and largest[0] > FAR * largest[1] > 0
    limit = BEYOND * largest[1] if is_far else math.inf
    within = [min(max(value, -limit), limit) for row in values for value in row]
    low, high = min(within), max(within)
    margin = 0.06 * (high - low) or 1.0
    return low - margin, high + margin


def _list_finite_ends(row: Difference) -> list[float]:
    ends = (row.interval.low, row.interval.high, row.interval.mean) if row.interval else ()
    return [end for end in ends if math.isfinite(end)]


def _format_tick(value: float) -> str:
    return f"{value:+.3g}".replace("-", "−")
