"""Masks of a method to look at: really drawn, for a small network, at its rates without their schedule."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from core.dropout.masks import Shape, draw_masks, expand_word_masks, gates_of, mask_key
from core.dropout.placement import Placement
from core.dropout.schedule import CONSTANT
from core.dropout.sites import SITES, layers_of

STEPS, BATCH, UNITS, TOKENS, LAYERS, SEED = 20, 2, 12, 9, 2, 7

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Drawn:
    """The mask of one site: its layer (from 1), the gate whose it is ("" where all gates share it), and the mask
    [T|1, B|1, units]; of weights, the connections into the first unit."""

    site: str
    layer: int
    gate: str
    mask: Array


def example(placement: Placement, cell: str) -> list[Drawn]:
    """One mask for every site that is on, of the lowest layer that has it, for two samples of 20 steps. Rates that change
    over the training are taken as they are in the end."""
    steady = Placement.of({name: replace(dropout, schedule=CONSTANT) for name, dropout in placement.sites})
    shape = Shape(STEPS, BATCH, UNITS, (UNITS,) * LAYERS, cell, TOKENS)
    masks = expand_word_masks(draw_masks(steady, shape, SEED, update=1), _tokens())
    found = []
    for site, dropout in steady:
        layer = layers_of(SITES[site.name], LAYERS)[0]
        gate = gates_of(dropout, cell)[0]
        mask = masks[mask_key(site.name, layer, gate)]
        found.append(Drawn(site.name, layer, gate, mask[:, :, 0] if site.kind == "weights" else mask))
    return found


def _tokens() -> npt.NDArray[np.int64]:
    """Some text, [T, B], in which words come again."""
    return (np.arange(STEPS * BATCH) ** 2 % TOKENS).reshape(BATCH, STEPS).T
