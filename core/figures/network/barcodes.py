"""The barcodes of the network figure, each where its mask multiplies: one stripe per unit, filled kept, empty dropped."""

from collections.abc import Sequence

import numpy as np

from core.dropout.masks import Array
from core.figures.network.labels import label_mask, label_site
from core.figures.network.layout import Box
from core.figures.network.scene import MAX_UNITS, Scene
from core.figures.svg import format_coordinate, group, label, tag

BLANK = "\ue000"  # a placeholder for what differs between updates
STRIPES = [f"M{unit} 0v1" for unit in range(MAX_UNITS)]
MAX_INSET = 2.5
MAX_NUMBER_WIDTH = 17  # between two barcodes; numbers of three digits are compressed


def render_blank_barcodes(scene: Scene, name: str) -> tuple[str, ...]:
    """Return every mask of the window without what an update changes, a group for each active site and layer, in pieces.

    Between the pieces belong, in the order of the masks, the number of kept units of each and the path of its stripes.
    """
    groups = (
        group(
            *(_render_blank_barcode(scene, name, site, layer, t) for t in scene.steps),
            id=f"{name}-masks-{site}-{layer}",
            role="group",
            aria_label=label_site(site, layer),
        )
        for site, layer in scene.active_rates
    )
    return tuple("".join(groups).split(BLANK))


def fill_barcodes(scene: Scene, pieces: Sequence[str]) -> str:
    """Return the masks of this update. pieces: the result of `render_blank_barcodes`."""
    values = [
        value
        for site, layer in scene.active_rates
        for factors in scene.select_window(site, layer)
        for value in (str(np.count_nonzero(factors)), draw_stripes(scene, site, factors))
    ]
    return "".join(part for pair in zip(pieces, [*values, ""], strict=True) for part in pair)


def render_crossing_numbers(scene: Scene, name: str) -> str:
    """Return the numbers of the path's crossings within the window, beside their barcodes."""
    return "".join(_render_crossing_number(scene, name, *at) for at in scene.crossing_numbers if at[2] in scene.steps)


def _render_blank_barcode(scene: Scene, name: str, site: str, layer: int, t: int) -> str:
    box, units = scene.layout.place_mask(site, layer, t), scene.units(site, layer)
    stripes = tag(
        "path",
        d=BLANK,
        transform=place_stripes(box, min(units, MAX_UNITS)),
        data_site=site,
        data_layer=str(layer),
        data_t=str(t),
        data_first_unit="1",
        data_units=str(min(units, MAX_UNITS)),
    )
    return group(
        tag("rect", width=box.width, height=box.height, rx=3),
        stripes,
        id=f"{name}-{site}-{layer}-{t}",
        role="button",
        tabindex="-1",
        class_="net-mask is-crossed" if (site, layer, t) in scene.crossing_numbers else "net-mask",
        transform=f"translate({format_coordinate(box.x)} {format_coordinate(box.y)})",
        aria_label=label_mask(scene, site, layer, t, BLANK),
    )


def draw_stripes(scene: Scene, site: str, factors: Array) -> str:
    """Return the path of a barcode: a full stripe for each kept unit; a Gaussian factor f has height f / 2, at most 1.

    factors: of the units, [U].
    """
    dropout = scene.placement.get(site)
    if dropout is None or dropout.noise == "bernoulli":
        return "".join(STRIPES[unit] for unit in factors.nonzero()[0].tolist())
    heights = [min(max(factor / 2, 0.0), 1.0) for factor in factors.tolist()]
    return "".join(f"M{unit} {1 - high:.3g}v{high:.3g}" for unit, high in enumerate(heights))


def place_stripes(box: Box, units: int) -> str:
    """Return the transform of the stripes of so many units into the box of their barcode."""
    # Within the path a unit is 1 wide and the barcode 1 high, so that the path's numbers are unit numbers.
    across, along = min(MAX_INSET, box.width / 5), min(MAX_INSET, box.height / 5)  # so that a thin barcode stays visible
    width, height = box.width - 2 * across, box.height - 2 * along
    length, depth = (height, width) if box.upright else (width, height)
    step, half = length / units, (along if box.upright else across) + length / units / 2
    if box.upright:
        return f"matrix(0 {step:.4g} {depth:.4g} 0 {across:.4g} {half:.4g})"
    return f"matrix({step:.4g} 0 0 {depth:.4g} {half:.4g} {along:.4g})"


def _render_crossing_number(scene: Scene, name: str, site: str, layer: int, t: int) -> str:
    text = f"{scene.crossing_numbers[site, layer, t]}"
    height = scene.layout.sizes.count
    width = max(height, min(7 * len(text), MAX_NUMBER_WIDTH) + 4)
    left, middle = scene.layout.place_number(site, layer, t, width)
    return group(
        tag("rect", x=left, y=middle - height / 2, width=width, height=height, rx=height / 2),
        label(
            text,
            left + width / 2,
            middle + 4.5,
            "net-count",
            textLength=MAX_NUMBER_WIDTH if len(text) > 2 else None,
            lengthAdjust="spacingAndGlyphs" if len(text) > 2 else None,
        ),
        id=f"{name}-crossing-{text}",
        class_="net-crossing",
        data_crossing=text,
        data_site=site,
        data_layer=str(layer),
        data_t=str(t),
        aria_hidden="true",
    )
