"""One run as the service knows it: its events so far, and what they say of it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.experiment.changes import CHANGEABLE_FIELDS, apply_changes
from core.experiment.experiment import Experiment
from core.experiment.serialization import to_plain
from core.runs.history import History
from core.runs.settings import Settings
from core.training.events import FINAL_EVENTS, VERSION, Command, Event

ENDED = ("finished", "stopped", "failed")
# The state that an event leads to; an event "state" names it.
_AFTER = {"started": "running", "done": "finished", "stopped": "stopped", "failed": "failed"}
ONCE = ("started", "averaging")  # events that a run has once, and tells again where it goes on from before them


@dataclass(frozen=True)
class Poll:
    """What a page learns of a run, plain data all of it.

    state: "queued", "starting", "running", "recorded" (a recorded run that plays), "paused", "finished", "stopped",
    "failed", or "gone" (nobody looked for so long that its events were given up). events: those from the index asked
    for on, a long run's older records thinned; next: the index to ask for next time. position: the place among the runs that
    wait for room in memory, from 1; None for one that does not wait. reason: why a run failed, was stopped by the service, or
    is gone; else "". recorded: whether it is a recorded run. missed: whether the run ended before it could take a change that
    it was told.
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
    """id, owner: names. experiment: with the changes made so far. show: samples whose predictions the records carry.

    kept: the file in which its weights are written down, "" for none; saved: the file from which it goes on. size: megabytes
    that it needs. update: the newest that an event named; told: the newest whose record has come, -1 for none. unconfirmed:
    commands of which no worker has said that it obeyed them. pause_at: the update after which a step pauses again.
    """

    id: str
    owner: str
    experiment: Experiment
    show: int = 0
    kept: str = ""
    saved: str = ""
    size: float = 0.0
    recorded: bool = False
    settings: Settings = field(default_factory=Settings)
    state: str = "queued"
    reason: str = ""
    update: int = 0
    told: int = -1
    placed: bool = False  # whether a worker has ever been given it
    forgotten: bool = False  # whether nothing of it is to be left
    missed: bool = False
    recovering: bool = False
    unconfirmed: list[Command] = field(default_factory=list)
    confirmed: int = 0  # of those that its present worker was sent
    pause_at: int | None = None
    changes: list[Event] = field(default_factory=list)
    began: float | None = None
    crashes: int = 0
    crashes_in_all: int = 0
    crashed_at: int = -2

    def __post_init__(self) -> None:
        self.began_with = self.experiment
        self.history = History(self.settings.records, self.settings.predictions)
        self._once: set[str] = set()

    @property
    def ended(self) -> bool:
        """Whether no more events will come."""
        return self.state in ENDED

    def add(self, event: Event) -> None:
        """Keep an event and follow it. Dropped is what comes after the end, as it was on its way when the run ended, and what
        comes twice, as the run goes on from before it."""
        if self.ended or self._is_known(event):
            return
        kind = event["event"]
        if kind == "started":
            self.began = time.monotonic()
        elif kind == "record":
            self.told = event["update"]
        elif kind == "changed":
            self.changes.append(event)
        elif kind == "state":
            self.pause_at = event.get("until")
        self.history.add(event)
        self.state = _AFTER.get(kind) or event.get("state", self.state)
        self.reason = event.get("reason", self.reason) if kind in _AFTER else self.reason
        self.update = event.get("update", self.update)
        if kind in FINAL_EVENTS:
            self.missed = any(one["command"] == "change" for one in self.unconfirmed)

    def confirm(self, taken: int) -> None:
        """Its worker has obeyed so many commands since it has the run."""
        del self.unconfirmed[: taken - self.confirmed]
        self.confirmed = taken

    def stop(self, reason: str = "") -> None:
        """End the run with its last event, "stopped"; reason: a sentence where it was not the user who stopped it."""
        seconds = 0.0 if self.began is None else round(time.monotonic() - self.began, 2)
        self.add({"event": "stopped", "update": self.update, "seconds": seconds} | ({"reason": reason} if reason else {}))

    def change(self, command: Command) -> None:
        """Take a change into the experiment. Raises Invalid, and changes nothing, where it does not fit."""
        self.experiment = apply_changes(self.experiment, [command])

    def change_at_once(self, command: Command) -> None:
        """The same for a run that no worker has: it is changed here and now."""
        if not self.placed:
            self.began_with = self.experiment
        self.add({"event": "changed", "update": self.update, **changes(command)})
        if not self.placed:
            self.changes.clear()  # they are in what it begins with

    def blame(self) -> bool:
        """It was this run's turn when its worker died. Returns whether that was once too often."""
        self.crashes = self.crashes + 1 if self.told <= self.crashed_at else 1
        self.crashes_in_all, self.crashed_at = self.crashes_in_all + 1, self.told
        return self.crashes >= self.settings.crashes or self.crashes_in_all >= self.settings.crashes_in_all

    def remove_files(self) -> None:
        """Remove what it is not to go on from any more; its weights too where it is forgotten."""
        for name in (self.saved, self.kept if self.forgotten else ""):
            if name:
                Path(name).unlink(missing_ok=True)

    def message(self) -> dict[str, Any]:
        """What a worker is told so that it trains this run, from its beginning or from where it was saved."""
        return {
            "command": "run",
            "version": VERSION,
            "run": self.id,
            "owner": self.owner,
            "experiment": to_plain(self.began_with),
            "show": self.show,
            "kept": self.kept,
            "saved": self.saved,
            "told": self.told,
            "changes": self.changes,
            "paused": self.state == "paused",
            "pause_at": self.pause_at,
            "recovering": self.recovering,
        }

    def poll(self, since: int, position: int | None) -> Poll:
        """The answer to a poll for the events from `since` on."""
        state = "recorded" if self.recorded and self.state == "running" else self.state
        events = self.history.since(max(since, 0))
        return Poll(state, events, self.history.next, position, self.reason, self.recorded, self.missed)

    def _is_known(self, event: Event) -> bool:
        kind = event["event"]
        if kind in ONCE:
            known = kind in self._once
            self._once.add(kind)
            return known
        if kind == "record":
            return bool(event["update"] <= self.told)
        return kind == "state" and event["state"] == "paused" and self.state == "paused"


def changes(command: Mapping[str, Any]) -> dict[str, Any]:
    """Of a command "change", what it changes."""
    return {name: command[name] for name in CHANGEABLE_FIELDS if name in command}
