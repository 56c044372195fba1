"""What a drawn mask shows when it is measured, each number beside what is expected of it.

Everywhere p is the rate, k = 1 - p. Spreads are standard deviations of the measured number.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import floor, log10

import numpy as np

from core.dropout.masks import Array
from core.dropout.placement import Dropout


@dataclass(frozen=True)
class Measured:
    """A number as measured, as expected, and by how much it is expected to vary."""

    value: float
    expected: float
    spread: float


def kept(mask: Array, rate: float) -> Measured:
    """The part of all independent draws that is kept: expected k ± √(pk/n). mask: as drawn, [T|1, B|1, …]."""
    return Measured(float(np.count_nonzero(mask) / mask.size), 1 - rate, float((rate * (1 - rate) / mask.size) ** 0.5))


def factor(mask: Array, dropout: Dropout, rate: float) -> Measured:
    """The mean of what is multiplied in: 1 where the scaling preserves it in training, 1 - p where it does not."""
    k = 1 - rate
    mean, variance = 1.0, rate / k  # inverted: 1/k with probability k; Gaussian noise has the same two
    if dropout.noise == "bernoulli" and dropout.scaling != "inverted":
        mean, variance = k, rate * k
    return Measured(float(mask.mean(dtype=np.float64)), mean, float((variance / mask.size) ** 0.5))


def at_test(dropout: Dropout, rate: float) -> float:
    """What stands for the mask at test."""
    return 1 - rate if dropout.scaling == "test" else 1.0


def overlap(mask: Array, dropout: Dropout, rate: float, steps: int) -> Measured | None:
    """How many of the units share their fate, kept or dropped, at two neighbouring steps: expected p² + k² for fresh
    draws, 1 for one draw. Over all pairs and samples; None where there are no two steps, or nothing is ever dropped."""
    if steps < 2 or dropout.noise == "gaussian":
        return None
    if len(mask) == 1:
        return Measured(1.0, 1.0, 0.0)
    kept = mask != 0
    return Measured(float((kept[1:] == kept[:-1]).mean()), *_of_fresh(rate, steps - 1, kept[0].size))


def _of_fresh(p: float, pairs: int, chains: int) -> tuple[float, float]:
    # Neighbouring pairs share a step: unless p is ½, they vary together.
    k = 1 - p
    q = p * p + k * k
    together = p**3 + k**3 - q * q
    variance = (pairs * q * (1 - q) + 2 * (pairs - 1) * together) / pairs**2 / chains
    return q, float(variance**0.5)


def thinned(masks: Mapping[str, Array], batch: int) -> int:
    """n of the 2ⁿ different networks that one sample may meet within a window: each independent draw doubles them.

    masks: as `draw` returns them, not spelled out.
    """
    return sum(mask.size // (batch if mask.shape[1] == batch else 1) for mask in masks.values())


def digits(power: int) -> int:
    """How many digits 2ⁿ has."""
    return floor(power * log10(2)) + 1
