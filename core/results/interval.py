"""A mean over runs with its confidence interval, and the t interval of a few values without SciPy."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

# Student's t, two-sided 95 %, for 1 to 9 degrees of freedom: NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2.
# The app's process shows tables of a few seeds and does not import SciPy, which costs half a second.
T_QUANTILES = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)


@dataclass(frozen=True)
class Interval:
    """A mean and its confidence interval from `low` to `high`, infinite for a single run."""

    mean: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Return half the width of the interval."""
        return (self.high - self.low) / 2

    @property
    def sign(self) -> int:
        """Return 1 if the whole interval is above 0, -1 if it is below 0, else 0."""
        return (self.low > 0) - (self.high < 0)


def compute_interval(values: Sequence[float]) -> Interval:
    """Return the 95 % t interval of the mean of 1 to 10 values."""
    n, mean = len(values), fmean(values)
    half_width = T_QUANTILES[n - 2] * stdev(values) / math.sqrt(n) if n > 1 else math.inf
    return Interval(mean, mean - half_width, mean + half_width)
