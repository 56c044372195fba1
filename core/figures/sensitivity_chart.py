"""The measured sensitivity of outputs to an early input, as curves over the distance, one for each method."""

import math
from collections.abc import Mapping, Sequence
from textwrap import wrap

from core.analysis.sensitivity_request import SensitivityCurve
from core.figures.label_layout import build_end_label, spread_labels
from core.figures.number_format import format_number
from core.figures.theme import Figure, Theme, build_template
from core.i18n import N_, _

QUANTITIES = {
    "correlation": N_("correlation"),
    "signal_to_noise": N_("signal to noise"),
    "gradient": N_("gradient norm"),
}
AXES = {
    "correlation": N_("correlation with the unmasked response"),
    "signal_to_noise": N_("signal to noise, power"),
    "gradient": N_("‖∂yₜ/∂xₛ‖, masked / unmasked"),
}
LOG_QUANTITIES = ("signal_to_noise", "gradient")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
LABEL_WIDTH, LINE_HEIGHT = 22, 13  # characters of a name; pixels of a line of text
MAX_LOG_WHISKER = 0.9  # downward length of an error bar on a log axis, as a fraction of the value
ROUNDING_LIMIT = 1e-12  # smaller values are rounding errors


def plot_sensitivity(
    curves: Mapping[str, SensitivityCurve],
    quantity: str,
    theme: Theme,
    height: int,
    of: str,
    hues: Sequence[int] = range(len(DASHES)),
) -> Figure:
    """Return the curves of one quantity with error bars of one standard error.

    curves: by name. quantity: one of QUANTITIES. height: pixels. of: whose weights were measured, for the axis title.
    hues: the number of each curve's color and dash.
    """
    log = quantity in LOG_QUANTITIES
    lines = [
        _plot_line(name, getattr(curve, quantity), curve.error(quantity), hue, log, theme)
        for hue, (name, curve) in zip(hues, curves.items(), strict=False)
    ]
    drawn = [_axis_value(y, log) for line in lines for y in line["y"] if y is not None] or [0.0, 1.0]
    low, high = min(drawn), max(drawn)
    pad = 0.06 * (high - low) or 0.5
    margin = {"l": 60, "r": 150, "t": 8, "b": 40}
    span = (low - pad, high + pad)
    return {
        "data": lines,
        "layout": {
            "template": build_template(theme),
            "height": height,
            "margin": margin,
            "hovermode": "closest",
            "uirevision": quantity,
            "xaxis": {
                "title": {"text": _("distance Δ, steps ({of})").format(of=of)},
                "tickformat": "d",
                "nticks": 8,
                "range": [0, max((len(line["x"]) for line in lines), default=2) - 1],
            },
            "yaxis": {
                "title": {"text": _(AXES[quantity])},
                "type": "log" if log else "linear",
                "range": list(span),
                "nticks": 7,
                "exponentformat": "power",
            }
            | ({"dtick": max(1, round((high - low) / 6))} if log else {}),
            "annotations": _build_end_labels(lines, span, height - margin["t"] - margin["b"], log),
        },
    }


def describe_sensitivity(curves: Mapping[str, SensitivityCurve], quantity: str, of: str) -> str:
    """Return the first and last value of each curve for screen readers. of: whose weights were measured."""
    sentences = []
    for name, curve in curves.items():
        values: Sequence[float | None] = getattr(curve, quantity)
        sentences.append(
            _("{name}: {first} at distance 0, {last} at distance {far}.").format(
                name=name, first=format_value(values[0]), last=format_value(values[-1]), far=len(values) - 1
            )
        )
    return f"{_(QUANTITIES[quantity])}, {of}. " + " ".join(sentences)


def format_value(value: float | None) -> str:
    """Return a measured number with two significant digits; None is “not finite”."""
    return _("not finite") if value is None else format_number(value, 2)


def _plot_line(
    name: str, values: Sequence[float | None], errors: Sequence[float | None], i: int, log: bool, theme: Theme
) -> Figure:
    plotted = [None if y is None or (log and y < ROUNDING_LIMIT) else y for y in values]
    color, whiskers = theme.method_colors[i % len(theme.method_colors)], [error or 0.0 for error in errors]
    # On an axis of powers a whisker cannot reach down to zero.
    down = [min(error, MAX_LOG_WHISKER * (y or 0)) if log else error for y, error in zip(plotted, whiskers, strict=False)]
    point = _("{y} ± {error} at Δ = {distance}").format(y="%{y:.3~g}", error="%{customdata:.2~g}", distance="%{x}")
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": list(range(len(values))),
        "y": plotted,
        "customdata": whiskers,
        "line": {"color": color, "dash": DASHES[i % len(DASHES)], "width": 2.5},
        "error_y": {"array": whiskers, "arrayminus": down, "symmetric": False, "thickness": 1, "width": 0, "color": color},
        "hovertemplate": f"<b>{name}</b><br>{point}<extra></extra>",
    }


def _build_end_labels(lines: Sequence[Figure], span: tuple[float, float], pixels: int, log: bool) -> list[Figure]:
    ends = []
    for line in lines:
        points = [(x, y) for x, y in zip(line["x"], line["y"], strict=True) if y is not None]
        if points:
            x, y = points[-1]
            ends.append((x, _axis_value(y, log), wrap(line["name"], LABEL_WIDTH), line["line"]["color"]))
    centers = [(y - span[0]) / (span[1] - span[0]) * pixels for _x, y, _text, _color in ends]
    shifts = spread_labels(centers, [LINE_HEIGHT * len(text) for _x, _y, text, _color in ends], [0] * len(ends), 0, pixels)
    return [build_end_label(text, x, y, shift, color) for (x, y, text, color), shift in zip(ends, shifts, strict=True)]


def _axis_value(y: float, log: bool) -> float:
    return math.log10(y) if log else y
