"""The mask grid: all masks of a network over time × layer, a lane for each active site, a barcode for each step.

A barcode stands upright with one stripe per unit, unit 1 at the top, so that a mask that is reused at the next step
continues as unbroken stripes. Kept units are filled, dropped units are empty.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.dropout.mask_stats import get_test_factor
from core.dropout.masks import Array, Masks, NetworkShape, make_mask_key
from core.dropout.placement import Placement
from core.dropout.sites import SITES
from core.figures.mask_heatmap import select_units
from core.figures.svg import escape_text, format_coordinate, group, label, tag, wrap_two_lines
from core.figures.theme import FONT, Theme
from core.i18n import _, ngettext

MAX_UNITS = 16  # the most units that a readable barcode can show
MAX_STEPS = 40  # the most steps side by side
WIDTH = 420.0  # of the figure, if three stand side by side on a page
LEFT, RIGHT = 84.0, 6.0  # space beside the steps
MAX_STEP_WIDTH = 80.0
HEAD_HEIGHT, AXIS_HEIGHT, BAND_GAP, LANE_GAP = (
    18.0,
    32.0,
    4.0,
    5.0,
)  # heights: of a band's name, of the time axis, between bands, between lanes
MAX_LANE_HEIGHT, MIN_LANE_HEIGHT, LANES_HEIGHT = 48.0, 24.0, 290.0  # of a lane: at most, at least; of all lanes together

_SHEET = """
.mg{{font:13px {font};color:{ink}}} .mg text{{fill:{ink}}} .mg .mg-soft{{fill:{muted}}} .mg .mg-head{{font-weight:600}}
.mg .mg-end{{text-anchor:end}} .mg .mg-mid{{text-anchor:middle}} .mg-lane{{fill:{dropped};stroke:{line};stroke-width:.8}}
.mg-clean{{stroke:{wire};stroke-width:1.4;fill:none}} .mg-cell rect{{fill:transparent;stroke:none}}
.mg-cell path{{stroke:{ink};stroke-width:.82;fill:none;pointer-events:none}}
.mg-now{{fill:none;stroke:{accent};stroke-width:1.6;stroke-dasharray:4 2;pointer-events:none}} .mg-mark{{fill:{accent}}}
.mg-cell.is-open rect{{stroke:{accent};stroke-width:2.6}}
"""


@dataclass(frozen=True)
class MaskLane:
    """The mask of one site, layer and sample over time.

    name: label on the left. description: for screen readers. factors: the factors of the first units, [T, U].
    test_value: the number that replaces the mask at test time. units: how many units the mask has in all.
    """

    name: str
    description: str
    site: str
    layer: int
    sample: int
    factors: Array
    test_value: float = 1.0
    gaussian: bool = False
    units: int = 1


@dataclass(frozen=True)
class Band:
    """Lanes under one heading, from top to bottom; no lane means that the layer has no mask. note: which units are shown."""

    name: str
    lanes: tuple[MaskLane, ...]
    note: str = ""


@dataclass(frozen=True)
class SelectedCell:
    """The selected cell of the grid; steps and samples count from 0, layers from 1."""

    site: str
    layer: int
    step: int
    sample: int


def build_layer_bands(placement: Placement, masks: Masks, shape: NetworkShape, sample: int) -> tuple[Band, ...]:
    """Return a band for each layer, the top layer first, with the lanes of its sites from the output down to the input.

    masks: as drawn, word masks expanded. Where each gate has its own mask, that of g is shown. sample: counted from 0.
    """
    active = placement.list_active(shape.layers)
    bands = []
    for layer in range(shape.layers, 0, -1):
        sites = sorted((site.name for site, at, _dropout in active if at == layer), key=_SITES_FROM_TOP.index)
        lanes = [_build_lane(placement, masks, shape, (site, layer, sample), _(SITES[site].label)) for site in sites]
        note = "; ".join(dict.fromkeys(label_units(lane.units) for lane in lanes if lane.units > 1))
        bands.append(Band(_("Layer {l}").format(l=layer), tuple(lanes), note))
    return tuple(bands)


def label_units(units: int) -> str:
    """Return which of `units` units a lane shows, such as “units 1–16 of 40”."""
    return _("units 1–{shown} of {units}").format(shown=min(MAX_UNITS, units), units=units)


def build_sample_band(
    placement: Placement, masks: Masks, shape: NetworkShape, at: tuple[str, int], samples: Sequence[int], name: str
) -> Band:
    """Return a band with the mask of one (site, layer) for several samples of the batch."""
    each = (_build_lane(placement, masks, shape, (*at, n), _("sample {n}").format(n=n + 1)) for n in samples)
    return Band(name, tuple(each))


def render_mask_grid(
    bands: Sequence[Band], steps: int, selected: SelectedCell, theme: Theme, name: str, test: bool = False, width: float = WIDTH
) -> str:
    """Return the mask grid as one SVG element.

    bands: those of the layers, then others. name: prefix of all ids. test: whether to show test time, where no mask is
    drawn. width: of the view box. Of more than MAX_STEPS steps those around the selected step are shown. Each barcode is a
    path with data-site, data-layer, data-sample and data-t; each "M0 <u>h1" in its d is a kept unit, u counted from 0.
    """
    lanes = sum(len(band.lanes) for band in bands) or 1
    lane_height = float(int(max(MIN_LANE_HEIGHT, min(MAX_LANE_HEIGHT, LANES_HEIGHT / lanes))))
    frame = _Geometry(select_visible_steps(selected.step, steps), width, lane_height)
    parts, y = [], 0.0
    for n, band in enumerate(bands):
        note = band.note if band.lanes else _("clean: no mask here")
        parts.append(label(band.name, 0, y + 13, "mg-head") + (label(note, LEFT, y + 13, "mg-soft") if note else ""))
        y += HEAD_HEIGHT
        for lane in band.lanes:
            parts.append(_render_lane(lane, y, frame, selected, f"{name}-{n}", test))
            y += frame.lane_height + LANE_GAP
        y += BAND_GAP
    description = _describe(bands, frame.visible_steps, test)
    return tag(
        "svg",
        tag("title", escape_text(_("The masks over time and layers"))),
        tag("desc", escape_text(description)),
        tag("style", _SHEET.format(font=FONT, **vars(theme))),
        *parts,
        _render_axis(frame, selected.step, y),
        xmlns="http://www.w3.org/2000/svg",
        id=name,
        class_="mg",
        viewBox=f"0 0 {width:g} {format_coordinate(y + AXIS_HEIGHT)}",
        role="group",
        aria_label=description,
    )


def select_visible_steps(step: int, steps: int) -> range:
    """Return the steps that are shown: all, or MAX_STEPS of them with `step` near the middle."""
    first = max(0, min(step - MAX_STEPS // 2, steps - MAX_STEPS))
    return range(first, min(steps, first + MAX_STEPS))


def measure_lane(steps: int, width: float) -> tuple[float, float]:
    """Return where a lane of `steps` steps begins and ends, as fractions of the figure's width."""
    frame = _Geometry(select_visible_steps(0, steps), width, MIN_LANE_HEIGHT)
    return LEFT / width, frame.x(frame.visible_steps.stop) / width


# From top to bottom: output, carried state and cell, candidate, recurrent input, input.
_SITES_FROM_TOP = (
    "output",
    "zoneout_state",
    "output_gate",
    "zoneout_cell",
    "cell",
    "forget_gate",
    "update_gate",
    "input_gate",
    "candidate",
    "reset_gate",
    "recurrent_weights",
    "state",
    "whole_state",
    "input_weights",
    "between",
    "input",
    "words",
)


def _build_lane(placement: Placement, masks: Masks, shape: NetworkShape, at: tuple[str, int, int], name: str) -> MaskLane:
    site, layer, sample = at
    shared, dropout = masks.get(make_mask_key(site, layer)), placement.get(site)
    assert dropout is not None
    mask = select_units(masks[make_mask_key(site, layer, "g")] if shared is None else shared)
    units = min(MAX_UNITS, mask.shape[2])
    factors = np.broadcast_to(mask[:, sample if mask.shape[1] > 1 else 0, :units], (shape.steps, units))
    description = _("{site}, layer {layer}, sample {sample}").format(site=_(SITES[site].label), layer=layer, sample=sample + 1)
    value = get_test_factor(dropout, placement.get_rate(site, layer, shape.layers))
    return MaskLane(name, description, site, layer, sample, factors, value, dropout.noise == "gaussian", mask.shape[2])


@dataclass(frozen=True)
class _Geometry:
    """The visible steps, the width of the figure and the height of a lane."""

    visible_steps: range
    width: float
    lane_height: float

    @property
    def pitch(self) -> float:
        """Return the width of a step."""
        return min(MAX_STEP_WIDTH, (self.width - LEFT - RIGHT) / len(self.visible_steps))

    def x(self, t: int) -> float:
        """Return the left end of step t."""
        return LEFT + (t - self.visible_steps.start) * self.pitch


def _render_lane(lane: MaskLane, y: float, frame: _Geometry, selected: SelectedCell, name: str, test: bool) -> str:
    high, wide = frame.lane_height, frame.pitch * len(frame.visible_steps)
    if not test:
        back = tag("rect", x=LEFT, y=y, width=wide, height=high, class_="mg-lane")
    else:
        # The text stands on the side of the lane that is away from the selected step.
        left = frame.x(selected.step) + frame.pitch / 2 > LEFT + wide / 2
        back = tag(
            "path", d=f"M{LEFT:g} {format_coordinate(y + high / 2)}h{format_coordinate(wide)}", class_="mg-clean"
        ) + label(_describe_test_value(lane), LEFT + 4 if left else LEFT + wide - 4, y + high / 2 - 5, "" if left else "mg-end")
    now = tag("rect", x=frame.x(selected.step), y=y, width=frame.pitch, height=high, class_="mg-now")
    cells = _render_cells(lane, y, frame, selected, name, test)
    return _render_name(lane.name, y + high / 2) + group(back, cells, role="group", aria_label=lane.description) + now


def _describe_test_value(lane: MaskLane) -> str:
    """Return the text on a lane at test time."""
    if SITES[lane.site].kind == "zoneout":
        return _("no mask, {new} new + {old} old").format(new=f"{lane.test_value:g}", old=f"{1 - lane.test_value:.3g}")
    return _("no mask, × {value}").format(value=f"{lane.test_value:g}")


def _render_name(name: str, middle: float) -> str:
    """Return the name of a lane in one or two lines."""
    lines = wrap_two_lines(name, LEFT - 8, 13)
    first = middle + 4.5 - 6 * (len(lines) - 1)
    return "".join(label(line, LEFT - 6, first + 12 * n, "mg-soft mg-end") for n, line in enumerate(lines))


def _render_cells(lane: MaskLane, y: float, frame: _Geometry, selected: SelectedCell, name: str, test: bool) -> str:
    # The hot loop, a thousand cells per page: plain f-strings, and everything that all cells share is escaped once.
    unit, at = frame.lane_height / lane.factors.shape[1], f"{lane.site} {lane.layer} {lane.sample}"
    name = f"{name}-{at.replace(' ', '-')}"
    cell_label, kept = escape_text(_cell_label(lane, test)), np.count_nonzero(lane.factors, axis=1).tolist()
    opened = selected.step if (selected.site, selected.layer, selected.sample) == (lane.site, lane.layer, lane.sample) else -1
    # Within the path a unit is 1 high and a step 1 wide, so that the path's numbers are unit numbers.
    path = (
        f'<path data-site="{lane.site}" data-layer="{lane.layer}" data-sample="{lane.sample}" '
        f'transform="matrix({frame.pitch:.4g} 0 0 {unit:.4g} 0 {unit / 2:.4g})"'
    )
    spot = f'<rect width="{format_coordinate(frame.pitch)}" height="{format_coordinate(frame.lane_height)}"/></g>'
    parts = []
    for t in frame.visible_steps:
        stripes = "" if test else f'{path} data-t="{t}" d="{_stripe_path(lane, t)}"/>'
        pressed, kind = ("true", "mg-cell is-open") if t == opened else ("false", "mg-cell")
        parts.append(
            f'<g id="{name}-{t}" class="{kind}" role="button" tabindex="-1" data-at="{at} {t}" aria-pressed="{pressed}" '
            f'transform="translate({format_coordinate(frame.x(t))} {format_coordinate(y)})" '
            f'aria-label="{cell_label.format(t=t, kept=kept[t])}">{stripes}{spot}'
        )
    return "".join(parts)


def _stripe_path(lane: MaskLane, t: int) -> str:
    """Return the path of a barcode: a full stripe for each kept unit; a Gaussian factor f has length f / 2, at most 1."""
    if not lane.gaussian:
        return "".join(f"M0 {unit}h1" for unit in lane.factors[t].nonzero()[0].tolist())
    lengths = np.clip(lane.factors[t] / 2, 0, 1)
    return "".join(f"M0 {unit}h{length:.2g}" for unit, length in enumerate(lengths.tolist()))


def _cell_label(lane: MaskLane, test: bool) -> str:
    """Return the label of the lane's cells, a format with the fields {t} and {kept}."""
    if test:
        return f"{lane.description}, " + _("step {t}: no mask")
    units = lane.factors.shape[1]
    return f"{lane.description}, " + _("step {t}: {kept} of {units} units shown are kept").replace("{units}", str(units))


def _render_axis(frame: _Geometry, step: int, y: float) -> str:
    shown, half = frame.visible_steps, frame.pitch / 2
    tick_interval = next(n for n in (1, 2, 5, 10) if len(shown) * 30 / n <= frame.width - LEFT)
    # Tick labels that would touch the label of the selected step are left out.
    ticks = (
        label(str(t), frame.x(t) + half, y + 13, "mg-soft mg-mid")
        for t in shown
        if t % tick_interval == 0 and abs(t - step) * frame.pitch > 16
    )
    middle = frame.x(step) + half
    mark = tag("path", d=f"M{format_coordinate(middle)} {format_coordinate(y - 3)}l4 5h-8z", class_="mg-mark")
    now = mark + label(str(step), middle, y + 13, "mg-mid mg-head")
    name = label(_("time step t"), LEFT + half * len(shown), y + 28, "mg-soft mg-mid")
    return "".join(ticks) + now + name


def _describe(bands: Sequence[Band], steps: range, test: bool) -> str:
    lanes = sum(len(band.lanes) for band in bands)
    if test:
        return _("At test time no mask acts, steps {first} to {last}.").format(first=steps.start, last=steps[-1])
    sentence = ngettext(
        "{n} lane of masks, one barcode for each of steps {first} to {last}: kept units are filled, dropped units empty.",
        "{n} lanes of masks, one barcode for each of steps {first} to {last}: kept units are filled, dropped units empty.",
        lanes,
    )
    return sentence.format(n=lanes, first=steps.start, last=steps[-1])
