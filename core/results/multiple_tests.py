"""Several tests at once: Holm's correction, and the number of runs that a test needs."""

from collections.abc import Sequence

from core.results.mean_test import MeanTest

ALPHA = 0.05  # the probability of finding any difference where there is none
POWER = 0.8  # the probability of finding the difference, with the number of seeds that is called enough
MAX_COUNTED_SEEDS = 10_000


def adjust_p_values(p_values: Sequence[float]) -> list[float]:
    """Return the p values as Holm (1979) adjusts them: significant at α if at most α, whichever of the hypotheses hold."""
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def list_interval_levels(tests: Sequence[MeanTest], alpha: float = ALPHA) -> list[float]:
    """Return for each test the level at which Holm's procedure decides about it.

    The procedure compares the smallest p value with α / m, the next with α / (m - 1), and so on, until one is larger; that one
    and all after it are not significant. So an interval at this level excludes 0 just where the test is significant.
    """
    p_values, levels = [test.compute_p_value() for test in tests], [0.0] * len(tests)
    remaining, stopped = len(tests), False
    for index in sorted(range(len(tests)), key=lambda i: p_values[i]):
        stopped = stopped or p_values[index] > alpha / remaining
        levels[index] = 1 - alpha / remaining
        remaining -= not stopped
    return levels


def count_needed_values(mean: float, deviation: float, alpha: float) -> int | None:
    """Return how many values a two-sided t test needs to find a mean with a probability of 80 %.

    mean, deviation: of the values, the standard deviation above 0. alpha: the level of the test. None for more than 10,000, and
    if the mean is 0.
    """
    effect, enough = abs(mean) / deviation, 2
    if not effect:
        return None
    # Double first: far beyond the sufficient number, SciPy's noncentral t is NaN.
    while _compute_power(effect, enough, alpha) < POWER:
        enough *= 2
        if enough > 2 * MAX_COUNTED_SEEDS:
            return None
    too_few = enough // 2
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        too_few, enough = (too_few, middle) if _compute_power(effect, middle, alpha) >= POWER else (middle, enough)
    return enough if enough <= MAX_COUNTED_SEEDS else None


def _compute_power(effect: float, n: int, alpha: float) -> float:
    """Return the probability that a two-sided t test of n values finds a mean of `effect` standard deviations, and its sign."""
    from scipy.special import nctdtr, stdtrit

    return 1 - float(nctdtr(n - 1, effect * n**0.5, float(stdtrit(n - 1, 1 - alpha / 2))))
