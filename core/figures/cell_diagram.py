"""One cell at one step: its gates, what it carries, and each mask as a barcode where it multiplies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.dropout.sites import SITES
from core.figures.network.svg import group, label, number, tag
from core.figures.theme import FONT, Theme
from core.i18n import _

WIDTH = 420
STRIPES = 12  # units that a barcode shows
LONG, DEEP = 40, 15  # of a barcode
LEVELS = 8  # shades of a factor that is neither kept nor dropped (Gaussian noise)

Point = tuple[float, float]


@dataclass(frozen=True)
class Wire:
    """A connection through points, an arrow at its end where it ends in something; dashed where one of the sites is on.
    `shown`: only drawn where one of the sites is on (the old value's way around, for Zoneout)."""

    points: tuple[Point, ...]
    sites: tuple[str, ...] = ()
    arrow: bool = True
    shown: bool = True


@dataclass(frozen=True)
class Plan:
    """Where everything of a cell lies. boxes: functions and weights; joints: where two meet (× or +); nodes: what is carried;
    names: the symbols at the ends; frame: top and height of all; places: the middle of each site's barcode, and whether it
    stands upright."""

    wires: tuple[Wire, ...]
    boxes: tuple[tuple[str, Point], ...]
    joints: tuple[tuple[str, Point], ...]
    nodes: tuple[tuple[str, Point], ...]
    names: tuple[tuple[str, Point], ...]
    frame: tuple[float, float]
    places: Mapping[str, tuple[float, float, bool]]


_LSTM = Plan(
    wires=(
        Wire(((30, 74), (107, 74))),
        Wire(((129, 74), (199, 74))),
        Wire(((221, 74), (268, 74)), ("cell", "zoneout_cell")),
        Wire(((296, 74), (392, 74))),
        Wire(((316, 74), (316, 96)), (), False),
        Wire(((316, 122), (316, 139))),
        Wire(((327, 150), (358, 150)), ("zoneout_state",)),
        Wire(((386, 150), (398, 150)), (), False),
        Wire(((372, 136), (372, 30)), ("output",)),
        Wire(((118, 207), (118, 85)), ("forget_gate",)),
        Wire(((182, 207), (182, 136), (199, 136)), ("input_gate",)),
        Wire(((238, 207), (238, 136), (221, 136)), ("candidate",)),
        Wire(((210, 125), (210, 85))),
        Wire(((316, 207), (316, 161)), ("output_gate",)),
        Wire(((30, 268), (70, 268)), ("state",)),
        Wire(((98, 268), (139, 268)), ("recurrent_weights",)),
        Wire(((161, 268), (316, 268), (316, 233)), ()),
        *(Wire(((x, 268), (x, 233))) for x in (182, 238)),
        Wire(((150, 257), (150, 250), (118, 250), (118, 233))),
        Wire(((150, 374), (150, 327)), ("words", "input", "between")),
        Wire(((150, 301), (150, 279)), ("input_weights",)),
        Wire(((40, 74), (40, 36), (248, 36), (248, 54)), ("zoneout_cell",), True, False),
        Wire(((36, 268), (36, 290), (343, 290), (343, 172)), ("zoneout_state",), True, False),
    ),
    boxes=(
        ("σ  f", (118, 220)),
        ("σ  i", (182, 220)),
        ("tanh g", (238, 220)),
        ("σ  o", (316, 220)),
        ("tanh", (316, 109)),
        ("U", (84, 268)),
        ("W", (150, 314)),
    ),
    joints=(("×", (118, 74)), ("+", (210, 74)), ("×", (210, 136)), ("×", (316, 150)), ("+", (150, 268))),
    nodes=(("c", (282, 74)), ("h", (372, 150))),
    names=(
        ("cₜ₋₁", (16, 79)),
        ("cₜ", (404, 79)),
        ("hₜ₋₁", (16, 273)),
        ("hₜ", (408, 155)),
        ("xₜ", (150, 390)),
        ("↑ hₜ", (372, 22)),
    ),
    frame=(4, 392),
    places={
        "words": (150, 361, False),
        "input": (150, 341, False),
        "between": (150, 341, False),
        "input_weights": (150, 291, False),
        "state": (52, 268, True),
        "recurrent_weights": (118, 268, True),
        "forget_gate": (118, 150, False),
        "input_gate": (180, 176, False),
        "candidate": (240, 176, False),
        "output_gate": (316, 184, False),
        "cell": (248, 74, True),
        "zoneout_cell": (248, 74, True),
        "zoneout_state": (343, 150, True),
        "output": (372, 110, False),
    },
)

_GRU = Plan(
    wires=(
        Wire(((30, 84), (107, 84))),
        Wire(((129, 84), (279, 84))),
        Wire(((301, 84), (340, 84)), ("zoneout_state",)),
        Wire(((368, 84), (392, 84))),
        Wire(((354, 70), (354, 24)), ("output",)),
        Wire(((118, 187), (118, 95)), ("update_gate",)),
        Wire(((118, 124), (279, 124)), ("update_gate",)),
        Wire(((290, 187), (290, 135)), ("candidate",)),
        Wire(((290, 113), (290, 95))),
        Wire(((190, 187), (190, 174), (228, 174), (228, 251)), ("reset_gate",)),
        Wire(((36, 84), (36, 262), (72, 262)), ("state",)),
        Wire(((100, 262), (217, 262)), ("recurrent_weights",)),
        Wire(((112, 262), (112, 213)), ("recurrent_weights",)),
        Wire(((184, 262), (184, 213)), ("recurrent_weights",)),
        Wire(((239, 262), (284, 262), (284, 213))),
        Wire(((150, 374), (150, 332)), ("words", "input", "between")),
        Wire(((150, 306), (150, 286)), ("input_weights",), False),
        Wire(((124, 286), (296, 286)), ("input_weights",), False),
        *(Wire(((x, 286), (x, 213)), ("input_weights",)) for x in (124, 196, 296)),
        Wire(((44, 84), (44, 44), (321, 44), (321, 64)), ("zoneout_state",), True, False),
    ),
    boxes=(("σ  z", (118, 200)), ("σ  r", (190, 200)), ("tanh g", (290, 200)), ("U", (86, 262)), ("W", (150, 319))),
    joints=(("×", (118, 84)), ("+", (290, 84)), ("×", (290, 124)), ("×", (228, 262))),
    nodes=(("h", (354, 84)),),
    names=(("hₜ₋₁", (16, 89)), ("hₜ", (404, 89)), ("xₜ", (150, 390)), ("↑ hₜ", (354, 16)), ("1 − z", (190, 118))),
    frame=(0, 396),
    places={
        "words": (150, 365, False),
        "input": (150, 346, False),
        "between": (150, 346, False),
        "input_weights": (150, 296, False),
        "state": (56, 262, True),
        "recurrent_weights": (148, 262, True),
        "update_gate": (118, 152, False),
        "reset_gate": (228, 226, False),
        "candidate": (290, 156, False),
        "zoneout_state": (321, 84, True),
        "output": (354, 44, False),
    },
)


def _rnn(function: str) -> Plan:
    return Plan(
        wires=(
            Wire(((30, 200), (86, 200)), ("state",)),
            Wire(((114, 200), (165, 200)), ("recurrent_weights",)),
            Wire(((187, 200), (209, 200))),
            Wire(((255, 200), (308, 200)), ("zoneout_state",)),
            Wire(((336, 200), (392, 200))),
            Wire(((322, 186), (322, 70)), ("output",)),
            Wire(((176, 350), (176, 283)), ("words", "input", "between")),
            Wire(((176, 257), (176, 211)), ("input_weights",)),
            Wire(((40, 200), (40, 150), (282, 150), (282, 178)), ("zoneout_state",), True, False),
        ),
        boxes=(("U", (100, 200)), ("W", (176, 270)), (function, (232, 200))),
        joints=(("+", (176, 200)),),
        nodes=(("h", (322, 200)),),
        names=(("hₜ₋₁", (16, 205)), ("hₜ", (404, 205)), ("xₜ", (176, 368)), ("↑ hₜ", (322, 60))),
        frame=(42, 334),
        places={
            "words": (176, 330, False),
            "input": (176, 304, False),
            "between": (176, 304, False),
            "input_weights": (176, 236, False),
            "state": (60, 200, True),
            "recurrent_weights": (138, 200, True),
            "zoneout_state": (282, 200, True),
            "output": (322, 120, False),
        },
    )


PLANS = {"lstm": _LSTM, "gru": _GRU, "rnn": _rnn("tanh"), "rnn-logistic": _rnn("σ")}


def diagram(cell: str, masks: Mapping[str, Sequence[float]], theme: Theme, title: str = "") -> str:
    """The cell as one SVG element. masks: of each site that is on, the factors of its first units at this step, 0 dropped;
    the barcodes are numbered in the order of the mapping. Raises KeyError for a cell, or a site, that is not there.

    Each barcode is a group with data-site and data-number; each "M<u> 0v1" in its paths is a unit that is not dropped.
    """
    plan, numbers = PLANS[cell], {site: n for n, site in enumerate(masks, start=1)}
    shown = _places(masks)
    return tag(
        "svg",
        group(*(_wire(wire, masks, theme) for wire in plan.wires)),
        group(*(_box(text, *at, theme) for text, at in plan.boxes)),
        group(*(_round(text, *at, 11, theme) for text, at in plan.joints)),
        group(*(_round(text, *at, 14, theme, italic=True) for text, at in plan.nodes)),
        group(*(_text(text, *at, theme.muted) for text, at in plan.names)),
        *(_barcode(site, shown[site], plan, masks[site], numbers, theme) for site in masks if site in shown),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 {plan.frame[0]:g} {WIDTH} {plan.frame[1]:g}",
        role="img",
        width="100%",
        aria_label=title or describe(cell, masks),
        class_="cell-diagram",
    )


def describe(cell: str, masks: Mapping[str, Sequence[float]]) -> str:
    """What the diagram shows, in a sentence."""
    on = ", ".join(_("{n} {site}").format(n=n, site=_(SITES[site].label)) for n, site in enumerate(masks, start=1))
    cell = cell.upper()
    return (
        _("A step of the {cell}, masked at: {sites}.").format(cell=cell, sites=on)
        if on
        else _("A step of the {cell}, without masks.").format(cell=cell)
    )


def _places(masks: Mapping[str, Sequence[float]]) -> dict[str, str]:
    # One cell stands for every layer: the input's mask in the first is where the others have that of the layer below.
    both = {"input", "between"} <= masks.keys()
    return {
        site: (_("input, between") if both and site == "input" else site) for site in masks if not (both and site == "between")
    }


def _wire(wire: Wire, masks: Mapping[str, Sequence[float]], theme: Theme) -> str:
    on = any(site in masks for site in wire.sites)
    if not on and not wire.shown:
        return ""
    path = "M" + "L".join(f"{number(x)} {number(y)}" for x, y in wire.points)
    line = tag(
        "path",
        d=path,
        fill="none",
        stroke=theme.wire,
        stroke_width="1.5",
        stroke_linejoin="round",
        stroke_dasharray="4 3" if on else None,
    )
    return line + (_arrow(wire.points[-2], wire.points[-1], theme) if wire.arrow else "")


def _arrow(start: Point, end: Point, theme: Theme) -> str:
    dx, dy = (_sign(end[0] - start[0]), _sign(end[1] - start[1]))
    back = (end[0] - 6 * dx, end[1] - 6 * dy)
    corners = (end, (back[0] + 3.5 * dy, back[1] + 3.5 * dx), (back[0] - 3.5 * dy, back[1] - 3.5 * dx))
    return tag("path", d="M" + "L".join(f"{number(x)} {number(y)}" for x, y in corners) + "Z", fill=theme.wire)


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def _box(text: str, x: float, y: float, theme: Theme) -> str:
    half = 24 if len(text) > 4 else 20 if len(text) > 1 else 14
    return tag(
        "rect", x=x - half, y=y - 13, width=2 * half, height=26, rx=5, fill=theme.panel, stroke=theme.wire, stroke_width="1.2"
    ) + _text(text, x, y + 4.5, theme.ink, "13px")


def _round(text: str, x: float, y: float, radius: float, theme: Theme, italic: bool = False) -> str:
    return tag("circle", cx=x, cy=y, r=radius, fill=theme.paper, stroke=theme.wire, stroke_width="1.3") + _text(
        text, x, y + 5, theme.ink, "15px", "italic" if italic else None
    )


def _text(text: str, x: float, y: float, colour: str, size: str = "15px", style: str | None = None) -> str:
    return label(text, x, y, "cell-text", fill=colour, font_size=size, font_family=FONT, text_anchor="middle", font_style=style)


def _barcode(site: str, shown: str, plan: Plan, values: Sequence[float], numbers: Mapping[str, int], theme: Theme) -> str:
    x, y, upright = plan.places[site]
    frame = tag(
        "rect",
        x=-LONG / 2,
        y=-DEEP / 2,
        width=LONG,
        height=DEEP,
        rx=3,
        fill=theme.paper,
        stroke=theme.accent,
        stroke_width="1.6",
    )
    turned = group(frame, *_stripes(values, theme), transform="rotate(90)" if upright else None)
    badge = "–".join(str(numbers[name]) for name in shown.split(", "))
    at = (0.0, -LONG / 2 - 7) if upright else (LONG / 2 + 5 + 4 * (len(badge) - 1), 0.0)
    named = " · ".join(_(SITES[name].label) for name in shown.split(", "))
    return group(
        tag("title", named),
        turned,
        _badge(badge, *at, theme),
        data_site=site,
        data_number=badge,
        transform=f"translate({number(x)} {number(y)})",
    )


def _badge(text: str, x: float, y: float, theme: Theme) -> str:
    half = 7.5 + 4 * (len(text) - 1)
    return tag("rect", x=x - half, y=y - 7.5, width=2 * half, height=15, rx=7.5, fill=theme.accent) + label(
        text,
        x,
        y + 4,
        "cell-text",
        fill=theme.on_accent,
        font_size="11.5px",
        font_family=FONT,
        font_weight="700",
        text_anchor="middle",
    )


def _stripes(values: Sequence[float], theme: Theme) -> list[str]:
    """A path for each shade: one for what is kept, more only where factors differ."""
    units = min(len(values), STRIPES)
    step, most = (LONG - 6) / units, max(map(abs, values)) or 1
    shades: dict[int, list[int]] = {}
    for unit, value in enumerate(values[:units]):
        shades.setdefault(max(1, round(LEVELS * abs(value) / most)) if value else 0, []).append(unit)
    scale = f"matrix({step:.4g} 0 0 {DEEP - 6} {3 - LONG / 2 + step / 2:.4g} {3 - DEEP / 2:.4g})"
    return [
        tag(
            "path",
            d="".join(f"M{unit} 0v1" for unit in some),
            stroke=theme.ink,
            stroke_width="0.72",
            transform=scale,
            stroke_opacity=f"{shade / LEVELS:.3g}",
        )
        for shade, some in sorted(shades.items())
        if shade
    ]
