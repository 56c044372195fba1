"""What the seeds of one task and placement of dropout have in common, and how two placements differ, seed by seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from core.results.interval import Interval, interval
from core.results.measured_runs import Measured, by_arguments
from core.results.seed_runs import SEEDS, SHOWN, arguments
from core.tasks import TASKS
from core.tasks.metrics import METRICS

COLUMNS = ("validation", "test")
LOSSES = ("loss", "test_loss")  # the same of the loss


@dataclass(frozen=True)
class Pair:
    """Two columns of `SHOWN`, and the tasks on which a paper says that the first is better."""

    one: str
    other: str
    claimed: tuple[str, ...] = ()


# Zaremba, Sutskever and Vinyals 2014: their four tasks, at rates of .2 to .65, and that dropout within the recurrence hurts,
# whatever the task; Gal and Ghahramani 2016: language models.
_FOUR = ("language-model", "speech", "captions", "translation")
PAIRS = (
    Pair("zaremba2014", "none", _FOUR),
    Pair("zaremba2014 at .25", "none", _FOUR),
    Pair("gal2016", "none", ("language-model",)),
    Pair("zaremba2014", "naive-cell", tuple(TASKS)),
)


@dataclass(frozen=True)
class Cell:
    """The runs of one task and column, by seed; those that came to nothing are counted alone."""

    runs: Mapping[int, Measured]
    failed: int

    @property
    def metric(self) -> str:
        """The first of the task."""
        return next(iter(self.runs.values())).metric

    @property
    def baseline(self) -> float:
        """The mean over the seeds."""
        return fmean(self.values("baseline"))

    def values(self, name: str) -> list[float]:
        """A number of each run."""
        return [float(getattr(run, name)) for run in self.runs.values()]

    def column(self, name: str) -> Interval:
        """The 95 % interval of a number of the runs."""
        return interval(self.values(name))

    def above(self, other: "Cell", name: str) -> Interval:
        """The 95 % interval of what this has more of a number than the other, over the seeds that both have.

        Seed by seed, since two runs of one seed have the same data, which make more of a difference than dropout does.
        """
        return interval(
            [
                float(getattr(run, name)) - float(getattr(other.runs[seed], name))
                for seed, run in self.runs.items()
                if seed in other.runs
            ]
        )

    def better(self, other: "Cell", name: str) -> int:
        """In one of `COLUMNS` or `LOSSES`: 1 where it is better than the other, -1 where worse, 0 where seeds do not tell."""
        return self.above(other, name).side * (1 if name in COLUMNS and METRICS[self.metric].higher else -1)


def cells(runs: Sequence[Measured], task: str) -> dict[str, Cell]:
    """By column, of those that have two runs to compare."""
    there = by_arguments(runs)
    found = {name: _cell(there, task, name) for name in SHOWN}
    return {name: cell for name, cell in found.items() if len(cell.runs) > 1}


def compared(found: Mapping[str, Cell], pair: Pair) -> tuple[Cell, Cell] | None:
    """The two cells of a pair, where two seeds or more have both."""
    one, other = found.get(pair.one), found.get(pair.other)
    if one is None or other is None or len(one.runs.keys() & other.runs.keys()) < 2:
        return None
    return one, other


def _cell(there: Mapping[str, Measured], task: str, column: str) -> Cell:
    every = {seed: there[one] for seed in SEEDS if (one := arguments(task, column, seed)) in there}
    runs = {seed: run for seed, run in every.items() if not run.failed}
    return Cell(runs, len(every) - len(runs))
