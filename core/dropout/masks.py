"""Drawing of dropout masks: the only randomness in the network, a pure function of seed, update, site and layer.

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

from core.dropout.cells import GATES
from core.dropout.placement import Dropout, Placement
from core.dropout.sites import Site, get_mask_width
from core.errors import Invalid
from core.i18n import _

Array = npt.NDArray[np.float32]
Masks = Mapping[str, Array]

# With a larger mask, an update does not fit the memory of a small machine.
MAX_MASK_ELEMENTS = 16_000_000


@dataclass(frozen=True)
class NetworkShape:
    """The sizes that masks must fit.

    T steps, B samples, E embedding, H units per layer, the cell, and V tokens of the vocabulary (0 if no whole words are
    dropped).
    """

    steps: int
    batch: int
    embedding: int
    hidden: tuple[int, ...]
    cell: str = "lstm"
    tokens: int = 0

    @property
    def layers(self) -> int:
        """Return the number of layers, L."""
        return len(self.hidden)


def draw_masks(placement: Placement, shape: NetworkShape, seed: int, update: int, pass_index: int = 0) -> dict[str, Array]:
    """Draw the masks of one update as they are multiplied in, scale included. A Zoneout mask is 1 where the new value enters.

    Keys are "site.layer" (layers count from 1), or "site.layer.gate" where each gate has its own draw; arrays are
    [T|1, B|1, H|1], where an axis of length 1 is shared; at a weight site
    [T|1, B|1, rows, columns]. `pass_index` numbers the
    forward passes within one update. Raises Invalid if words are dropped and the shape has no tokens.
    """
    now, masks = placement.resolve_schedules(update), {}
    for site, layer, dropout in now.list_active(shape.layers):
        rate = now.get_rate(site.name, layer, shape.layers)
        size = _get_mask_shape(site, layer, dropout, shape)
        if not prod(size):
            raise Invalid(_("Words are dropped, but the shape names no tokens."), site.name)
        for gate in list_mask_gates(dropout, shape.cell):
            random = _make_generator(seed, update, pass_index, site.name, layer, gate)
            masks[make_mask_key(site.name, layer, gate)] = _draw_mask(dropout, rate, random, size)
    return masks


def list_mask_shapes(placement: Placement, shape: NetworkShape, update: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of each mask of an update by its key, without drawing them."""
    return {
        make_mask_key(site.name, layer, gate): _get_mask_shape(site, layer, dropout, shape)
        for site, layer, dropout in placement.resolve_schedules(update).list_active(shape.layers)
        for gate in list_mask_gates(dropout, shape.cell)
    }


def expand_word_masks(masks: dict[str, Array], x: npt.NDArray[Any]) -> dict[str, Array]:
    """Return the masks with that of words, [1, B|1, V], expanded to one factor per token of x [T, B]: [T, B, 1]."""
    if "words.1" not in masks or masks["words.1"].shape[2] == 1:  # none, or one factor for all words
        return masks
    type_factors = np.broadcast_to(masks["words.1"][0], (x.shape[1], masks["words.1"].shape[2]))
    return masks | {"words.1": np.take_along_axis(type_factors, x.T, axis=1).T[..., None]}


def draw_uniforms(seed: int, update: int, pass_index: int, site: str, layer: int, gate: str, shape: tuple[int, ...]) -> Array:
    """Draw the uniform float32 numbers in [0, 1) that are compared with the rate to make a mask of that shape."""
    return _make_generator(seed, update, pass_index, site, layer, gate).random(shape, dtype=np.float32)


def get_test_time_values(placement: Placement, shape: NetworkShape) -> dict[str, Array]:
    """Return the test-time value of every mask, [1, 1, 1] (weight sites: [1, 1, 1, 1]).

    It is 1-p for test scaling and for Zoneout (the mean of its mask). Sites whose value is 1 are omitted. The schedules of
    `placement` must be resolved.
    """
    return {
        make_mask_key(site.name, layer, gate): np.full(
            (1,) * (4 if site.kind == "weights" else 3), 1 - placement.get_rate(site.name, layer, shape.layers), np.float32
        )
        for site, layer, dropout in placement.list_active(shape.layers)
        if dropout.scaling == "test"
        for gate in list_mask_gates(dropout, shape.cell)
    }


def compute_kept_scale(rate: float, scaling: str) -> np.float32:
    """Return the factor of a kept unit in training: 1/(1-p) for inverted scaling, otherwise 1."""
    return np.float32(1 / (1 - rate) if scaling == "inverted" else 1)


def list_mask_gates(dropout: Dropout, cell: str) -> tuple[str, ...]:
    """Return the gates that have separate masks: those of the cell, or ("",) if all gates share one mask."""
    return GATES[cell] if dropout.is_fresh("gates") else ("",)


def make_mask_key(site: str, layer: int, gate: str = "") -> str:
    """Return the key of a mask: "site.layer" or "site.layer.gate"."""
    return f"{site}.{layer}.{gate}" if gate else f"{site}.{layer}"


def count_mask_elements(placement: Placement, shape: NetworkShape) -> int:
    """Return how many random numbers the masks of one update need."""
    return sum(
        prod(_get_mask_shape(site, layer, dropout, shape)) * len(list_mask_gates(dropout, shape.cell))
        for site, layer, dropout in placement.list_active(shape.layers)
    )


def check_mask_memory(placement: Placement, shape: NetworkShape) -> None:
    """Raise Invalid if a mask would have more than `MAX_MASK_ELEMENTS` elements."""
    for site, layer, dropout in placement.list_active(shape.layers):
        size = prod(_get_mask_shape(site, layer, dropout, shape)) * len(list_mask_gates(dropout, shape.cell))
        if size > MAX_MASK_ELEMENTS:
            raise Invalid(
                _(
                    "The mask on “{name}” would have {size} elements; at most {most} fit in memory. Share it over time or "
                    "the batch, or make the network smaller."
                ).format(name=site.name, size=size, most=MAX_MASK_ELEMENTS),
                site.name,
            )


def _make_generator(seed: int, update: int, pass_index: int, site: str, layer: int, gate: str) -> np.random.Generator:
    entropy = [seed, update, pass_index, crc32(site.encode()), layer, crc32(gate.encode())]
    return np.random.Generator(np.random.PCG64DXSM(np.random.SeedSequence(entropy)))


def _get_mask_shape(site: Site, layer: int, dropout: Dropout, shape: NetworkShape) -> tuple[int, ...]:
    steps = shape.steps if dropout.is_fresh("time") else 1
    batch = shape.batch if dropout.is_fresh("batch") else 1
    units = get_mask_width(site, layer, shape.embedding, shape.hidden, shape.tokens)
    rows = (shape.hidden[layer - 1],) if site.kind == "weights" else ()
    return (steps, batch, *(size if dropout.is_fresh("units") else 1 for size in (*rows, units)))


def _draw_mask(dropout: Dropout, rate: float, random: np.random.Generator, size: tuple[int, ...]) -> Array:
    if dropout.noise == "gaussian":  # N(1, p / (1-p))
        return 1 + random.standard_normal(size, dtype=np.float32) * np.float32((rate / (1 - rate)) ** 0.5)
    return _apply_threshold(random.random(size, dtype=np.float32), rate, dropout.scaling)


def _apply_threshold(u: Array, rate: float, scaling: str) -> Array:
    # A unit is kept where u >= p. NumPy compares in float32, so the same unit is dropped for every larger p.
    # The numbers are replaced: a second array of their size would be most of what a page takes.
    return np.multiply(u >= np.float32(rate), compute_kept_scale(rate, scaling), out=u)
