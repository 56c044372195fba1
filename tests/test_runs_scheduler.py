"""The scheduler on a simulated clock: turns are fair, and no run waits for ever, whatever comes and goes."""

from collections import defaultdict
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from core.runs.scheduler import FairShare, Residency, Room
from tests.manual_clock import ManualClock

SLICE = 0.1
LONG = 0.4  # the longest slice: an update cannot be left in its middle
OWNERS = st.sampled_from(["ann", "bob", "eve", "dan"])
RUNS = st.integers(0, 7)

EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("turn"), st.floats(0.01, LONG)),
        st.tuples(st.sampled_from(["wake", "sleep", "remove", "hurry"]), RUNS),
        st.tuples(st.just("add"), RUNS),
    ),
    max_size=120,
)


def owner_of(run: int) -> str:
    """Return the owner of one of eight runs, four of which are ann's."""
    return ["ann", "ann", "ann", "ann", "bob", "bob", "eve", "dan"][run]


@settings(deadline=None)
@given(EVENTS)
def test_whatever_comes_and_goes_a_turn_goes_to_a_run_that_wants_it(events: list[tuple[str, float]]) -> None:
    share, awake, there = FairShare(SLICE), set[str](), set[str]()
    for what, which in events:
        run = f"{int(which)}"
        if what == "turn":
            turn = share.next()
            assert (turn is None) == (not awake)
            if turn is not None:
                assert turn in awake
                share.charge(turn, float(which))
            continue
        if what == "add" and run not in there:
            share.add(run, owner_of(int(which)))
            awake.add(run)
            there.add(run)
        elif what == "remove":
            share.remove(run)
            awake.discard(run)
            there.discard(run)
        elif what == "wake" and run in there:
            share.wake(run)
            awake.add(run)
        elif what == "sleep":
            share.sleep(run)
            awake.discard(run)
        assert share.waiting == len(awake)


@settings(deadline=None)
@given(st.lists(st.floats(0.001, LONG), min_size=50, max_size=300), st.dictionaries(OWNERS, st.integers(1, 5), min_size=1))
def test_what_owners_and_their_runs_are_given_differs_by_at_most_one_slice(slices: list[float], runs: dict[str, int]) -> None:
    """This holds at every moment, not only at the end; owners with many runs get no more than those with one."""
    share, given_to = FairShare(SLICE), defaultdict[str, float](float)
    for owner, many in runs.items():
        for number in range(many):
            share.add(f"{owner} {number}", owner)
    for seconds in slices:
        run = share.next()
        assert run is not None
        share.charge(run, seconds)
        given_to[run] += seconds
        owners = [sum(given_to[f"{owner} {number}"] for number in range(many)) for owner, many in runs.items()]
        assert max(owners) - min(owners) <= LONG + 1e-9
        for owner, many in runs.items():
            own = [given_to[f"{owner} {number}"] for number in range(many)]
            assert max(own) - min(own) <= LONG + 1e-9


@settings(deadline=None)
@given(st.lists(st.floats(0.01, LONG), min_size=60, max_size=120), st.floats(0.25, 4))
def test_shares_are_by_weight(slices: list[float], weight: float) -> None:
    share, given_to = FairShare(SLICE), defaultdict[str, float](float)
    for name in ("ann", "bob"):
        share.add(name, name)
    share.set_weight("ann", weight)
    for seconds in slices:
        run = share.next()
        assert run is not None
        share.charge(run, seconds)
        given_to[run] += seconds
        assert abs(given_to["ann"] / weight - given_to["bob"]) <= LONG / min(weight, 1) + 1e-9


@settings(deadline=None)
@given(st.floats(0, 1000), st.lists(st.floats(0.01, LONG), min_size=20, max_size=60))
def test_time_that_was_not_used_is_not_made_up_for(before: float, slices: list[float]) -> None:
    """A run that slept while another trained starts level with it when it wakes."""
    share, given_to = FairShare(SLICE), defaultdict[str, float](float)
    share.add("a", "ann")
    share.add("b", "bob")
    share.sleep("b")
    share.charge("a", before)
    share.wake("b")
    for seconds in slices:
        run = share.next()
        assert run is not None
        share.charge(run, seconds)
        given_to[run] += seconds
        assert abs(given_to["a"] - given_to["b"]) <= LONG + 1e-9


def test_one_that_hurries_all_the_time_takes_no_more_than_its_share() -> None:
    share, given_to = FairShare(SLICE), {"a": 0.0, "b": 0.0}
    share.add("a", "ann")
    share.add("b", "bob")
    for _turn in range(300):
        run = "a" if share.may_run_now("a") else share.next()
        assert run is not None
        share.charge(run, 0.05)
        given_to[run] += 0.05
    assert given_to["a"] - given_to["b"] <= 3 * SLICE + 0.1


RESIDENCE, PAUSE = 10.0, 60.0


@dataclass
class Server:
    """A simulated server: workers that carry out decisions at once, and a plain record of which run is where."""

    workers: int
    room: float
    most: int
    clock: ManualClock = field(default_factory=ManualClock)
    sizes: dict[str, float] = field(default_factory=dict)
    paused: set[str] = field(default_factory=set)
    where: dict[str, int] = field(default_factory=dict)
    interrupted: set[str] = field(default_factory=set)
    trained: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def __post_init__(self) -> None:
        self.residency = Residency(self.most, RESIDENCE, PAUSE, self.clock)

    def add(self, run: str, owner: str, size: float) -> None:
        self.residency.add(run, owner, size)
        self.sizes[run] = size

    def tick(self, seconds: float) -> None:
        """Carry out one decision, then let `seconds` pass."""
        decision = self.residency.decide(dict.fromkeys(range(self.workers), Room(self.room)))
        for run, worker in decision.place:
            assert run not in self.where
            assert run not in self.paused
            self.where[run] = worker
        self.check()
        for run in decision.unload:
            del self.where[run]
            self.residency.mark_unloaded(run)
        self.clock.now += seconds
        for run in self.where:
            if run not in self.paused:
                self.trained[run] += seconds

    def check(self) -> None:
        for worker in range(self.workers):
            held = [run for run, one in self.where.items() if one == worker]
            assert len([run for run in held if run not in self.interrupted]) <= self.most
            assert len(held) <= 1 or sum(self.sizes[run] for run in held) <= self.room + 1e-9


RUNS_OF = st.lists(st.tuples(OWNERS, st.floats(1, 120)), min_size=1, max_size=14)


@settings(deadline=None, max_examples=60)
@given(RUNS_OF, st.integers(1, 3), st.integers(1, 4))
def test_every_run_comes_into_memory_again_and_again(runs: list[tuple[str, float]], workers: int, most: int) -> None:
    """This includes runs that fill a whole worker, or are larger; limits hold at every moment."""
    server = Server(workers, 100.0, most)
    for number, (owner, size) in enumerate(runs):
        server.add(f"{number}", owner, size)
    longest = RESIDENCE * (2 * len(runs) + 4)
    for _period in range(3):
        before = dict(server.trained)
        for _tick in range(int(longest / 0.5)):
            server.tick(0.5)
        for number in range(len(runs)):
            assert server.trained[f"{number}"] > before.get(f"{number}", 0.0), "starved"


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(["pause", "resume", "tick", "end", "crash", "add"]), RUNS), max_size=80))
def test_limits_hold_whatever_happens(events: list[tuple[str, int]]) -> None:
    server, living = Server(2, 100.0, 3), set[str]()
    number = 0
    for what, which in events:
        run = sorted(living)[which % len(living)] if living else ""
        if what == "add":
            number += 1
            server.add(f"{number}", owner_of(which), 10.0 * (which + 1))
            living.add(f"{number}")
        elif what == "tick":
            server.tick(5.0 * which)
        elif what == "crash":
            lost = server.residency.remove_worker(which % 2)
            assert set(lost) == {one for one, worker in server.where.items() if worker == which % 2}
            for one in lost:
                del server.where[one]
            server.interrupted.update(lost)
        elif run and what == "end":
            living.remove(run)
            server.residency.remove(run)
            server.where.pop(run, None)
            server.paused.discard(run)
        elif run:
            server.residency.want(run, what == "resume")
            (server.paused.discard if what == "resume" else server.paused.add)(run)
        server.check()
        assert {one: server.residency.worker_of(one) for one in living} == {one: server.where.get(one) for one in living}
        waiting = [one for one in living if one not in server.where and one not in server.paused]
        positions = [server.residency.position(one) for one in waiting]
        assert sorted(position or 0 for position in positions) == list(range(1, len(waiting) + 1))


def test_interrupted_runs_go_on_where_a_worker_lives_and_move_when_another_is_ready() -> None:
    clock, ready, starting = ManualClock(), Room(100.0), Room(100.0, ready=False)
    residency = Residency(3, RESIDENCE, PAUSE, clock)
    for name in "abcdefg":
        residency.add(name, name, 20.0)
    assert len(residency.decide({1: ready, 2: ready}).place) == 6
    lost = residency.remove_worker(2)
    placed = dict(residency.decide({1: ready, 3: starting}).place)
    assert [placed[name] for name in lost] == [1, 1, 3], "two beyond the number, the third beyond the memory"
    assert placed == dict(zip(lost, [1, 1, 3], strict=True)) | {"g": 3}


def test_an_interrupted_run_goes_first_and_a_paused_one_gives_way() -> None:
    server = Server(1, 100.0, 2)
    for name in ("a", "b", "c", "d"):
        server.add(name, name, 10.0)
    server.tick(1.0)
    assert set(server.where) == {"a", "b"}
    server.residency.remove_worker(0)
    server.where.clear()
    server.tick(1.0)
    assert set(server.where) == {"a", "b"}
    server.residency.want("a", False)
    server.paused.add("a")
    server.tick(1.0)
    server.tick(1.0)
    assert set(server.where) == {"b", "c"}, "long before its 60 seconds are over, as somebody waits"


def test_a_paused_run_leaves_memory_after_its_time_and_comes_back() -> None:
    server = Server(1, 100.0, 9)
    server.add("a", "ann", 10.0)
    server.tick(1.0)
    server.residency.want("a", False)
    server.tick(PAUSE - 1)
    server.tick(2.0)
    assert set(server.where) == {"a"}
    server.tick(1.0)
    assert not server.where
    assert server.residency.position("a") is None
    server.residency.want("a", True)
    server.tick(1.0)
    assert set(server.where) == {"a"}


def test_runs_are_spread_over_the_workers() -> None:
    server = Server(2, 100.0, 9)
    for name in "abcd":
        server.add(name, name, 10.0)
    server.tick(1.0)
    assert sorted(server.where.values()) == [0, 0, 1, 1]
    for run in [run for run, worker in server.where.items() if worker == 1]:
        server.residency.remove(run)
        del server.where[run]
    for _tick in range(30):
        server.tick(1.0)
    assert sorted(server.where.values()) == [0, 1], "one has moved"
