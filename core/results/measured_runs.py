"""Measured runs and the JSON file that stores them, one run per line."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from core.errors import Invalid
from core.i18n import _

SPLITS = ("validation", "test")  # fields of a run: the best value of all evaluations, the value after the last update
FOLDER = Path(__file__).parents[2] / "assets" / "measured"


@dataclass(frozen=True)
class MeasuredRun:
    """One run, as a table needs it. The field names are JSON keys.

    arguments: the command line after `python -m core train` that makes it, or "" for a run of a study. metric: the main metric
    of the task. validation: its best value of all evaluations. test: its value after the last update. loss, test_loss: the same
    of the loss. monte_carlo: the test value with masks on, if it was computed. baseline: the test value of the baseline.
    failed: why the run failed, or ""; the values of a failed run are None. seconds: wall time, 0 for a failed run. processor:
    processor time in seconds, the start of Python included. load: the system's load average when the run began. torch: its
    version.
    """

    arguments: str
    metric: str
    validation: float | None
    test: float | None
    baseline: float | None
    updates: int
    parameters: int
    seconds: float
    processor: float
    failed: str
    machine: str
    load: float
    torch: str
    date: str
    commit: str
    monte_carlo: float | None = None
    loss: float | None = None
    test_loss: float | None = None


def format_command(arguments: str) -> str:
    """Return the complete command with these arguments."""
    return " ".join(("python", "-m", "core", "train", arguments))


def load_runs(path: Path) -> list[MeasuredRun]:
    """Load the runs of a file, [] if it does not exist. Raises Invalid if it is damaged."""
    if not path.exists():
        return []
    try:
        return [MeasuredRun(**row) for row in json.loads(path.read_text(encoding="utf-8"))]
    except (ValueError, TypeError) as error:
        raise Invalid(_("{path} does not hold measured runs ({why}).").format(path=path, why=error)) from None


def save_runs(path: Path, runs: Iterable[MeasuredRun]) -> None:
    """Save the runs, replacing the file atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(asdict(run), ensure_ascii=False) for run in runs)
    new_file = path.with_suffix(".new")
    new_file.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    new_file.replace(path)


def add_run(path: Path, run: MeasuredRun) -> None:
    """Add a run to a file, in the place of one with the same arguments."""
    runs = index_by_arguments([*load_runs(path), run])
    save_runs(path, (runs[key] for key in sorted(runs)))


def index_by_arguments(runs: Sequence[MeasuredRun]) -> dict[str, MeasuredRun]:
    """Return the runs by their arguments."""
    return {run.arguments: run for run in runs}
