"""The runs of the five-seed table: each task without dropout and with several methods."""

from collections.abc import Iterable, Sequence

from core.results.measured_runs import FOLDER

FILE = FOLDER / "seeds.json"
# The arguments of each column of the table: the methods at their default rates, and the first one also at .25.
COLUMN_ARGUMENTS = {
    "none": "none",
    "zaremba2014": "zaremba2014",
    "zaremba2014 at .25": "zaremba2014 --rate 0.25",
    "gal2016": "gal2016",
    "naive-cell": "naive-cell",
}
SEEDS = range(7, 12)


def format_arguments(task: str, column: str, seed: int) -> str:
    """Return the arguments of one run. column: a key of `COLUMN_ARGUMENTS`."""
    return f"--task {task} --method {COLUMN_ARGUMENTS[column]} --seed {seed}"


def list_arguments(tasks: Iterable[str], columns: Iterable[str] = COLUMN_ARGUMENTS, seeds: Sequence[int] = SEEDS) -> list[str]:
    """Return the arguments of all runs, seed by seed, so that an interrupted measurement covers fewer seeds."""
    tasks, columns = tuple(tasks), tuple(columns)
    return [format_arguments(task, column, seed) for seed in seeds for task in tasks for column in columns]
