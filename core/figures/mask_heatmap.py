"""A mask as a heatmap, units × time, unit 1 at the top: kept is ink, dropped is empty.

Steps count from 0, as in the arrays and in the network; units from 1, as layers do.
"""

from base64 import b64encode

import numpy as np
import numpy.typing as npt

from core.figures.theme import Figure, Theme, template
from core.i18n import _

Array = npt.NDArray[np.float32]

PIXELS = (24, 16, 12, 8, 6, 5, 4, 3, 2, 1)  # per unit: whole ones, so that every unit is equally high
TICK_APART = 16  # pixels that a number needs
MARGINS = {"l": 52, "r": 8, "t": 28, "b": 40}


def of_units(mask: Array) -> Array:
    """The mask by units, [T|1, B|1, H|1]: of a mask of weights [T|1, B|1, rows, columns], the connections into unit 1."""
    return mask[:, :, 0] if mask.ndim == 4 else mask


def kept_fraction(mask: Array) -> float:
    """The part of the mask that is kept, 0 to 1, over all that was drawn: [T|1, B|1, H|1], scale included."""
    return float(np.count_nonzero(mask) / mask.size)


def scale_of(mask: Array) -> float:
    """What a kept unit is multiplied by; 1 where none is kept."""
    return float(mask.max()) or 1.0


def is_noise(mask: Array) -> bool:
    """Whether the factors are of any size (Gaussian), not dropped or kept at one scale."""
    return bool(((mask != 0) & (mask != mask.max())).any())


def plane(mask: Array, sample: int, shape: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """What the mask [T|1, B|1, H|1] does to one sample (from 0), 1 kept, 0 dropped: [H, T] for shape = (T, H).

    A shared axis is repeated. Raises ValueError if the mask does not fit the shape, IndexError for another sample.
    """
    one = mask[:, 0 if mask.shape[1] == 1 else sample]
    kept: npt.NDArray[np.uint8] = (np.broadcast_to(one, shape) != 0).T.astype(np.uint8)
    return kept


def mask_heatmap(
    mask: Array, sample: int, shape: tuple[int, int], theme: Theme, title: str = "", height: int = 200, old: bool = False
) -> Figure:
    """The heatmap of one sample's mask; shape = (T, H). The title is followed by the kept fraction and the scale; of factors
    of any size by their mean and spread. old: a Zoneout mask, which decides between the new value and the old one.

    height: pixels for the units, if so many can show them all; `layout.height` is that of the whole figure.
    `layout.meta` holds "kept" (of this sample, 0 to 1) and "scale". Raises what `plane` raises.
    """
    z = plane(mask, sample, shape)
    kept, scale = float(z.mean()), scale_of(mask)
    pixels = next((pixels for pixels in PIXELS if len(z) * pixels <= height), 1)
    layout = _layout(z.shape, pixels, theme) | {"meta": {"kept": kept, "scale": scale}}
    said = _share(mask, kept, old)
    text = f"{title} · {said}" if title else said
    layout["title"] = {"text": text, "y": 1, "yref": "container", "yanchor": "top", "pad": {"t": 6}}
    drawn = _factors(mask, sample, shape, pixels, theme) if is_noise(mask) else _heatmap(z, pixels, _says(scale, old), theme)
    return {"data": [drawn], "layout": layout}


def describe_mask(mask: Array, sample: int, shape: tuple[int, int], place: str, old: bool = False) -> str:
    """A sentence for those who do not see the heatmap. place: where the mask acts, such as “between layers 1 and 2”."""
    steps, units = shape
    over_time = _("the same at every step") if len(mask) == 1 else _("fresh at each step")
    said = _share(mask, float(plane(mask, sample, shape).mean()), old)
    sentence = _("Mask {place}: {units} units over {steps} steps, {over_time}; {said}.")
    return sentence.format(place=place, units=units, steps=steps, over_time=over_time, said=said)


def _share(mask: Array, kept: float, old: bool) -> str:
    """How much of the mask lets through, and how."""
    if is_noise(mask):
        return _("Gaussian factors, mean {mean}, spread {spread}").format(mean=f"{mask.mean():.2f}", spread=f"{mask.std():.2f}")
    if old:
        return _("{kept} take the new value, the others keep the old").format(kept=_percent(kept))
    return _("{kept} kept, ×{scale}").format(kept=_percent(kept), scale=_number(scale_of(mask)))


def _says(scale: float, old: bool) -> list[str]:
    if old:
        return [_("keeps its old value"), _("takes the new value")]
    return [_("dropped, × 0"), _("kept, × {scale}").format(scale=_number(scale))]


def _factors(mask: Array, sample: int, shape: tuple[int, int], pixels: int, theme: Theme) -> Figure:
    """Factors of any size: from 0, empty, to 2, full."""
    one = mask[:, 0 if mask.shape[1] == 1 else sample]
    z = np.ascontiguousarray(np.broadcast_to(one, shape).T, dtype=np.float32)
    figure = _heatmap(np.zeros(z.shape, np.uint8), pixels, [], theme)
    encoded = {"dtype": "f4", "bdata": b64encode(z.tobytes()).decode(), "shape": f"{z.shape[0]}, {z.shape[1]}"}
    hover = _("unit {n}, step {t}: {value}").format(n="%{y}", t="%{x}", value="× %{z:.2f}") + "<extra></extra>"
    return {name: value for name, value in figure.items() if name != "meta"} | {"z": encoded, "zmax": 2, "hovertemplate": hover}


def _heatmap(z: npt.NDArray[np.uint8], pixels: int, says: list[str], theme: Theme) -> Figure:
    return {
        "type": "heatmap",
        "meta": {"says": says},  # of 0 and of 1: the page puts the word that holds into each cell's text
        "z": {"dtype": "u1", "bdata": b64encode(z.tobytes()).decode(), "shape": f"{z.shape[0]}, {z.shape[1]}"},
        "x0": 0,
        "y0": 1,
        "zmin": 0,
        "zmax": 1,
        "colorscale": [[0, theme.dropped], [1, theme.kept]],
        "showscale": False,
        "xgap": 1,
        "ygap": 1 if pixels > 2 else 0,
        "hovertemplate": _("unit {n}, step {t}: {value}").format(n="%{y}", t="%{x}", value="%{text}") + "<extra></extra>",
    }


def _layout(size: tuple[int, ...], pixels: int, theme: Theme) -> Figure:
    units, steps = size
    return {
        "template": template(theme),
        "height": units * pixels + MARGINS["t"] + MARGINS["b"],
        "margin": MARGINS,
        "xaxis": _axis(_("time step t"), 0, steps),
        "yaxis": _downwards(_axis(_("unit"), 1, units, TICK_APART / pixels)),
        "uirevision": f"{units} × {steps}",
    }


def _axis(title: str, first: int, size: int, apart: float = 1) -> Figure:
    return {
        "title": {"text": title},
        "range": [first - 0.5, first + size - 0.5],
        "tickvals": _ticks(first, size, apart),
        "showgrid": False,
        "ticks": "outside",
        "ticklen": 4,
    }


def _downwards(axis: Figure) -> Figure:
    """The first at the top, as in the lanes of the grid and of the slow motion."""
    return axis | {"range": axis["range"][::-1]}


def _ticks(first: int, size: int, apart: float) -> list[int]:
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500) if size / step <= 8 and step >= apart)
    return sorted({first, *range(step, first + size, step)})


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.1f} %"


def _number(value: float) -> str:
    return f"{value:.3g}"
