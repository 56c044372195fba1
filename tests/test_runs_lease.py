"""Leases against a naive model: a list of everything that happened to one run, searched from the end."""

from hypothesis import given, settings
from hypothesis import strategies as st

from core.runs.lease import GRACE, KEEP, LENGTH, Leases
from tests.manual_clock import ManualClock

RUNS = ("a", "b", "c")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["renew", "release", "forget"]), st.sampled_from(RUNS)),
        st.tuples(st.just("wait"), st.sampled_from([0.0, 1.0, GRACE, 60.0, LENGTH - 1, LENGTH, KEEP])),
    ),
    max_size=40,
)


def end_by_the_book(history: list[tuple[str, float]]) -> float | None:
    """When the lease ends: a renewal counts from its time, the releases after it can only shorten it."""
    past = [kind for kind, _when in history]
    if "renew" not in past or past[-1] == "forget" or "forget" in past[len(past) - past[::-1].index("renew") :]:
        return None
    last = len(past) - 1 - past[::-1].index("renew")
    return min([history[last][1] + LENGTH, *(when + GRACE for _kind, when in history[last + 1 :])])


@settings(deadline=None)
@given(STEPS)
def test_leases_end_as_a_naive_model_says(steps: list[tuple[str, object]]) -> None:
    clock = ManualClock(1000.0)
    leases = Leases(clock)
    histories: dict[str, list[tuple[str, float]]] = {run: [] for run in RUNS}
    for step, what in steps:
        if step == "wait":
            clock.now += float(str(what))
        else:
            getattr(leases, step)(what)
            histories[str(what)].append((step, clock.now))
        ends = {run: end_by_the_book(history) for run, history in histories.items()}
        assert set(leases.ended()) == {run for run, end in ends.items() if end is not None and end <= clock.now}
        assert set(leases.forgettable()) == {run for run, end in ends.items() if end is not None and end + KEEP <= clock.now}


def test_a_hidden_tab_that_polls_once_a_minute_keeps_its_run() -> None:
    clock = ManualClock(1000.0)
    leases = Leases(clock)
    for _minute in range(100):
        leases.renew("a")
        clock.now += 60 + 60  # and every second time the browser leaves one out
        assert leases.ended() == []


def test_a_poll_within_the_grace_undoes_a_release() -> None:
    clock = ManualClock(1000.0)
    leases = Leases(clock)
    leases.renew("a")
    leases.release("a")
    clock.now += GRACE - 1
    leases.renew("a")
    clock.now += LENGTH - 1
    assert leases.ended() == []
    leases.release("a")
    clock.now += 1
    assert leases.ended() == ["a"], "a release must not prolong a lease that is about to end"
