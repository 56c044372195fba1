"""The stored events of a run. Oracle: a plain list of all of them. And the cost of a poll and of a long run."""

import json
import sys
import time
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from core.runs.history import LISTS, History
from core.training.events import Event, make_record


def unpack_lists(event: Event) -> Event:
    """Return an event with the lists whose JSON texts it has."""
    return event | {name: json.loads(event[name]) for name in LISTS if isinstance(event.get(name), str)}


def record(update: int, every: int = 5) -> Event:
    """Return an invented record; each `every`-th has an evaluation."""
    evaluated: dict[str, Any] = {"val_loss": 1.0, "train_loss_clean": 1.0, "val": {}} if update % every == 0 else {}
    return make_record(update, update / every, 0.5, evaluated, predicted=[[update] * 20] * 8)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from(["record", "state", "changed"]), max_size=60), st.integers(4, 20), st.integers(0, 5))
def test_it_is_a_plain_list_with_gaps(kinds: list[str], records: int, predictions: int) -> None:
    history, everything = History(records, predictions), list[Event]()
    for update, kind in enumerate(kinds):
        event = record(update) if kind == "record" else {"event": kind, "update": update}
        history.add(event)
        everything.append(event)
    assert history.next == len(everything)
    kept = [unpack_lists(event) for event in history.list_since(0)]
    for index in range(len(everything) + 2):
        part = [unpack_lists(event) for event in history.list_since(index)]
        assert part == kept[len(kept) - len(part) :]
        assert [one["update"] for one in part] == [one["update"] for one in kept if one["update"] >= index]
    without = [{name: value for name, value in one.items() if name != "predicted"} for one in everything]
    for one in kept:
        assert {name: value for name, value in one.items() if name != "predicted"} == without[one["update"]]
        assert one.get("predicted") in (None, everything[one["update"]].get("predicted"))
    assert [one for one in kept if one["event"] != "record"] == [one for one in everything if one["event"] != "record"]
    made = [one["update"] for one in everything if one["event"] == "record"]
    kept_records = [one["update"] for one in kept if one["event"] == "record"]
    with_predictions = [one["update"] for one in kept if "predicted" in one]
    assert with_predictions == [update for update in made[max(0, len(made) - predictions) :] if update in kept_records]
    assert len(kept_records) <= records
    if made:
        assert made[0] in kept_records
        assert kept_records[-(records // 4) :] == made[len(made) - len(kept_records[-(records // 4) :]) :]


def test_a_long_run_costs_little_and_a_poll_as_much_as_it_gives() -> None:
    history = History(4000, 300)
    for update in range(30_000):
        history.add(record(update, every=40))
    began = time.perf_counter()
    for _poll in range(1000):
        assert len(history.list_since(history.next - 2)) == 2
    assert time.perf_counter() - began < 0.5, "each less than half a millisecond"
    updates = [one["update"] for one in history.list_since(0)]
    assert len(updates) <= 4000
    assert sum("predicted" in one for one in history.list_since(0)) == 300
    assert max(b - a for a, b in pairwise(updates)) <= 24, "all of it is thinner, no part is gone"
    evaluated = [one["update"] for one in history.list_since(0) if one["val_loss"] is not None]
    assert max(b - a for a, b in pairwise(evaluated)) <= 40 * 24
    assert sum(sys.getsizeof(json.dumps(one)) for one in history.list_since(0)) < 3_000_000
