"""A clock for tests that moves only when a test sets it."""

from dataclasses import dataclass


@dataclass
class ManualClock:
    """Return `now` at every call, in seconds."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now
