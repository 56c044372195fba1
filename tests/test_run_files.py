"""Runs as files. Oracle: the run that was saved; arbitrary JSON, and damage to a good file, give one sentence."""

import csv
import io
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.runs.recording import Recorded
from core.store.run_files import MAX_EVENTS, MAX_MEGABYTES, parse_json, to_csv, to_json
from core.training.events import Event, select_events
from tests.strategies import json_values
from tests.test_store import RECALL, make_events

MADE = {"date": "2026-11-28", "commit": "abc1234", "command": "", "versions": {"torch": "2.13.0"}}
CHANGE: Event = {"event": "changed", "update": 3, "mask_seed": 9}


def make_run() -> Recorded:
    events = make_events()
    return Recorded(RECALL, (*events[:5], CHANGE, *events[5:]), MADE)


def test_the_curves_of_a_file_are_those_of_the_run() -> None:
    name, run = parse_json(b"\xef\xbb\xbf" + to_json("my “run”", make_run()).encode())
    assert (name, run.experiment) == ("my “run”", RECALL)
    fields = ("update", "epoch", "train_loss", "train_loss_clean", "val_loss", "val")
    expected = [[record[field] for field in fields] for record in select_events(make_run().events, "record")]
    assert [[record[field] for field in fields] for record in select_events(run.events, "record")] == expected
    assert select_events(run.events, "changed") == [CHANGE]
    assert not any("predicted" in event for event in run.events)
    assert json.loads(to_json("", make_run()))["events"] == list(make_run().events), "any JSON reader can read it"


def test_the_table_has_a_row_for_each_update() -> None:
    head, *rows = csv.reader(io.StringIO(to_csv(make_run())))
    assert head == ["update", "epoch", "train_loss", "train_loss_clean", "val_loss", "val_accuracy"]
    records = select_events(make_run().events, "record")
    assert [int(row[0]) for row in rows] == [record["update"] for record in records]
    assert [float(row[2]) for row in rows] == [record["train_loss"] for record in records]
    assert [row[5] for row in rows] == ["" if record["val"] is None else str(record["val"]["accuracy"]) for record in records]


def change_file(**fields: Any) -> bytes:
    """Return a good file with other values of these fields."""
    return json.dumps(json.loads(to_json("", make_run())) | fields).encode()


def change_event(place: int, **fields: Any) -> bytes:
    """Return a good file in which the event at that place has other values."""
    events = [dict(event) for event in make_run().events]
    events[place] |= fields
    return change_file(events=events)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "JSON is damaged"),
        (b"\xff\xfe", "JSON is damaged"),
        (b"[" * 100_000, "JSON is damaged"),
        (b"null", "an object with the keys"),
        (change_file(events={}), "an object with the keys"),
        (change_file(version=2), "This run has version 2"),
        (change_file(experiment={"layers": 99}), "layers"),
        (change_file(experiment={"task": "language-model", "options": {"corpus": "/etc/passwd"}}), "command line only"),
        (change_file(events=[]), "from a start to an end"),
        (change_file(events=[7]), "Each event of a run is an object"),
        (change_file(events=[{}] * (MAX_EVENTS + 1)), "more than 50000 events"),
        (b" " * (MAX_MEGABYTES * 2**20 + 1), "more than 10 MB"),
        (change_event(0, updates="many"), "updates is “many”; a count is expected"),
        (change_event(1, update=-1), "update is “-1”; a count is expected"),
        (change_event(1, update=True), "a count is expected"),
        (change_event(2, update=0), "not in order"),
        (change_event(1, epoch=None), "epoch is “None”; a number is expected"),
        (change_event(1, val_loss=float("nan")), "val_loss is “nan”; a number is expected"),
        (change_event(1, train_loss=10**400), "a number is expected"),
        (change_event(1, val=[1]), "validation metrics as an object"),
        (change_event(1, val={"accuracy": "high"}), "accuracy is “high”; a number is expected"),
        (change_event(5, placement={"nowhere": {}}), "nowhere"),
        (change_event(5, learning_rate=-1), "learning_rate"),
    ],
)
def test_what_is_no_run_is_refused_in_a_sentence(content: bytes, says: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_json(content)
    assert says in str(refusal.value)


@given(content=json_values | st.fixed_dictionaries({"version": st.just(1), "experiment": json_values, "events": json_values}))
def test_arbitrary_json_is_a_run_or_a_sentence(content: Any) -> None:
    with suppress(Invalid):
        parse_json(json.dumps(content).encode())


@given(
    place=st.integers(0, 8), name=st.sampled_from(["event", "update", "epoch", "val_loss", "val", "updates"]), value=json_values
)
def test_a_damaged_event_gives_a_run_or_a_sentence(place: int, name: str, value: Any) -> None:
    with suppress(Invalid):
        parse_json(change_event(place, **{name: value}))
