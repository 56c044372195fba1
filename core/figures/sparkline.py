"""The course of a series as a small line, to tell columns apart, as SVG."""

import math
from collections.abc import Sequence

from core.figures.number_format import format_number
from core.figures.svg import format_path, tag
from core.figures.theme import Theme
from core.i18n import _

WIDTH, HEIGHT, MARGIN = 300.0, 40.0, 2.0


def render_sparkline(values: Sequence[float], theme: Theme) -> str:
    """Return the values, at least two, as one SVG element: the line from the smallest to the largest value."""
    least, span = min(values), max(values) - min(values)
    points = [
        (
            MARGIN + n * (WIDTH - 2 * MARGIN) / (len(values) - 1),
            HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * ((value - least) / span if 0 < span < math.inf else 0.5),
        )
        for n, value in enumerate(values)
    ]
    data = format_path("M", *points[0], *(part for point in points[1:] for part in ("L", *point)))
    return tag(
        "svg",
        tag("path", d=data, fill="none", stroke=theme.accent, stroke_width=1.5),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH:g} {HEIGHT:g}",
        role="img",
        width="100%",
        aria_label=_("Course of the column, between {least} and {most}.").format(
            least=format_number(least, 4), most=format_number(max(values), 4)
        ),
    )
