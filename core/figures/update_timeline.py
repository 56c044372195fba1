"""The timeline of one update, time × layer: masks, states, gates, loss and gradients of one sample, as one SVG.

A positive value is a thick stripe and a negative value a thin one, the more opaque the larger its magnitude, so that signs
are visible without color.
"""

from collections.abc import Sequence
from math import copysign

from core.analysis.update_trace import UnitRows
from core.figures.mask_grid import Band, MaskLane, label_units
from core.figures.slow_motion import LEFT, WIDTH, SlowMotion, compute_target_loss
from core.figures.svg import format_coordinate, group, label, tag, wrap_two_lines
from core.figures.theme import FONT, Theme
from core.figures.update_phases import PHASES
from core.i18n import _

FULLNESS_LEVELS = 5  # on each side of 0
UNIT_HEIGHT, SMALL_UNIT_HEIGHT = 3.0, 2.0  # with up to two layers; with more
MASK_UNIT_HEIGHT = 1.5
STRIP_HEIGHT, LANE_GAP, HEAD_HEIGHT, LOSS_HEIGHT, FOOT_HEIGHT = 7.0, 5.0, 18.0, 40.0, 56.0
SITES_ABOVE_STATE = ("output", "zoneout_state", "output_gate")  # their lanes lie above the states, all others below
_SHEET = """
.sl{{font:13px {font};color:{ink}}} .sl text{{fill:{ink}}} .sl .sl-soft{{fill:{muted}}} .sl .sl-head{{font-weight:600}}
.sl .sl-end{{text-anchor:end}} .sl .sl-mid{{text-anchor:middle}} .sl-back{{fill:{dropped};stroke:{line};stroke-width:.8}}
.sl path{{fill:none}} .sl-mask{{stroke:{ink};stroke-width:.82}} .sl-gate{{stroke:{ink};stroke-width:.9}}
.sl-more{{stroke:{primary};stroke-width:.96}} .sl-less{{stroke:{accent};stroke-width:.42}}
.sl-bar{{fill:{ink}}} .sl-now{{fill:none;stroke:{accent};stroke-width:1.6;stroke-dasharray:4 2}}
"""


def render_update_timeline(motion: SlowMotion, theme: Theme, name: str) -> str:
    """Return the timeline as one SVG element. name: prefix of all ids.

    Groups with data-lit and data-seen name the phases in which they are highlighted and in which they are visible. Values
    and gradients are clipped by the rectangle .sl-clip, and .sl-now marks the current step; the frames move both. Each
    path of a lane has data-lane, data-kind and data-level (-FULLNESS_LEVELS to FULLNESS_LEVELS); "M<t> <u>h1" is a cell.
    """
    parts, y = [_render_loss(motion)], LOSS_HEIGHT + LANE_GAP
    for n, band in reversed(list(enumerate(reversed(motion.bands)))):
        inside, y = _render_layer(motion, n, band, y, name)
        parts.append(inside)
    clip = tag("clipPath", tag("rect", class_="sl-clip", x=LEFT, y=0, width=0, height=y), id=f"{name}-seen")
    now = tag("rect", class_="sl-now", x=LEFT, y=0, width=motion.pitch, height=y)
    description = _(
        "Masks, states and gates of sample {sample} at update {update}, time steps from left to right, layer 1 at the bottom, "
        "the loss at the top."
    ).format(sample=motion.trace.sample + 1, update=motion.trace.update)
    return tag(
        "svg",
        tag("style", _SHEET.format(font=FONT, **vars(theme))),
        clip,
        *parts,
        now,
        _render_foot(motion, y),
        xmlns="http://www.w3.org/2000/svg",
        id=name,
        class_="sl",
        viewBox=f"0 0 {WIDTH:g} {format_coordinate(y + FOOT_HEIGHT)}",
        role="img",
        aria_label=description,
    )


def _render_layer(motion: SlowMotion, n: int, band: Band, y: float, name: str) -> tuple[str, float]:
    """Return layer n (from 0) with its lanes, and its lower end."""
    layer, unit = motion.trace.layers[n], UNIT_HEIGHT if len(motion.bands) <= 2 else SMALL_UNIT_HEIGHT
    note = label_units(motion.experiment.widths[n])
    parts, y = [label(band.name, 0, y + 13, "sl-head"), label(note, LEFT, y + 13, "sl-soft")], y + HEAD_HEIGHT
    above = [lane for lane in band.lanes if lane.site in SITES_ABOVE_STATE]
    below = [lane for lane in band.lanes if lane.site not in SITES_ABOVE_STATE]

    def add_masks(lanes: Sequence[MaskLane]) -> None:
        nonlocal y
        for lane in lanes:
            parts.append(_render_mask(motion, lane, y))
            units = lane.factors.shape[1]
            y += (MASK_UNIT_HEIGHT * units if units > 1 else STRIP_HEIGHT) + LANE_GAP

    add_masks(above)
    for letter, lane in layer.carried.items():
        parts.append(_render_state(motion, n, letter, y, unit, name))
        y += unit * len(lane.values[0]) + LANE_GAP
    add_masks(below)
    if layer.gates:
        parts.append(
            _render_name(_("gates {letters}").format(letters=", ".join(layer.gates)), y, (STRIP_HEIGHT + 1) * len(layer.gates))
        )
    for gate, values in layer.gates.items():
        parts.append(_render_gate(motion, f"{gate}.{n + 1}", values, y, name))
        y += STRIP_HEIGHT + 1
    return "".join(parts), y + LANE_GAP


def _render_mask(motion: SlowMotion, lane: MaskLane, y: float) -> str:
    units = lane.factors.shape[1]
    unit = MASK_UNIT_HEIGHT if units > 1 else STRIP_HEIGHT
    cells = []
    for t in motion.visible_steps:
        for u, factor in enumerate(lane.factors[t].tolist()):
            length = min(max(factor / 2, 0), 1) if lane.gaussian else 1
            cells.append(f"M{t - motion.visible_steps.start} {u}h{length:.2g}" if factor else "")
    drawn = tag(
        "path",
        class_="sl-mask",
        d="".join(cells),
        data_lane=f"{lane.site}.{lane.layer}",
        data_kind="mask",
        transform=_unit_transform(motion, y, unit),
    )
    return _render_name(lane.name, y, unit * units) + _render_part(
        _render_background(motion, y, unit * units) + drawn, ("masks", "forward", "backward"), tuple(PHASES)
    )


def _render_state(motion: SlowMotion, n: int, letter: str, y: float, unit: float, name: str) -> str:
    """Return the lane of h or c of layer n (from 0): its values and, in the same place, its gradients."""
    lane = motion.trace.layers[n].carried[letter]
    height = unit * len(lane.values[0])
    values = _render_values(motion, lane.values, letter, n, "values", y, unit)
    gradient = _render_values(motion, lane.gradient, letter, n, "gradient", y, unit)
    return (
        _render_name(letter, y, height)
        + _render_background(motion, y, height)
        + _render_part(_clip(values, name), ("forward",), ("forward", "loss"))
        + _render_part(_clip(gradient, name), ("backward",), ("backward", "update"))
    )


def _render_values(motion: SlowMotion, rows: UnitRows, letter: str, n: int, kind: str, y: float, unit: float) -> str:
    """Return a path for each level of fullness. rows: [T][units]. kind: "values" or "gradient"."""
    full, first = find_full_value(motion, letter, kind), motion.visible_steps.start
    levels: dict[int, list[str]] = {}
    for t in motion.visible_steps:
        for u, value in enumerate(rows[t]):
            if level := quantize_fullness(value / full):
                levels.setdefault(level, []).append(f"M{t - first} {u}h1")
    return "".join(
        tag(
            "path",
            class_="sl-more" if level > 0 else "sl-less",
            d="".join(cells),
            stroke_opacity=f"{abs(level) / FULLNESS_LEVELS:.1f}",
            data_lane=f"{letter}.{n + 1}",
            data_kind=kind,
            data_level=str(level),
            transform=_unit_transform(motion, y, unit),
        )
        for level, cells in sorted(levels.items())
    )


def _render_gate(motion: SlowMotion, lane: str, values: Sequence[float], y: float, name: str) -> str:
    """Return the lane of a gate, the mean over all units: empty is closed, filled is open."""
    cells = "".join(
        tag(
            "path",
            class_="sl-gate",
            d=f"M{t - motion.visible_steps.start} 0h1",
            stroke_opacity=f"{min(max(values[t], 0), 1):.2f}",
            data_lane=lane,
            data_kind="gate",
            transform=_unit_transform(motion, y, STRIP_HEIGHT),
        )
        for t in motion.visible_steps
    )
    return _render_background(motion, y, STRIP_HEIGHT) + _render_part(_clip(cells, name), ("forward",), ("forward", "loss"))


def _render_loss(motion: SlowMotion) -> str:
    """Return a bar for the loss of each target."""
    losses = {one.t: compute_target_loss(one) for one in motion.trace.targets if one.t in motion.visible_steps}
    largest = max(losses.values(), default=1.0) or 1.0
    bars = "".join(
        tag(
            "rect",
            class_="sl-bar",
            x=motion.x(t) + 1,
            y=LOSS_HEIGHT * (1 - loss / largest),
            width=motion.pitch - 2,
            height=LOSS_HEIGHT * loss / largest,
            data_t=str(t),
            data_loss=f"{loss:.4g}",
        )
        for t, loss in losses.items()
    )
    squared = any(one.probability is None for one in motion.trace.targets)
    return (
        _render_name(_("squared error") if squared else _("loss per target"), 0, LOSS_HEIGHT)
        + _render_background(motion, 0, LOSS_HEIGHT)
        + _render_part(bars, ("loss",), ("loss", "backward", "update"))
    )


def _render_foot(motion: SlowMotion, y: float) -> str:
    steps = motion.visible_steps
    tick_interval = next(n for n in (1, 2, 5, 10) if len(steps) * 30 / n <= WIDTH - LEFT)
    ticks = [label(str(t), motion.x(t) + motion.pitch / 2, y + 14, "sl-soft sl-mid") for t in steps if t % tick_interval == 0]
    name = label(_("time step t"), LEFT + motion.pitch * len(steps) / 2, y + 30, "sl-soft sl-mid")
    letters = list(motion.trace.layers[0].carried)

    def render_legend(kind: str, prefix: str) -> str:
        full = ", ".join(f"{prefix}{letter} ±{find_full_value(motion, letter, kind):.3g}" for letter in letters)
        text = _("thick: above 0, thin: below 0; full at {full}, paler nearer to 0").format(full=full)
        return label(text, LEFT, y + 48, "sl-soft")

    values = _render_part(render_legend("values", ""), ("forward", "loss"), ("forward", "loss"))
    gradient = _render_part(render_legend("gradient", "δ"), ("backward", "update"), ("backward", "update"))
    return "".join(ticks) + name + values + gradient


def find_full_value(motion: SlowMotion, letter: str, kind: str) -> float:
    """Return the magnitude at which a stripe is opaque: the largest of this state in all layers, so that layers compare."""
    layers = (getattr(layer.carried[letter], kind) for layer in motion.trace.layers)
    return max((abs(value) for rows in layers for t in motion.visible_steps for value in rows[t]), default=0.0) or 1.0


def quantize_fullness(value: float) -> int:
    """Return the level, -FULLNESS_LEVELS to FULLNESS_LEVELS, of a value between -1 and 1.

    The square root of the magnitude is used, so that small values are visible too.
    """
    return round(copysign(FULLNESS_LEVELS * abs(value) ** 0.5, value))


def _render_name(name: str, y: float, high: float) -> str:
    lines = wrap_two_lines(name, LEFT - 8, 13)
    first = y + high / 2 + 4.5 - 6 * (len(lines) - 1)
    return "".join(label(line, LEFT - 6, first + 12 * n, "sl-soft sl-end") for n, line in enumerate(lines))


def _render_background(motion: SlowMotion, y: float, high: float) -> str:
    return tag("rect", class_="sl-back", x=LEFT, y=y, width=motion.pitch * len(motion.visible_steps), height=high)


def _render_part(inside: str, lit: Sequence[str], visible: Sequence[str]) -> str:
    """Return a group that is highlighted in the phases `lit` and visible in the phases `seen`."""
    return group(inside, class_="sl-part", data_lit=" ".join(lit), data_seen=" ".join(visible))


def _clip(inside: str, name: str) -> str:
    return group(inside, clip_path=f"url(#{name}-seen)")


def _unit_transform(motion: SlowMotion, y: float, unit: float) -> str:
    # Within a path a unit is 1 high and a step 1 wide, so that its numbers are step and unit numbers.
    return f"matrix({motion.pitch:.4g} 0 0 {unit:.4g} {LEFT:g} {y + unit / 2:.4g})"
