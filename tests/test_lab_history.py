"""The events of a run. Oracle: the run itself, with the masks that train() drew and the windows that it read."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dropout.methods import METHODS
from core.dropout.placement import Dropout, Placement, placement_to_plain
from core.errors import Invalid
from core.experiment.batches import batch_at, count_updates, draw_update_masks, load_data
from core.experiment.changes import apply_changes, get_experiment_at
from core.experiment.diff import have_comparable_losses
from core.experiment.experiment import Experiment, build_experiment
from core.figures.run_summary import name_run
from core.training import trainer
from core.training.events import (
    Command,
    Event,
    drop_old_predictions,
    last_update,
    make_record,
    predictions_at,
    select_events,
    thin_records,
)
from tests.strategies import placements

RECALL = build_experiment("delayed-recall", {"lag": 3, "sequences": 64}, hidden=4, batch=8, epochs=2)  # 8 updates an epoch
WORDS = build_experiment("language-model", {"words": 2000}, hidden=4, batch=8, steps=9, updates=40)  # about 27
GAL = METHODS["gal2016"].build_placement()


class Script:
    """A source of commands before given updates, {update: commands}: update n is about to begin at the n-th request."""

    def __init__(self, commands: dict[int, list[Command]]) -> None:
        self.commands = commands
        self.update = 0

    def next_command(self, wait: bool) -> Command | None:
        """Remove and return the next command before the coming update, if there is one."""
        waiting = self.commands.get(self.update + 1, [])
        return waiting.pop(0) if waiting else None


@pytest.fixture
def trained_updates(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, Any]]:
    """Return the list to which the window and the masks of every trained update are added."""
    found: list[tuple[Any, Any]] = []
    drawn: list[Any] = []
    one_update = trainer.Trainer.one_update

    def remember(*args: Any) -> Any:
        drawn.append(draw_update_masks(*args))
        return drawn[-1]

    def watched(run: Any, batch: Any) -> Iterator[Event]:
        events = list(one_update(run, batch))
        found.append((batch, drawn[-1]))
        yield from events

    monkeypatch.setattr(trainer, "draw_update_masks", remember)
    monkeypatch.setattr(trainer.Trainer, "one_update", watched)
    return found


def train_events(experiment: Experiment, commands: dict[int, list[Command]] | None = None) -> list[Event]:
    """Return all events of a run that gets these commands before these updates."""
    script, events = Script(commands or {}), []
    for event in trainer.train(experiment, script, show=3):
        events.append(event)
        script.update = last_update(events)
    return events


@pytest.mark.parametrize("experiment", [RECALL, WORDS], ids=["delayed-recall", "language-model"])
def test_the_window_of_every_update_is_the_one_that_training_reads(experiment: Experiment, trained_updates: list[Any]) -> None:
    events = train_events(experiment)
    assert len(trained_updates) == count_updates(experiment) == select_events(events, "started")[0]["updates"]
    assert len(trained_updates) > load_data(experiment).updates, "more than one epoch"
    for update, (batch, _masks) in enumerate(trained_updates, 1):
        again = batch_at(experiment, update)
        np.testing.assert_array_equal(again.x, batch.x)
        np.testing.assert_array_equal(again.y, batch.y)
        assert again.starts_sequence == batch.starts_sequence


def test_what_was_predicted_stands_where_the_window_asks(trained_updates: list[Any]) -> None:
    events = train_events(RECALL)
    for update in range(1, last_update(events) + 1):
        asked = batch_at(RECALL, update).y >= 0
        for sample in range(3):
            classes = predictions_at(events, update, sample)
            assert classes is not None
            np.testing.assert_array_equal(np.array(classes) >= 0, asked[:, sample])
        assert predictions_at(events, update, 3) is None, "only three samples were asked for"
    assert predictions_at(events, 0, 0) is None
    assert predictions_at(events, 999, 0) is None


def test_the_masks_of_every_past_update_are_drawn_again_bit_for_bit(trained_updates: list[Any]) -> None:
    changes: dict[int, list[Command]] = {
        3: [{"command": "change", "placement": placement_to_plain(GAL)}],
        5: [{"command": "change", "mask_seed": 99}, {"command": "change", "learning_rate": 0.1}],
        6: [{"command": "change", "placement": {"cell": {"rate": [0.1, 0.6]}}}, {"command": "change", "mask_seed": 1}],
        9: [{"command": "change", "placement": {}}],
    }
    events = train_events(RECALL, changes)
    assert [event["update"] for event in select_events(events, "changed")] == [2, 4, 4, 5, 5, 8]
    for update, (_batch, masks) in enumerate(trained_updates, 1):
        then = get_experiment_at(RECALL, events, update)
        np.testing.assert_equal(draw_update_masks(then, update), masks)
    assert len({get_experiment_at(RECALL, events, update) for update in range(1, 17)}) == 5


@given(data=st.data())
def test_in_force_is_all_changes_before_the_update_one_by_one(data: st.DataObject) -> None:
    change: st.SearchStrategy[Event] = st.fixed_dictionaries(
        {"event": st.just("changed"), "update": st.integers(0, 9)},
        optional={
            "mask_seed": st.integers(0, 9),
            "placement": placements(2).map(placement_to_plain),
            "learning_rate": st.floats(0.1, 1),
        },
    )
    events = sorted(data.draw(st.lists(change, max_size=8)), key=lambda event: event["update"])
    update = data.draw(st.integers(1, 10))
    expected = RECALL
    for event in events:
        if event["update"] < update:
            expected = apply_changes(expected, [event])
    assert get_experiment_at(RECALL, events, update) == expected


def test_changes_are_taken_in_order_and_checked() -> None:
    first = {"placement": {"state": {"rate": 0.1}}, "mask_seed": 3}
    changed = apply_changes(RECALL, [first, {"placement": placement_to_plain(GAL)}, {"learning_rate": 0.5}])
    assert changed == replace(RECALL, placement=GAL, mask_seed=3, learning_rate=0.5)
    assert apply_changes(RECALL, []) == RECALL
    assert apply_changes(RECALL, [{"layers": 4, "hidden": 99}]) == RECALL, "what a run cannot change is left alone"
    with pytest.raises(Invalid, match="2 layers in this network but 3 rates"):
        apply_changes(RECALL, [{"placement": placement_to_plain(Placement.from_sites({"cell": Dropout((0.1, 0.2, 0.3))}))}])


def test_losses_are_comparable_over_the_same_data_whatever_learns_them() -> None:
    for change in ({"layers": 4}, {"hidden": 9}, {"placement": GAL}, {"mask_seed": 5}, {"learning_rate": 0.5}, {"batch": 16}):
        assert have_comparable_losses(RECALL, replace(RECALL, **change)), change
    few, many = (build_experiment("digits", {"images": n}) for n in (100, 150))
    assert have_comparable_losses(few, many), "other images to train on, the same to validate"
    assert not have_comparable_losses(build_experiment(), build_experiment(options={"words": 12_000})), "another vocabulary"
    assert not have_comparable_losses(build_experiment("series"), build_experiment("series", {"points": 300})), "another scale"
    assert name_run(2, few, reference=many) == "run 2 · zaremba2014, Images: 100"
    for other in (
        WORDS,
        replace(RECALL, data_seed=8),
        replace(RECALL, steps=20),
        build_experiment("delayed-recall", {"lag": 4}),
    ):
        assert not have_comparable_losses(RECALL, other)


def test_the_newest_update() -> None:
    assert last_update([]) == last_update([{"event": "started"}]) == 0
    assert last_update([{"event": "record", "update": 3}, {"event": "changed", "update": 3}, {"event": "state"}]) == 3


def test_a_long_run_keeps_its_shape_in_few_records() -> None:
    events: list[Event] = [{"event": "started", "updates": 50_000}]
    for update in range(50_000):
        loss = float(abs(update - 4000) + 1)
        evaluated = {"train_loss_clean": loss, "val_loss": loss, "val": {}} if update % 50 == 0 else None
        events.append(make_record(update, update / 50, loss, evaluated))
        if update == 20_000:
            events.append({"event": "changed", "update": update, "mask_seed": 3})
        if len(events) > 2000:
            events = thin_records(events, 2000)
    updates = [event["update"] for event in select_events(events, "record")]
    assert len(events) <= 2000
    assert updates == sorted(set(updates))
    assert updates[-500:] == list(range(49_500, 50_000))
    assert max(later - earlier for earlier, later in pairwise(updates)) <= 64
    assert {4000, 0} <= set(updates)
    assert [event["event"] for event in events if event["event"] != "record"] == ["started", "changed"]


def test_only_the_newest_records_keep_what_was_predicted() -> None:
    """Records are added a few at a time; other events do not count."""
    events: list[Event] = []
    for update in range(1, 201):
        events.append(make_record(update, 0.0, 1.0, predicted="[[1]]"))
        if update % 3 == 0:
            events.append({"event": "state", "state": "running"})
            drop_old_predictions(events, 50)
            kept = [event["update"] for event in select_events(events, "record") if "predicted" in event]
            assert kept == list(range(max(1, update - 49), update + 1))
    assert predictions_at(events, 198, 0) == [1]
    assert predictions_at(events, 100, 0) is None
