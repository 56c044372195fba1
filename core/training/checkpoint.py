"""Checkpoints: a run in a file, from which it is resumed with the same numbers as if it had not been interrupted (torch).

The file is replaced as a whole or not at all. It holds all that later numbers depend on (weights, optimizer, states, position)
and the events so far. Masks and data are not stored: they are drawn again from their seeds.
"""

import hashlib
import json
import os
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import torch

from core.errors import Invalid
from core.experiment.bounds import INTEGER_BOUNDS, check_integer
from core.experiment.diff import list_differences
from core.experiment.experiment import Experiment
from core.experiment.serialization import to_plain
from core.i18n import _
from core.tasks.task import Data
from core.training.events import Event

MAGIC = b"Dropout Through Time, checkpoint 1\n"  # followed by the SHA-256 of the content, and the content
DEFAULT_INTERVAL = 100  # updates
_DIGEST = 32  # bytes
MAX_LISTED_DIFFERENCES = 3


class Checkpoint:
    """The checkpoint file of a run, written at its start, after every `interval` updates and after the last."""

    def __init__(self, path: Path, interval: int = DEFAULT_INTERVAL) -> None:
        check_integer("checkpoint-every", interval, INTEGER_BOUNDS["updates"])
        self.path, self.interval = path, interval
        self.events: list[str] = []  # the events so far, as JSON
        self.saved_update = 0  # the update that the file holds
        self.identity: dict[str, Any] = {}  # the experiment of the run and a hash of its data

    def load(self, experiment: Experiment, data: Data) -> dict[str, Any] | None:
        """Return the saved state of this run and load its events; None if there is no file.

        Raises Invalid for a file of another run, a damaged file and one that cannot be read.
        """
        self.identity = {"experiment": json.dumps(to_plain(experiment)), "data": _hash_data(data)}
        content = _read(self.path)
        if content is None:
            return None
        self._check_identity(content)
        self.events = content["events"].splitlines()
        state: dict[str, Any] = content["state"]
        self.saved_update = int(state["update"])
        return state

    def list_events(self) -> list[Event]:
        """Return the events so far."""
        return [json.loads(event) for event in self.events]

    def add_event(self, event: Event) -> None:
        """Store an event of the run, to be written with the next checkpoint."""
        if event["event"] != "unsaved":
            self.events.append(json.dumps(event))

    def write(self, state: dict[str, Any]) -> None:
        """Replace the file by this state and the events so far. Raises Invalid if the file cannot be written."""
        # A name of its own: another process may write the same checkpoint.
        buffer, new = BytesIO(), self.path.with_name(f"{self.path.name}.{os.getpid()}-{uuid4().hex[:8]}.new")
        torch.save({**self.identity, "events": "\n".join(self.events), "state": state}, buffer)
        content = buffer.getbuffer()
        try:
            with new.open("wb") as file:
                file.writelines((MAGIC, hashlib.sha256(content).digest(), content))
                file.flush()
                os.fsync(file.fileno())  # on the disk before the rename, in case the power fails
            os.replace(new, self.path)
            self.saved_update = int(state["update"])
        except OSError as error:
            new.unlink(missing_ok=True)
            raise Invalid(
                _("The checkpoint {path} cannot be written: {why}.").format(path=self.path, why=error.strerror), "checkpoint"
            ) from None

    def _check_identity(self, content: dict[str, Any]) -> None:
        saved, current = json.loads(content["experiment"]), json.loads(self.identity["experiment"])
        if saved != current:
            raise Invalid(
                _("The checkpoint {path} belongs to another experiment: {what}. Use another file or the same settings.").format(
                    path=self.path, what=_format_differences(list_differences(saved, current))
                ),
                "checkpoint",
            )
        if content["data"] != self.identity["data"]:
            raise Invalid(
                _("The checkpoint {path} belongs to other data than this experiment finds now.").format(path=self.path),
                "checkpoint",
            )


def _read(path: Path) -> dict[str, Any] | None:
    if path.exists() and not (path.is_file() or path.is_dir()):  # a device may never end
        raise Invalid(_("The checkpoint {path} is a device, not a file; name a file.").format(path=path), "checkpoint")
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Invalid(
            _("The checkpoint {path} cannot be read: {why}.").format(path=path, why=error.strerror), "checkpoint"
        ) from None
    digest, rest = content[len(MAGIC) :][:_DIGEST], memoryview(content)[len(MAGIC) + _DIGEST :]
    if not content.startswith(MAGIC):
        raise Invalid(
            _("The file {path} is not a checkpoint of this program and is not overwritten.").format(path=path), "checkpoint"
        )
    if hashlib.sha256(rest).digest() != digest:
        raise Invalid(
            _("The checkpoint {path} is damaged; the run cannot be resumed. Remove the file to start again.").format(path=path),
            "checkpoint",
        )
    loaded: dict[str, Any] = torch.load(BytesIO(rest), map_location="cpu", weights_only=True)
    return loaded


def _format_differences(differences: list[tuple[str, str, str]]) -> str:
    texts = [
        _("{name} is {saved} in the file and {current} here").format(name=name, saved=saved, current=current)
        for name, saved, current in differences[:MAX_LISTED_DIFFERENCES]
    ]
    more = len(differences) - len(texts)
    return "; ".join(texts) + (_("; and {n} more").format(n=more) if more else "")


def _hash_data(data: Data) -> str:
    """Return a hash of the inputs and targets of all splits."""
    digest = hashlib.sha256()
    for split in ("train", "validation", "test"):
        for batch in data.split(split):
            digest.update(batch.x.tobytes() + batch.y.tobytes())
    return digest.hexdigest()
