"""The mean of a few runs and its confidence interval."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

# Student's t, two-sided 95 %, for 1 to 9 degrees of freedom: NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2.
T_QUANTILES = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)


@dataclass(frozen=True)
class Interval:
    """A mean and the half width of its 95 % confidence interval, infinite for a single run."""

    mean: float
    half_width: float

    @property
    def sign(self) -> int:
        """Return 1 if the whole interval is above 0, -1 if it is below 0, else 0."""
        return (self.mean > self.half_width) - (self.mean < -self.half_width)


def compute_interval(values: Sequence[float]) -> Interval:
    """Return the 95 % t interval of the mean of 1 to 10 values."""
    n = len(values)
    return Interval(fmean(values), T_QUANTILES[n - 2] * stdev(values) / math.sqrt(n) if n > 1 else math.inf)
