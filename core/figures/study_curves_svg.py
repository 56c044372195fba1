"""The curves of a study as an SVG that needs no script: for a report that stands alone."""

import math
from collections.abc import Callable, Sequence

from core.figures.study_curves import VALIDATION, ExperimentCurves, choose_range, list_values, name_quantity, summarize_seeds
from core.figures.study_style import get_slot_color, get_slot_dash
from core.figures.svg import escape_text, format_coordinate, label, tag
from core.figures.theme import FONT, Theme
from core.i18n import _

WIDTH, HEIGHT = 760.0, 380.0
LEFT, RIGHT, TOP, BOTTOM = 58.0, 750.0, 12.0, 336.0
Place = Callable[[float], float]


def render_study_curves(
    experiments: Sequence[ExperimentCurves], theme: Theme, unit: str, metric: str, quantity: str = VALIDATION
) -> str:
    """Return the SVG: for each experiment the median of its seeds, their range, and each seed faint."""
    low, high = choose_range(experiments, quantity)
    last = max((point[1] for one in experiments for seed in one.seeds for point in seed.points), default=1.0) or 1.0

    def across(epoch: float) -> float:
        return LEFT + (RIGHT - LEFT) * epoch / last

    def down(value: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * (value - low) / (high - low)

    window = tag("rect", x=LEFT, y=TOP, width=RIGHT - LEFT, height=BOTTOM - TOP)
    curves = [part for one in experiments for part in _render_experiment(one, theme, quantity, across, down)]
    return tag(
        "svg",
        tag(
            "style",
            escape_text(f".curves{{font:13px {FONT}}}.curves text{{fill:{theme.muted}}}.curves-mid{{text-anchor:middle}}"),
        ),
        tag("defs", tag("clipPath", window, id="curves-window")),
        *_render_axes(low, high, last, across, down, theme),
        tag("g", *curves, clip_path="url(#curves-window)"),
        label(_("epoch"), (LEFT + RIGHT) / 2, HEIGHT - 6, "curves-mid"),
        label(
            name_quantity(quantity, unit, metric),
            0,
            0,
            "curves-mid",
            transform=f"translate(13 {(TOP + BOTTOM) / 2:g}) rotate(-90)",
        ),
        xmlns="http://www.w3.org/2000/svg",
        class_="curves",
        viewBox=f"0 0 {WIDTH:g} {HEIGHT:g}",
        role="img",
        aria_label=", ".join(one.name for one in experiments),
    )


def choose_ticks(low: float, high: float) -> list[float]:
    """Return three to six round numbers within a range."""
    size = 10.0 ** math.floor(math.log10((high - low) / 2))
    step = next(size * factor for factor in (0.5, 1, 2, 5, 10) if (high - low) / (size * factor) <= 6)
    return [n * step for n in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _render_axes(low: float, high: float, last: float, across: Place, down: Place, theme: Theme) -> list[str]:
    lines = [
        tag("path", d=f"M{LEFT:g} {format_coordinate(down(y))}H{RIGHT:g}", stroke=theme.grid, fill="none")
        for y in choose_ticks(low, high)
    ]
    lines += [
        tag("text", escape_text(f"{y:.4g}"), x=LEFT - 6, y=down(y) + 4, style="text-anchor:end")
        for y in choose_ticks(low, high)
    ]
    return [*lines, *(label(f"{x:g}", across(x), BOTTOM + 18, "curves-mid") for x in choose_ticks(0, last))]


def _render_experiment(curves: ExperimentCurves, theme: Theme, quantity: str, across: Place, down: Place) -> list[str]:
    summary, color = summarize_seeds(curves, quantity), get_slot_color(theme, curves.slot)
    parts = []
    if summary.seeds > 1:
        edge = [*zip(summary.epochs, summary.high, strict=True), *reversed(list(zip(summary.epochs, summary.low, strict=True)))]
        parts.append(tag("path", d=_join(edge, across, down) + "Z", fill=color, fill_opacity="0.13"))
        parts += [
            tag(
                "path",
                d=_join(list(list_values(seed, quantity)), across, down),
                stroke=color,
                stroke_opacity="0.32",
                fill="none",
            )
            for seed in curves.seeds
            if seed.points
        ]
    line = list(zip(summary.epochs, summary.middle, strict=True))
    dash = get_slot_dash(curves.slot) or None
    parts.append(tag("path", d=_join(line, across, down), stroke=color, stroke_width="2.6", stroke_dasharray=dash, fill="none"))
    return parts


def _join(points: Sequence[tuple[float, float]], across: Place, down: Place) -> str:
    return "".join(
        f"{'L' if n else 'M'}{format_coordinate(across(x))} {format_coordinate(down(y))}" for n, (x, y) in enumerate(points)
    )
