"""The diagram of one cell at one step: gates, states, and each mask as a barcode where it multiplies, as SVG."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.dropout.sites import SITES
from core.figures.svg import format_coordinate, format_path, group, label, tag
from core.figures.theme import FONT, Theme
from core.i18n import _

WIDTH = 420
MAX_STRIPES = 12  # units in a barcode
BARCODE_LENGTH, BARCODE_DEPTH = 40, 15
LEVELS = 8  # shades of Gaussian factors

Point = tuple[float, float]


@dataclass(frozen=True)
class CellWire:
    """A connection through points, dashed where one of its sites is active.

    arrow: whether it ends in an arrow. always_drawn: whether it is drawn without an active site too (False for Zoneout's
    route of the old value).
    """

    points: tuple[Point, ...]
    sites: tuple[str, ...] = ()
    arrow: bool = True
    always_drawn: bool = True


@dataclass(frozen=True)
class CellPlan:
    """The layout of a cell.

    boxes: functions and weights. joints: × and +. nodes: states. names: symbols at the ends of wires. frame: top and height
    of the view box. places: the middle of each site's barcode and whether it stands upright.
    """

    wires: tuple[CellWire, ...]
    boxes: tuple[tuple[str, Point], ...]
    joints: tuple[tuple[str, Point], ...]
    nodes: tuple[tuple[str, Point], ...]
    names: tuple[tuple[str, Point], ...]
    frame: tuple[float, float]
    places: Mapping[str, tuple[float, float, bool]]


_LSTM = CellPlan(
    wires=(
        CellWire(((30, 74), (107, 74))),
        CellWire(((129, 74), (199, 74))),
        CellWire(((221, 74), (268, 74)), ("cell", "zoneout_cell")),
        CellWire(((296, 74), (392, 74))),
        CellWire(((316, 74), (316, 96)), (), False),
        CellWire(((316, 122), (316, 139))),
        CellWire(((327, 150), (358, 150)), ("zoneout_state",)),
        CellWire(((386, 150), (398, 150)), (), False),
        CellWire(((372, 136), (372, 30)), ("output",)),
        CellWire(((118, 207), (118, 85)), ("forget_gate",)),
        CellWire(((182, 207), (182, 136), (199, 136)), ("input_gate",)),
        CellWire(((238, 207), (238, 136), (221, 136)), ("candidate",)),
        CellWire(((210, 125), (210, 85))),
        CellWire(((316, 207), (316, 161)), ("output_gate",)),
        CellWire(((30, 268), (70, 268)), ("state",)),
        CellWire(((98, 268), (139, 268)), ("recurrent_weights",)),
        CellWire(((161, 268), (316, 268), (316, 233)), ()),
        *(CellWire(((x, 268), (x, 233))) for x in (182, 238)),
        CellWire(((150, 257), (150, 250), (118, 250), (118, 233))),
        CellWire(((150, 374), (150, 327)), ("words", "input", "between")),
        CellWire(((150, 301), (150, 279)), ("input_weights",)),
        CellWire(((40, 74), (40, 36), (248, 36), (248, 54)), ("zoneout_cell",), True, False),
        CellWire(((36, 268), (36, 290), (343, 290), (343, 172)), ("zoneout_state",), True, False),
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

_GRU = CellPlan(
    wires=(
        CellWire(((30, 84), (107, 84)), ("whole_state",)),
        CellWire(((129, 84), (279, 84))),
        CellWire(((301, 84), (340, 84)), ("zoneout_state",)),
        CellWire(((368, 84), (392, 84))),
        CellWire(((354, 70), (354, 24)), ("output",)),
        CellWire(((118, 187), (118, 95)), ("update_gate",)),
        CellWire(((118, 124), (279, 124)), ("update_gate",)),
        CellWire(((290, 187), (290, 135)), ("candidate",)),
        CellWire(((290, 113), (290, 95))),
        CellWire(((190, 187), (190, 174), (228, 174), (228, 251)), ("reset_gate",)),
        CellWire(((74, 84), (74, 218), (36, 218), (36, 262), (72, 262)), ("whole_state", "state")),
        CellWire(((100, 262), (217, 262)), ("recurrent_weights",)),
        CellWire(((112, 262), (112, 213)), ("recurrent_weights",)),
        CellWire(((184, 262), (184, 213)), ("recurrent_weights",)),
        CellWire(((239, 262), (284, 262), (284, 213))),
        CellWire(((150, 374), (150, 332)), ("words", "input", "between")),
        CellWire(((150, 306), (150, 286)), ("input_weights",), False),
        CellWire(((124, 286), (296, 286)), ("input_weights",), False),
        *(CellWire(((x, 286), (x, 213)), ("input_weights",)) for x in (124, 196, 296)),
        CellWire(((36, 84), (36, 40), (321, 40), (321, 64)), ("zoneout_state",), True, False),
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
        "whole_state": (56, 84, True),
        "recurrent_weights": (148, 262, True),
        "update_gate": (118, 152, False),
        "reset_gate": (228, 226, False),
        "candidate": (290, 156, False),
        "zoneout_state": (321, 84, True),
        "output": (354, 44, False),
    },
)


def _plan_rnn(function: str) -> CellPlan:
    return CellPlan(
        wires=(
            CellWire(((30, 200), (86, 200)), ("state",)),
            CellWire(((114, 200), (165, 200)), ("recurrent_weights",)),
            CellWire(((187, 200), (209, 200))),
            CellWire(((255, 200), (308, 200)), ("zoneout_state",)),
            CellWire(((336, 200), (392, 200))),
            CellWire(((322, 186), (322, 70)), ("output",)),
            CellWire(((176, 350), (176, 283)), ("words", "input", "between")),
            CellWire(((176, 257), (176, 211)), ("input_weights",)),
            CellWire(((40, 200), (40, 150), (282, 150), (282, 178)), ("zoneout_state",), True, False),
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


PLANS = {"lstm": _LSTM, "gru": _GRU, "rnn": _plan_rnn("tanh"), "rnn-logistic": _plan_rnn("σ")}


def render_cell_diagram(cell: str, masks: Mapping[str, Sequence[float]], theme: Theme, title: str = "") -> str:
    """Return the diagram as one SVG element.

    masks: the factors of the first units at this step for each active site, 0 for dropped; the barcodes are numbered in
    this order. title: description for screen readers. Raises KeyError for an unknown cell or site. Each barcode is a group
    with data-site and data-number; each "M<u> 0v1" in its paths is a unit that is not dropped.
    """
    plan, numbers = PLANS[cell], {site: n for n, site in enumerate(masks, start=1)}
    groups = {site: [site] for site in masks}
    if "input" in groups and "between" in groups:
        # The diagram shows any layer: the input mask of layer 1 lies where the other layers have the mask between layers.
        groups["input"] += groups.pop("between")
    return tag(
        "svg",
        group(*(_render_wire(wire, masks, theme) for wire in plan.wires)),
        group(*(_render_box(text, *at, theme) for text, at in plan.boxes)),
        group(*(_render_circle(text, *at, 11, theme) for text, at in plan.joints)),
        group(*(_render_circle(text, *at, 14, theme, italic=True) for text, at in plan.nodes)),
        group(*(_render_text(text, *at, theme.muted) for text, at in plan.names)),
        *(_render_barcode(sites, plan, masks[site], numbers, theme) for site, sites in groups.items()),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 {plan.frame[0]:g} {WIDTH} {plan.frame[1]:g}",
        role="img",
        width="100%",
        aria_label=title or describe_cell(cell, masks),
        class_="cell-diagram",
    )


def describe_cell(cell: str, masks: Mapping[str, Sequence[float]]) -> str:
    """Return a sentence about the diagram."""
    sites = ", ".join(_("{n} {site}").format(n=n, site=_(SITES[site].label)) for n, site in enumerate(masks, start=1))
    text = _("A step of the {cell}, masked at: {sites}.") if sites else _("A step of the {cell}, without masks.")
    return text.format(cell=cell.upper(), sites=sites)


def _render_wire(wire: CellWire, masks: Mapping[str, Sequence[float]], theme: Theme) -> str:
    is_masked = any(site in masks for site in wire.sites)
    if not is_masked and not wire.always_drawn:
        return ""
    line = tag(
        "path",
        d=_format_polyline(wire.points),
        fill="none",
        stroke=theme.wire,
        stroke_width="1.5",
        stroke_linejoin="round",
        stroke_dasharray="4 3" if is_masked else None,
    )
    return line + (_render_arrow(wire.points[-2], wire.points[-1], theme) if wire.arrow else "")


def _render_arrow(start: Point, end: Point, theme: Theme) -> str:
    dx, dy = ((b > a) - (b < a) for a, b in zip(start, end, strict=True))
    back = (end[0] - 6 * dx, end[1] - 6 * dy)
    corners = (end, (back[0] + 3.5 * dy, back[1] + 3.5 * dx), (back[0] - 3.5 * dy, back[1] - 3.5 * dx))
    return tag("path", d=_format_polyline(corners) + "Z", fill=theme.wire)


def _format_polyline(points: Sequence[Point]) -> str:
    return "M" + "L".join(format_path(*point) for point in points)


def _render_box(text: str, x: float, y: float, theme: Theme) -> str:
    half = 24 if len(text) > 4 else 20 if len(text) > 1 else 14
    return tag(
        "rect", x=x - half, y=y - 13, width=2 * half, height=26, rx=5, fill=theme.panel, stroke=theme.wire, stroke_width="1.2"
    ) + _render_text(text, x, y + 4.5, theme.ink, "13px")


def _render_circle(text: str, x: float, y: float, radius: float, theme: Theme, italic: bool = False) -> str:
    return tag("circle", cx=x, cy=y, r=radius, fill=theme.paper, stroke=theme.wire, stroke_width="1.3") + _render_text(
        text, x, y + 5, theme.ink, "15px", "italic" if italic else None
    )


def _render_text(text: str, x: float, y: float, color: str, size: str = "15px", style: str | None = None) -> str:
    return label(text, x, y, "cell-text", fill=color, font_size=size, font_family=FONT, text_anchor="middle", font_style=style)


def _render_barcode(
    sites: Sequence[str], plan: CellPlan, values: Sequence[float], numbers: Mapping[str, int], theme: Theme
) -> str:
    """Return one barcode with the numbers of its sites, at the place of the first one."""
    x, y, upright = plan.places[sites[0]]
    frame = tag(
        "rect",
        x=-BARCODE_LENGTH / 2,
        y=-BARCODE_DEPTH / 2,
        width=BARCODE_LENGTH,
        height=BARCODE_DEPTH,
        rx=3,
        fill=theme.paper,
        stroke=theme.accent,
        stroke_width="1.6",
    )
    turned = group(frame, *_render_stripes(values, theme), transform="rotate(90)" if upright else None)
    badge = "–".join(str(numbers[site]) for site in sites)
    at = (0.0, -BARCODE_LENGTH / 2 - 7) if upright else (BARCODE_LENGTH / 2 + 5 + 4 * (len(badge) - 1), 0.0)
    return group(
        tag("title", " · ".join(_(SITES[site].label) for site in sites)),
        turned,
        _render_badge(badge, *at, theme),
        data_site=sites[0],
        data_number=badge,
        transform=f"translate({format_coordinate(x)} {format_coordinate(y)})",
    )


def _render_badge(text: str, x: float, y: float, theme: Theme) -> str:
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


def _render_stripes(values: Sequence[float], theme: Theme) -> list[str]:
    """Return a path for each shade; a Bernoulli mask has one, that of its kept units."""
    units = min(len(values), MAX_STRIPES)
    step, largest = (BARCODE_LENGTH - 6) / units, max(map(abs, values)) or 1
    shades: dict[int, list[int]] = {}
    for unit, value in enumerate(values[:units]):
        shades.setdefault(max(1, round(LEVELS * abs(value) / largest)) if value else 0, []).append(unit)
    scale = f"matrix({step:.4g} 0 0 {BARCODE_DEPTH - 6} {3 - BARCODE_LENGTH / 2 + step / 2:.4g} {3 - BARCODE_DEPTH / 2:.4g})"
    return [
        tag(
            "path",
            d="".join(f"M{unit} 0v1" for unit in numbers),
            stroke=theme.ink,
            stroke_width="0.72",
            transform=scale,
            stroke_opacity=f"{shade / LEVELS:.3g}",
        )
        for shade, numbers in sorted(shades.items())
        if shade
    ]
