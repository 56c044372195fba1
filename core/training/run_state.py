"""The state of a run in a file, to continue in another process when its own ends or needs the memory (torch).

Unlike the checkpoint of the command line, it belongs to this moment and this server: it holds state and experiment, no events,
and is not forced onto the disk.
"""

import os
from collections import deque
from pathlib import Path
from typing import Any

import torch

from core.experiment.experiment import Experiment
from core.experiment.serialization import from_plain, to_plain
from core.training.events import Commands
from core.training.trainer import Trainer


def save_run(run: Trainer, path: Path) -> None:
    """Save the run between two slices, replacing the file.

    Raises OSError, or RuntimeError within torch, if it cannot be written. No copy is made in memory, which the run itself may
    fill.
    """
    new = path.with_name(path.name + ".new")
    about = {
        "experiment": to_plain(run.experiment),
        "in_force": to_plain(run.in_force),
        "unrecorded": run.unrecorded,
        "catching_up": run.catching_up,
        "repeated": list(run.repeated),
    }
    with new.open("wb") as file:
        torch.save({"run": about, "state": run.state()}, file)
    os.replace(new, path)


def load_run(path: Path, commands: Commands, show: int, weight_file: Path | None) -> Trainer:
    """Return the run of a file, at the exact point where it was saved. Raises OSError if there is no such file."""
    saved: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    about = saved["run"]
    run = Trainer(_read(about["experiment"]), commands, show, weight_file)
    run.restore(saved["state"])
    run.in_force, run.unrecorded = _read(about["in_force"]), about["unrecorded"]
    run.catching_up, run.repeated = about["catching_up"], deque(about["repeated"])
    return run


def _read(plain: dict[str, Any]) -> Experiment:
    return from_plain(plain, trusted=True)
