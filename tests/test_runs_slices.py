"""A run in slices, between those of others, saved and restored at any of them. Oracle: the same run alone, by train()."""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
import pytest
import torch

from core.dropout.methods import METHODS
from core.dropout.placement import placement_to_plain
from core.experiment.experiment import Experiment, build_experiment
from core.experiment.serialization import to_plain
from core.runs.settings import Settings
from core.runs.worker import Worker
from core.training.events import VERSION, Command, Event
from core.training.run_state import load_run, save_run
from core.training.trainer import Trainer, train
from tests.pending_commands import PendingCommands

TINY: dict[str, Any] = {"hidden": 6, "layers": 2, "device": "cpu"}
ZAREMBA = METHODS["zaremba2014"].build_placement(0.3)
RUNS = {
    "recall": build_experiment("delayed-recall", {"lag": 3, "sequences": 64}, **TINY, batch=32, epochs=3, placement=ZAREMBA),
    "words": build_experiment(
        "language-model", {"words": 2000}, **TINY, steps=15, updates=20, placement=METHODS["gal2016"].build_placement(0.3)
    ),
    "averaged": build_experiment("language-model", {"words": 2000}, **TINY, steps=15, epochs=9, optimiser="nt-asgd"),
    "values": build_experiment("adding", {"lag": 5, "sequences": 64}, **TINY, epochs=2, placement=ZAREMBA),
    "monte carlo": build_experiment(
        "delayed-recall", {"lag": 3, "sequences": 64}, **TINY, updates=3, monte_carlo=3, placement=ZAREMBA
    ),
    "generated": build_experiment("captions", **TINY, updates=3, monte_carlo=2, placement=ZAREMBA),
    "diverging": build_experiment("delayed-recall", {"lag": 5, "sequences": 64}, **TINY | {"hidden": 32}, learning_rate=10.0),
}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Use one thread of torch, as a worker does."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def drop_seconds(events: list[Event]) -> list[Event]:
    return [{name: value for name, value in event.items() if name != "seconds"} for event in events]


def train_alone(experiment: Experiment) -> list[Event]:
    return drop_seconds(list(train(experiment, show=2)))


def check_settings_outside() -> None:
    """Check that the settings of torch and NumPy for a run are not in force outside of it."""
    assert torch.is_grad_enabled()
    assert not torch.is_inference_mode_enabled()
    assert np.geterr() == {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}


def test_interleaved_runs_are_those_alone() -> None:
    runs = {name: Trainer(experiment, PendingCommands(), 2) for name, experiment in RUNS.items()}
    events: dict[str, list[Event]] = {name: [] for name in RUNS}
    dice, going, slices = random.Random(1), list(runs), 0
    while going:
        name = dice.choice(going)
        outcome = runs[name].advance(dice.choice([0.0, 0.0, 0.002]), events[name].append)
        check_settings_outside()
        assert all(weight.grad is None for weight in runs[name].network.parameters()), "gradients are freed"
        slices += 1
        if outcome == "ended":
            going.remove(name)
        else:
            assert outcome == "used"
    assert slices > 500
    for name, experiment in RUNS.items():
        assert drop_seconds(events[name]) == train_alone(experiment), name


@pytest.mark.parametrize("name", RUNS)
def test_a_run_saved_and_restored_anywhere_goes_on_as_if_nothing_had_been(name: str, tmp_path: Path) -> None:
    """At every third point where it can be left, also within evaluations; events from before are sent again."""
    run, events, dice = Trainer(RUNS[name], PendingCommands(), 2), list[Event](), random.Random(2)
    restored = 0
    while run.advance(0.0, events.append) != "ended":
        if dice.random() < 0.3 and restored < 60:
            save_run(run, tmp_path / "run")
            run.events.close()  # type: ignore[attr-defined]
            run = load_run(tmp_path / "run", PendingCommands(), 2, None)
            restored += 1
    assert restored > 3
    assert [one for one in drop_seconds(drop_repeated(events)) if one["event"] != "started"] == train_alone(RUNS[name])[1:]


def drop_repeated(events: list[Event]) -> list[Event]:
    """Return the events without repeated records, as the service drops them."""
    last, kept = -1, list[Event]()
    for event in events:
        if event["event"] == "record":
            if event["update"] <= last:
                continue
            last = event["update"]
        kept.append(event)
    return kept


def play(run: Trainer, events: list[Event], until: Callable[[], bool]) -> None:
    while not until():
        assert run.advance(0.0, events.append) != "ended"


def list_updates(events: list[Event]) -> int:
    return max((event["update"] for event in events if event["event"] == "record"), default=-1)


@pytest.mark.parametrize("saved_at", [0, 4, 6, 9, 12])
def test_changes_are_made_again_at_their_update_and_commands_wait_until_then(saved_at: int, tmp_path: Path) -> None:
    """Interrupted at update 12, the run continues from its saved state; new commands apply only from update 12 on."""
    e, path = replace(RUNS["words"], updates=20), tmp_path / "run"
    changes: dict[int, Command] = {
        5: {"command": "change", "learning_rate": 0.05},
        9: {"command": "change", "placement": placement_to_plain(METHODS["zaremba2014"].build_placement(0.5)), "mask_seed": 3},
        12: {"command": "change", "learning_rate": 0.01},
    }
    given = PendingCommands()
    run, events = Trainer(e, given, 2), list[Event]()
    save_run(run, path)
    for update in range(13):
        play(run, events, lambda update=update: list_updates(events) >= update)  # type: ignore[misc]
        if update in changes and update < 12:
            given.pending.append(changes[update])
        if update == saved_at:
            save_run(run, path)
    before, again = list(events), PendingCommands()
    again.pending.append(changes[12])
    run = load_run(path, again, 2, None)
    run.resume(12, [one for one in before if one["event"] == "changed"], paused=False, pause_at=None)
    while run.advance(0.0, events.append) != "ended":
        pass
    here, whole = PendingCommands(), list[Event]()
    for event in train(e, here, show=2):
        whole.append(event)
        if event["event"] == "record" and event["update"] in changes:
            here.pending.append(changes[event["update"]])
    assert [one for one in drop_seconds(drop_repeated(events)) if one["event"] != "started"] == drop_seconds(whole)[1:]


def test_a_paused_run_returns_at_once_and_takes_no_time(tmp_path: Path) -> None:
    given = PendingCommands()
    run, events = Trainer(RUNS["recall"], given, 0), list[Event]()
    play(run, events, lambda: list_updates(events) >= 1)
    given.pending.append({"command": "pause"})
    assert run.advance(10.0, events.append) == "paused"
    seconds = run.seconds
    for _again in range(3):
        assert run.advance(10.0, events.append) == "paused"
    assert events[-1] == {"event": "state", "state": "paused"}
    assert run.seconds < seconds + 0.1
    save_run(run, tmp_path / "run")
    given.pending.append({"command": "step"})
    assert run.advance(10.0, events.append) == "paused"
    first = list_updates(events)
    assert [one.get("state", one.get("update")) for one in events[-3:]] == ["running", first, "paused"]
    assert events[-3]["until"] == first

    run = load_run(tmp_path / "run", given, 0, None)
    run.resume(first, [], paused=True, pause_at=None)
    again: list[Event] = []
    assert run.advance(10.0, again.append) == "paused", "it pauses where it was paused"
    assert drop_seconds(again[1:-1]) == drop_seconds([events[-2]])
    run = load_run(tmp_path / "run", given, 0, None)
    run.resume(first - 1, [], paused=False, pause_at=first)
    assert run.advance(10.0, again.append) == "paused", "the step that was under way is finished"
    assert run.update == first


def test_its_seconds_are_those_of_its_own_slices() -> None:
    one, two = (Trainer(RUNS["recall"], PendingCommands(), 0) for _each in range(2))
    events: list[Event] = []
    while one.advance(0.0, events.append) != "ended":
        two.advance(0.02, lambda _event: None)
    assert events[-1]["seconds"] <= one.seconds
    assert one.seconds < 2
    assert two.seconds >= one.seconds / 4


def test_what_is_repeated_after_a_crash_takes_whole_slices_before_the_others() -> None:
    """Thirty recorded updates are repeated in whole slices, not one per turn, which would cost the other run thirty turns."""
    events: list[Event] = []
    worker = Worker(SimpleQueue(), events.append, Settings(slice_time=0.1))
    plain = to_plain(build_experiment("delayed-recall", {"lag": 4, "sequences": 64}, hidden=4, layers=1, updates=1000))
    run = {"command": "run", "version": VERSION, "experiment": plain, "show": 0}
    worker.inbox.put(run | {"run": "undisturbed", "owner": "one"})
    worker.inbox.put(run | {"run": "interrupted", "owner": "other", "newest_recorded_update": 30, "recovering": True})
    for _turn in range(10):
        worker.step()
        if any(event["event"] == "record" and event["update"] > 30 and event["run"] == "interrupted" for event in events):
            return
    raise AssertionError("still repeating")
