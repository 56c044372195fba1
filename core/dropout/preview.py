"""Example masks of a method, drawn for a small network at its final rates."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from core.dropout.masks import NetworkShape, draw_masks, expand_word_masks, list_mask_gates, make_mask_key
from core.dropout.placement import Placement
from core.dropout.schedule import CONSTANT_RATE
from core.dropout.sites import SITES, get_site_layers

STEPS, BATCH, UNITS, TOKENS, LAYERS, SEED = 20, 2, 12, 9, 2, 7

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class PreviewMask:
    """The mask of one site.

    layer: from 1. gate: "" if all gates share the mask. mask: [T|1, B|1, units]; at a weight site, the connections into the
    first unit.
    """

    site: str
    layer: int
    gate: str
    mask: Array


def draw_preview_masks(placement: Placement, cell: str) -> list[PreviewMask]:
    """Draw one mask for every site that is on, at the lowest layer that has it, for 2 samples of 20 steps.

    Schedules are ignored: every site has its own rate.
    """
    steady = Placement.from_sites({name: replace(dropout, schedule=CONSTANT_RATE) for name, dropout in placement.sites})
    shape = NetworkShape(STEPS, BATCH, UNITS, (UNITS,) * LAYERS, cell, TOKENS)
    masks = expand_word_masks(draw_masks(steady, shape, SEED, update=1), _make_tokens())
    previews = []
    for site, dropout in steady:
        layer = get_site_layers(SITES[site.name], LAYERS)[0]
        gate = list_mask_gates(dropout, cell)[0]
        mask = masks[make_mask_key(site.name, layer, gate)]
        previews.append(PreviewMask(site.name, layer, gate, mask[:, :, 0] if site.kind == "weights" else mask))
    return previews


def _make_tokens() -> npt.NDArray[np.int64]:
    """Return tokens [T, B] in which words repeat."""
    return (np.arange(STEPS * BATCH) ** 2 % TOKENS).reshape(BATCH, STEPS).T
