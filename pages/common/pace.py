"""The interval at which live pages ask for news: twice a second while the server has time, less often when it is busy.

The interval goes to the browser with each answer (pages/common/ticker.py).
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

INTERVALS = (0.5, 1.0, 2.0, 4.0, 8.0)  # seconds; the last ones for a machine that does not keep up at all
WINDOW = 3.0  # seconds over which the load is averaged
BUSY = (
    0.5,
    0.5,
    4.0,
    20.0,
)  # of each interval: mean number of pages drawn at once, above which the next longer interval applies
CALM = (0.3, 0.3, 1.5, 8.0)  # of each interval: the same number as it would be then, below which the interval applies again
PATIENCE = 12.0  # seconds below CALM before the interval becomes shorter


class Pace:
    """The interval of all live pages of this server. Thread-safe.

    It follows the number of pages that are drawn at once, which grows with the work and with the time that each waits for a
    processor: so it also fits a slow machine and one that other programs use.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, Lock()
        self._level, self._drawing = 0, 0.0
        self._window_began = self._calm_since = clock()

    @property
    def interval(self) -> float:
        """Return the seconds between two ticks."""
        return INTERVALS[self._level]

    @contextmanager
    def measure(self) -> Iterator[None]:
        """Measure the time of drawing a page, and adjust the interval to it."""
        began = self._clock()
        try:
            yield
        finally:
            with self._lock:
                self._drawing += self._clock() - began
                self._adjust(self._clock())

    def _adjust(self, now: float) -> None:
        elapsed = now - self._window_began
        if elapsed < WINDOW:
            return
        load, level = self._drawing / elapsed, self._level
        self._window_began, self._drawing = now, 0.0
        if level and load * INTERVALS[level] / INTERVALS[level - 1] >= CALM[level - 1]:
            self._calm_since = now
        if level < len(BUSY) and load > BUSY[level]:
            self._level, self._calm_since = level + 1, now
        elif level and now - self._calm_since >= PATIENCE:
            self._level, self._calm_since = level - 1, now


pace = Pace()
