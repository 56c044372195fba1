"""A mask over time, units × steps, for a few samples side by side, as a small SVG."""

import numpy as np
import numpy.typing as npt

from core.figures.svg import group, tag
from core.figures.theme import Theme

Array = npt.NDArray[np.float32]

CELL = 8.0  # width of a step and height of a unit
GAP = 12.0  # between samples
LEVELS = 8  # shades of Gaussian factors


def render_mask_pattern(mask: Array, steps: int, theme: Theme, description: str) -> str:
    """Return the mask over `steps` steps as one SVG element, a panel for each sample.

    mask: [T|1, B|1, units]; a shared axis is repeated, so that two samples that share a mask look alike. Kept units are
    filled, dropped units are empty, Gaussian factors are shades. description: for screen readers. Each sample is a group
    with data-sample.
    """
    samples, units = max(2, mask.shape[1]), mask.shape[2]
    factors = np.broadcast_to(mask, (steps, samples, units))
    largest = float(np.abs(mask).max()) or 1.0
    width, height = steps * CELL, max(units, 2) * CELL
    frame = tag(
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
    panels = [
        group(
            frame,
            *_render_shades(factors[:, n], largest, height / units, theme),
            data_sample=str(n),
            transform=f"translate({n * (width + GAP):g} 0)",
        )
        for n in range(samples)
    ]
    return tag(
        "svg",
        *panels,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"-1 -1 {samples * width + (samples - 1) * GAP + 2:g} {height + 2:g}",
        role="img",
        width="100%",
        aria_label=description,
        class_="mask-pattern",
    )


def _render_shades(factors: Array, largest: float, unit_height: float, theme: Theme) -> list[str]:
    """Return a path for each shade of one sample's factors [T, units]."""
    shades = np.ceil(LEVELS * np.abs(factors) / largest).astype(int)
    return [
        tag(
            "path",
            d="".join(
                f"M{t * CELL:g} {unit * unit_height:g}h{CELL - 1:g}v{unit_height - 1:g}h-{CELL - 1:g}z"
                for t, unit in np.argwhere(shades == shade).tolist()
            ),
            fill=theme.ink,
            fill_opacity=f"{shade / LEVELS:.3g}",
        )
        for shade in sorted(set(shades.flat) - {0})
    ]
