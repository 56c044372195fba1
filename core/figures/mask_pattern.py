"""A mask over time, units × steps, of a few samples side by side, and how many paths cross how many masks: two small SVGs."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from core.figures.network.svg import group, label, tag
from core.figures.number_format import raised
from core.figures.theme import FONT, Theme
from core.i18n import _

Array = npt.NDArray[np.float32]

CELL = 8.0  # width of a step and height of a unit
GAP = 12.0  # between samples
LEVELS = 8  # shades of a factor that is neither kept nor dropped (Gaussian noise)
BARS = (400.0, 92.0)  # width and height of a histogram


def pattern(mask: Array, steps: int, theme: Theme, says: str) -> str:
    """The mask [T|1, B|1, units] over so many steps, every sample beside the other; a shared axis is repeated, so that two
    samples of one mask look alike. Kept is filled, dropped is empty; Gaussian factors are shades.

    says: what it is, for those who do not see it. Each sample is a group with data-sample.
    """
    samples = max(2, mask.shape[1])
    units = mask.shape[2]
    full = np.broadcast_to(mask, (steps, samples, units))
    most = float(np.abs(mask).max()) or 1.0
    wide = steps * CELL
    high = max(units, 2) * CELL if units > 1 else 2 * CELL
    strips = [
        group(
            _frame(wide, high, theme),
            *_shades(full[:, n], most, high / units, theme),
            data_sample=str(n),
            transform=f"translate({n * (wide + GAP):g} 0)",
        )
        for n in range(samples)
    ]
    width = samples * wide + (samples - 1) * GAP
    return tag(
        "svg",
        *strips,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"-1 -1 {width + 2:g} {high + 2:g}",
        role="img",
        width="100%",
        aria_label=says,
        class_="mask-pattern",
    )


def histogram(counts: Sequence[int], theme: Theme) -> str:
    """How many paths cross n masks, one bar for each n from the least to the most; the highest bar is as high as there is
    room. Each bar has data-masks and data-paths."""
    least, most = next(n for n, paths in enumerate(counts) if paths), len(counts) - 1
    width, height = BARS
    pitch = min(36.0, (width - 20) / (most - least + 1))
    every = -(-(most - least + 1) // 12)  # so many labels fit
    bars = [_bar(n, counts[n], max(counts), n - least, pitch, (n - least) % every == 0, theme) for n in range(least, most + 1)]
    says = _("How many paths cross how many masks: {all}.").format(
        all=", ".join(_("{n}: {paths}").format(n=n, paths=_short(counts[n])) for n in range(least, most + 1)[:40])
    )
    return tag(
        "svg",
        *bars,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:g} {height + 20:g}",
        role="img",
        width="100%",
        aria_label=says,
        class_="path-histogram",
    )


def _frame(width: float, height: float, theme: Theme) -> str:
    return tag(
        "rect",
        x=-0.5,
        y=-0.5,
        width=width + 1,
        height=height + 1,
        rx=2,
        fill=theme.dropped,
        stroke=theme.line,
        stroke_width="1",
    )


def _shades(sample: Array, most: float, high: float, theme: Theme) -> list[str]:
    """A path for each shade of one sample's factors [T, units]."""
    shades = np.ceil(LEVELS * np.abs(sample) / most).astype(int)
    return [
        tag(
            "path",
            d="".join(
                f"M{t * CELL:g} {unit * high:g}h{CELL - 1:g}v{high - 1:g}h-{CELL - 1:g}z"
                for t, unit in np.argwhere(shades == shade).tolist()
            ),
            fill=theme.kept,
            fill_opacity=f"{shade / LEVELS:.3g}",
        )
        for shade in sorted(set(shades.flat) - {0})
    ]


def _bar(n: int, paths: int, most: int, place: int, pitch: float, named: bool, theme: Theme) -> str:
    height = BARS[1]
    # Exact integers of any size: divided before they become floating-point numbers.
    share = paths * 1000 // most / 1000
    tall = max(2.0, (height - 20) * share) if paths else 0.0
    x = 10 + place * pitch
    return group(
        tag("title", _("{n} masks: {paths} paths").format(n=n, paths=_short(paths))),
        tag("rect", x=x, y=height - tall, width=max(1.0, pitch - 2), height=tall, fill=theme.primary),
        label(
            _short(paths),
            x + pitch / 2 - 1,
            height - tall - 4,
            "",
            font_size="11px",
            font_family=FONT,
            fill=theme.muted,
            text_anchor="middle",
        )
        if pitch >= 24 and paths
        else "",
        label(
            f"{n}", x + pitch / 2 - 1, height + 15, "", font_size="12px", font_family=FONT, fill=theme.ink, text_anchor="middle"
        )
        if named
        else "",
        data_masks=str(n),
        data_paths=str(paths),
    )


def _short(number: int) -> str:
    if number < 10_000:
        return str(number)
    power = len(str(number)) - 1
    return f"{int(str(number)[:2]) / 10:g}·10{raised(power)}"
