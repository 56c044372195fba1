"""Tests of whether a mean differs from 0: Student's t for few values, the BCa bootstrap for more.

For means of runs, and for means of paired differences between runs. SciPy is imported only in the functions that need it: the
app's process does without it.
"""

import math
from collections.abc import Sequence
from statistics import NormalDist, fmean, stdev
from typing import Protocol

import numpy as np

from core.results.interval import Interval

MIN_BOOTSTRAP_VALUES = 15  # from so many values on the bootstrap; with fewer it has too few different resamples
MIN_CONSTANT_VALUES = 3  # from so many equal values on, their mean is taken as certain
RESAMPLES = 9999
_RESAMPLING_SEED = 0  # the same values give the same interval


class MeanTest(Protocol):
    """A test of the mean of values, and the confidence intervals that agree with it.

    The interval at level 1 - p is the one that just touches 0.
    """

    def compute_interval(self, level: float) -> Interval:
        """Return the confidence interval of the mean at a level in (0, 1)."""

    def compute_p_value(self) -> float:
        """Return the two-sided p value of the mean being 0."""


def make_mean_test(values: Sequence[float]) -> MeanTest:
    """Return the test that fits the number of values, at least one."""
    if min(values) == max(values):
        return ConstantValues(values[0]) if len(values) >= MIN_CONSTANT_VALUES else TooFewValues(values[0])
    return BcaBootstrap(values) if len(values) >= MIN_BOOTSTRAP_VALUES else StudentTest(values)


class TooFewValues:
    """A test of one value, or of two equal ones: nothing follows about their mean."""

    def __init__(self, mean: float) -> None:
        self.mean = mean

    def compute_interval(self, level: float) -> Interval:
        """Return an infinite interval."""
        return Interval(self.mean, -math.inf, math.inf)

    def compute_p_value(self) -> float:
        """Return 1."""
        return 1.0


class ConstantValues:
    """A test of three or more equal values, whose spread is 0."""

    def __init__(self, value: float) -> None:
        self.value = value

    def compute_interval(self, level: float) -> Interval:
        """Return an interval without width."""
        return Interval(self.value, self.value, self.value)

    def compute_p_value(self) -> float:
        """Return 0, or 1 if the values are 0."""
        return float(self.value == 0)


class StudentTest:
    """Student's one-sample t test; of differences, the paired t test."""

    def __init__(self, values: Sequence[float]) -> None:
        self.degrees = len(values) - 1
        self.mean, self.error = fmean(values), stdev(values) / math.sqrt(len(values))

    def compute_interval(self, level: float) -> Interval:
        """Return the t interval of the mean at a level in (0, 1)."""
        from scipy.special import stdtrit

        half_width = float(stdtrit(self.degrees, (1 + level) / 2)) * self.error
        return Interval(self.mean, self.mean - half_width, self.mean + half_width)

    def compute_p_value(self) -> float:
        """Return the two-sided p value of the mean being 0."""
        from scipy.special import stdtr

        return 2 * float(stdtr(self.degrees, -abs(self.mean / self.error)))


class BcaBootstrap:
    """The bias-corrected and accelerated bootstrap of the mean (Efron 1987), from 9999 resamples."""

    def __init__(self, values: Sequence[float]) -> None:
        array = np.asarray(values, np.float64)
        self.mean = float(array.mean())
        resamples = np.random.default_rng(_RESAMPLING_SEED).integers(0, len(array), (RESAMPLES, len(array)))
        self.means = np.sort(array[resamples].mean(axis=1))
        below = ((self.means < self.mean).sum() + (self.means <= self.mean).sum()) / (2 * RESAMPLES)
        self.bias = NormalDist().inv_cdf(below)
        deviations = array - self.mean
        self.acceleration = float((deviations**3).sum() / (6 * (deviations**2).sum() ** 1.5))

    def compute_interval(self, level: float) -> Interval:
        """Return the BCa interval of the mean at a level in (0, 1)."""
        tail = NormalDist().inv_cdf((1 - level) / 2)
        low, high = (float(np.quantile(self.means, self._correct(z))) for z in (tail, -tail))
        return Interval(self.mean, low, high)

    def compute_p_value(self) -> float:
        """Return the p value at which an end of the interval is 0; at least that of one resample."""
        least = 1 / (RESAMPLES + 1)
        if self.means[0] > 0 or self.means[-1] < 0:
            return least
        share = float(np.interp(0, self.means, np.linspace(0, 1, RESAMPLES)))
        corrected = NormalDist().inv_cdf(min(max(share, least), 1 - least)) - self.bias
        z = corrected / (1 + self.acceleration * corrected) - self.bias  # the inverse of `_correct`
        return max(least, 2 * NormalDist().cdf(-abs(z)))

    def _correct(self, z: float) -> float:
        """Return the share of the resampled means that lies below the quantile z of a normal distribution, corrected."""
        shifted = self.bias + z
        return NormalDist().cdf(self.bias + shifted / (1 - self.acceleration * shifted))
