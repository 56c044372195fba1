"""One run as the service stores it: its events so far, and the state that follows from them."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from core.experiment.changes import CHANGEABLE_FIELDS, apply_changes
from core.experiment.experiment import Experiment
from core.experiment.serialization import to_plain
from core.runs.history import History
from core.runs.settings import Settings
from core.training.events import FINAL_EVENTS, VERSION, Command, Event

ENDED = ("finished", "stopped", "failed")
# The state that an event leads to; an event "state" names it.
STATE_AFTER = {"started": "running", "done": "finished", "stopped": "stopped", "failed": "failed"}
ONCE = ("started", "averaging")  # events that a run has once; a run that is continued from an earlier update sends them again


# Called with each event of a run and its JSON text, which lacks what each update predicted.
RunListener = Callable[[Event, str], None]


class RunRecorder(Protocol):
    """What keeps the runs of visits beyond the visit, such as the store (core/store/store.py)."""

    def begin_run(self, run_id: str, visit: str, experiment: Experiment) -> RunListener | None:
        """Return the listener of a run that begins; None for a run that is not kept."""


@dataclass(frozen=True)
class Poll:
    """The answer to a poll: plain data about a run.

    - state: "queued", "starting", "running", "recorded" (a recorded run that plays), "paused", "finished", "stopped",
      "failed", or "gone" (not polled for so long that its events were removed).
    - events: those from the requested index on, the older records of a long run thinned, long lists as their JSON texts
      (`history.pack_lists`); next: the index for the next poll.
    - position: the place among the runs that wait for room in memory, from 1; None if it does not wait.
    - reason: why a run failed, was stopped by the service, or is gone; else "".
    - recorded: whether it is a recorded run.
    - missed: whether the run ended before it could apply a change.
    """

    state: str
    events: list[Event] = field(default_factory=list)
    next: int = 0
    position: int | None = None
    reason: str = ""
    recorded: bool = False
    missed: bool = False


@dataclass(eq=False)
class Run:
    """A run.

    id, owner: names. experiment: with the changes made so far. show: samples whose predictions the records carry. weight_file:
    where its weights are written, "" for nowhere. saved: the file from which it continues. size: megabytes that it needs.
    update: the newest that an event named. newest_recorded_update: -1 for none. unconfirmed: commands that no worker has
    confirmed yet. pause_at: the update after which a step pauses again. listener: gets each event that is added. paced: whether
    it advances by update together with the other paced runs of its visit.
    """

    id: str
    owner: str
    experiment: Experiment
    show: int = 0
    weight_file: str = ""
    saved: str = ""
    size: float = 0.0
    recorded: bool = False
    paced: bool = False
    settings: Settings = field(default_factory=Settings)
    state: str = "queued"
    reason: str = ""
    update: int = 0
    newest_recorded_update: int = -1
    placed: bool = False  # whether a worker has ever had it
    forgotten: bool = False  # whether all its files are to be removed
    missed: bool = False
    recovering: bool = False
    unconfirmed: list[Command] = field(default_factory=list)
    confirmed: int = 0  # number of commands applied by its present worker
    pause_at: int | None = None
    changes: list[Event] = field(default_factory=list)
    began: float | None = None
    crashes: int = 0
    crashes_in_all: int = 0
    crashed_at: int = -2
    listener: RunListener | None = None

    def __post_init__(self) -> None:
        self.began_with = self.experiment
        self.history = History(self.settings.records, self.settings.predictions)
        self._once: set[str] = set()

    @property
    def ended(self) -> bool:
        """Return whether the run has ended, so that no more events will come."""
        return self.state in ENDED

    def add(self, event: Event) -> None:
        """Add an event and update the state.

        An event is ignored if the run has ended, or if it was already added before the run was continued from an earlier
        update.
        """
        if self.ended or self._is_known(event):
            return
        kind = event["event"]
        if kind == "started":
            self.began = time.monotonic()
        elif kind == "record":
            self.newest_recorded_update = event["update"]
        elif kind == "changed":
            self.changes.append(event)
        elif kind == "state":
            self.pause_at = event.get("until")
        text = self.history.add(event)
        if self.listener is not None:
            self.listener(event, text)
        self.state = STATE_AFTER.get(kind) or event.get("state", self.state)
        self.reason = event.get("reason", self.reason) if kind in STATE_AFTER else self.reason
        self.update = event.get("update", self.update)
        if kind in FINAL_EVENTS:
            self.missed = any(one["command"] == "change" for one in self.unconfirmed)

    def confirm(self, taken: int) -> None:
        """Note how many commands the present worker has applied."""
        del self.unconfirmed[: taken - self.confirmed]
        self.confirmed = taken

    def stop(self, reason: str = "") -> None:
        """End the run with the event "stopped". reason: a sentence if somebody other than the user stopped it."""
        seconds = 0.0 if self.began is None else round(time.monotonic() - self.began, 2)
        self.add({"event": "stopped", "update": self.update, "seconds": seconds} | ({"reason": reason} if reason else {}))

    def change(self, command: Command) -> None:
        """Apply a change to the experiment. Raises Invalid, and changes nothing, if the new experiment is not valid."""
        self.experiment = apply_changes(self.experiment, [command])

    def change_at_once(self, command: Command) -> None:
        """Record the change of a run that is in no worker's memory."""
        if not self.placed:
            self.began_with = self.experiment
        self.add({"event": "changed", "update": self.update, **select_changes(command)})
        if not self.placed:
            self.changes.clear()  # the run message contains them already

    def blame(self, repeats: bool) -> bool:
        """Count a crash of a worker during this run's turn; return whether there were too many.

        repeats: whether the run was only repeating updates from before its last save. It survived these once, so it is not the
        cause. Otherwise a worker that is ended from outside would count against the run with the most turns, as repeating runs
        are.
        """
        self.crashes_in_all += 1
        if not repeats:
            self.crashes = self.crashes + 1 if self.newest_recorded_update <= self.crashed_at else 1
            self.crashed_at = self.newest_recorded_update
        return self.crashes >= self.settings.crashes or self.crashes_in_all >= self.settings.crashes_in_all

    def remove_files(self) -> None:
        """Remove the saved state of the run, and its weights too if it is forgotten."""
        for name in (self.saved, self.weight_file if self.forgotten else ""):
            if name:
                Path(name).unlink(missing_ok=True)

    def make_message(self) -> dict[str, Any]:
        """Return the message that makes a worker train this run, from its beginning or from its saved state."""
        return {
            "command": "run",
            "version": VERSION,
            "run": self.id,
            "owner": self.owner,
            "experiment": to_plain(self.began_with),
            "show": self.show,
            "weight_file": self.weight_file,
            "saved": self.saved,
            "newest_recorded_update": self.newest_recorded_update,
            "changes": self.changes,
            "paused": self.state == "paused",
            "pause_at": self.pause_at,
            "recovering": self.recovering,
            "paced": self.paced,
        }

    def poll(self, since: int, position: int | None) -> Poll:
        """Return the answer to a poll for the events from `since` on."""
        state = "recorded" if self.recorded and self.state == "running" else self.state
        events = self.history.list_since(max(since, 0))
        return Poll(state, events, self.history.next, position, self.reason, self.recorded, self.missed)

    def _is_known(self, event: Event) -> bool:
        kind = event["event"]
        if kind in ONCE:
            known = kind in self._once
            self._once.add(kind)
            return known
        if kind == "record":
            return bool(event["update"] <= self.newest_recorded_update)
        return kind == "state" and event["state"] == "paused" and self.state == "paused"


def select_changes(command: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that a command "change" changes."""
    return {name: command[name] for name in CHANGEABLE_FIELDS if name in command}
