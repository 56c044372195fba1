"""What a run is told and what it tells: commands and events, versioned plain data that travels as JSON lines.

Commands: {"command": "pause" | "resume" | "step" | "stop"}, or {"command": "change"} with any of "placement",
"learning_rate" and "mask_seed". Each acts between two updates or between two chunks of an evaluation.

Events: "started" once; "record" after each update (nulls where nothing was evaluated; where it was, of some tasks what was
answered too, a "forecast", "confusion" or "replies" as core/tasks/prediction_summary.py has them, and what a language model
has "written",
a text); "state" with "running" or "paused"; "changed" with what was changed and from which update on it holds; and one last of
"done", "stopped", "failed".
"done" has what was found on the test part after the last update, with "test_confusion" where validation has "confusion".
What an answer without a network reaches: "started" has it of the first metric on the test part, "baseline"; "done" of all
metrics on the test part, "baselines", and on the validation part, "validation_baselines".
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from core.dropout.placement import from_data
from core.errors import Invalid
from core.experiment.experiment import check_field
from core.i18n import _

VERSION = 1
COMMANDS = ("pause", "resume", "step", "stop", "change")
SHOWN_SAMPLES = 8  # of each batch: the first ones, whose predictions a page can look at
LAST = ("done", "stopped", "failed")

Command = dict[str, Any]
Event = dict[str, Any]


class Commands(Protocol):
    """Where a run finds its commands."""

    def take(self, wait: bool) -> Command | None:
        """The next command; None where there is none, unless `wait`: then it blocks until there is one."""


class NoCommands:
    """A run that nobody commands."""

    def take(self, wait: bool) -> Command | None:
        """None: there is never one."""
        return None


def validate_command(command: Mapping[str, Any]) -> Command:
    """The command, if it is one. Raises Invalid with what is allowed; never reaches the engine otherwise."""
    if command.get("command") not in COMMANDS:
        raise Invalid(
            _("“{name}” is no command; a run obeys {all}.").format(name=command.get("command"), all=", ".join(COMMANDS)),
            "command",
        )
    if "placement" in command:
        from_data(command["placement"])
    for name in ("learning_rate", "mask_seed"):
        if name in command:
            check_field(name, command[name])
    return dict(command)


def make_record(update: int, epoch: float, train_loss: float, evaluated: Mapping[str, Any] | None = None, **more: Any) -> Event:
    """One update: losses per asked token or value, in nats where classes are asked, null where not evaluated or not
    finite; epoch counts from 0."""
    losses = {"train_loss_clean": None, "val_loss": None, "val": None} | dict(evaluated or {})
    event = {"event": "record", "update": update, "epoch": round(epoch, 4), "train_loss": train_loss, **losses, **more}
    return {name: None if isinstance(v, float) and not math.isfinite(v) else v for name, v in event.items()}


def select_events(events: Iterable[Event], kind: str) -> list[Event]:
    """The events of one kind."""
    return [event for event in events if event["event"] == kind]


def last_update(events: Sequence[Event]) -> int:
    """The number of the last update that was recorded; 0 before the first."""
    return next((event["update"] for event in reversed(events) if event["event"] == "record"), 0)


def last_generated_text(events: Sequence[Event], until: float) -> tuple[int, str] | None:
    """What a language model last wrote, up to update `until`, and after which update that was; None where it wrote nothing."""
    found = (event for event in reversed(events) if "written" in event and event["update"] <= until)
    return next(((event["update"], event["written"]) for event in found), None)


def predictions_at(events: Sequence[Event], update: int, sample: int) -> list[int | float | None] | None:
    """The class, or the scaled value, that the masked network predicted at every step of the sample, -1 or None where
    nothing is asked; None where that was not recorded. A page may keep what was "predicted" as JSON text."""
    record = next((e for e in reversed(events) if e["event"] == "record" and e["update"] == update), None)
    kept = (record or {}).get("predicted", [])
    rows = json.loads(kept) if isinstance(kept, str) else kept
    return rows[sample] if sample < len(rows) else None
