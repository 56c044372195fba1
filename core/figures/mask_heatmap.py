"""The heatmap of a mask, units × time steps, unit 1 at the top: kept units in ink, dropped units empty.

Steps count from 0, as in the arrays; units count from 1, as layers do.
"""

from base64 import b64encode

import numpy as np
import numpy.typing as npt

from core.figures.theme import Figure, Theme, build_template
from core.i18n import _

Array = npt.NDArray[np.float32]

UNIT_HEIGHTS = (24, 16, 12, 8, 6, 5, 4, 3, 2, 1)  # whole pixels, so that all units are equally high
TICK_DISTANCE = 16  # pixels between two tick labels, at least
MARGINS = {"l": 52, "r": 8, "t": 28, "b": 40}


def select_units(mask: Array) -> Array:
    """Return the mask as [T|1, B|1, H|1]; of a weight mask [T|1, B|1, rows, columns], the connections into unit 1."""
    return mask[:, :, 0] if mask.ndim == 4 else mask


def compute_kept_fraction(mask: Array) -> float:
    """Return the fraction of nonzero entries, 0 to 1, of a mask as it was drawn, [T|1, B|1, H|1]."""
    return float(np.count_nonzero(mask) / mask.size)


def get_scale(mask: Array) -> float:
    """Return the factor of a kept unit; 1 where no unit is kept."""
    return float(mask.max()) or 1.0


def is_gaussian(mask: Array) -> bool:
    """Return whether the mask holds Gaussian factors, not 0 and one scale alone."""
    return bool(((mask != 0) & (mask != mask.max())).any())


def binarize_sample(mask: Array, sample: int, shape: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Return the mask of one sample as [H, T], 1 for kept and 0 for dropped.

    mask: [T|1, B|1, H|1]; a shared axis is repeated. sample: counted from 0. shape: (T, H). Raises ValueError if the mask
    does not fit the shape, IndexError if there is no such sample.
    """
    kept_share: npt.NDArray[np.uint8] = (_select_sample(mask, sample, shape) != 0).T.astype(np.uint8)
    return kept_share


def _select_sample(mask: Array, sample: int, shape: tuple[int, int]) -> Array:
    return np.broadcast_to(mask[:, 0 if mask.shape[1] == 1 else sample], shape)


def plot_mask_heatmap(
    mask: Array, sample: int, shape: tuple[int, int], theme: Theme, title: str = "", height: int = 200, old: bool = False
) -> Figure:
    """Return the heatmap of one sample's mask.

    shape: (T, H). The kept fraction and the scale are added to the title, of Gaussian factors their mean and standard
    deviation. height: pixels for all units together, if they fit. old: whether this is a Zoneout mask, which chooses
    between the new and the old value. `layout.height` is the height of the whole figure; `layout.meta` holds "kept" (the
    kept fraction of this sample, 0 to 1) and "scale". Raises ValueError and IndexError as `binarize_sample` does.
    """
    z = binarize_sample(mask, sample, shape)
    kept_share, scale = float(z.mean()), get_scale(mask)
    pixels = next((pixels for pixels in UNIT_HEIGHTS if len(z) * pixels <= height), 1)
    layout = _build_layout(z.shape, pixels, theme) | {"meta": {"kept": kept_share, "scale": scale}}
    share = _describe_kept_share(mask, kept_share, old)
    text = f"{title} · {share}" if title else share
    layout["title"] = {"text": text, "y": 1, "yref": "container", "yanchor": "top", "pad": {"t": 6}}
    drawn = (
        _plot_factors(mask, sample, shape, pixels, theme)
        if is_gaussian(mask)
        else _plot_cells(z, pixels, _name_values(scale, old), theme)
    )
    return {"data": [drawn], "layout": layout}


def describe_mask(mask: Array, sample: int, shape: tuple[int, int], place: str, old: bool = False) -> str:
    """Return a sentence about the heatmap for screen readers. place: where the mask acts, such as “between layers 1 and 2”."""
    steps, units = shape
    over_time = _("the same at every step") if len(mask) == 1 else _("fresh at each step")
    share = _describe_kept_share(mask, float(binarize_sample(mask, sample, shape).mean()), old)
    sentence = _("Mask {place}: {units} units over {steps} steps, {over_time}; {share}.")
    return sentence.format(place=place, units=units, steps=steps, over_time=over_time, share=share)


def _describe_kept_share(mask: Array, kept_share: float, old: bool) -> str:
    if is_gaussian(mask):
        return _("Gaussian factors, mean {mean}, standard deviation {deviation}").format(
            mean=f"{mask.mean():.2f}", deviation=f"{mask.std():.2f}"
        )
    percent = f"{100 * kept_share:.1f} %"
    if old:
        return _("{kept} take the new value, the others keep the old").format(kept=percent)
    return _("{kept} kept, ×{scale}").format(kept=percent, scale=f"{get_scale(mask):.3g}")


def _name_values(scale: float, old: bool) -> list[str]:
    if old:
        return [_("keeps its old value"), _("takes the new value")]
    return [_("dropped, × 0"), _("kept, × {scale}").format(scale=f"{scale:.3g}")]


def _plot_factors(mask: Array, sample: int, shape: tuple[int, int], pixels: int, theme: Theme) -> Figure:
    """Return the heatmap trace of Gaussian factors, colored from 0 (empty) to 2 (full)."""
    z = np.ascontiguousarray(_select_sample(mask, sample, shape).T, dtype=np.float32)
    figure = _plot_cells(np.zeros(z.shape, np.uint8), pixels, [], theme)
    encoded = {"dtype": "f4", "bdata": b64encode(z.tobytes()).decode(), "shape": f"{z.shape[0]}, {z.shape[1]}"}
    hover = _("unit {n}, step {t}: {value}").format(n="%{y}", t="%{x}", value="× %{z:.2f}") + "<extra></extra>"
    return {name: value for name, value in figure.items() if name != "meta"} | {"z": encoded, "zmax": 2, "hovertemplate": hover}


def _plot_cells(z: npt.NDArray[np.uint8], pixels: int, names: list[str], theme: Theme) -> Figure:
    return {
        "type": "heatmap",
        "meta": {"says": names},  # of 0 and of 1; the page writes the right one into each cell's hover text
        "z": {"dtype": "u1", "bdata": b64encode(z.tobytes()).decode(), "shape": f"{z.shape[0]}, {z.shape[1]}"},
        "x0": 0,
        "y0": 1,
        "zmin": 0,
        "zmax": 1,
        "colorscale": [[0, theme.dropped], [1, theme.ink]],
        "showscale": False,
        "xgap": 1,
        "ygap": 1 if pixels > 2 else 0,
        "hovertemplate": _("unit {n}, step {t}: {value}").format(n="%{y}", t="%{x}", value="%{text}") + "<extra></extra>",
    }


def _build_layout(size: tuple[int, ...], pixels: int, theme: Theme) -> Figure:
    units, steps = size
    y = _build_axis(_("unit"), 1, units, TICK_DISTANCE / pixels)
    return {
        "template": build_template(theme),
        "height": units * pixels + MARGINS["t"] + MARGINS["b"],
        "margin": MARGINS,
        "xaxis": _build_axis(_("time step t"), 0, steps),
        "yaxis": y | {"range": y["range"][::-1]},  # unit 1 at the top, as in the mask grid and in slow motion
        "uirevision": f"{units} × {steps}",
    }


def _build_axis(title: str, first: int, size: int, apart: float = 1) -> Figure:
    return {
        "title": {"text": title},
        "range": [first - 0.5, first + size - 0.5],
        "tickvals": _choose_ticks(first, size, apart),
        "showgrid": False,
        "ticks": "outside",
        "ticklen": 4,
    }


def _choose_ticks(first: int, size: int, apart: float) -> list[int]:
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500) if size / step <= 8 and step >= apart)
    return sorted({first, *range(step, first + size, step)})
