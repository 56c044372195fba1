"""The lifetime of visits: as long as their connection, and some time after. Pure logic: the clock is an argument.

A visit is present until it is released, which happens when its connection closes. For `grace_time` after that it still counts
as present, because the connection may be lost for a moment only; then it is away, and nothing is computed for it; at last it is
forgotten. `renew` brings it back at any time before.
"""

import time
from collections.abc import Callable


class Visits:
    """When each visit was last renewed, and whether it has been released. Times in seconds, see settings.py."""

    def __init__(
        self, grace_time: float, keep_time: float, idle_time: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.grace_time, self.keep_time, self.idle_time = grace_time, keep_time, idle_time
        self._clock = clock
        self._ends: dict[str, float] = {}  # when the visit counts as away, unless it is renewed before
        self._away: set[str] = set()

    def renew(self, owner: str) -> bool:
        """Note that the visit is present. Return whether it was away."""
        self._ends[owner] = self._clock() + self.idle_time
        was_away = owner in self._away
        self._away.discard(owner)
        return was_away

    def release(self, owner: str) -> None:
        """Note that the visit's connection has closed. An unknown visit is ignored."""
        if owner in self._ends:
            self._ends[owner] = min(self._ends[owner], self._clock() + self.grace_time)

    def list_leaving(self) -> list[str]:
        """Return the visits that are away now and were not at the last call."""
        leaving = [owner for owner, end in self._ends.items() if end <= self._clock() and owner not in self._away]
        self._away.update(leaving)
        return leaving

    def list_forgotten(self) -> list[str]:
        """Forget and return the visits that have been away for too long."""
        forgotten = [owner for owner, end in self._ends.items() if end + self.keep_time <= self._clock()]
        for owner in forgotten:
            del self._ends[owner]
            self._away.discard(owner)
        return forgotten

    def is_away(self, owner: str) -> bool:
        """Return whether the visit is away, so that nothing is computed for it."""
        return owner in self._away
