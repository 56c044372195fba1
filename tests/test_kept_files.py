"""Links, JSON files and a checkpoint that an earlier version wrote open as before. Oracle: what that version had made of them.

tests/kept/ was written by commit 586cb57: experiments.json with each experiment as a JSON file and as a link, run.checkpoint
after 5 of 12 updates.
"""

import json
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from core.dropout.methods import METHODS
from core.experiment.experiment import build_experiment
from core.experiment.serialization import from_json, from_query, to_json, to_query
from core.training.checkpoint import Checkpoint
from core.training.trainer import train

KEPT = Path(__file__).parent / "kept"
EXPERIMENTS: list[dict[str, Any]] = json.loads((KEPT / "experiments.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("saved", EXPERIMENTS, ids=lambda saved: str(saved["link"][:60]))
def test_a_kept_json_file_and_its_link_are_the_same_experiment(saved: dict[str, Any]) -> None:
    experiment = from_json(json.dumps(saved["json"]))
    assert json.loads(to_json(experiment)) == saved["json"]
    link = dict(parse_qsl(saved["link"], keep_blank_values=True))
    assert from_query(link) == experiment
    assert to_query(experiment) == link


def test_a_kept_checkpoint_goes_on_as_if_it_had_never_been_broken_off(tmp_path: Path) -> None:
    file = shutil.copy(KEPT / "run.checkpoint", tmp_path / "run.checkpoint")
    experiment = build_experiment(
        "delayed-recall",
        {"lag": 3, "sequences": 64},
        hidden=4,
        layers=1,
        updates=12,
        device="cpu",
        placement=METHODS["zaremba2014"].build_placement(0.25),
    )
    whole = [event for event in train(experiment) if event["event"] == "record"]
    resumed = list(train(experiment, checkpoint=Checkpoint(Path(file), 5)))
    assert [event["resumed"] for event in resumed if event["event"] == "started" and "resumed" in event] == [5]
    assert [event for event in resumed if event["event"] == "record"] == whole
