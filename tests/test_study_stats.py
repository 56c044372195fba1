"""Statistics of a study.

Oracles: SciPy's paired t test and BCa bootstrap, a published example, the closure of Bonferroni's test, a simulation, and
published sample sizes.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from core.experiment.experiment import build_experiment
from core.experiment.study import Study
from core.results.interval import compute_interval
from core.results.mean_test import MIN_BOOTSTRAP_VALUES, RESAMPLES, BcaBootstrap, StudentTest, make_mean_test
from core.results.multiple_tests import adjust_p_values, count_needed_values, list_interval_levels
from core.results.study_stats import PairResult, SplitResult, analyze_study
from tests.test_results import RUN

# Extra hours of sleep with two drugs, Cushny and Peebles 1905, as Student 1908 used them; the results are those of R's t.test.
SLEEP = (
    [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0],
    [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4],
)
numbers = st.floats(-1e3, 1e3).map(lambda value: round(value, 3))


def analyze(metric_task: str = "parity", **values: Sequence[float | None]) -> SplitResult:
    """Return the test results of a study whose runs have these values, by name and from seed 7 on; None for a failed run."""
    n = max(len(row) for row in values.values())
    experiments = tuple((name, build_experiment(metric_task, clip=i + 1.0)) for i, name in enumerate(values))
    runs = {
        (name, 7 + i): replace(RUN, test=value, validation=value, failed="" if value is not None else "diverged")
        for name, row in values.items()
        for i, value in enumerate(row)
    }
    return analyze_study(Study(experiments, tuple(range(7, 7 + n))), runs)["test"]


def get_pair(result: SplitResult) -> PairResult:
    """Return the only pair."""
    (pair,) = result.pairs
    return pair


def test_the_paired_t_test_of_a_published_example() -> None:
    pair = get_pair(analyze(one=SLEEP[0], other=SLEEP[1]))
    assert pair.interval
    assert (pair.name, pair.reference, pair.n) == ("other", "one", 10)
    assert pair.interval.mean == pytest.approx(1.58)
    assert (pair.interval.low, pair.interval.high) == pytest.approx((0.7001142, 2.4598858), abs=1e-7)
    assert pair.p_value == pytest.approx(0.002833, abs=1e-6)
    assert pair.verdict == "better"


@given(st.lists(st.tuples(numbers, numbers), min_size=2, max_size=MIN_BOOTSTRAP_VALUES - 1))
def test_few_seeds_have_scipys_paired_t_test(rows: list[tuple[float, float]]) -> None:
    one, other = ([row[i] for row in rows] for i in (0, 1))
    differences = [b - a for a, b in rows]
    if np.ptp(differences) < 1e-2:
        return
    test, oracle = make_mean_test(differences), stats.ttest_rel(other, one)
    assert isinstance(test, StudentTest)
    assert test.compute_p_value() == pytest.approx(oracle.pvalue, rel=1e-6, abs=1e-12)
    for level in (0.95, 0.99):
        interval, (low, high) = test.compute_interval(level), oracle.confidence_interval(level)
        assert (interval.low, interval.high) == pytest.approx((low, high), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("n", [15, 16, 20, 60])
@pytest.mark.parametrize("level", [0.95, 1 - 0.05 / 28])
def test_many_seeds_have_scipys_bca_bootstrap(n: int, level: float) -> None:
    for values in (np.random.default_rng(n).gamma(1, size=n), np.random.default_rng(n).integers(-2, 3, n).astype(float)):
        found = make_mean_test(values.tolist())
        assert isinstance(found, BcaBootstrap)
        oracle = stats.bootstrap(
            (values,), np.mean, n_resamples=RESAMPLES, confidence_level=level, method="BCa", rng=np.random.default_rng(0)
        )
        interval = found.compute_interval(level)
        assert (interval.low, interval.high) == pytest.approx(tuple(oracle.confidence_interval), rel=1e-12)
        assert interval.mean == pytest.approx(values.mean())


@settings(max_examples=40)
@given(st.lists(numbers, min_size=15, max_size=20), st.floats(-2, 2))
def test_the_p_value_is_the_level_whose_interval_touches_zero(values: list[float], shift: float) -> None:
    spread = float(np.std(values))
    if spread < 1e-2:
        return
    test = make_mean_test([value - float(np.mean(values)) + shift * spread for value in values])
    p_value = test.compute_p_value()
    assert 0 < p_value <= 1
    if 1e-3 < p_value < 0.9:
        wider, narrower = test.compute_interval(1 - 0.98 * p_value), test.compute_interval(1 - 1.02 * p_value)
        assert (wider.sign, narrower.sign) == (0, int(math.copysign(1, narrower.mean)))


def test_holm_in_a_published_example_and_by_closed_testing() -> None:
    assert adjust_p_values([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert adjust_p_values([]) == []

    @given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
    def check(p_values: list[float]) -> None:
        """Check that a hypothesis is rejected if Bonferroni's test rejects every set of hypotheses that includes it."""
        indices = range(len(p_values))
        sets = [chosen for size in indices for chosen in combinations(indices, size + 1)]
        for index, adjusted in enumerate(adjust_p_values(p_values)):
            closed = max(min(1.0, len(chosen) * min(p_values[i] for i in chosen)) for chosen in sets if index in chosen)
            assert adjusted == pytest.approx(closed)

    check()


@settings(max_examples=60)
@given(st.lists(st.lists(numbers, min_size=5, max_size=5), min_size=1, max_size=6))
def test_an_interval_excludes_zero_just_where_holm_finds_a_difference(rows: list[list[float]]) -> None:
    tests = [make_mean_test(row) for row in rows]
    adjusted = adjust_p_values([test.compute_p_value() for test in tests])
    for test, level, p_value in zip(tests, list_interval_levels(tests), adjusted, strict=True):
        assert 0.95 <= level < 1
        if abs(p_value - 0.05) > 1e-9:
            assert (test.compute_interval(level).sign != 0) == (p_value < 0.05)


@pytest.mark.parametrize(("effect", "n"), [(0.2, 199), (0.5, 34), (0.8, 15), (1.0, 10)])
def test_needed_seeds_are_those_of_published_tables(effect: float, n: int) -> None:
    """Faul et al. 2007 (G*Power 3): t test of matched pairs, two-sided, α = .05, power = .8."""
    assert count_needed_values(-2 * effect, 2.0, 0.05) == n


def test_needed_seeds_suffice_in_a_simulation() -> None:
    for n, enough in ((34, True), (30, False)):
        samples = np.random.default_rng(3).normal(0.5, 1, (40_000, n))
        power = float((stats.ttest_1samp(samples, 0, axis=1).pvalue < 0.05).mean())
        assert (power > 0.795) == enough
    assert count_needed_values(0.0, 1.0, 0.05) is None
    assert count_needed_values(0.001, 1.0, 0.05) is None
    assert count_needed_values(1e9, 1.0, 0.05) == 2


def test_verdicts() -> None:
    low, high, far = [0.1, 0.2, 0.15, 0.12], [0.2, 0.29, 0.26, 0.2], [0.9, 0.1, 0.5, 0.3]
    pair = get_pair(analyze(a=low, b=high))
    assert (pair.verdict, pair.needed_seeds) == ("better", None)
    assert get_pair(analyze(a=high, b=low)).verdict == "worse"
    assert get_pair(analyze("series", a=low, b=high)).verdict == "worse", "of an error less is better"
    assert get_pair(analyze(a=low, b=low)).verdict == "equal"
    undecided = get_pair(analyze(a=low, b=far))
    assert undecided.verdict == "undecided"
    assert undecided.needed_seeds == count_needed_values(0.3075, float(np.std(np.subtract(far, low), ddof=1)), 0.05)
    assert undecided.needed_seeds
    assert undecided.needed_seeds > 4


def test_one_seed_has_no_winner() -> None:
    for values in ([0.1], [0.9], [0.5, 0.5], [0.2, 0.2]):
        pair = get_pair(analyze(a=[0.5] * len(values), b=values))
        assert (pair.verdict, pair.needed_seeds) == ("undecided", None)
        assert pair.interval
        assert pair.interval.half_width == math.inf
    (one,) = analyze(a=[0.1]).experiments
    assert one.interval
    assert (one.interval.mean, one.interval.half_width) == (0.1, math.inf)


def test_more_pairs_need_stronger_evidence() -> None:
    """Two experiments differ significantly alone, but not beside two others without an effect."""
    a, b = [0.50, 0.52, 0.49, 0.53, 0.51], [0.53, 0.53, 0.53, 0.545, 0.55]
    c, d = [0.1, 0.9, 0.3, 0.6, 0.5], [0.9, 0.2, 0.5, 0.4, 0.6]
    alone = get_pair(analyze(a=a, b=b))
    among = {(pair.name, pair.reference): pair for pair in analyze(a=a, b=b, c=c, d=d).pairs}
    assert len(among) == 6
    assert alone.verdict == "better"
    assert among["b", "a"].verdict == "undecided"
    assert among["b", "a"].p_value == alone.p_value == alone.adjusted_p_value
    assert among["b", "a"].adjusted_p_value == pytest.approx(6 * alone.p_value)
    assert among["b", "a"].level == pytest.approx(1 - 0.05 / 6)
    assert among["b", "a"].interval
    assert among["b", "a"].interval.sign == 0


def test_a_seed_at_which_one_of_two_failed_is_left_out() -> None:
    result = analyze(a=[0.1, 0.2, None, 0.4], b=[0.3, None, 0.5, 0.6], c=[None] * 4)
    assert [(row.n, row.failed) for row in result.experiments] == [(3, 1), (3, 1), (0, 4)]
    assert result.experiments[2].interval is None
    assert [(pair.name, pair.reference, pair.n) for pair in result.pairs] == [("b", "a", 2), ("c", "a", 0), ("c", "b", 0)]
    assert result.pairs[1].interval is None
    assert {pair.verdict for pair in result.pairs[1:]} == {"undecided"}


def test_the_interval_of_an_experiment_is_that_of_the_tables() -> None:
    values: list[float] = [0.2, 0.5, 0.8, 0.4, 0.6]
    found = analyze(a=list(values)).experiments[0].interval
    assert found
    table = compute_interval(values)
    assert (found.mean, found.low, found.high) == pytest.approx((table.mean, table.low, table.high), rel=1e-3)
