"""What was measured of a small change on its way, as curves over the distance, one for each method."""

import math
from collections.abc import Mapping, Sequence
from textwrap import wrap

from core.analysis.sensitivity_request import Curve
from core.figures.label_layout import spread
from core.figures.number_format import number
from core.figures.theme import Figure, Theme, template
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
ON_A_LOG = ("signal_to_noise", "gradient")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
LABEL, LINE = 22, 13  # characters of a name; pixels of height that a line of text needs
LOWEST = 0.9  # of a value: as far as its whisker reaches down on an axis of powers
LEAST = 1e-12  # below it a quantity is rounding


def measured_curves(
    curves: Mapping[str, Curve], quantity: str, theme: Theme, height: int, of: str, hues: Sequence[int] = range(len(DASHES))
) -> Figure:
    """The curves by their names, of one of `QUANTITIES`, with whiskers of one standard error. of: whose weights were measured.
    hues: which colour and dash of the theme each has."""
    log = quantity in ON_A_LOG
    lines = [
        _line(name, getattr(curve, quantity), curve.error(quantity), hue, log, theme)
        for hue, (name, curve) in zip(hues, curves.items(), strict=False)
    ]
    drawn = [_on_axis(y, log) for line in lines for y in line["y"] if y is not None] or [0.0, 1.0]
    low, high = min(drawn), max(drawn)
    pad = 0.06 * (high - low) or 0.5
    margin = {"l": 60, "r": 150, "t": 8, "b": 40}
    span = (low - pad, high + pad)
    return {
        "data": lines,
        "layout": {
            "template": template(theme),
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
            "annotations": _names(lines, span, height - margin["t"] - margin["b"], log),
        },
    }


def describe_measured(curves: Mapping[str, Curve], quantity: str, of: str) -> str:
    """The curves for those who do not see them: each at its beginning and its end. of: whose weights were measured."""
    said = []
    for name, curve in curves.items():
        values: Sequence[float | None] = getattr(curve, quantity)
        said.append(
            _("{name}: {first} at distance 0, {last} at distance {far}.").format(
                name=name, first=written(values[0]), last=written(values[-1]), far=len(values) - 1
            )
        )
    return f"{_(QUANTITIES[quantity])}, {of}. " + " ".join(said)


def written(value: float | None) -> str:
    """A measured number in few characters."""
    return _("not finite") if value is None else number(value, 2)


def _line(name: str, values: Sequence[float | None], errors: Sequence[float | None], i: int, log: bool, theme: Theme) -> Figure:
    kept = [None if y is None or (log and y < LEAST) else y for y in values]
    colour, known = theme.methods[i % len(theme.methods)], [error or 0.0 for error in errors]
    # On an axis of powers a whisker cannot reach down to zero.
    down = [min(error, LOWEST * (y or 0)) if log else error for y, error in zip(kept, known, strict=False)]
    says = _("{y} ± {error} at Δ = {distance}").format(y="%{y:.3~g}", error="%{customdata:.2~g}", distance="%{x}")
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": list(range(len(values))),
        "y": kept,
        "customdata": known,
        "line": {"color": colour, "dash": DASHES[i % len(DASHES)], "width": 2.5},
        "error_y": {"array": known, "arrayminus": down, "symmetric": False, "thickness": 1, "width": 0, "color": colour},
        "hovertemplate": f"<b>{name}</b><br>{says}<extra></extra>",
    }


def _names(lines: Sequence[Figure], span: tuple[float, float], pixels: int, log: bool) -> list[Figure]:
    ends = [(line, *last) for line in lines if (last := _last(line))]
    texts = [wrap(line["name"], LABEL) for line, _x, _y in ends]
    at = [(_on_axis(y, log) - span[0]) / (span[1] - span[0]) * pixels for _line, _x, y in ends]
    shifts = spread(at, [LINE * len(text) for text in texts], [0] * len(ends), 0, pixels)
    return [
        {
            "x": x,
            "y": _on_axis(y, log),
            "xanchor": "left",
            "yanchor": "middle",
            "xshift": 5,
            "yshift": round(shift, 1),
            "text": "<br>".join(text),
            "align": "left",
            "showarrow": False,
            "font": {"size": 11, "color": line["line"]["color"]},
        }
        for (line, x, y), text, shift in zip(ends, texts, shifts, strict=True)
    ]


def _last(line: Figure) -> tuple[int, float] | None:
    return next(((x, y) for x, y in zip(reversed(line["x"]), reversed(line["y"]), strict=True) if y is not None), None)


def _on_axis(y: float, log: bool) -> float:
    return math.log10(y) if log else y
