"""A recorded run in a file, plain or gzipped: first a line with its experiment and provenance, then one event per line."""

import gzip
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from core.errors import Invalid
from core.experiment.experiment import Experiment
from core.experiment.serialization import from_plain, to_plain
from core.i18n import _
from core.runs.history import pack_lists
from core.training.events import FINAL_EVENTS, Event

MADE = ("date", "commit", "command", "versions")
FOLDER = Path(__file__).parents[2] / "assets" / "recorded"
GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Recorded:
    """A recorded run.

    experiment: what was trained. events: all of them, "started" to "done". made: date, commit, command, versions.
    """

    experiment: Experiment
    events: tuple[Event, ...]
    made: Mapping[str, Any]

    @cached_property
    def packed_events(self) -> tuple[Event, ...]:
        """Return the events with their long lists as JSON texts, the same objects for all visits."""
        return tuple(map(pack_lists, self.events))


def read(path: Path) -> Recorded:
    """Read a recorded run from its file. Raises Invalid if the file is missing or damaged."""
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if raw.startswith(GZIP) else raw).decode()
        head, *events = [json.loads(line) for line in text.splitlines()]
        return make_recorded(head["experiment"], events, head["made"], is_complete=True)
    except (OSError, EOFError, ValueError, KeyError, TypeError, RecursionError, zlib.error) as error:
        why = error if isinstance(error, Invalid) else getattr(error, "strerror", None) or _("it is damaged.")
        raise Invalid(_("The recorded run {name} cannot be read: {why}").format(name=path.name, why=why)) from None


def write(path: Path, recorded: Recorded) -> None:
    """Write a run to a file, gzipped if its name ends in .gz. The same run gives the same bytes."""
    head = {"experiment": to_plain(recorded.experiment), "made": dict(recorded.made)}
    text = "".join(json.dumps(line) + "\n" for line in (head, *recorded.events)).encode()
    path.write_bytes(gzip.compress(text, mtime=0) if path.suffix == ".gz" else text)


def make_recorded(experiment: object, events: Sequence[Event], made: Mapping[str, Any], is_complete: bool) -> Recorded:
    """Return a recorded run of plain data.

    is_complete: whether it must have a record of every update; else older ones may be missing. Raises Invalid for an experiment
    that is not valid, and for events that do not go from a start to an end, or not forward; KeyError for a missing field.
    """
    kinds = [event["event"] for event in events]
    if not kinds or kinds[0] != "started" or kinds[-1] not in FINAL_EVENTS:
        raise Invalid(_("It does not go from a start to an end."))
    updates = [event["update"] for event in events if event["event"] == "record"]
    if updates != (list(range(len(updates))) if is_complete else sorted(set(updates))):
        raise Invalid(_("Its updates are not complete.") if is_complete else _("Its updates are not in order."))
    return Recorded(from_plain(experiment), tuple(events), {name: made[name] for name in MADE})
