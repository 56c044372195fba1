"""The runs of the table of five seeds: each task, without dropout and with some placements of it."""

from collections.abc import Iterable, Sequence

from core.results.measured_runs import FOLDER

FILE = FOLDER / "seeds.json"
# What stands in a column, and the arguments that say it: each method at its usual rates, and the first once more, milder.
SHOWN = {
    "none": "none",
    "zaremba2014": "zaremba2014",
    "zaremba2014 at .25": "zaremba2014 --rate 0.25",
    "gal2016": "gal2016",
    "naive-cell": "naive-cell",
}
SEEDS = range(7, 12)


def arguments(task: str, column: str, seed: int) -> str:
    """Those of one run. column: one of `SHOWN`."""
    return f"--task {task} --method {SHOWN[column]} --seed {seed}"


def wanted(tasks: Iterable[str], columns: Iterable[str] = SHOWN, seeds: Sequence[int] = SEEDS) -> list[str]:
    """Those of all runs, seed by seed, so that a table that is broken off is a table of fewer seeds."""
    tasks, columns = tuple(tasks), tuple(columns)
    return [arguments(task, column, seed) for seed in seeds for task in tasks for column in columns]
