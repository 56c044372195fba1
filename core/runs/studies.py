"""The studies of all visits: each starts its runs a few at once, seed after seed, and collects their curves. No torch here.

A run of a study is an ordinary run of the service. It is removed as soon as it has ended: what is kept of it are its news, flat
tuples of numbers and texts, so that a poll carries only what is new. A visit has one study at a time.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import RLock
from typing import Any, Protocol
from uuid import uuid4

from core.errors import Invalid
from core.experiment.experiment import Experiment, replace_seeds
from core.runs.run import ENDED, Poll
from core.training.events import FINAL_EVENTS, Event

# (kind, number of the run, …), where kind is one of:
# - "started": planned updates, updates per epoch
# - "point", at each evaluation: update, epoch, clean training loss, validation loss, validation value of the main metric
# - "ended": state "finished", "stopped" or "failed", reason, test value of the main metric (None), seconds, updates
News = tuple[Any, ...]
RUNNING, PAUSED, OVER, GONE = "running", "paused", "over", "gone"


class RunDoor(Protocol):
    """The part of the service that studies use."""

    def measure(self, experiment: Experiment) -> float:
        """Return the megabytes that a run needs. Raises Invalid if it needs more of anything than this server allows."""

    def start_run(self, experiment: Experiment, owner: str, size: float) -> str:
        """Start a run that advances together with the others of the visit. Raises Invalid beyond a limit."""

    def has_room(self, owner: str) -> bool:
        """Return whether the visit may start another run now."""

    def read_events(self, run_id: str, since: int) -> Poll:
        """Return the events of a run from `since` on, without a sign of life of its visit."""

    def command(self, run_id: str, command: Mapping[str, Any]) -> bool:
        """Send a run a command."""

    def remove(self, run_id: str) -> None:
        """End and forget a run."""


@dataclass(frozen=True)
class StudyPoll:
    """The answer to a poll: plain data about a study.

    state: "running", "paused", "over" (every run has ended, or the study was stopped) or "gone". news: those from the requested
    index on; next: the index for the next poll. updates: the newest update of each run. at_work: runs that train now.
    seconds_left: an estimate; None if nothing is known yet.
    """

    state: str
    news: list[News] = field(default_factory=list)
    next: int = 0
    updates: tuple[int, ...] = ()
    at_work: int = 0
    seconds_left: float | None = None


@dataclass
class _Active:
    """A run that goes on. next: the index of its next event. metric: its main one. has_ended: whether the news say so."""

    id: str
    next: int = 0
    metric: str = ""
    has_ended: bool = False


class _LiveStudy:
    def __init__(self, experiments: Sequence[Experiment], sizes: Sequence[float], owner: str, now: float) -> None:
        self.experiments, self.sizes, self.owner = tuple(experiments), tuple(sizes), owner
        self.waiting = deque(range(len(experiments)))
        self.active: dict[int, _Active] = {}
        self.news: list[News] = []
        self.updates = [0] * len(experiments)
        self.planned = [0] * len(experiments)
        self.state = RUNNING
        self.seconds, self.looked_at = 0.0, now  # how long it has trained; when that was last added to

    def add_event(self, number: int, active: _Active, event: Event) -> None:
        """Add an event of a run that goes on."""
        self.updates[number] = event.get("update", self.updates[number])
        if event["event"] == "started":
            active.metric, self.planned[number] = event["metric"], event["updates"]
        news = make_news(number, active.metric, event)
        if news is not None:
            self.news.append(news)
            active.has_ended = news[0] == "ended"

    def count_time(self, now: float) -> None:
        """Add the time since the last call, unless the study is paused."""
        self.seconds += (now - self.looked_at) if self.state == RUNNING else 0.0
        self.looked_at = now

    def estimate_seconds_left(self) -> float | None:
        """Return the time that the remaining updates take at the present speed; None before the first."""
        largest, done = max(self.planned), sum(self.updates)
        total = sum(planned or largest for planned in self.planned)
        return self.seconds * (total - done) / done if done else None


class Studies:
    """The studies of a server. Thread-safe with the lock of the service.

    at_once: how many runs of a study go on at the same time.
    """

    def __init__(self, door: RunDoor, lock: RLock, at_once: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._door, self._lock, self._at_once, self._clock = door, lock, max(1, at_once), clock
        self._studies: dict[str, _LiveStudy] = {}

    def start(self, experiments: Sequence[Experiment], owner: str) -> str:
        """Train the experiments, in this order, and return the id of the study. It replaces the visit's last one.

        Raises Invalid for an experiment that needs more than this server allows.
        """
        # Other seeds need as much.
        different = {replace_seeds(experiment, 0): experiment for experiment in experiments}
        measured = {seedless: self._door.measure(experiment) for seedless, experiment in different.items()}
        sizes = [measured[replace_seeds(experiment, 0)] for experiment in experiments]
        with self._lock:
            self.forget(owner)
            name = uuid4().hex
            self._studies[name] = _LiveStudy(experiments, sizes, owner, self._clock())
            self._advance(self._studies[name])
            return name

    def poll(self, name: str, since: int = 0) -> StudyPoll:
        """Return the state of the study and its news from index `since` on. Never raises."""
        with self._lock:
            study = self._studies.get(name)
            if study is None:
                return StudyPoll(GONE, next=since)
            self._advance(study)
            return StudyPoll(
                study.state,
                study.news[max(0, since) :],
                len(study.news),
                tuple(study.updates),
                len(study.active),
                study.estimate_seconds_left(),
            )

    def pause(self, name: str) -> None:
        """Pause all runs of the study; no further one starts."""
        self._switch(name, RUNNING, PAUSED, "pause")

    def resume(self, name: str) -> None:
        """Let the study go on."""
        self._switch(name, PAUSED, RUNNING, "resume")

    def stop(self, name: str) -> None:
        """End the study; the curves of runs that have ended stay."""
        with self._lock:
            study = self._studies.get(name)
            if study is not None:
                self._collect(study)
                self._end(study)

    def forget(self, owner: str) -> None:
        """End and forget the studies of a visit."""
        with self._lock:
            for name in [name for name, study in self._studies.items() if study.owner == owner]:
                self._end(self._studies.pop(name))

    def tidy(self) -> None:
        """Collect the news of all studies and start the runs that are due. The service calls this."""
        with self._lock:
            for study in self._studies.values():
                self._advance(study)

    def _switch(self, name: str, before: str, after: str, command: str) -> None:
        with self._lock:
            study = self._studies.get(name)
            if study is not None and study.state == before:
                study.count_time(self._clock())
                study.state = after
                for active in study.active.values():
                    self._door.command(active.id, {"command": command})

    def _advance(self, study: _LiveStudy) -> None:
        study.count_time(self._clock())
        self._collect(study)
        while study.state == RUNNING and study.waiting and len(study.active) < self._at_once:
            if not self._door.has_room(study.owner):
                break
            self._start_next(study)
        if not study.waiting and not study.active and study.state == RUNNING:
            study.state = OVER

    def _start_next(self, study: _LiveStudy) -> None:
        number = study.waiting.popleft()
        try:
            run_id = self._door.start_run(study.experiments[number], study.owner, study.sizes[number])
            study.active[number] = _Active(run_id)
        except Invalid as invalid:
            study.news.append(("ended", number, "failed", str(invalid), None, 0.0, 0))

    def _collect(self, study: _LiveStudy) -> None:
        for number, active in list(study.active.items()):
            poll = self._door.read_events(active.id, active.next)
            active.next = poll.next
            for event in poll.events:
                study.add_event(number, active, event)
            if poll.state in (*ENDED, "gone"):
                if not active.has_ended:
                    study.news.append(("ended", number, "stopped", poll.reason, None, 0.0, study.updates[number]))
                del study.active[number]
                self._door.remove(active.id)

    def _end(self, study: _LiveStudy) -> None:
        for number, active in study.active.items():
            study.news.append(("ended", number, "stopped", "", None, 0.0, study.updates[number]))
            self._door.remove(active.id)
        study.active.clear()
        study.waiting.clear()
        study.state = OVER


def list_news(number: int, events: Iterable[Event]) -> list[News]:
    """Return the news of a run, of which all events are known, as those of a recorded one."""
    events = list(events)
    return [news for event in events if (news := make_news(number, events[0]["metric"], event))]


def make_news(number: int, metric: str, event: Event) -> News | None:
    """Return what an event of a run adds to the news; None if it is nothing. metric: the main one of the task."""
    kind = event["event"]
    if kind == "started":
        return "started", number, event["updates"], event["updates_per_epoch"]
    if kind == "record" and event["val"]:
        losses = event["train_loss_clean"], event["val_loss"]
        return "point", number, event["update"], event["epoch"], *losses, event["val"][metric]
    if kind == "done":
        return "ended", number, "finished", "", event["test"][metric], event["seconds"], event["update"]
    if kind in FINAL_EVENTS:
        return "ended", number, kind, event.get("reason", ""), None, event.get("seconds", 0.0), event["update"]
    return None
