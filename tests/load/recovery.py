"""How long the runs of a killed worker waited until it was their turn in another worker."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.load.machine import Turn

RECENT = 10.0  # seconds: a run that had a turn in a worker within them was there when it was killed
ALIVE = 3.0  # seconds: a worker lives if a run's turn began in it within them before, and it is not killed within them after


@dataclass(frozen=True)
class Kill:
    """A worker that was killed at a moment of the clock. file: in which it wrote whose turn it was."""

    moment: float
    file: Path


@dataclass(frozen=True)
class Recovery:
    """A run that went on `seconds` after its worker was killed. had_other: whether another lived meanwhile."""

    run: str
    seconds: float
    had_other: bool


def find_recoveries(turns: Sequence[Turn], kills: Sequence[Kill]) -> list[Recovery]:
    """Return a recovery for each run of each killed worker that has had a turn since.

    turns: in order. A run that has ended, or was paused, has none; a run that is lost has none either, which the report of the
    faults says.
    """
    return [recovery for kill in kills for recovery in _find_recoveries(turns, kill, kills)]


def _find_recoveries(turns: Sequence[Turn], kill: Kill, kills: Sequence[Kill]) -> Iterator[Recovery]:
    before = [turn for turn in turns if kill.moment - RECENT <= turn.moment <= kill.moment]
    killed = {other.file for other in kills if other.moment <= kill.moment + ALIVE}
    had_other = any(turn.file not in killed and turn.moment >= kill.moment - ALIVE for turn in before)
    where = {turn.run: turn.file for turn in before}
    for run in [run for run, file in where.items() if file == kill.file]:
        later = (turn.moment for turn in turns if turn.run == run and turn.moment > kill.moment and turn.file != kill.file)
        if (again := next(later, None)) is not None:
            yield Recovery(run, again - kill.moment, had_other)
