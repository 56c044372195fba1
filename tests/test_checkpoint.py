"""Runs that are interrupted and resumed, in a process that stops or is killed. Oracle: the same run without interruption."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch

from core.cli.main import main
from core.dropout.methods import METHODS
from core.dropout.placement import Dropout, Placement
from core.errors import Invalid
from core.experiment.experiment import Experiment, build_experiment, replace_seeds
from core.training import optimizer
from core.training.checkpoint import MAGIC, Checkpoint
from core.training.events import Event
from core.training.trainer import train

pytestmark = pytest.mark.usefixtures("one_thread")

E = build_experiment(
    "language-model", {"words": 2000}, hidden=4, epochs=5, device="cpu", placement=METHODS["gal2016"].build_placement(0.2)
)
SGD = replace(E, optimiser="sgd", learning_rate=1.0, decay=1.5, loss="sum", init_range=0.1, forget_bias=None, monte_carlo=2)
# A learning rate so high that the validation loss soon rises.
NT_ASGD = replace(E, optimiser="nt-asgd", learning_rate=40.0, windows="varied", clip=2.0, placement=Placement())


def drop_timing(events: list[Event]) -> list[Event]:
    """Return the events without what depends on the clock or on where the run was interrupted."""
    return [{name: value for name, value in event.items() if name not in ("seconds", "resumed")} for event in events]


def assert_same_state(one: Path, other: Path) -> None:
    """Assert that two checkpoints have the same state, bit for bit, except the seconds."""
    flat = [_flat(torch.load(BytesIO(path.read_bytes()[len(MAGIC) + 32 :]), weights_only=True)) for path in (one, other)]
    assert flat[0].keys() == flat[1].keys()
    for name, value in flat[0].items():
        same = torch.equal(value, flat[1][name]) if isinstance(value, torch.Tensor) else value == flat[1][name]
        assert same or name == "/state/seconds", name


def _flat(value: Any, name: str = "") -> dict[str, Any]:
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list | tuple) else None
    if parts is None:
        return {name: value}
    return {key: found for part, inner in parts for key, found in _flat(inner, f"{name}/{part}").items()}


@pytest.mark.parametrize("experiment", [E, SGD, NT_ASGD], ids=["adam", "sgd", "nt-asgd"])
def test_a_resumed_run_equals_an_uninterrupted_one(
    experiment: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run is interrupted within an epoch, after the first event and after the end."""
    monkeypatch.setattr(optimizer, "AVERAGING_PATIENCE", 1)
    uninterrupted = list(train(experiment, checkpoint=Checkpoint(tmp_path / "whole", 7)))
    assert drop_timing(uninterrupted) == drop_timing(list(train(experiment)))
    for after in (18, 1, 10**6) if experiment is E else (18,):
        path = tmp_path / f"broken{after}"
        list(islice(train(experiment, checkpoint=Checkpoint(path, 7)), after))
        resumed = list(train(experiment, checkpoint=Checkpoint(path, 7)))
        assert drop_timing(resumed) == drop_timing(uninterrupted)
        assert resumed[0].get("resumed", 0) == {1: 0, 18: 14}.get(after, uninterrupted[0]["updates"])
        assert_same_state(tmp_path / "whole", path)
    if experiment is NT_ASGD:
        assert next(event["update"] for event in uninterrupted if event["event"] == "averaging") <= 14


COMMAND = [
    "train",
    "--recipe",
    "gal2016-medium",
    "--scale",
    "0.1",
    "--hidden",
    "4",
    "--steps",
    "20",
    "--updates",
    "100",
    "--device",
    "cpu",
    "--checkpoint-every",
    "21",
    "--json",
]


def test_killed_in_the_middle_of_an_epoch_and_started_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The pipe holds little, so the process cannot run far ahead of the lines that were read when it is killed."""
    corpus = tmp_path / "corpus"
    corpus.write_text(" ".join(f"word{n * n % 97}" for n in range(8000)), encoding="utf-8")
    arguments = [*COMMAND, "--option", f"corpus={corpus}", "--checkpoint"]
    command = [sys.executable, "-m", "core", *arguments, str(tmp_path / "killed")]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        bufsize=0,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        cwd=Path(__file__).parents[1],
        pipesize=4096,
    ) as process:
        assert process.stdout
        while json.loads(process.stdout.readline()).get("update", 0) < 43:
            pass
        process.kill()
    assert process.returncode == -9
    uninterrupted, resumed = (
        [json.loads(line) for line in run_command(capsys, *arguments, str(tmp_path / name)).splitlines()]
        for name in ("whole", "killed")
    )
    assert resumed[0]["resumed"] in (42, 63)
    assert resumed[0]["resumed"] % uninterrupted[0]["updates_per_epoch"] > 0, "within an epoch"
    assert drop_timing(resumed) == drop_timing(uninterrupted)
    assert_same_state(tmp_path / "whole", tmp_path / "killed")


def run_command(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 0
    return capsys.readouterr().out


SHORT = replace(E, updates=3)
# Other experiments, and the differences that the error names.
OTHERS = {
    replace(SHORT, decay=2.0, hidden=(5, 6), embedding=7): "hidden is 4 in the file and 5,6 here; "
    "embedding is not given in the file and 7 here; decay is 1.0 in the file and 2.0 here",
    replace(replace_seeds(SHORT, 3), layers=1, learning_rate=0.1, cell="gru"): "layers is 2 in the file and 1 here; "
    "cell is lstm in the file and gru here; seed is 7 in the file and 3 here; and 1 more",
    replace(SHORT, mask_seed=3, placement=METHODS["gal2016"].build_placement(0.1)): "rate is words=0.2 input=0.2 between=0.2 "
    "output=0.2 state=0.2 in the file and words=0.1 input=0.1 between=0.1 output=0.1 state=0.1 here; "
    "mask_seed is 7 in the file and 3 here",
    replace(SHORT, placement=METHODS["ar-tar"].build_placement()): "method is gal2016 in the file and ar-tar here",
    replace(SHORT, placement=Placement.from_sites({"cell": Dropout(0.1)})): "method is gal2016 in the file and custom here",
    replace(SHORT, options=(("words", 3000),), windows="varied"): "words is 2000 in the file and 3000 here; "
    "windows is equal in the file and varied here",
}


def test_what_is_no_checkpoint_of_this_run_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "run"
    short = SHORT
    list(train(short, checkpoint=Checkpoint(path)))
    content = path.read_bytes()
    middle = len(content) // 2
    flipped = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    damaged = (content[:-1], content[: len(MAGIC) + 5], flipped, content + b"\n")
    for wrong in (b"", b"a story\n" * 99, *damaged):
        sentence = "is damaged" if wrong in damaged else "is not a checkpoint of this program and is not overwritten"
        path.write_bytes(wrong)
        with pytest.raises(Invalid, match=sentence) as caught:
            next(train(short, checkpoint=Checkpoint(path)))
        assert caught.value.field == "checkpoint"
        assert path.read_bytes() == wrong
    path.write_bytes(content)
    with pytest.raises(Invalid, match="belongs to another experiment: hidden is 4 in the file and 7 here"):
        next(train(replace(short, hidden=7), checkpoint=Checkpoint(path)))
    for other, sentence in OTHERS.items():
        with pytest.raises(Invalid, match=re.escape(f"another experiment: {sentence}. Use another file or")):
            next(train(other, checkpoint=Checkpoint(path)))
    with pytest.raises(Invalid, match="cannot be read: Is a directory"):
        next(train(short, checkpoint=Checkpoint(tmp_path)))
    with pytest.raises(Invalid, match="cannot be written: No such file or directory"):
        next(train(short, checkpoint=Checkpoint(tmp_path / "nowhere" / "run")))
    assert list(tmp_path.iterdir()) == [path]


def test_other_data_under_the_same_name_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, short = tmp_path / "run", replace(E, updates=3)
    list(train(short, checkpoint=Checkpoint(path)))
    monkeypatch.setattr("core.training.checkpoint._hash_data", lambda data: "other")
    with pytest.raises(Invalid, match="belongs to other data than this experiment finds now"):
        next(train(short, checkpoint=Checkpoint(path)))


def test_a_full_disk_costs_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short, replaced = replace(E, updates=6), []

    def full(one: Path, other: Path) -> None:
        replaced.append(other)
        if len(replaced) > 1:
            raise OSError(28, "No space left on device")
        Path(one).rename(other)

    monkeypatch.setattr(os, "replace", full)
    events = list(train(short, checkpoint=Checkpoint(tmp_path / "run", 2)))
    unsaved = [event for event in events if event["event"] == "unsaved"]
    assert [event["update"] for event in unsaved] == [2, 4, 6]
    assert "cannot be written: No space left on device" in unsaved[0]["reason"]
    assert drop_timing([event for event in events if event["event"] != "unsaved"]) == drop_timing(list(train(short)))
