"""How long a run lives without anybody looking at it. Pure logic: the clock is handed in.

Whoever looks at a run renews its lease by polling. A closed tab no longer polls: its lease ends, and with it the run.
"""

import time
from collections.abc import Callable

LENGTH = 150.0  # seconds; browsers let the timers of a hidden tab fire once a minute, so two may be missed
GRACE = 15.0  # seconds after a release: a tab that lost its connection for a moment is back by then
KEEP = 600.0  # seconds for which the events of a run are kept once its lease has ended


class Leases:
    """When each run's lease ends, by the clock (seconds, never going back)."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ends: dict[str, float] = {}

    def renew(self, run: str) -> None:
        """The run is looked at: its lease is a full one from now on, even if it was released or had ended."""
        self._ends[run] = self._clock() + LENGTH

    def release(self, run: str) -> None:
        """Nobody looks any more: what is left of the lease is at most the grace. An unknown run is left alone."""
        if run in self._ends:
            self._ends[run] = min(self._ends[run], self._clock() + GRACE)

    def ended(self) -> list[str]:
        """The runs whose lease has ended."""
        return self._ended_for(0.0)

    def forgettable(self) -> list[str]:
        """The runs whose lease ended so long ago that nobody will ask for their events."""
        return self._ended_for(KEEP)

    def forget(self, run: str) -> None:
        """The run is gone."""
        self._ends.pop(run, None)

    def _ended_for(self, seconds: float) -> list[str]:
        now = self._clock()
        return [run for run, end in self._ends.items() if end + seconds <= now]
