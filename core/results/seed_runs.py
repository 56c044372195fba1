"""The studies of the five-seed table: each task without dropout and with several methods."""

from collections.abc import Iterable, Sequence

from core.dropout.methods import get_method
from core.experiment.experiment import Experiment, build_experiment
from core.experiment.study import Study
from core.results.measured_runs import FOLDER

FILE = FOLDER / "seeds.json"
# Method and rate of each column of the table: the methods at their default rates, and the first one also at .25.
COLUMNS: dict[str, tuple[str, float | None]] = {
    "none": ("none", None),
    "zaremba2014": ("zaremba2014", None),
    "zaremba2014 at .25": ("zaremba2014", 0.25),
    "gal2016": ("gal2016", None),
    "naive-cell": ("naive-cell", None),
}
SEEDS = range(7, 12)


def build_study(task: str) -> Study:
    """Return the study of a task: an experiment for each column."""
    return Study(tuple((column, _build_experiment(task, *COLUMNS[column])) for column in COLUMNS), tuple(SEEDS))


def build_experiments(tasks: Iterable[str]) -> dict[str, Experiment]:
    """Return the experiments of all runs by their arguments."""
    runs = ((task, run) for task in tasks for run in build_study(task).list_runs())
    return {format_arguments(task, run.name, run.seed): run.experiment for task, run in runs}


def format_arguments(task: str, column: str, seed: int) -> str:
    """Return the arguments of one run. column: a key of `COLUMNS`."""
    method, rate = COLUMNS[column]
    return f"--task {task} --method {method}" + (f" --rate {rate:g}" if rate else "") + f" --seed {seed}"


def list_arguments(tasks: Iterable[str], columns: Iterable[str] = COLUMNS, seeds: Sequence[int] = SEEDS) -> list[str]:
    """Return the arguments of all runs, seed by seed, so that an interrupted measurement covers fewer seeds."""
    tasks, columns = tuple(tasks), tuple(columns)
    return [format_arguments(task, column, seed) for seed in seeds for task in tasks for column in columns]


def _build_experiment(task: str, method: str, rate: float | None) -> Experiment:
    row = get_method(method)
    return build_experiment(task, placement=row.build_placement(rate), monte_carlo=row.monte_carlo)
