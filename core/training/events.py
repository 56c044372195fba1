"""Commands to a run and events of a run: versioned plain data that travels as JSON lines.

Commands: {"command": "pause" | "resume" | "step" | "stop"}, or {"command": "change"} with any of "placement",
"learning_rate" and "mask_seed". A command takes effect between two updates or between two chunks of an evaluation.

Events:
- "started", once, with "baseline": the first metric on the test split of the best answer without a network; "engine": the
  engine of each layer; "reads": how a user's file was read (core/tasks/reads.py), null for the built-in data.
- "record", after each update. Fields that were not evaluated are null. After an evaluation some tasks add "forecast",
  "confusion" or "replies" (core/tasks/prediction_summary.py), a language model adds "written", a sampled text.
- "state", with "running" or "paused".
- "changed", with what was changed and the update after which the change holds.
- "averaging", when the optimizer starts to average weights. "unsaved", when a checkpoint could not be written.
- the last one is "done", "stopped" or "failed". "done" has the metrics on the test split after the last update, and
  "test_confusion" where validation has "confusion"; "baselines" and "validation_baselines" have all metrics of the
  baseline on the test and the validation split.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Protocol

from core.dropout.placement import placement_from_plain
from core.errors import Invalid, quote
from core.experiment.bounds import check_field
from core.i18n import _

VERSION = 1
COMMANDS = ("pause", "resume", "step", "stop", "change")
RECORDED_SAMPLES = 8  # the first samples of each batch, whose predictions are recorded
FINAL_EVENTS = ("done", "stopped", "failed")

Command = dict[str, Any]
Event = dict[str, Any]


class Commands(Protocol):
    """The source of a run's commands."""

    def next_command(self, wait: bool) -> Command | None:
        """Return the next command, or None if there is none; with `wait`, block until there is one."""


class NoCommands:
    """The source of a run that gets no commands."""

    def next_command(self, wait: bool) -> Command | None:
        """Return None."""
        return None


def validate_command(command: Mapping[str, Any]) -> Command:
    """Return the command as a dict. Raises Invalid, with what is allowed, for an unknown command or a value out of range."""
    if command.get("command") not in COMMANDS:
        raise Invalid(
            _("“{name}” is not a command; allowed are {all}.").format(
                name=quote(command.get("command")), all=", ".join(COMMANDS)
            ),
            "command",
        )
    if "placement" in command:
        placement_from_plain(command["placement"])
    for name in ("learning_rate", "mask_seed"):
        if name in command:
            check_field(name, command[name])
    return dict(command)


def make_record(update: int, epoch: float, train_loss: float, evaluated: Mapping[str, Any] | None = None, **more: Any) -> Event:
    """Return the record of an update: mean losses per target (in nats for classes), null where not evaluated or not finite.

    epoch: from 0, with a fraction.
    """
    losses = {"train_loss_clean": None, "val_loss": None, "val": None} | dict(evaluated or {})
    event = {"event": "record", "update": update, "epoch": round(epoch, 4), "train_loss": train_loss, **losses, **more}
    return {name: None if isinstance(v, float) and not math.isfinite(v) else v for name, v in event.items()}


def select_events(events: Iterable[Event], kind: str) -> list[Event]:
    """Return the events of one kind."""
    return [event for event in events if event["event"] == kind]


def thin_records(events: Sequence[Event], most: int) -> list[Event]:
    """Return the events with at most about `most` records.

    The newest quarter stays. Of the older ones every second stays, or every fourth and so on, of those with an evaluation and
    of those without alike; also the one with the lowest validation loss, and all events that are no records.
    """
    records = select_events(events, "record")
    old = records[: -max(1, most // 4)]
    evaluated = [event for event in records if event["val_loss"] is not None]
    gaps = [later["update"] - earlier["update"] for earlier, later in pairwise(evaluated)]
    kept = _thin([event for event in old if event["val_loss"] is None], 1, most // 2)
    kept |= _thin([event for event in old if event["val_loss"] is not None], min(gaps, default=1), most // 4)
    kept |= {event["update"] for event in records[-max(1, most // 4) :]}
    if evaluated:
        kept.add(min(evaluated, key=lambda event: event["val_loss"])["update"])
    return [event for event in events if event["event"] != "record" or event["update"] in kept]


def _thin(records: Sequence[Event], gap: int, most: int) -> set[int]:
    """Return the updates of at most `most` of the records, evenly spaced. gap: updates from one to the next."""
    stride, kept = 1, {event["update"] for event in records}
    while len(kept) > most:
        stride *= 2
        kept = {update for update in kept if update // gap % stride == 0}
    return kept


def drop_old_predictions(events: Sequence[Event], most: int) -> None:
    """Remove what was predicted from all records but the newest `most`, as it is most of what a record takes.

    To be called whenever records were added: it looks back only as far as records still have it.
    """
    newest = 0
    for event in reversed(events):
        if event["event"] == "record":
            newest += 1
            if newest > most and event.pop("predicted", None) is None:
                return


def last_update(events: Sequence[Event]) -> int:
    """Return the number of the last recorded update; 0 before the first."""
    return next((event["update"] for event in reversed(events) if event["event"] == "record"), 0)


def last_generated_text(events: Sequence[Event], until: float) -> tuple[int, str] | None:
    """Return the last generated text up to update `until`, as (update, text); None if there is none."""
    texts = (event for event in reversed(events) if "written" in event and event["update"] <= until)
    return next(((event["update"], event["written"]) for event in texts), None)


def predictions_at(events: Sequence[Event], update: int, sample: int) -> list[int | float | None] | None:
    """Return the predictions of the masked network for a sample at every step of an update; None if not recorded.

    A prediction is a class or a scaled value, at steps without a target -1 or None. "predicted" may be stored as JSON text.
    """
    record = next((e for e in reversed(events) if e["event"] == "record" and e["update"] == update), None)
    predicted = (record or {}).get("predicted", [])
    rows = json.loads(predicted) if isinstance(predicted, str) else predicted
    return rows[sample] if sample < len(rows) else None
