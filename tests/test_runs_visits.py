"""Visits against a naive model: a list of everything that happened to one, searched from the end."""

from hypothesis import given, settings
from hypothesis import strategies as st

from core.runs.visits import Visits
from tests.manual_clock import ManualClock

GRACE, KEEP, IDLE = 30.0, 600.0, 21_600.0
OWNERS = ("ann", "bob", "eve")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["renew", "release"]), st.sampled_from(OWNERS)),
        st.tuples(st.just("wait"), st.sampled_from([0.0, 1.0, GRACE, KEEP - 1, KEEP, IDLE - GRACE, IDLE])),
    ),
    max_size=40,
)


def end_by_the_book(history: list[tuple[str, float]]) -> float | None:
    """Return when the visit is away: IDLE after the last "renew", or earlier after a "release" that follows it."""
    signs = [n for n, (kind, _when) in enumerate(history) if kind == "renew"]
    if not signs:
        return None
    return min([history[signs[-1]][1] + IDLE, *(when + GRACE for _kind, when in history[signs[-1] + 1 :])])


@settings(deadline=None)
@given(STEPS)
def test_visits_end_as_a_naive_model_says(steps: list[tuple[str, object]]) -> None:
    clock = ManualClock()
    visits = Visits(GRACE, KEEP, IDLE, clock)
    histories: dict[str, list[tuple[str, float]]] = {owner: [] for owner in OWNERS}
    away: set[str] = set()
    for step, what in steps:
        owner = str(what)
        if step == "wait":
            clock.now += float(owner)
        elif step == "renew":
            assert visits.renew(owner) == (owner in away)
            away.discard(owner)
            histories[owner].append((step, clock.now))
        else:
            visits.release(owner)
            histories[owner].append((step, clock.now))
        ends = {owner: end_by_the_book(history) for owner, history in histories.items()}
        over = {owner for owner, end in ends.items() if end is not None and end <= clock.now}
        assert set(visits.list_leaving()) == over - away
        away |= over
        forgotten = {owner for owner, end in ends.items() if end is not None and end + KEEP <= clock.now}
        assert set(visits.list_forgotten()) == forgotten
        away -= forgotten
        for owner in forgotten:
            histories[owner] = []
        assert {owner for owner in OWNERS if visits.is_away(owner)} == away


def test_a_connected_visit_lives_without_polling() -> None:
    """For hours the Lab is on another page, or the tab is hidden."""
    clock = ManualClock()
    visits = Visits(GRACE, KEEP, IDLE, clock)
    visits.renew("ann")
    clock.now += 3600 * 5
    assert visits.list_leaving() == []


def test_a_lost_connection_that_comes_back_is_no_end() -> None:
    clock = ManualClock()
    visits = Visits(GRACE, KEEP, IDLE, clock)
    visits.renew("ann")
    visits.release("ann")
    clock.now += GRACE - 1
    assert not visits.renew("ann")
    clock.now += 10 * GRACE
    assert visits.list_leaving() == []
    visits.release("ann")
    clock.now += GRACE
    assert visits.list_leaving() == ["ann"]
    clock.now += KEEP - 1
    assert visits.list_forgotten() == []
    assert visits.renew("ann"), "it comes back after ten minutes less a second, and is told that it was away"
    assert visits.list_forgotten() == []
