"""The turns in which pages are drawn: one at a time, in the order in which they came."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import pytest

from pages.common import turns as turns_module
from pages.common.turns import Turns

LONG = 30.0  # seconds until a test gives up


class Left(BaseException):
    """Ends a wait, as Streamlit's own control flow does."""


@contextmanager
def hold(pool: ThreadPoolExecutor, turns: Turns) -> Iterator[None]:
    """Hold a turn in another thread."""
    began, end = Event(), Event()

    def page() -> None:
        with turns.hold():
            began.set()
            end.wait(LONG)

    held = pool.submit(page)
    assert began.wait(LONG)
    yield
    end.set()
    held.result(LONG)


def wait_for_waiting(turns: Turns, number: int) -> None:
    """Wait until so many threads wait for a turn."""
    tick, end = Event(), time.monotonic() + LONG
    while len(turns._waiting) != number:
        assert time.monotonic() < end
        tick.wait(0.001)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as pool:
        yield pool


def test_one_at_once_and_the_others_in_their_order(pool: ThreadPoolExecutor) -> None:
    turns, order, at_once, largest = Turns(lambda: None), list[int](), set[int](), list[int]()

    def page(number: int) -> None:
        with turns.hold():
            at_once.add(number)
            largest.append(len(at_once))
            order.append(number)
            at_once.remove(number)

    pages = list[Future[None]]()
    with hold(pool, turns):
        for number in range(8):
            pages.append(pool.submit(page, number))
            wait_for_waiting(turns, number + 1)
    for one in pages:
        one.result(LONG)
    assert order == list(range(8))
    assert max(largest) == 1


def test_who_goes_elsewhere_leaves_the_queue_and_takes_no_turn(pool: ThreadPoolExecutor) -> None:
    left = Event()

    def look() -> None:
        if left.is_set():
            raise Left

    turns = Turns(look)

    def page() -> None:
        with turns.hold():
            raise AssertionError

    with hold(pool, turns):
        waiting = pool.submit(page)
        wait_for_waiting(turns, 1)
        left.set()
        assert isinstance(waiting.exception(LONG), Left)
        assert not turns._waiting
    with turns.hold():
        assert turns.is_mine


def test_a_page_that_hangs_does_not_keep_the_others(pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns_module, "LOOK", 0.01)
    turns = Turns(lambda: None, longest=0.02)
    with hold(pool, turns):
        with turns.hold():
            assert not turns.is_mine
            assert turns.is_within, "its fragments do not wait either"
        assert not turns._waiting
    with turns.hold():
        assert turns.is_mine


def leave(turns: Turns, pause: bool) -> None:
    """Take a turn, pause it or not, and leave by an exception."""
    with turns.hold():
        if pause:
            with turns.pause():
                raise Left
        raise Left


@pytest.mark.parametrize("pause", [False, True])
def test_a_turn_is_passed_on_after_an_exception(pause: bool) -> None:
    turns = Turns(lambda: None)
    with pytest.raises(Left):
        leave(turns, pause)
    assert not turns.is_mine
    with turns.hold():
        assert turns.is_mine


def test_a_pause_lets_others_on_and_ends_with_another_turn(pool: ThreadPoolExecutor) -> None:
    turns, seen = Turns(lambda: None), list[bool]()
    with turns.hold():
        with turns.pause(), hold(pool, turns):
            seen.append(turns.is_mine)
        seen.append(turns.is_mine)
    with turns.pause():
        pass
    seen.append(turns.is_mine)
    assert seen == [False, True, False]
