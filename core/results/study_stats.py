"""Statistics of a study: the mean of each experiment, and for each pair the paired difference and a verdict.

The differences are paired because the runs of one seed share data, initial weights and masks, whose effect on the result is
often larger than that of dropout. SciPy is imported where a number needs it: call this in jobs and on the command line.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean, stdev
from typing import Protocol

from core.experiment.study import Study
from core.results.interval import Interval
from core.results.mean_test import ConstantValues, MeanTest, TooFewValues, make_mean_test
from core.results.measured_runs import SPLITS
from core.results.multiple_tests import ALPHA, adjust_p_values, count_needed_values, list_interval_levels
from core.tasks import get_task
from core.tasks.metrics import METRICS

BETTER, WORSE, EQUAL, UNDECIDED = "better", "worse", "equal", "undecided"

RunKey = tuple[str, int]  # name of the experiment, seed


class RunValues(Protocol):
    """What is compared of a run that has ended: its values in the main metric (None if it failed), and why it failed."""

    @property
    def validation(self) -> float | None:
        """Return the best value of all evaluations."""

    @property
    def test(self) -> float | None:
        """Return the value after the last update."""

    @property
    def failed(self) -> str:
        """Return why the run failed, or ""."""


@dataclass(frozen=True)
class ExperimentResult:
    """The main metric of an experiment over the seeds.

    n: the number of successful runs. failed: the number of the others. interval: at 95 %; None without a successful run.
    """

    name: str
    n: int
    failed: int
    interval: Interval | None


@dataclass(frozen=True)
class PairResult:
    """The paired difference of two experiments in the main metric: `name` minus `reference`.

    n: the seeds at which both succeeded. interval: at `level`, the level at which Holm's procedure decides about this pair;
    None without such a seed. p_value: of this pair alone. adjusted_p_value: by Holm, over all pairs.
    verdict: of `name` against `reference`; "equal" says that the values are the same at each of at least three seeds,
    "undecided" that these seeds cannot tell them apart.
    needed_seeds: how many seeds would tell a difference as large and as scattered as this one with a probability of 80 %; None
    if there is a verdict, if there is no such difference, and for more than 10,000.
    """

    name: str
    reference: str
    n: int
    interval: Interval | None
    level: float
    p_value: float
    adjusted_p_value: float
    verdict: str
    needed_seeds: int | None


@dataclass(frozen=True)
class SplitResult:
    """The results of a study in the main metric of one split: one for each experiment, and one for each pair."""

    experiments: tuple[ExperimentResult, ...]
    pairs: tuple[PairResult, ...]


def analyze_study(study: Study, runs: Mapping[RunKey, RunValues], against_first: bool = False) -> dict[str, SplitResult]:
    """Return the results of each split. runs: those that have ended, by name and seed; missing ones are left out.

    against_first: whether only the pairs with the first experiment are compared. Holm's correction is for so many pairs: with
    fewer of them, each is told apart with fewer seeds.
    """
    return {split: _analyze_split(study, runs, split, against_first) for split in SPLITS}


def _analyze_split(study: Study, runs: Mapping[RunKey, RunValues], split: str, against_first: bool) -> SplitResult:
    ended = {name: [(seed, runs[name, seed]) for seed in study.seeds if (name, seed) in runs] for name in study.names}
    values = {name: {seed: getattr(run, split) for seed, run in row if not run.failed} for name, row in ended.items()}
    results = [
        ExperimentResult(name, len(row), len(ended[name]) - len(row), _compute_interval(list(row.values())))
        for name, row in values.items()
    ]
    higher_is_better = METRICS[get_task(study.experiments[0][1].task).metric].is_higher_better
    pairs = [(later, earlier) for earlier, later in combinations(values, 2)]
    if against_first:
        pairs = [pair for pair in pairs if pair[1] == study.names[0]]
    return SplitResult(tuple(results), tuple(_compare_pairs(values, pairs, higher_is_better)))


def _compute_interval(values: Sequence[float]) -> Interval | None:
    return make_mean_test(values).compute_interval(1 - ALPHA) if values else None


def _compare_pairs(
    values: Mapping[str, Mapping[int, float]], pairs: Sequence[tuple[str, str]], higher_is_better: bool
) -> Iterator[PairResult]:
    """Yield the result of each pair, the later experiment minus the earlier. values: by name and seed."""
    differences = [[value - values[b][seed] for seed, value in values[a].items() if seed in values[b]] for a, b in pairs]
    tests = [make_mean_test(row) if row else TooFewValues(0.0) for row in differences]
    adjusted, levels = adjust_p_values([test.compute_p_value() for test in tests]), list_interval_levels(tests)
    for (name, reference), row, test, level, p_value in zip(pairs, differences, tests, levels, adjusted, strict=True):
        verdict = _decide(row, test, p_value, higher_is_better)
        yield PairResult(
            name=name,
            reference=reference,
            n=len(row),
            interval=test.compute_interval(level) if row else None,
            level=level,
            p_value=test.compute_p_value(),
            adjusted_p_value=p_value,
            verdict=verdict,
            needed_seeds=_count_needed_seeds(row, len(pairs)) if verdict == UNDECIDED else None,
        )


def _decide(differences: Sequence[float], test: MeanTest, adjusted_p_value: float, higher_is_better: bool) -> str:
    if isinstance(test, ConstantValues) and not any(differences):
        return EQUAL
    if adjusted_p_value > ALPHA:
        return UNDECIDED
    return BETTER if (fmean(differences) > 0) == higher_is_better else WORSE


def _count_needed_seeds(differences: Sequence[float], pairs: int) -> int | None:
    """Return how many seeds show the difference at the strictest level of Holm's procedure, whatever the other pairs show."""
    if len(set(differences)) < 2:
        return None
    return count_needed_values(fmean(differences), stdev(differences), ALPHA / pairs)
