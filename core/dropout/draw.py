"""The only randomness in the network: masks as a pure function of a seed, an update and a place.

The uniforms depend on (mask seed, update, pass, site, layer, gate, shape) and on nothing else; the placement only
sets sharing, threshold and scale. So any past mask can be drawn again without having been stored, two experiments
share their masks where their sites agree, and raising p only drops more units.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import numpy.typing as npt

from core.dropout.placement import Dropout, Placement
from core.dropout.sites import Site, width_of

Array = npt.NDArray[np.float32]
Masks = Mapping[str, Array]

GATES = {"lstm": ("i", "f", "g", "o")}


@dataclass(frozen=True)
class Shape:
    """What the masks of a network have to fit: T steps, B samples, E embedding, H units per layer, the cell's gates."""

    steps: int
    batch: int
    embedding: int
    hidden: tuple[int, ...]
    cell: str = "lstm"

    @property
    def layers(self) -> int:
        """L, the number of layers."""
        return len(self.hidden)


def draw(placement: Placement, shape: Shape, seed: int, update: int, passing: int = 0) -> dict[str, Array]:
    """The masks of one update, as they are multiplied in, scale included.

    Keys are "site.layer" (layers count from 1), or "site.layer.gate" where each gate has its own draw; arrays are
    [T|1, B|1, H|1], an axis of length 1 being shared. `passing` numbers the forward passes within one update.
    """
    masks = {}
    for site, layer, dropout in placement.active(shape.layers):
        rate = placement.rate(site.name, layer, shape.layers)
        for gate in gates_of(dropout, shape.cell):
            u = uniforms(seed, update, passing, site.name, layer, gate, _shape(site, layer, dropout, shape))
            masks[key(site.name, layer, gate)] = _threshold(u, rate, dropout.scaling)
    return masks


def uniforms(seed: int, update: int, passing: int, site: str, layer: int, gate: str, shape: tuple[int, ...]) -> Array:
    """Uniform float32 numbers in [0, 1) of the given shape: what every mask is a threshold of."""
    entropy = [seed, update, passing, crc32(site.encode()), layer, crc32(gate.encode())]
    generator = np.random.Generator(np.random.PCG64DXSM(np.random.SeedSequence(entropy)))
    return generator.random(shape, dtype=np.float32)


def test_values(placement: Placement, shape: Shape) -> dict[str, Array]:
    """What stands for each mask at test, [1, 1, 1]: 1-p under test scaling; sites whose value is 1 are left out."""
    return {
        key(site.name, layer, gate): np.full((1, 1, 1), 1 - placement.rate(site.name, layer, shape.layers), np.float32)
        for site, layer, dropout in placement.active(shape.layers)
        if dropout.scaling == "test"
        for gate in gates_of(dropout, shape.cell)
    }


def gates_of(dropout: Dropout, cell: str) -> tuple[str, ...]:
    """The gates that have a mask of their own: those of the cell, or the one nameless mask of all."""
    return GATES[cell] if dropout.fresh("gates") else ("",)


def key(site: str, layer: int, gate: str = "") -> str:
    """The name of a mask: site.layer or site.layer.gate."""
    return f"{site}.{layer}.{gate}" if gate else f"{site}.{layer}"


def _shape(site: Site, layer: int, dropout: Dropout, shape: Shape) -> tuple[int, int, int]:
    full = {
        "time": shape.steps,
        "batch": shape.batch,
        "units": width_of(site, layer, shape.embedding, shape.hidden),
    }
    steps, batch, units = (size if dropout.fresh(axis) else 1 for axis, size in full.items())
    return steps, batch, units


def _threshold(u: Array, rate: float, scaling: str) -> Array:
    # A unit is kept where u >= p. NumPy compares in float32, so the same unit is dropped for every larger p.
    kept = u >= np.float32(rate)
    return kept * np.float32(1 / (1 - rate) if scaling == "inverted" else 1)
