"""The recorded runs that the app opens on. Oracle: their first updates, trained again."""

from itertools import islice

import pytest
import torch

from core.cli.record import RECORDING_NAMES, build_recorded_experiments
from core.experiment.experiment import build_experiment
from core.runs.recording import FOLDER, Recorded, read
from core.training.events import RECORDED_SAMPLES, select_events
from core.training.trainer import train

UPDATES = 5


@pytest.fixture(scope="module", params=RECORDING_NAMES)
def recorded(request: pytest.FixtureRequest) -> Recorded:
    """Return each of the recorded runs."""
    return read(FOLDER / f"{request.param}.jsonl.gz")


def test_they_are_the_default_with_and_without_dropout() -> None:
    runs = {name: read(FOLDER / f"{name}.jsonl.gz") for name in RECORDING_NAMES}
    assert {name: run.experiment for name, run in runs.items()} == build_recorded_experiments()
    assert runs["default"].experiment == build_experiment()
    assert all(run.made["command"] == "python -m core record" for run in runs.values())


def test_they_are_whole(recorded: Recorded) -> None:
    records = select_events(recorded.events, "record")
    started = recorded.events[0]
    assert [record["update"] for record in records] == list(range(started["updates"] + 1))
    assert recorded.events[-1]["event"] == "done"
    shape = recorded.experiment.shape
    assert all(len(record["predicted"]) == RECORDED_SAMPLES for record in records[1:])
    assert all(len(row) == shape.steps for record in records[1:] for row in record["predicted"])


def test_their_first_updates_come_out_again(recorded: Recorded) -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as they were made: the same sums in the same order
    try:
        again = list(islice(train(recorded.experiment, show=RECORDED_SAMPLES), UPDATES + 2))
    finally:
        torch.set_num_threads(threads)
    assert again[0] == recorded.events[0]
    pairs = list(zip(select_events(again, "record"), select_events(recorded.events, "record"), strict=False))
    assert len(pairs) == UPDATES + 1
    for now, then in pairs:
        for name in ("train_loss", "val_loss", "train_loss_clean"):
            assert now[name] == pytest.approx(then[name], abs=1e-4), f"{name} at update {now['update']}"
        # Another processor rounds differently: where two words are as likely as each other, either may be named.
        classes = [[c for row in record.get("predicted", []) for c in row] for record in (now, then)]
        differ = sum(a != b for a, b in zip(*classes, strict=True))
        assert differ <= len(classes[0]) // 100, f"{differ} of {len(classes[0])} predictions at update {now['update']}"
