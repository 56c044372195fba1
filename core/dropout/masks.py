"""The only randomness in the network: masks as a pure function of a seed, an update and a place.

The uniforms depend on (mask seed, update, pass, site, layer, gate, shape) and on nothing else; the placement only
sets sharing, threshold and scale. So any past mask can be drawn again without having been stored, two experiments
share their masks where their sites agree, and raising p only drops more units.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

from core.dropout.placement import Dropout, Placement
from core.dropout.sites import Site, width_of
from core.errors import Invalid
from core.i18n import _

Array = npt.NDArray[np.float32]
Masks = Mapping[str, Array]

# The gates of a cell, in the order of the blocks of its weights; a plain RNN has its candidate alone.
GATES = {"lstm": ("i", "f", "g", "o"), "gru": ("r", "z", "g"), "rnn": ("g",), "rnn-logistic": ("g",)}
# Elements of the largest mask: above this an update no longer fits a small machine's memory.
LARGEST = 16_000_000


@dataclass(frozen=True)
class Shape:
    """What the masks of a network have to fit: T steps, B samples, E embedding, H units per layer, the cell's gates, and
    the V tokens of the vocabulary, where whole words are dropped."""

    steps: int
    batch: int
    embedding: int
    hidden: tuple[int, ...]
    cell: str = "lstm"
    tokens: int = 0

    @property
    def layers(self) -> int:
        """L, the number of layers."""
        return len(self.hidden)


def draw_masks(placement: Placement, shape: Shape, seed: int, update: int, pass_index: int = 0) -> dict[str, Array]:
    """The masks of one update, as they are multiplied in, scale included; of a Zoneout site, 1 where the new value comes in.

    Keys are "site.layer" (layers count from 1), or "site.layer.gate" where each gate has its own draw; arrays are
    [T|1, B|1, H|1], an axis of length 1 being shared; of a weight site [T|1, B|1, rows, columns]. `pass_index` numbers the
    forward passes within one update. Raises Invalid where words are dropped and the shape names no tokens, and for a
    mask that would not fit in memory.
    """
    now, masks = placement.at(update), {}
    for site, layer, dropout in now.active(shape.layers):
        rate = now.rate(site.name, layer, shape.layers)
        size = _shape(site, layer, dropout, shape)
        if not prod(size):
            raise Invalid(_("Words are dropped, but the shape names no tokens."), site.name)
        for gate in gates_of(dropout, shape.cell):
            random = _generator(seed, update, pass_index, site.name, layer, gate)
            masks[mask_key(site.name, layer, gate)] = _mask(dropout, rate, random, size)
    return masks


def expand_word_masks(masks: dict[str, Array], x: npt.NDArray[Any]) -> dict[str, Array]:
    """The masks as they meet the tokens x [T, B]: that of words, [1, B|1, V], becomes one factor a token, [T, B, 1]."""
    if "words.1" not in masks or masks["words.1"].shape[2] == 1:  # none, or one factor for all words
        return masks
    of_types = np.broadcast_to(masks["words.1"][0], (x.shape[1], masks["words.1"].shape[2]))
    return masks | {"words.1": np.take_along_axis(of_types, x.T, axis=1).T[..., None]}


def uniforms(seed: int, update: int, pass_index: int, site: str, layer: int, gate: str, shape: tuple[int, ...]) -> Array:
    """Uniform float32 numbers in [0, 1) of the given shape: what every mask is a threshold of."""
    return _generator(seed, update, pass_index, site, layer, gate).random(shape, dtype=np.float32)


def test_time_values(placement: Placement, shape: Shape) -> dict[str, Array]:
    """What stands for each mask at test, [1, 1, 1]: 1-p under test scaling, and for Zoneout its mean; sites whose value
    is 1 are left out. `placement` is that of one update."""
    return {
        mask_key(site.name, layer, gate): np.full(
            (1,) * (4 if site.kind == "weights" else 3), 1 - placement.rate(site.name, layer, shape.layers), np.float32
        )
        for site, layer, dropout in placement.active(shape.layers)
        if dropout.scaling == "test"
        for gate in gates_of(dropout, shape.cell)
    }


def scale(rate: float, scaling: str) -> np.float32:
    """What a kept unit is multiplied by in training."""
    return np.float32(1 / (1 - rate) if scaling == "inverted" else 1)


def gates_of(dropout: Dropout, cell: str) -> tuple[str, ...]:
    """The gates that have a mask of their own: those of the cell, or the one nameless mask of all."""
    return GATES[cell] if dropout.fresh("gates") else ("",)


def mask_key(site: str, layer: int, gate: str = "") -> str:
    """The name of a mask: site.layer or site.layer.gate."""
    return f"{site}.{layer}.{gate}" if gate else f"{site}.{layer}"


def count_elements(placement: Placement, shape: Shape) -> int:
    """How many numbers one update draws for all its masks, its sites being at their full rates."""
    return sum(
        prod(_shape(site, layer, dropout, shape)) * len(gates_of(dropout, shape.cell))
        for site, layer, dropout in placement.active(shape.layers)
    )


def check_memory(placement: Placement, shape: Shape) -> None:
    """Raises Invalid where a mask would have more than `LARGEST` elements."""
    for site, layer, dropout in placement.active(shape.layers):
        size = prod(_shape(site, layer, dropout, shape)) * len(gates_of(dropout, shape.cell))
        if size > LARGEST:
            raise Invalid(
                _(
                    "The mask on “{name}” would have {size} elements; at most {most} fit in memory. Share it over time or "
                    "the batch, or make the network smaller."
                ).format(name=site.name, size=size, most=LARGEST),
                site.name,
            )


def _generator(seed: int, update: int, pass_index: int, site: str, layer: int, gate: str) -> np.random.Generator:
    entropy = [seed, update, pass_index, crc32(site.encode()), layer, crc32(gate.encode())]
    return np.random.Generator(np.random.PCG64DXSM(np.random.SeedSequence(entropy)))


def _shape(site: Site, layer: int, dropout: Dropout, shape: Shape) -> tuple[int, ...]:
    steps = shape.steps if dropout.fresh("time") else 1
    batch = shape.batch if dropout.fresh("batch") else 1
    units = width_of(site, layer, shape.embedding, shape.hidden, shape.tokens)
    rows = (shape.hidden[layer - 1],) if site.kind == "weights" else ()
    return (steps, batch, *(size if dropout.fresh("units") else 1 for size in (*rows, units)))


def _mask(dropout: Dropout, rate: float, random: np.random.Generator, size: tuple[int, ...]) -> Array:
    if dropout.noise == "gaussian":  # N(1, p / (1-p))
        return 1 + random.standard_normal(size, dtype=np.float32) * np.float32((rate / (1 - rate)) ** 0.5)
    return _threshold(random.random(size, dtype=np.float32), rate, dropout.scaling)


def _threshold(u: Array, rate: float, scaling: str) -> Array:
    # A unit is kept where u >= p. NumPy compares in float32, so the same unit is dropped for every larger p.
    kept = u >= np.float32(rate)
    return kept * scale(rate, scaling)
