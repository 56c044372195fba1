"""The chart of how far one update moves each parameter: gradient norms and step sizes, as one SVG."""

from core.analysis.update_trace import WeightTrace
from core.figures.number_format import format_exponent
from core.figures.slow_motion import SlowMotion
from core.figures.svg import format_coordinate, label, tag
from core.figures.theme import FONT, Theme
from core.i18n import _

ROW_HEIGHT, BAR_WIDTH = 18.0, 110.0
_STYLE = """
.sl{{font:13px {font};color:{ink}}} .sl text{{fill:{ink}}} .sl .sl-soft{{fill:{muted}}} .sl .sl-end{{text-anchor:end}}
.sl-bar{{fill:{ink}}} .sl-moved{{fill:{primary}}}
"""


def render_weight_changes(motion: SlowMotion, theme: Theme, name: str) -> str:
    """Return the chart: for each parameter ‖∂loss/∂w‖, and ‖Δw‖ in percent of ‖w‖. name: the id."""
    weights = sorted(motion.trace.weights, key=_get_order)
    largest_gradient = max(weight.gradient for weight in weights) or 1.0
    largest_step = max(map(_get_relative_step, weights)) or 1.0
    first, second = 84.0, 84.0 + BAR_WIDTH + 50
    parts = [label(_("‖∂loss/∂w‖"), first, 14, "sl-soft"), label(_("step size, % of ‖w‖"), second, 14, "sl-soft")]
    for n, weight in enumerate(weights):
        y, step = 24 + ROW_HEIGHT * n, _get_relative_step(weight)
        parts.append(label(_name_weight(weight.name), first - 8, y + 11, "sl-end"))
        for x, width, class_, text in (
            (first, BAR_WIDTH * weight.gradient / largest_gradient, "sl-bar", f"{weight.gradient:.3g}"),
            (second, 0.6 * BAR_WIDTH * step / largest_step, "sl-moved", f"{100 * step:.2g} %"),
        ):
            parts.append(tag("rect", x=x, y=y + 1, width=width, height=ROW_HEIGHT - 6, class_=class_))
            parts.append(label(text, x + width + 5, y + 11, "sl-soft"))
    descriptions = [
        _("{name}: gradient {gradient}, step {part} of ‖w‖").format(
            name=_name_weight(weight.name),
            gradient=f"{weight.gradient:.3g}",
            part=f"{100 * _get_relative_step(weight):.2g} %",
        )
        for weight in weights
    ]
    return tag(
        "svg",
        tag("style", _STYLE.format(font=FONT, **vars(theme))),
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        id=name,
        class_="sl",
        viewBox=f"0 0 380 {format_coordinate(24 + ROW_HEIGHT * len(weights))}",
        role="img",
        aria_label=_("Gradient norm and step size of each parameter.") + " " + "; ".join(descriptions),
    )


def _get_relative_step(weight: WeightTrace) -> float:
    return weight.change / weight.weight if weight.weight else 0.0


def _get_order(weight: WeightTrace) -> tuple[int, int, str]:
    """Return the sort key: the embedding, layer after layer, the decoder."""
    letter, _point, layer = weight.name.partition(".")
    return (1, int(layer), str("WUb".index(letter))) if layer else (0 if letter == "embedding" else 2, 0, letter)


def _name_weight(name: str) -> str:
    """Return W.0 as W¹, other parameters by their names."""
    if "." in name:
        letter, layer = name.split(".")
        return letter + format_exponent(int(layer) + 1)
    return {"embedding": _("embedding"), "decoder": _("decoder"), "decoder_bias": _("decoder b")}[name]
