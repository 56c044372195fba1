"""A run as a file to keep: JSON with its experiment and events, which can be read again, or CSV with a row for each update.

What is read comes from outside: only the curves are taken, field by field, and every one is checked.
"""

import csv
import io
import json
import math
from collections.abc import Mapping
from typing import Any

from core.errors import Invalid, quote
from core.experiment.batches import load_data
from core.experiment.changes import CHANGEABLE_FIELDS, apply_changes
from core.experiment.experiment import Experiment
from core.experiment.serialization import from_plain, to_plain
from core.i18n import _
from core.runs.recording import Recorded, make_recorded
from core.tasks import get_task
from core.training.events import Event, make_record, select_events, validate_command

VERSION = 1
MAX_MEGABYTES = 10  # MB of a file
MAX_EVENTS = 50_000
MAX_NUMBER = 1e300
LOSSES = ("train_loss", "train_loss_clean", "val_loss")


def to_json(name: str, run: Recorded) -> str:
    """Return a run as JSON, an event a line. name: that the visitor gave it."""
    head = {"version": VERSION, "name": name, "experiment": to_plain(run.experiment), "made": dict(run.made)}
    events = ",\n".join(map(json.dumps, run.events))
    return f'{json.dumps(head)[:-1]}, "events": [\n{events}\n]}}\n'


def to_csv(run: Recorded) -> str:
    """Return the curves of a run as CSV: update, epoch, the losses, and the validation metrics of the task."""
    metrics, text = get_task(run.experiment.task).metrics, io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["update", "epoch", *LOSSES, *(f"val_{name}" for name in metrics)])
    for event in select_events(run.events, "record"):
        values = [event[name] for name in ("update", "epoch", *LOSSES)]
        rows.writerow([*values, *((event["val"] or {}).get(name) for name in metrics)])
    return text.getvalue()


def parse_json(content: bytes) -> tuple[str, Recorded]:
    """Return the name and the curves of a run that `to_json` wrote. Raises Invalid with what is wrong.

    The events are "started", the records without predictions, texts and outputs, the changes, and "stopped".
    """
    if len(content) > MAX_MEGABYTES * 2**20:
        raise Invalid(_("This file has more than {most} MB.").format(most=MAX_MEGABYTES))
    try:
        data = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise Invalid(_("This is not a run: the JSON is damaged ({why}).").format(why=quote(error))) from None
    if not isinstance(data, Mapping) or not isinstance(data.get("events"), list) or "experiment" not in data:
        raise Invalid(_("This is not a run: an object with the keys “experiment” and “events” is expected."))
    if data.get("version") != VERSION:
        raise Invalid(
            _("This run has version {version}; this program reads version {own}.").format(
                version=quote(data.get("version")), own=VERSION
            )
        )
    experiment = from_plain(data["experiment"])
    load_data(experiment)
    events = _read_curves(experiment, data["events"])
    made = {"date": "", "commit": "", "command": "", "versions": {}}
    name = data.get("name", "")
    return quote(name) if isinstance(name, str) else "", make_recorded(to_plain(experiment), events, made, is_complete=False)


def _read_curves(experiment: Experiment, events: list[Any]) -> list[Event]:
    if len(events) > MAX_EVENTS:
        raise Invalid(_("This run has more than {most} events.").format(most=MAX_EVENTS))
    if not all(isinstance(event, Mapping) for event in events):
        raise Invalid(_("Each event of a run is an object."))
    readers = {"started": _read_started, "record": _read_record, "changed": _read_change}
    curves = [
        readers[event["event"]](experiment, event)
        for event in events
        if isinstance(event.get("event"), str) and event["event"] in readers
    ]
    last = max((event["update"] for event in curves if "update" in event), default=0)
    return [*curves, {"event": "stopped", "update": last, "seconds": 0.0}]


def _read_started(experiment: Experiment, event: Mapping[str, Any]) -> Event:
    counts = {name: max(1, _read_count(event, name)) for name in ("updates", "updates_per_epoch")}
    return {"event": "started", "metric": get_task(experiment.task).metric, **counts}


def _read_record(experiment: Experiment, event: Mapping[str, Any]) -> Event:
    values = {name: _read_number(event, name, is_optional=True) for name in LOSSES}
    evaluated: dict[str, Any] = {}
    if values["val_loss"] is not None:
        validation = event.get("val")
        if not isinstance(validation, Mapping):
            raise Invalid(_("A record with a “val_loss” has the validation metrics as an object, “val”."), "val")
        main, *others = (get_task(experiment.task).metric, *get_task(experiment.task).metrics)
        metrics = {main: _read_number(validation, main)}
        metrics |= {name: _read_number(validation, name) for name in others if name in validation}
        evaluated = {"train_loss_clean": values["train_loss_clean"], "val_loss": values["val_loss"], "val": metrics}
    epoch = _read_number(event, "epoch")
    return make_record(_read_count(event, "update"), epoch or 0.0, values["train_loss"], evaluated)  # type: ignore[arg-type]


def _read_change(experiment: Experiment, event: Mapping[str, Any]) -> Event:
    changes = {name: event[name] for name in CHANGEABLE_FIELDS if name in event}
    validate_command({"command": "change", **changes})
    apply_changes(experiment, [changes])
    return {"event": "changed", "update": _read_count(event, "update"), **changes}


def _read_count(event: Mapping[str, Any], name: str) -> int:
    value = event.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 10**9:
        raise Invalid(_("{name} is “{value}”; a count is expected.").format(name=name, value=quote(value)), name)
    return value


def _read_number(event: Mapping[str, Any], name: str, is_optional: bool = False) -> float | None:
    value = event.get(name)
    if value is None and is_optional:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < MAX_NUMBER or math.isnan(value):
        raise Invalid(_("{name} is “{value}”; a number is expected.").format(name=name, value=quote(value)), name)
    return float(value)
