"""Every mask of a network as one grid, time × layer: a lane for each site that is on, a barcode for each step.

A barcode stands upright, one stripe a unit, the first at the top: a mask that is used again at the next step goes on as
unbroken stripes. Kept is filled, dropped is empty.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.dropout.mask_stats import at_test
from core.dropout.masks import Array, Masks, Shape, mask_key
from core.dropout.placement import Placement
from core.dropout.sites import SITES
from core.figures.mask_heatmap import of_units
from core.figures.network.svg import group, label, number, tag, text, two_lines
from core.figures.theme import FONT, Theme
from core.i18n import _, ngettext

UNITS = 16  # as many units as a barcode can show and still be read
STEPS = 40  # at most side by side
WIDTH = 420.0  # of the figure, where three stand side by side on a page
LEFT, RIGHT = 84.0, 6.0
WIDEST = 80.0  # of a step, where there are few
HEAD, AXIS, APART, GAP = 18.0, 32.0, 4.0, 5.0  # heights: of a band's name, of the time axis, between bands, between lanes
HIGHEST, LEAST, ROOM = 48.0, 24.0, 290.0  # of a lane: at most, at least; of all lanes together

_SHEET = """
.mg{{font:13px {font};color:{ink}}} .mg text{{fill:{ink}}} .mg .mg-soft{{fill:{muted}}} .mg .mg-head{{font-weight:600}}
.mg .mg-end{{text-anchor:end}} .mg .mg-mid{{text-anchor:middle}} .mg-lane{{fill:{dropped};stroke:{line};stroke-width:.8}}
.mg-clean{{stroke:{wire};stroke-width:1.4;fill:none}} .mg-cell rect{{fill:transparent;stroke:none}}
.mg-cell path{{stroke:{ink};stroke-width:.82;fill:none;pointer-events:none}}
.mg-now{{fill:none;stroke:{accent};stroke-width:1.6;stroke-dasharray:4 2;pointer-events:none}} .mg-mark{{fill:{accent}}}
.mg-cell.is-open rect{{stroke:{accent};stroke-width:2.6}}
"""


@dataclass(frozen=True)
class Lane:
    """One site at a layer, of one sample, over time. factors [T, U]: what its first units are multiplied by. at_test: what
    stands for the mask at test. units: how many the mask has in all."""

    name: str
    says: str
    site: str
    layer: int
    sample: int
    factors: Array
    at_test: float = 1.0
    gaussian: bool = False
    units: int = 1


@dataclass(frozen=True)
class Band:
    """Lanes under one name, from top to bottom; without any, the connection is clean. note: which units they show."""

    name: str
    lanes: tuple[Lane, ...]
    note: str = ""


@dataclass(frozen=True)
class Chosen:
    """What is opened: site, layer, step and sample."""

    site: str
    layer: int
    step: int
    sample: int


def layer_bands(placement: Placement, masks: Masks, shape: Shape, sample: int) -> tuple[Band, ...]:
    """A band for each layer, the top one first; in it the sites in the order in which content rises through them.

    masks: as drawn, those of words spelled out. Where each gate has a mask of its own, g's is shown.
    """
    layers = shape.layers
    on = placement.active(layers)

    def lanes(layer: int) -> tuple[Lane, ...]:
        sites = sorted((site.name for site, at, _dropout in on if at == layer), key=_RISING.index)
        return tuple(_lane(placement, masks, shape, (site, layer, sample), _(SITES[site].label)) for site in sites)

    return tuple(
        Band(_("Layer {l}").format(l=layer), there, _note(there)) for layer in range(layers, 0, -1) for there in [lanes(layer)]
    )


def units_text(units: int) -> str:
    """Which of so many units a lane shows."""
    return _("units 1–{shown} of {units}").format(shown=min(UNITS, units), units=units)


def _note(lanes: Sequence[Lane]) -> str:
    return "; ".join(dict.fromkeys(units_text(lane.units) for lane in lanes if lane.units > 1))


def sample_band(
    placement: Placement, masks: Masks, shape: Shape, at: tuple[str, int], samples: Sequence[int], name: str
) -> Band:
    """One site and layer, for several samples of the batch."""
    each = (_lane(placement, masks, shape, (*at, n), _("sample {n}").format(n=n + 1)) for n in samples)
    return Band(name, tuple(each))


def grid(
    bands: Sequence[Band], steps: int, chosen: Chosen, theme: Theme, name: str, test: bool = False, width: float = WIDTH
) -> str:
    """The grid as one SVG element. `name` begins all its ids; bands: those of the layers, then others.

    test: as it is at test, no mask is drawn. width: in the units of the view box. Of more than STEPS steps those around the
    chosen one are shown. Each barcode is a path with data-site, data-layer, data-sample, data-t; each "M0 <u>h1" in its d
    is a kept unit, u counted from 0.
    """
    frame = _Frame(window_of(chosen.step, steps), width, _height(bands))
    parts, y = [], 0.0
    for n, band in enumerate(bands):
        parts.append(_head(band, y))
        y += HEAD
        for lane in band.lanes:
            parts.append(_drawn(lane, y, frame, chosen, f"{name}-{n}", test))
            y += frame.high + GAP
        y += APART
    about = _describe(bands, frame.shown, test)
    return tag(
        "svg",
        tag("title", text(_("The masks over time and layers"))),
        tag("desc", text(about)),
        tag("style", _SHEET.format(font=FONT, **vars(theme))),
        *parts,
        _axis(frame, chosen.step, y),
        xmlns="http://www.w3.org/2000/svg",
        id=name,
        class_="mg",
        viewBox=f"0 0 {width:g} {number(y + AXIS)}",
        role="group",
        aria_label=about,
    )


def window_of(step: int, steps: int) -> range:
    """The steps that are shown: all, or STEPS of them with the chosen one in the middle as far as there are any."""
    first = max(0, min(step - STEPS // 2, steps - STEPS))
    return range(first, min(steps, first + STEPS))


def lane_of(steps: int, width: float) -> tuple[float, float]:
    """Where a lane of so many steps begins and ends, as parts of the figure's width, for what stands below it."""
    frame = _Frame(window_of(0, steps), width, LEAST)
    return LEFT / width, frame.x(frame.shown.stop) / width


# In the order in which they stand from top to bottom: what is told, what is remembered, what is written, what is read.
_RISING = (
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
    "input_weights",
    "between",
    "input",
    "words",
)


def _lane(placement: Placement, masks: Masks, shape: Shape, at: tuple[str, int, int], name: str) -> Lane:
    site, layer, sample = at
    whole, dropout = masks.get(mask_key(site, layer)), placement.get(site)
    assert dropout is not None
    mask = of_units(masks[mask_key(site, layer, "g")] if whole is None else whole)
    units = min(UNITS, mask.shape[2])
    factors = np.broadcast_to(mask[:, sample if mask.shape[1] > 1 else 0, :units], (shape.steps, units))
    says = _("{site}, layer {layer}, sample {sample}").format(site=_(SITES[site].label), layer=layer, sample=sample + 1)
    value = at_test(dropout, placement.rate(site, layer, shape.layers))
    return Lane(name, says, site, layer, sample, factors, value, dropout.noise == "gaussian", mask.shape[2])


def _height(bands: Sequence[Band]) -> float:
    lanes = sum(len(band.lanes) for band in bands) or 1
    return float(int(max(LEAST, min(HIGHEST, ROOM / lanes))))


@dataclass(frozen=True)
class _Frame:
    """The steps that are shown, the width of the figure, the height of a lane."""

    shown: range
    width: float
    high: float

    @property
    def pitch(self) -> float:
        """Width of a step."""
        return min(WIDEST, (self.width - LEFT - RIGHT) / len(self.shown))

    def x(self, t: int) -> float:
        """Left end of a step."""
        return LEFT + (t - self.shown.start) * self.pitch


def _head(band: Band, y: float) -> str:
    note = band.note if band.lanes else _("clean: no mask here")
    return label(band.name, 0, y + 13, "mg-head") + (label(note, LEFT, y + 13, "mg-soft") if note else "")


def _drawn(lane: Lane, y: float, frame: _Frame, chosen: Chosen, name: str, test: bool) -> str:
    high, wide = frame.high, frame.pitch * len(frame.shown)
    if not test:
        back = tag("rect", x=LEFT, y=y, width=wide, height=high, class_="mg-lane")
    else:
        # On the side of the lane where the chosen step is not.
        left = frame.x(chosen.step) + frame.pitch / 2 > LEFT + wide / 2
        back = tag("path", d=f"M{LEFT:g} {number(y + high / 2)}h{number(wide)}", class_="mg-clean") + label(
            _stands(lane), LEFT + 4 if left else LEFT + wide - 4, y + high / 2 - 5, "" if left else "mg-end"
        )
    called = _called(lane.name, y + high / 2)
    now = tag("rect", x=frame.x(chosen.step), y=y, width=frame.pitch, height=high, class_="mg-now")
    cells = _cells(lane, y, frame, chosen, name, test)
    return called + group(back, cells, role="group", aria_label=lane.says) + now


def _stands(lane: Lane) -> str:
    """What stands for the mask at test."""
    if SITES[lane.site].kind == "old":
        return _("no mask, {new} new + {old} old").format(new=f"{lane.at_test:g}", old=f"{1 - lane.at_test:.3g}")
    return _("no mask, × {value}").format(value=f"{lane.at_test:g}")


def _called(name: str, middle: float) -> str:
    """The name of a lane, in two lines where one is too short for it."""
    lines = two_lines(name, LEFT - 8, 13)
    first = middle + 4.5 - 6 * (len(lines) - 1)
    return "".join(label(line, LEFT - 6, first + 12 * n, "mg-soft mg-end") for n, line in enumerate(lines))


def _cells(lane: Lane, y: float, frame: _Frame, chosen: Chosen, name: str, test: bool) -> str:
    # The hot loop, a thousand cells a page: written out, and what is alike in all of them is made and escaped once.
    unit, at = frame.high / lane.factors.shape[1], f"{lane.site} {lane.layer} {lane.sample}"
    name = f"{name}-{at.replace(' ', '-')}"
    says, kept = text(_says(lane, test)), np.count_nonzero(lane.factors, axis=1).tolist()
    opened = chosen.step if (chosen.site, chosen.layer, chosen.sample) == (lane.site, lane.layer, lane.sample) else -1
    # Within the path a unit is 1 high and the step 1 wide: the path's numbers are the units themselves.
    path = (
        f'<path data-site="{lane.site}" data-layer="{lane.layer}" data-sample="{lane.sample}" '
        f'transform="matrix({frame.pitch:.4g} 0 0 {unit:.4g} 0 {unit / 2:.4g})"'
    )
    spot = f'<rect width="{number(frame.pitch)}" height="{number(frame.high)}"/></g>'
    parts = []
    for t in frame.shown:
        stripes = "" if test else f'{path} data-t="{t}" d="{_stripes(lane, t)}"/>'
        pressed, kind = ("true", "mg-cell is-open") if t == opened else ("false", "mg-cell")
        parts.append(
            f'<g id="{name}-{t}" class="{kind}" role="button" tabindex="-1" data-at="{at} {t}" aria-pressed="{pressed}" '
            f'transform="translate({number(frame.x(t))} {number(y)})" '
            f'aria-label="{says.format(t=t, kept=kept[t])}">{stripes}{spot}'
        )
    return "".join(parts)


def _stripes(lane: Lane, t: int) -> str:
    """A full stripe for each unit that is kept; a Gaussian factor f is as long as f / 2, no longer than a step."""
    if not lane.gaussian:
        return "".join(f"M0 {unit}h1" for unit in lane.factors[t].nonzero()[0].tolist())
    lengths = np.clip(lane.factors[t] / 2, 0, 1)
    return "".join(f"M0 {unit}h{length:.2g}" for unit, length in enumerate(lengths.tolist()))


def _says(lane: Lane, test: bool) -> str:
    """What a cell of the lane says, with places for {t} and {kept}."""
    if test:
        return f"{lane.says}, " + _("step {t}: no mask")
    units = lane.factors.shape[1]
    return f"{lane.says}, " + _("step {t}: {kept} of {units} units shown are kept").replace("{units}", str(units))


def _axis(frame: _Frame, step: int, y: float) -> str:
    shown, half = frame.shown, frame.pitch / 2
    every = next(n for n in (1, 2, 5, 10) if len(shown) * 30 / n <= frame.width - LEFT)
    # What would touch the chosen step's number makes way for it.
    ticks = (
        label(str(t), frame.x(t) + half, y + 13, "mg-soft mg-mid")
        for t in shown
        if t % every == 0 and abs(t - step) * frame.pitch > 16
    )
    middle = frame.x(step) + half
    mark = tag("path", d=f"M{number(middle)} {number(y - 3)}l4 5h-8z", class_="mg-mark")
    now = mark + label(str(step), middle, y + 13, "mg-mid mg-head")
    name = label(_("time step t"), LEFT + half * len(shown), y + 28, "mg-soft mg-mid")
    return "".join(ticks) + now + name


def _describe(bands: Sequence[Band], shown: range, test: bool) -> str:
    lanes = sum(len(band.lanes) for band in bands)
    if test:
        return _("At test: no mask acts, over steps {first} to {last}.").format(first=shown.start, last=shown[-1])
    masks = ngettext("{n} lane of masks", "{n} lanes of masks", lanes).format(n=lanes)
    over = _("one barcode for each of steps {first} to {last}: kept units are filled, dropped ones empty.").format(
        first=shown.start, last=shown[-1]
    )
    return f"{masks}, {over}"
