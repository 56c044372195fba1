"""What the events of a run say: its records, what was in force at an update, where it stands. Pure, for the pages."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from core.dropout.placement import from_data
from core.experiment import Experiment
from core.runs.protocol import CHANGEABLE, Event
from core.tasks import task
from core.tasks.windows import same_questions

DATA = ("task", "steps", "data_seed")  # what the data depend on, with the options; the batch only cuts them up


def of_kind(events: Iterable[Event], kind: str) -> list[Event]:
    """The events of one kind."""
    return [event for event in events if event["event"] == kind]


def newest(events: Sequence[Event]) -> int:
    """The number of the last update that was recorded; 0 before the first."""
    return next((event["update"] for event in reversed(events) if event["event"] == "record"), 0)


def written(events: Sequence[Event], until: float) -> tuple[int, str] | None:
    """What a language model last wrote, up to update `until`, and after which update that was; None where it wrote nothing."""
    found = (event for event in reversed(events) if "written" in event and event["update"] <= until)
    return next(((event["update"], event["written"]) for event in found), None)


def in_force(began: Experiment, events: Iterable[Event], update: int) -> Experiment:
    """The experiment as it was when the masks of that update (from 1) were drawn: with the changes made before it."""
    changed = [event for event in of_kind(events, "changed") if event["update"] < update]
    return with_changes(began, changed)


def with_changes(experiment: Experiment, changes: Iterable[Event]) -> Experiment:
    """The experiment after changes: "changed" events, or commands."""
    fields: dict[str, Any] = {}
    for change in changes:
        fields |= {name: change[name] for name in CHANGEABLE if name in change}
    if "placement" in fields:
        fields["placement"] = from_data(fields["placement"])
    return replace(experiment, **fields)


def comparable(one: Experiment, other: Experiment) -> bool:
    """Whether the losses of the two can be laid beside each other: they are means over the same data, whatever learns them,
    and from however many samples."""
    if any(getattr(one, name) != getattr(other, name) for name in DATA):
        return False
    if one.options == other.options:
        return True
    amounts = {option.name for option in task(one.task).options if option.amount}
    apart = {name for name, _value in set(one.options) ^ set(other.options)}
    return apart <= amounts and same_questions(one, other)


def predicted(events: Sequence[Event], update: int, sample: int) -> list[int | float | None] | None:
    """The class, or the scaled value, that the masked network predicted at every step of the sample, -1 or None where
    nothing is asked; None where that was not recorded. A page may keep what was "predicted" as JSON text."""
    record = next((e for e in reversed(events) if e["event"] == "record" and e["update"] == update), None)
    kept = (record or {}).get("predicted", [])
    rows = json.loads(kept) if isinstance(kept, str) else kept
    return rows[sample] if sample < len(rows) else None
