"""The interval of the live pages follows the load."""

from contextlib import ExitStack

from pages.common.pace import INTERVALS, PATIENCE, WINDOW, Pace


class HandClock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def draw(pace: Pace, clock: HandClock, seconds: float, pages: int, cost: float) -> None:
    """Draw `pages` pages, `cost` seconds each, one after the other at each interval, for `seconds`."""
    end = clock.now + seconds
    while clock.now < end:
        began = clock.now
        for _page in range(pages):
            with pace.measure():
                clock.now += cost
        clock.now = max(clock.now, began + pace.interval)


def test_one_page_is_looked_at_twice_a_second() -> None:
    clock = HandClock()
    pace = Pace(clock)
    draw(pace, clock, 60, pages=1, cost=0.05)
    assert pace.interval == INTERVALS[0]


def test_a_class_is_looked_at_more_rarely_and_the_last_one_who_stays_often_again() -> None:
    clock = HandClock()
    pace = Pace(clock)
    draw(pace, clock, 3 * WINDOW, pages=30, cost=0.02)
    assert pace.interval == 2.0
    draw(pace, clock, 2 * PATIENCE + 4 * WINDOW, pages=2, cost=0.02)
    assert pace.interval == INTERVALS[0]


def test_a_load_in_between_settles() -> None:
    clock = HandClock()
    pace = Pace(clock)
    seen = []
    for _second in range(120):
        draw(pace, clock, 1, pages=15, cost=0.02)
        seen.append(pace.interval)
    assert len(set(seen[20:])) == 1
    assert seen[-1] == 1.0


def draw_at_once(pace: Pace, clock: HandClock, seconds: float, pages: int) -> None:
    """Draw `pages` pages at the same time, for a second each, without a break for `seconds`."""
    end = clock.now + seconds
    while clock.now < end:
        with ExitStack() as drawings:
            for _page in range(pages):
                drawings.enter_context(pace.measure())
            clock.now += 1


def test_a_machine_that_does_not_keep_up_is_asked_most_rarely() -> None:
    clock = HandClock()
    pace = Pace(clock)
    draw_at_once(pace, clock, 60, pages=3)
    assert pace.interval == 2.0
    draw_at_once(pace, clock, 60, pages=15)
    assert pace.interval == 4.0
    draw_at_once(pace, clock, 60, pages=40)
    assert pace.interval == INTERVALS[-1]
    draw_at_once(pace, clock, 60, pages=5)  # ten at the shorter interval: still too many
    assert pace.interval == INTERVALS[-1]
    draw(pace, clock, 3 * PATIENCE, pages=30, cost=0.02)
    assert pace.interval == 2.0


def test_an_exception_counts_as_drawn() -> None:
    clock = HandClock()
    pace = Pace(clock)
    for _time in range(8):
        try:
            with pace.measure():
                clock.now += 1
                raise RuntimeError
        except RuntimeError:
            pass
    assert pace.interval == 2.0
