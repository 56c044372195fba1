"""The mean of a few runs, and how sure it is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

# Student's t, two-sided 95 %, for 1 to 9 degrees of freedom: NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2.
T = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)


@dataclass(frozen=True)
class Interval:
    """A mean, and how far on either side of it the 95 % interval of that mean reaches; of one run alone, without end."""

    mean: float
    half: float

    @property
    def side(self) -> int:
        """1 where the whole interval is above 0, -1 where it is below, 0 where it reaches to 0."""
        return (self.mean > self.half) - (self.mean < -self.half)


def interval(values: Sequence[float]) -> Interval:
    """The 95 % t interval of the mean of 1 to 10 values."""
    n = len(values)
    return Interval(fmean(values), T[n - 2] * stdev(values) / math.sqrt(n) if n > 1 else math.inf)
