"""A run that was measured, and the file that keeps such runs: JSON, a run a line."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from core.errors import Invalid
from core.i18n import _

FOLDER = Path(__file__).parents[2] / "assets" / "measured"


@dataclass(frozen=True)
class Measured:
    """One run of `python -m core train`.

    arguments: what follows `train`. metric: the first of the task; validation: its best of all evaluations; test: after the
    last update; loss, test_loss: likewise; monte_carlo: the test with masks on, where that was asked for; baseline: on the
    test, of an answer that needs no network. failed: why the run came to nothing, or ""; what it has not is None then.
    seconds: by the clock, 0 of a run that failed; processor: of computing, the start of Python included. machine; load: how
    many processes wanted a core when the run began; torch: its version; date; commit.
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


def command(arguments: str) -> str:
    """The whole command that is run with these arguments."""
    return " ".join(("python", "-m", "core", "train", arguments))


def read(path: Path) -> list[Measured]:
    """The runs of a file, none where it is not there. Raises Invalid for a damaged one."""
    if not path.exists():
        return []
    try:
        return [Measured(**row) for row in json.loads(path.read_text(encoding="utf-8"))]
    except (ValueError, TypeError) as error:
        raise Invalid(_("{path} does not hold measured runs ({why}).").format(path=path, why=error)) from None


def write(path: Path, runs: Iterable[Measured]) -> None:
    """Replaces the file as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(asdict(run), ensure_ascii=False) for run in runs)
    new = path.with_suffix(".new")
    new.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    new.replace(path)


def by_arguments(runs: Sequence[Measured]) -> dict[str, Measured]:
    """The runs by what they were asked."""
    return {run.arguments: run for run in runs}
