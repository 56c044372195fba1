"""One run as the service knows it: its events so far, and the state that they say it is in."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.experiment.changes import CHANGEABLE_FIELDS, apply_changes
from core.experiment.experiment import Experiment
from core.experiment.serialization import to_plain
from core.training.events import VERSION, Command, Event

ENDED = ("finished", "stopped", "failed")
# The state that an event leads to; an event "state" names it.
_AFTER = {"started": "running", "done": "finished", "stopped": "stopped", "failed": "failed"}


@dataclass(frozen=True)
class Poll:
    """What a page learns of a run, plain data all of it.

    state: "queued", "starting", "running", "recorded" (a recorded run that plays), "paused", "finished", "stopped",
    "failed", or "gone" (nobody looked for so long that its events were given up). events: those from the index asked
    for on; next: the index to ask for next time. position: the place in the queue, from 1; None unless queued.
    reason: why a run failed, was stopped by the service, or is gone; else "". recorded: whether it is a recorded run.
    """

    state: str
    events: list[Event] = field(default_factory=list)
    next: int = 0
    position: int | None = None
    reason: str = ""
    recorded: bool = False


@dataclass(eq=False)
class Run:
    """id, owner: names. experiment: with the changes made so far. show: samples whose predictions the records carry.

    kept: the file in which its weights are written down, "" for none. orders: what it was told while it waited, for the worker
    that will train it.
    """

    id: str
    owner: str
    experiment: Experiment
    show: int = 0
    kept: str = ""
    recorded: bool = False
    state: str = "queued"
    reason: str = ""
    update: int = 0
    orders: list[Command] = field(default_factory=list)
    # As text: a run has thousands of events, and the server's garbage collector would look at each one after every
    # tick of every page if they were objects.
    lines: list[str] = field(default_factory=list)
    began: float | None = None

    @property
    def ended(self) -> bool:
        """Whether no more events will come."""
        return self.state in ENDED

    def add(self, event: Event) -> None:
        """Keeps an event and follows it. What comes after the end is dropped: it was on its way when the run ended."""
        if self.ended:
            return
        if event["event"] == "started":
            self.began = time.monotonic()
        self.lines.append(json.dumps(event))
        self.state = _AFTER.get(event["event"]) or event.get("state", self.state)
        self.reason = event.get("reason", self.reason)
        self.update = event.get("update", self.update)

    def stop(self, reason: str = "") -> None:
        """Ends the run with its last event, "stopped"; reason: a sentence where it was not the user who stopped it."""
        seconds = 0.0 if self.began is None else round(time.monotonic() - self.began, 2)
        self.add({"event": "stopped", "update": self.update, "seconds": seconds} | ({"reason": reason} if reason else {}))

    def change(self, command: Command) -> None:
        """Takes a change into the experiment. Raises Invalid, and changes nothing, where it does not fit."""
        self.experiment = apply_changes(self.experiment, [command])

    def message(self) -> dict[str, Any]:
        """What a worker is told so that it trains this run."""
        return {
            "command": "run",
            "version": VERSION,
            "run": self.id,
            "experiment": to_plain(self.experiment),
            "show": self.show,
            "kept": self.kept,
        }

    def poll(self, lines: list[str], since: int, position: int | None) -> Poll:
        """The answer to a poll for the events from `since` on, which are `lines`."""
        state = "recorded" if self.recorded and self.state == "running" else self.state
        return Poll(state, [json.loads(line) for line in lines], since + len(lines), position, self.reason, self.recorded)


def changes(command: Mapping[str, Any]) -> dict[str, Any]:
    """Of a command "change", what it changes."""
    return {name: command[name] for name in CHANGEABLE_FIELDS if name in command}
