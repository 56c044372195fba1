"""A run in a file, from which it goes on as if it had never been broken off (torch).

The file is replaced as a whole or not at all. It carries what all later numbers depend on, weights, optimiser, states and
place, and the events so far; masks and data are drawn again from their seeds.
"""

import hashlib
import json
import os
from io import BytesIO
from pathlib import Path
from typing import Any

import torch

from core.errors import Invalid
from core.experiment.diff import list_differences
from core.experiment.experiment import BOUNDS, Experiment, check_whole
from core.experiment.serialization import to_plain
from core.i18n import _
from core.tasks.task import Data
from core.training.events import Event

MAGIC = b"Dropout Through Time, checkpoint 1\n"  # then the digest of all the rest, and the rest
EVERY = 100  # updates
_DIGEST = 32  # bytes
NAMED = 3  # differences that an error names


class Checkpoint:
    """The file at `path`, for a run that writes it at its beginning, after every `every` updates and after the last."""

    def __init__(self, path: Path, every: int = EVERY) -> None:
        check_whole("checkpoint-every", every, BOUNDS["updates"])
        self.path, self.every = path, every
        self.events: list[str] = []  # so far, as JSON
        self.whose: dict[str, Any] = {}

    def open(self, experiment: Experiment, data: Data) -> dict[str, Any] | None:
        """The state that this run has been written down with, its events now in `events`; None where there is no file.
        Raises Invalid for the file of another run, a damaged one, and one that cannot be read."""
        self.whose = {"experiment": json.dumps(to_plain(experiment)), "data": _digest_of(data)}
        found = _read(self.path)
        if found is None:
            return None
        self._check(found)
        self.events = found["events"].splitlines()
        state: dict[str, Any] = found["state"]
        return state

    def before(self) -> list[Event]:
        """The events so far."""
        return [json.loads(event) for event in self.events]

    def heard(self, event: Event) -> None:
        """Remembers an event of the run."""
        if event["event"] != "unsaved":
            self.events.append(json.dumps(event))

    def write(self, state: dict[str, Any]) -> None:
        """Writes the run down, in place of what was there. Raises Invalid where that cannot be done."""
        written, new = BytesIO(), self.path.with_name(self.path.name + ".new")
        torch.save({**self.whose, "events": "\n".join(self.events), "state": state}, written)
        content = written.getbuffer()
        try:
            with new.open("wb") as file:
                file.writelines((MAGIC, hashlib.sha256(content).digest(), content))
                file.flush()
                os.fsync(file.fileno())  # what is renamed shall be on the disk, even where the power fails
            os.replace(new, self.path)
        except OSError as error:
            raise Invalid(
                _("The checkpoint {path} cannot be written: {why}.").format(path=self.path, why=error.strerror), "checkpoint"
            ) from None

    def _check(self, found: dict[str, Any]) -> None:
        theirs, own = json.loads(found["experiment"]), json.loads(self.whose["experiment"])
        if theirs != own:
            raise Invalid(
                _(
                    "The checkpoint {path} is that of another experiment: {what}. Name another file, or the same settings."
                ).format(path=self.path, what=_in_words(list_differences(theirs, own))),
                "checkpoint",
            )
        if found["data"] != self.whose["data"]:
            raise Invalid(
                _("The checkpoint {path} belongs to other data than this experiment finds now.").format(path=self.path),
                "checkpoint",
            )


def _read(path: Path) -> dict[str, Any] | None:
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
            _("The file {path} is no checkpoint of this program, and is not overwritten.").format(path=path), "checkpoint"
        )
    if hashlib.sha256(rest).digest() != digest:
        raise Invalid(
            _("The checkpoint {path} is damaged; the run cannot go on from it. Remove it to begin anew.").format(path=path),
            "checkpoint",
        )
    found: dict[str, Any] = torch.load(BytesIO(rest), map_location="cpu", weights_only=True)
    return found


def _in_words(found: list[tuple[str, str, str]]) -> str:
    named = [
        _("{name} is {theirs} there and {own} here").format(name=name, theirs=theirs, own=own)
        for name, theirs, own in found[:NAMED]
    ]
    more = len(found) - len(named)
    return "; ".join(named) + (_("; and {n} more").format(n=more) if more else "")


def _digest_of(data: Data) -> str:
    """What tells these data from others."""
    digest = hashlib.sha256()
    for part in ("train", "validation", "test"):
        for batch in data.split(part):
            digest.update(batch.x.tobytes() + batch.y.tobytes())
    return digest.hexdigest()
