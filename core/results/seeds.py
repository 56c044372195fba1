"""The runs of the table of five seeds: each task, without dropout and with three methods at their usual rates."""

from collections.abc import Iterable, Sequence

from core.results.measured import FOLDER

FILE = FOLDER / "seeds.json"
SHOWN = ("none", "zaremba2014", "gal2016", "naive-cell")
SEEDS = range(7, 12)


def arguments(task: str, method: str, seed: int) -> str:
    """Those of one run."""
    return f"--task {task} --method {method} --seed {seed}"


def wanted(tasks: Iterable[str], methods: Sequence[str] = SHOWN, seeds: Iterable[int] = SEEDS) -> list[str]:
    """Those of all runs, seed by seed, so that a table that is broken off is a table of fewer seeds."""
    tasks = tuple(tasks)
    return [arguments(task, method, seed) for seed in seeds for task in tasks for method in methods]
