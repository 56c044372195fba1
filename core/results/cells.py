"""What the seeds of one task and method have in common, and what follows of it for what the literature claims."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from core.language import N_
from core.results.interval import Interval, interval
from core.results.measured import Measured, by_arguments
from core.results.seeds import SEEDS, SHOWN, arguments
from core.tasks.metrics import METRICS

COLUMNS = {"validation": N_("best validation"), "test": N_("test")}
# Of the two methods, the literature says that the first is better.
CLAIMS = (("zaremba2014", "none"), ("gal2016", "none"), ("zaremba2014", "naive-cell"))
VERDICTS = {1: N_("shows"), 0: N_("does not show at this size"), -1: N_("the opposite shows")}


@dataclass(frozen=True)
class Cell:
    """The runs of one task and method that came to their end: their metric, its interval on validation and test, the mean
    baseline, the longest times (seconds). runs: how many; failed: how many came to nothing."""

    metric: str
    validation: Interval
    test: Interval
    baseline: float
    seconds: float
    processor: float
    runs: int
    failed: int

    def column(self, name: str) -> Interval:
        """One of `COLUMNS`."""
        return self.validation if name == "validation" else self.test


def cells(runs: Sequence[Measured], task: str) -> dict[str, Cell]:
    """By method, of those that have two runs to compare."""
    there = by_arguments(runs)
    by_method = {name: [there[one] for seed in SEEDS if (one := arguments(task, name, seed)) in there] for name in SHOWN}
    return {name: _cell(some) for name, some in by_method.items() if sum(not run.failed for run in some) > 1}


def _cell(every: Sequence[Measured]) -> Cell:
    runs = [run for run in every if not run.failed]
    values = {name: [float(getattr(run, name)) for run in runs] for name in (*COLUMNS, "baseline")}
    return Cell(
        metric=runs[0].metric,
        validation=interval(values["validation"]),
        test=interval(values["test"]),
        baseline=fmean(values["baseline"]),
        seconds=max(run.seconds for run in runs),
        processor=max(run.processor for run in runs),
        runs=len(runs),
        failed=len(every) - len(runs),
    )


def verdicts(found: dict[str, Cell], better: str, worse: str) -> dict[str, int]:
    """By column: 1 where the claim shows, since the intervals are apart; 0 where they overlap; -1 where the opposite shows."""
    one, other = found[better], found[worse]
    sign = 1 if METRICS[one.metric].higher else -1
    return {name: sign * one.column(name).beyond(other.column(name)) for name in COLUMNS}
