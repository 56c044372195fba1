"""Statistics of a drawn mask, each with its expected value and its standard deviation.

Throughout, p is the dropout rate and k = 1 - p.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import floor, log10

import numpy as np

from core.dropout.masks import Array
from core.dropout.placement import Dropout


@dataclass(frozen=True)
class MaskStatistic:
    """A measured value, its expected value, and the standard deviation of the measured value."""

    value: float
    expected: float
    std: float


def measure_kept_share(mask: Array, rate: float) -> MaskStatistic:
    """Return the share of the n independent draws that is kept: expected k, std √(pk/n). mask: as drawn, [T|1, B|1, …]."""
    return MaskStatistic(float(np.count_nonzero(mask) / mask.size), 1 - rate, float((rate * (1 - rate) / mask.size) ** 0.5))


def measure_mean_factor(mask: Array, dropout: Dropout, rate: float) -> MaskStatistic:
    """Return the mean of the mask's elements: expected 1 if the scaling preserves the mean in training, otherwise 1 - p."""
    k = 1 - rate
    mean, variance = 1.0, rate / k  # inverted: 1/k with probability k; Gaussian noise has the same two
    if dropout.noise == "bernoulli" and dropout.scaling != "inverted":
        mean, variance = k, rate * k
    return MaskStatistic(float(mask.mean(dtype=np.float64)), mean, float((variance / mask.size) ** 0.5))


def get_test_factor(dropout: Dropout, rate: float) -> float:
    """Return the factor that replaces the mask at test time."""
    return 1 - rate if dropout.scaling == "test" else 1.0


def measure_step_overlap(mask: Array, dropout: Dropout, rate: float, steps: int) -> MaskStatistic | None:
    """Return the share of units that are both kept or both dropped at two neighboring steps.

    The mean over all pairs of steps and all samples: expected p² + k² for a fresh draw at every step, 1 for one draw per
    sequence. None if there is only one step, or if the noise is Gaussian and drops nothing.
    """
    if steps < 2 or dropout.noise == "gaussian":
        return None
    if len(mask) == 1:
        return MaskStatistic(1.0, 1.0, 0.0)
    kept = mask != 0
    return MaskStatistic(float((kept[1:] == kept[:-1]).mean()), *_expect_fresh_overlap(rate, steps - 1, kept[0].size))


def _expect_fresh_overlap(p: float, pairs: int, sequences: int) -> tuple[float, float]:
    """Return mean and standard deviation of the overlap over `pairs` of steps in each of so many independent sequences."""
    k = 1 - p
    q = p * p + k * k
    covariance = p**3 + k**3 - q * q  # of two neighboring pairs, which share a step; 0 at p = ½
    variance = (pairs * q * (1 - q) + 2 * (pairs - 1) * covariance) / pairs**2 / sequences
    return q, float(variance**0.5)


def count_independent_draws(masks: Mapping[str, Array], batch: int) -> int:
    """Return n, the number of independent draws for one sample in one window: 2ⁿ different thinned networks are possible.

    masks: as `draw_masks` returns them, without `expand_word_masks`.
    """
    return sum(mask.size // (batch if mask.shape[1] == batch else 1) for mask in masks.values())


def count_digits(power: int) -> int:
    """Return the number of decimal digits of 2ⁿ, n = `power`."""
    return floor(power * log10(2)) + 1
