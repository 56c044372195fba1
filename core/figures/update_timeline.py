"""The stage of one update, time × layer, on which masks, states, loss and gradients appear; and the weights that move.

Of a value the stripe is thick where it is positive, thin where negative, and the fuller the farther from 0: also in grey.
"""

from collections.abc import Callable, Sequence
from math import copysign

from core.analysis.update_trace import Rows, Tensor
from core.figures.mask_grid import Band, units_text
from core.figures.mask_grid import Lane as MaskLane
from core.figures.network.svg import group, label, number, tag, two_lines
from core.figures.slow_motion import LEFT, WIDTH, Slow, short, surprise
from core.figures.theme import FONT, Theme
from core.figures.update_phases import PHASES
from core.i18n import _

LEVELS = 5  # of fullness, on each side of 0
UNIT, SMALL = 3.0, 2.0  # the height of a unit; where there are more than two layers
STRIPE = 1.5  # of a unit of a mask
STRIP, APART, HEAD, LOSS, FOOT = 7.0, 5.0, 18.0, 40.0, 56.0
ROW, BAR = 18.0, 110.0  # of the weights
ABOVE = ("output", "zoneout_state", "output_gate")  # masks that meet h on its way out; the others lie below
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_SHEET = """
.sl{{font:13px {font};color:{ink}}} .sl text{{fill:{ink}}} .sl .sl-soft{{fill:{muted}}} .sl .sl-head{{font-weight:600}}
.sl .sl-end{{text-anchor:end}} .sl .sl-mid{{text-anchor:middle}} .sl-back{{fill:{dropped};stroke:{line};stroke-width:.8}}
.sl path{{fill:none}} .sl-mask{{stroke:{ink};stroke-width:.82}} .sl-gate{{stroke:{ink};stroke-width:.9}}
.sl-more{{stroke:{primary};stroke-width:.96}} .sl-less{{stroke:{accent};stroke-width:.42}}
.sl-bar{{fill:{ink}}} .sl-moved{{fill:{primary}}} .sl-now{{fill:none;stroke:{accent};stroke-width:1.6;stroke-dasharray:4 2}}
"""


def stage(one: Slow, theme: Theme, name: str) -> str:
    """The stage as one SVG element; `name` begins all its ids.

    What belongs to a phase is a group with data-lit and data-seen: the phases in which it is lit, and in which it is there at
    all. Values and gradients lie below a clip, the rectangle .sl-clip, and .sl-now is the step that is computed: both are moved
    by the frames. Each path of a lane has data-lane, data-kind and data-level, -LEVELS to LEVELS; "M<t> <u>h1" is a cell.
    """
    parts, y = [_loss(one)], LOSS + APART
    for n, band in reversed(list(enumerate(reversed(one.bands)))):
        inside, y = _layer(one, n, band, y, name)
        parts.append(inside)
    clip = tag("clipPath", tag("rect", class_="sl-clip", x=LEFT, y=0, width=0, height=y), id=f"{name}-seen")
    now = tag("rect", class_="sl-now", x=LEFT, y=0, width=one.pitch, height=y)
    says = _(
        "Time runs to the right, layers stand above each other: masks, states and gates of sample {sample} at update "
        "{update}, and the loss on top."
    ).format(sample=one.snapshot.sample + 1, update=one.snapshot.update)
    return tag(
        "svg",
        tag("style", _SHEET.format(font=FONT, **vars(theme))),
        clip,
        *parts,
        now,
        _foot(one, y),
        xmlns="http://www.w3.org/2000/svg",
        id=name,
        class_="sl",
        viewBox=f"0 0 {WIDTH:g} {number(y + FOOT)}",
        role="img",
        aria_label=says,
    )


def weights(one: Slow, theme: Theme, name: str) -> str:
    """The groups of weights as one SVG element: ‖∂loss/∂w‖, and how far each is moved, ‖Δw‖, in parts of ‖w‖."""
    rows = sorted(one.snapshot.weights, key=lambda row: _along(row.name))
    steepest = max(row.gradient for row in rows) or 1.0
    moved = [row.change / row.weight if row.weight else 0.0 for row in rows]
    most = max(moved) or 1.0
    first, second = 84.0, 84.0 + BAR + 50
    parts = [label(_("‖∂loss/∂w‖"), first, 14, "sl-soft"), label(_("step size, % of ‖w‖"), second, 14, "sl-soft")]
    for n, (row, part) in enumerate(zip(rows, moved, strict=True)):
        y = 24 + ROW * n
        parts.append(label(_weight(row.name), first - 8, y + 11, "sl-end"))
        for x, share, kind, said in (
            (first, row.gradient / steepest, "sl-bar", short(row.gradient)),
            (second, part / most, "sl-moved", f"{100 * part:.2g} %"),
        ):
            wide = BAR * share * (1 if kind == "sl-bar" else 0.6)
            parts += [
                tag("rect", x=x, y=y + 1, width=wide, height=ROW - 6, class_=kind),
                label(said, x + wide + 5, y + 11, "sl-soft"),
            ]
    return tag(
        "svg",
        tag("style", _SHEET.format(font=FONT, **vars(theme))),
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        id=name,
        class_="sl",
        viewBox=f"0 0 380 {number(24 + ROW * len(rows))}",
        role="img",
        aria_label=_describe(rows, moved),
    )


def _layer(one: Slow, n: int, band: Band, y: float, name: str) -> tuple[str, float]:
    """A layer (from 0) with its lanes, from top to bottom, and where it ends."""
    layer, unit = one.snapshot.layers[n], UNIT if len(one.bands) <= 2 else SMALL
    note = units_text(one.experiment.widths[n])
    parts, y = [label(band.name, 0, y + 13, "sl-head"), label(note, LEFT, y + 13, "sl-soft")], y + HEAD
    masks = {site: [lane for lane in band.lanes if (lane.site in ABOVE) == site] for site in (True, False)}

    def add(lanes: Sequence[MaskLane]) -> None:
        nonlocal y
        for lane in lanes:
            parts.append(_mask(one, lane, y))
            y += STRIPE * lane.factors.shape[1] + APART if lane.factors.shape[1] > 1 else STRIP + APART

    add(masks[True])
    for carried in layer.carried:
        high = unit * len(layer.carried[carried].values[0])
        parts.append(_carried(one, (n, carried), y, unit, name))
        y += high + APART
    add(masks[False])
    if layer.gates:
        parts.append(_named(_("gates {letters}").format(letters=", ".join(layer.gates)), y, (STRIP + 1) * len(layer.gates)))
    for gate, values in layer.gates.items():
        parts.append(_gate(one, (n, gate), values, y, name))
        y += STRIP + 1
    return "".join(parts), y + APART


def _mask(one: Slow, lane: MaskLane, y: float) -> str:
    units = lane.factors.shape[1]
    unit = STRIPE if units > 1 else STRIP
    cells = []
    for t in one.shown:
        for u, factor in enumerate(lane.factors[t].tolist()):
            length = min(max(factor / 2, 0), 1) if lane.gaussian else 1
            cells.append(f"M{t - one.shown.start} {u}h{length:.2g}" if factor else "")
    drawn = tag(
        "path",
        class_="sl-mask",
        d="".join(cells),
        data_lane=f"{lane.site}.{lane.layer}",
        data_kind="mask",
        transform=_matrix(one, y, unit),
    )
    return _named(lane.name, y, unit * units) + _part(
        _back(one, y, unit * units) + drawn, ("masks", "forward", "backward"), tuple(PHASES)
    )


def _carried(one: Slow, at: tuple[int, str], y: float, unit: float, name: str) -> str:
    """h or c of a layer: its values, and in their place its gradients."""
    n, letter = at
    lane = one.snapshot.layers[n].carried[letter]
    high = unit * len(lane.values[0])
    kinds = (
        ("values", lane.values, ("forward",), ("forward", "loss")),
        ("gradient", lane.gradient, ("backward",), ("backward", "update")),
    )
    parts = [
        _part(_clipped(_heat(one, rows, scale(one, letter, kind), (f"{letter}.{n + 1}", kind), y, unit), name), lit, seen)
        for kind, rows, lit, seen in kinds
    ]
    return _named(letter, y, high) + _back(one, y, high) + "".join(parts)


def _heat(one: Slow, rows: Rows, most: float, named: tuple[str, str], y: float, unit: float) -> str:
    levels: dict[int, list[str]] = {}
    for t in one.shown:
        for u, value in enumerate(rows[t]):
            if found := fullness(value / most):
                levels.setdefault(found, []).append(f"M{t - one.shown.start} {u}h1")
    return "".join(
        tag(
            "path",
            class_="sl-more" if found > 0 else "sl-less",
            d="".join(cells),
            stroke_opacity=f"{abs(found) / LEVELS:.1f}",
            data_lane=named[0],
            data_kind=named[1],
            data_level=str(found),
            transform=_matrix(one, y, unit),
        )
        for found, cells in sorted(levels.items())
    )


def _gate(one: Slow, at: tuple[int, str], values: Sequence[float], y: float, name: str) -> str:
    """How far a gate is open, over all units: empty closed, full open."""
    cells = "".join(
        tag(
            "path",
            class_="sl-gate",
            d=f"M{t - one.shown.start} 0h1",
            stroke_opacity=f"{min(max(values[t], 0), 1):.2f}",
            data_lane=f"{at[1]}.{at[0] + 1}",
            data_kind="gate",
            transform=_matrix(one, y, STRIP),
        )
        for t in one.shown
    )
    return _back(one, y, STRIP) + _part(_clipped(cells, name), ("forward",), ("forward", "loss"))


def _loss(one: Slow) -> str:
    """A bar for each answer that is asked: -ln of the probability that the right one got, or its squared error."""
    heights = {asked.t: surprise(asked) for asked in one.snapshot.targets if asked.t in one.shown}
    most = max(heights.values(), default=1.0) or 1.0
    bars = "".join(
        tag(
            "rect",
            class_="sl-bar",
            x=one.x(t) + 1,
            y=LOSS * (1 - high / most),
            width=one.pitch - 2,
            height=LOSS * high / most,
            data_t=str(t),
            data_loss=f"{high:.4g}",
        )
        for t, high in heights.items()
    )
    squared = any(asked.probability is None for asked in one.snapshot.targets)
    return (
        _named(_("error² where asked") if squared else _("loss where asked"), 0, LOSS)
        + _back(one, 0, LOSS)
        + _part(bars, ("loss",), ("loss", "backward", "update"))
    )


def _foot(one: Slow, y: float) -> str:
    shown = one.shown
    every = next(n for n in (1, 2, 5, 10) if len(shown) * 30 / n <= WIDTH - LEFT)
    ticks = "".join(label(str(t), one.x(t) + one.pitch / 2, y + 14, "sl-soft sl-mid") for t in shown if t % every == 0)
    name = label(_("time step t"), LEFT + one.pitch * len(shown) / 2, y + 30, "sl-soft sl-mid")
    letters = list(one.snapshot.layers[0].carried)

    def legend(kind: str, of: Callable[[str], str]) -> str:
        full = ", ".join(f"{of(letter)} ±{short(scale(one, letter, kind))}" for letter in letters)
        return label(
            _("thick: above 0, thin: below 0; full at {full}, paler nearer to 0").format(full=full),
            LEFT,
            y + 48,
            "sl-soft",
        )

    values = _part(legend("values", str), ("forward", "loss"), ("forward", "loss"))
    gradient = _part(legend("gradient", "δ{}".format), ("backward", "update"), ("backward", "update"))
    return ticks + name + values + gradient


def scale(one: Slow, letter: str, kind: str) -> float:
    """The value at which a stripe is full: the largest of the letter in all layers, so that layers can be compared."""
    rows = (getattr(layer.carried[letter], kind) for layer in one.snapshot.layers)
    return max((abs(value) for of in rows for t in one.shown for value in of[t]), default=0.0) or 1.0


def fullness(part: float) -> int:
    """How full a stripe is, -LEVELS to LEVELS, for a value between -1 and 1: by its root, so that what is small is seen too."""
    return round(copysign(LEVELS * abs(part) ** 0.5, part))


def _describe(rows: Sequence[Tensor], moved: Sequence[float]) -> str:
    each = (
        _("{name}: gradient {gradient}, step {part} of ‖w‖").format(
            name=_weight(row.name), gradient=short(row.gradient), part=f"{100 * part:.2g} %"
        )
        for row, part in zip(rows, moved, strict=True)
    )
    return _("The weights, each group with the norm of its gradient and the size of its step.") + " " + "; ".join(each)


def _along(name: str) -> tuple[int, int, str]:
    """The order in which content meets the weights: the embedding, layer after layer, the decoder."""
    letter, _point, layer = name.partition(".")
    return (1, int(layer), str("WUb".index(letter))) if layer else (0 if name == "embedding" else 2, 0, name)


def _weight(name: str) -> str:
    """W.0 as W¹; the others by their names."""
    if "." in name:
        letter, layer = name.split(".")
        return letter + str(int(layer) + 1).translate(_RAISED)
    return {"embedding": _("embedding"), "decoder": _("decoder"), "decoder_bias": _("decoder b")}[name]


def _named(name: str, y: float, high: float) -> str:
    lines = two_lines(name, LEFT - 8, 13)
    first = y + high / 2 + 4.5 - 6 * (len(lines) - 1)
    return "".join(label(line, LEFT - 6, first + 12 * n, "sl-soft sl-end") for n, line in enumerate(lines))


def _back(one: Slow, y: float, high: float) -> str:
    return tag("rect", class_="sl-back", x=LEFT, y=y, width=one.pitch * len(one.shown), height=high)


def _part(inside: str, lit: Sequence[str], seen: Sequence[str]) -> str:
    """What is lit in some phases, and there at all in some."""
    return group(inside, class_="sl-part", data_lit=" ".join(lit), data_seen=" ".join(seen))


def _clipped(inside: str, name: str) -> str:
    return group(inside, clip_path=f"url(#{name}-seen)")


def _matrix(one: Slow, y: float, unit: float) -> str:
    # A unit is 1 high and a step 1 wide: the numbers of a path are steps and units themselves.
    return f"matrix({one.pitch:.4g} 0 0 {unit:.4g} {LEFT:g} {y + unit / 2:.4g})"
