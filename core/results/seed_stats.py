"""Statistics over the seeds of one task and method, and paired differences between methods."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from core.results.interval import Interval, compute_interval
from core.results.measured_runs import SPLITS, MeasuredRun, index_by_arguments
from core.results.seed_runs import COLUMNS, SEEDS, format_arguments
from core.tasks import TASKS
from core.tasks.metrics import METRICS

LOSS_FIELDS = ("loss", "test_loss")  # the losses of the same splits


@dataclass(frozen=True)
class Comparison:
    """Two columns of the five-seed table, and the tasks for which a paper claims that the first is better."""

    column: str
    reference: str
    claimed_tasks: tuple[str, ...] = ()


# Zaremba et al. 2014 claim that dropout helps on their four tasks, at rates of .2 to .65, and that dropout on the recurrence
# hurts on any task; Gal and Ghahramani 2016 claim an improvement on language models.
_ZAREMBA_TASKS = ("language-model", "speech", "captions", "translation")
COMPARISONS = (
    Comparison("zaremba2014", "none", _ZAREMBA_TASKS),
    Comparison("zaremba2014 at .25", "none", _ZAREMBA_TASKS),
    Comparison("gal2016", "none", ("language-model",)),
    Comparison("zaremba2014", "naive-cell", tuple(TASKS)),
)


@dataclass(frozen=True)
class SeedGroup:
    """The successful runs of one task and column, by seed, and the number of failed ones."""

    runs: Mapping[int, MeasuredRun]
    failed: int

    @property
    def metric(self) -> str:
        """Return the main metric of the task."""
        return next(iter(self.runs.values())).metric

    @property
    def baseline(self) -> float:
        """Return the mean baseline over the seeds."""
        return fmean(self.list_values("baseline"))

    def list_values(self, name: str) -> list[float]:
        """Return the field of this name of each run."""
        return [float(getattr(run, name)) for run in self.runs.values()]

    def compute_interval(self, name: str) -> Interval:
        """Return the 95 % interval of a field of the runs."""
        return compute_interval(self.list_values(name))

    def compute_difference(self, other: "SeedGroup", name: str) -> Interval:
        """Return the 95 % interval of the paired difference of a field, this group minus the other, over their common seeds.

        The differences are paired because runs with one seed share their data, which matters more than dropout does.
        """
        return compute_interval(
            [
                float(getattr(run, name)) - float(getattr(other.runs[seed], name))
                for seed, run in self.runs.items()
                if seed in other.runs
            ]
        )

    def compare_with(self, other: "SeedGroup", name: str) -> int:
        """Return 1 if this group is better in a field of `SPLITS` or `LOSS_FIELDS`, -1 if it is worse, 0 if undecided."""
        return self.compute_difference(other, name).sign * (
            1 if name in SPLITS and METRICS[self.metric].is_higher_better else -1
        )


def group_runs(runs: Sequence[MeasuredRun], task: str) -> dict[str, SeedGroup]:
    """Return the runs of a task grouped by column; columns with fewer than two successful runs are left out."""
    runs_by_arguments = index_by_arguments(runs)
    groups = {column: _make_group(runs_by_arguments, task, column) for column in COLUMNS}
    return {column: group for column, group in groups.items() if len(group.runs) > 1}


def find_groups(groups: Mapping[str, SeedGroup], comparison: Comparison) -> tuple[SeedGroup, SeedGroup] | None:
    """Return the two groups of a comparison, or None if they have fewer than two seeds in common."""
    group, reference = groups.get(comparison.column), groups.get(comparison.reference)
    if group is None or reference is None or len(group.runs.keys() & reference.runs.keys()) < 2:
        return None
    return group, reference


def _make_group(runs: Mapping[str, MeasuredRun], task: str, column: str) -> SeedGroup:
    by_seed = {seed: runs[key] for seed in SEEDS if (key := format_arguments(task, column, seed)) in runs}
    successful = {seed: run for seed, run in by_seed.items() if not run.failed}
    return SeedGroup(successful, len(by_seed) - len(successful))
