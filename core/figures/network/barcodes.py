"""The masks as barcodes: one stripe a unit, filled kept, empty dropped, each where its mask multiplies."""

from core.figures.network.labels import mask_says, place
from core.figures.network.layout import Box
from core.figures.network.scene import UNITS, Scene
from core.figures.network.svg import group, label, number, tag

INSET = 2.5
WIDEST = 17  # that a number may be between two barcodes; one of three digits is squeezed


def barcodes(scene: Scene, name: str) -> str:
    """Every mask of the window: a group for each site that is on at a layer."""
    return "".join(
        group(
            *(_barcode(scene, name, site, layer, t) for t in scene.steps),
            id=f"{name}-masks-{site}-{layer}",
            role="group",
            aria_label=place(site, layer),
        )
        for site, layer in scene.on
    )


def numbers(scene: Scene, name: str) -> str:
    """The numbers of the path's crossings within the window, beside their barcodes."""
    return "".join(_number(scene, name, *at) for at in scene.crossed if at[2] in scene.steps)


def _barcode(scene: Scene, name: str, site: str, layer: int, t: int) -> str:
    box, kept = scene.layout.box(site, layer, t), scene.kept(site, layer, t)
    units = scene.units(site, layer)
    stripes = tag(
        "path",
        d=_stripes(scene, site, layer, t),
        transform=_scale(box, min(units, UNITS)),
        data_site=site,
        data_layer=str(layer),
        data_t=str(t),
        data_first_unit="1",
        data_units=str(min(units, UNITS)),
    )
    return group(
        tag("rect", width=box.width, height=box.height, rx=3),
        stripes,
        id=f"{name}-{site}-{layer}-{t}",
        role="button",
        tabindex="-1",
        class_="net-mask is-crossed" if (site, layer, t) in scene.crossed else "net-mask",
        transform=f"translate({number(box.x)} {number(box.y)})",
        aria_label=mask_says(scene, site, layer, t, len(kept)),
    )


def _stripes(scene: Scene, site: str, layer: int, t: int) -> str:
    """A full stripe for each unit that is kept; a Gaussian factor f is as high as f / 2, no higher than the barcode."""
    dropout, factors = scene.placement.get(site), scene.factors(site, layer, t)
    if dropout is None or dropout.noise == "bernoulli":
        return "".join(f"M{unit} 0v1" for unit in scene.kept(site, layer, t))
    heights = [min(max(float(factor) / 2, 0.0), 1.0) for factor in factors]
    return "".join(f"M{unit} {1 - high:.3g}v{high:.3g}" for unit, high in enumerate(heights))


def _scale(box: Box, units: int) -> str:
    # Within the path a unit is 1 wide and the barcode 1 high: the path's numbers are the units themselves.
    across, along = min(INSET, box.width / 5), min(INSET, box.height / 5)  # a thin one keeps something to show
    width, height = box.width - 2 * across, box.height - 2 * along
    length, depth = (height, width) if box.upright else (width, height)
    step, half = length / units, (along if box.upright else across) + length / units / 2
    if box.upright:
        return f"matrix(0 {step:.4g} {depth:.4g} 0 {across:.4g} {half:.4g})"
    return f"matrix({step:.4g} 0 0 {depth:.4g} {half:.4g} {along:.4g})"


def _number(scene: Scene, name: str, site: str, layer: int, t: int) -> str:
    text = f"{scene.crossed[site, layer, t]}"
    height = scene.layout.sizes.count
    width = max(height, min(7 * len(text), WIDEST) + 4)
    left, middle = scene.layout.number(site, layer, t, width)
    return group(
        tag("rect", x=left, y=middle - height / 2, width=width, height=height, rx=height / 2),
        label(
            text,
            left + width / 2,
            middle + 4.5,
            "net-count",
            textLength=WIDEST if len(text) > 2 else None,
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
