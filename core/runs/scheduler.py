"""The scheduler: it decides which run trains next, and which runs are in memory. The clock is an argument.

It is policy alone, without processes. `FairShare` divides the time of one worker among its runs. `Residency` divides the memory
of all workers among the runs of the server.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

MIN_RESIDENCE = 2.0  # seconds that a run stays with a worker before it is moved to one that has less to do
AHEAD = 2.0  # slices that a visit may be ahead of the others and still be answered at once


@dataclass
class _Account:
    """The time that a visit, or one of its runs, has used, divided by its weight; frozen while it wants no turns."""

    weight: float = 1.0
    used: float = 0.0


class FairShare:
    """Turns of the runs in one worker: fair between owners, then between the runs of an owner.

    The next turn goes to whoever has used the least time. While two owners both want turns, the times that they get differ by
    at most one slice each, divided by their weights. Whoever begins, or wants turns again, starts level with the others: unused
    time is not made up for.
    """

    def __init__(self, slice_time: float) -> None:
        self.slice_time = slice_time
        self._owners: dict[str, _Account] = {}
        self._runs: dict[str, dict[str, _Account]] = {}  # of each owner, the runs that want turns
        self._idle: dict[str, tuple[str, _Account]] = {}
        self._owner_of: dict[str, str] = {}

    def add(self, run: str, owner: str, weight: float = 1.0) -> None:
        """Add a run that wants turns. weight: its share among the runs of its owner."""
        self._owner_of[run] = owner
        self._idle[run] = (owner, _Account(weight))
        self.wake(run)

    def remove(self, run: str) -> None:
        """Remove a run."""
        self.sleep(run)
        self._idle.pop(run, None)
        owner = self._owner_of.pop(run, None)
        if owner is not None and owner not in self._owner_of.values():
            self._owners.pop(owner, None)

    def wake(self, run: str) -> None:
        """Give the run turns from now on."""
        if run not in self._idle:
            return
        owner, account = self._idle.pop(run)
        mine = self._owners.setdefault(owner, _Account())
        if owner not in self._runs:
            mine.used = max(mine.used, self._least(self._owners[name] for name in self._runs))
        runs = self._runs.setdefault(owner, {})
        account.used = max(account.used, self._least(runs.values()))
        runs[run] = account

    def sleep(self, run: str) -> None:
        """Give the run no turns until it wakes."""
        owner = self._owner_of.get(run, "")
        if run in self._runs.get(owner, {}):
            self._idle[run] = (owner, self._runs[owner].pop(run))
            if not self._runs[owner]:
                del self._runs[owner]

    def next(self) -> str | None:
        """Return the run whose turn it is; None if no run wants one."""
        if not self._runs:
            return None
        runs = self._runs[min(self._runs, key=lambda owner: self._owners[owner].used)]
        return min(runs, key=lambda run: runs[run].used)

    def charge(self, run: str, seconds: float, progress: float | None = None) -> None:
        """Add the time that the run has used.

        progress: what counts among the runs of its owner instead of the time, so that those with equal progress advance
        together.
        """
        owner = self._owner_of[run]
        account = self._runs.get(owner, {}).get(run) or self._idle[run][1]
        account.used += (seconds if progress is None else progress) / account.weight
        self._owners[owner].used += seconds / self._owners[owner].weight

    def may_run_now(self, run: str, ahead: float = AHEAD) -> bool:
        """Return whether the run may have a turn at once, such as to apply a command.

        It may not if its owner has had `ahead` slices more than another owner.
        """
        others = [self._owners[name] for name in self._runs]
        return not others or self._owners[self._owner_of[run]].used <= self._least(others) + ahead * self.slice_time

    def set_weight(self, owner: str, weight: float) -> None:
        """Set how large the owner's share of the turns is; it is 1 by default."""
        self._owners.setdefault(owner, _Account()).weight = weight

    @property
    def waiting(self) -> int:
        """Return how many runs wait for turns."""
        return sum(map(len, self._runs.values()))

    @staticmethod
    def _least(accounts: Iterable[_Account]) -> float:
        return min((one.used for one in accounts), default=0.0)


@dataclass
class Place:
    """A run in memory, or in the queue for it.

    size: megabytes. worker: number of the worker that holds it, or None. leaving: whether it is being saved. wants: whether it
    wants to train. urgent: whether it was interrupted. since: when it came to the worker or began to wait; paused_at: when it
    was last paused.
    """

    run: str
    owner: str
    size: float
    order: int
    worker: int | None = None
    leaving: bool = False
    wants: bool = True
    urgent: bool = False
    since: float = 0.0
    paused_at: float = 0.0

    @property
    def waits(self) -> bool:
        """Return whether the run wants to train, but is in no worker's memory."""
        return self.wants and self.worker is None


@dataclass(frozen=True)
class Room:
    """The memory that a worker has for runs. size: megabytes. ready: whether the worker has started."""

    size: float
    ready: bool = True


@dataclass(frozen=True)
class Decision:
    """The next steps. place: (run, worker) to load into memory. unload: runs that their workers are to save and unload."""

    place: list[tuple[str, int]] = field(default_factory=list)
    unload: list[str] = field(default_factory=list)


class Residency:
    """The distribution of runs over the memory of the workers.

    Waiting runs are ordered: interrupted runs first; then those of visits with fewer runs in memory; then those that have
    waited longest. No run overtakes the first. If there is no room, paused runs are unloaded at once, the others after
    `residence` seconds, those that have been in memory longest first. So no run waits for ever.

    most: how many runs a worker holds. Interrupted runs come to a worker that lives even beyond that number, if its memory has
    room, because a new worker takes seconds to start; later some move to the new one.
    """

    def __init__(
        self,
        most: int,
        residence: float,
        pause: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.most, self.residence, self.pause = most, residence, pause
        self._clock = clock
        self._places: dict[str, Place] = {}
        self._number = 0

    def add(self, run: str, owner: str, size: float) -> None:
        """Add a run that wants to train. size: megabytes that it will need."""
        self._number += 1
        self._places[run] = Place(run, owner, size, self._number, since=self._clock())

    def remove(self, run: str) -> None:
        """Remove a run that has ended."""
        self._places.pop(run, None)

    def want(self, run: str, wants: bool) -> None:
        """Set whether the run wants to train: it does not while it is paused or while its visit is away."""
        place = self._places.get(run)
        if place and place.wants != wants:
            place.wants = wants
            if wants and place.worker is None:
                place.since = self._clock()
            elif not wants:
                place.paused_at = self._clock()

    def mark_unloaded(self, run: str, saved: bool = True) -> None:
        """Note that the worker has saved and unloaded the run; or, if not `saved`, that it could not and still holds it."""
        if run in self._places:
            place = self._places[run]
            place.leaving, place.since, place.paused_at = False, self._clock(), self._clock()
            if saved:
                place.worker = None

    def remove_worker(self, worker: int) -> list[str]:
        """Remove a worker that has ended and return its runs; those that want to train come first in the queue."""
        held = [place for place in self._places.values() if place.worker == worker]
        for place in held:
            place.worker, place.leaving, place.urgent, place.since = None, False, True, self._clock()
        return [place.run for place in held]

    def worker_of(self, run: str) -> int | None:
        """Return the number of the worker that holds the run, or None."""
        place = self._places.get(run)
        return place.worker if place else None

    def position(self, run: str) -> int | None:
        """Return the run's place among those that wait, from 1; None if it does not wait."""
        names = [place.run for place in self._list_waiting()]
        return names.index(run) + 1 if run in names else None

    @property
    def waiting(self) -> int:
        """Return how many runs wait for a worker."""
        return sum(place.waits for place in self._places.values())

    def count_wanting(self, worker: int) -> int:
        """Return how many of the runs in a worker's memory want to train."""
        return sum(place.wants for place in self._places.values() if place.worker == worker)

    def decide(self, rooms: Mapping[int, Room]) -> Decision:
        """Decide what to load and unload now; the runs to load are marked as placed, those to unload as leaving."""
        decision = Decision()
        for place in self._places.values():
            if not place.wants and place.worker is not None and self._clock() - place.paused_at >= self.pause:
                self._unload(place, decision)
        for place in self._list_waiting():
            worker = self._find_worker(place, rooms)
            if worker is None:
                self._make_room(place, rooms, decision)
                break
            place.worker, place.urgent, place.since = worker, False, self._clock()
            decision.place.append((place.run, worker))
        else:
            self._balance(rooms, decision)
        return decision

    def unload_at_once(self, run: str) -> bool:
        """Mark the run as leaving, because its visit is away; return whether its worker has to save and unload it."""
        place = self._places.get(run)
        if place is None or place.worker is None or place.leaving:
            return False
        place.leaving = True
        return True

    def _list_waiting(self) -> list[Place]:
        held: dict[str, int] = {}
        for place in self._places.values():
            held[place.owner] = held.get(place.owner, 0) + (place.worker is not None and place.wants)
        waiting = [place for place in self._places.values() if place.waits]
        return sorted(waiting, key=lambda one: (not one.urgent, held[one.owner], one.since, one.order))

    def _find_worker(self, place: Place, rooms: Mapping[int, Room]) -> int | None:
        """Return a worker that has room for the run, or None: a ready one first, then the one with the fewest training runs."""
        there = [worker for worker, room in rooms.items() if self._fits(place, worker, room)]
        return min(there, key=lambda worker: (not rooms[worker].ready, self.count_wanting(worker), worker), default=None)

    def _fits(self, place: Place, worker: int, room: Room) -> bool:
        # A run that is larger than a whole worker is alone there.
        held = self._list_held(worker)
        is_allowed = len(held) < self.most or (place.urgent and room.ready)
        return not held or (is_allowed and sum(one.size for one in held) + place.size <= room.size)

    def _list_held(self, worker: int) -> list[Place]:
        return [place for place in self._places.values() if place.worker == worker]

    def _make_room(self, place: Place, rooms: Mapping[int, Room], decision: Decision) -> None:
        """Unload runs for this one, at the worker where the fewest have to go; do nothing if no worker can make room yet."""
        plans = [plan for worker, room in rooms.items() if (plan := self._choose_victims(place, worker, room)) is not None]
        for victim in min(plans, key=len, default=[]):
            self._unload(victim, decision)

    def _choose_victims(self, place: Place, worker: int, room: Room) -> list[Place] | None:
        held = self._list_held(worker)
        staying = [one for one in held if not one.leaving]
        victims: list[Place] = []
        for one in sorted(staying, key=lambda one: (one.wants, one.since)):
            remaining = [other for other in staying if other not in victims]
            size = sum(other.size for other in remaining) + place.size
            if not remaining or (len(remaining) < self.most and size <= room.size):
                return victims
            if one.wants and self._clock() - one.since < self.residence:
                return None
            victims.append(one)
        return victims

    def _balance(self, rooms: Mapping[int, Room], decision: Decision) -> None:
        """Move runs from the worker with the most that train to the one with the fewest: they are unloaded and placed there."""
        ready = [worker for worker, room in rooms.items() if room.ready]
        if len(ready) < 2 or any(place.leaving for place in self._places.values()):
            return
        least, most = min(ready, key=self.count_wanting), max(ready, key=self.count_wanting)
        too_many = (self.count_wanting(most) - self.count_wanting(least)) // 2
        long = [one for one in self._list_held(most) if one.wants and self._clock() - one.since >= MIN_RESIDENCE]
        movable = [one for one in long if self._fits(one, least, rooms[least])]
        for place in sorted(movable, key=lambda one: one.size)[:too_many]:
            self._unload(place, decision)

    def _unload(self, place: Place, decision: Decision) -> None:
        if not place.leaving:
            place.leaving = True
            decision.unload.append(place.run)
