"""The turns in which pages are drawn: one after the other, in the order in which they came.

Python runs one thread at a time and lets each of those that can go on have it for five milliseconds. With a hundred pages that
are drawn at once, the thread that answers the browsers has it twice a second, and no page is ready before all are. That thread
waits again after each message that it sends, so the milliseconds are fewer here.
"""

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock, local

import streamlit as st

from pages.common.pace import pace

SWITCH = 0.001  # seconds for which a thread goes on while others could
LOOK = 0.5  # seconds between two looks whether the visitor still waits
LONGEST = 10.0  # seconds after which a page is drawn without a turn, as those before it may hang


def _look() -> None:
    st.session_state.get("visit")  # Streamlit leaves the page here if the visitor has clicked elsewhere


class Turns:
    """One holder at a time; those that wait get their turns in the order in which they came. Thread-safe.

    look: called again and again by each that waits; if it raises an exception, that one waits no longer. longest: seconds after
    which one goes on without a turn.
    """

    def __init__(self, look: Callable[[], None] = _look, longest: float = LONGEST) -> None:
        self._look, self._longest = look, longest
        self._lock, self._waiting, self._here = Lock(), deque[Lock](), local()
        self._is_free = True

    @property
    def is_within(self) -> bool:
        """Return whether this thread is within `hold`, with a turn, without one or in a pause."""
        return getattr(self._here, "within", False)

    @property
    def is_mine(self) -> bool:
        """Return whether this thread holds a turn."""
        return getattr(self._here, "holds", False)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Wait for a turn and hold it. After the longest time, go on without one."""
        self._here.holds = self._wait()
        self._here.within = True
        try:
            yield
        finally:
            self._here.within = False
            self._end()

    @contextmanager
    def pause(self) -> Iterator[None]:
        """Give the turn back, if there is one, and wait for another at the end: for what waits for something else."""
        paused = self.is_mine
        self._end()
        yield
        self._here.holds = paused and self._wait()

    def _end(self) -> None:
        if self.is_mine:
            self._here.holds = False
            self._pass_on()

    def _wait(self) -> bool:
        """Return whether this thread has got a turn."""
        mine = Lock()
        with self._lock:
            if self._is_free:
                self._is_free = False
                return True
            mine.acquire()
            self._waiting.append(mine)
        try:
            end = time.monotonic() + self._longest
            while time.monotonic() < end:
                if mine.acquire(timeout=LOOK):
                    return True
                self._look()
        except BaseException:
            if not self._leave(mine):
                self._pass_on()
            raise
        return not self._leave(mine)

    def _leave(self, mine: Lock) -> bool:
        """Return whether this thread has left the queue; False if its turn has come meanwhile."""
        with self._lock:
            if mine in self._waiting:
                self._waiting.remove(mine)
                return True
        return False

    def _pass_on(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_free = True


turns = Turns()


@cache
def shorten_switches() -> None:
    """Let the threads of this process take turns more often than Python would."""
    sys.setswitchinterval(SWITCH)


@contextmanager
def hold_turn() -> Iterator[None]:
    """Draw a page, or a fragment of it, in its turn. The time that it takes, with the wait, sets the pace of live pages."""
    if turns.is_within:  # a fragment that is drawn with its page
        yield
        return
    with pace.measure(), turns.hold():
        yield
