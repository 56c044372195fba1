"""The curves of runs as TensorBoard event files, written with tensorboardX, which needs no TensorFlow.

tensorboardX is not among the requirements of the app: it is imported where an export is asked for.
"""

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from core.errors import Invalid
from core.experiment.study import StudyRun
from core.i18n import _
from core.training.events import Event

VERSION = "2.6.5"  # the tested version of tensorboardX
FILE_NAME = "events.out.tfevents.0"  # the same for every export, so that a second one replaces the first
LOSS_TAGS = {"train_loss": "loss/train_with_masks", "train_loss_clean": "loss/train", "val_loss": "loss/validation"}


def check_tensorboard() -> None:
    """Raise Invalid with what to install if tensorboardX is not there."""
    try:
        import tensorboardX  # noqa: F401
    except ImportError:
        raise Invalid(
            _("TensorBoard's files need tensorboardX, which is not installed: pip install tensorboardX=={version}").format(
                version=VERSION
            ),
            "tensorboard",
        ) from None


def write_event_file(folder: Path, run: StudyRun, events: Sequence[Event]) -> Path:
    """Write the curves of a run to folder/<experiment>/seed-<seed>/ and return the file, which replaces an earlier one.

    Scalars by update: loss/…, validation/<metric> and, at the last update, test/<metric>. Raises Invalid if that fails.
    """
    check_tensorboard()
    from tensorboardX import RecordWriter

    place = folder / _to_folder_name(run.name) / f"seed-{run.seed}"
    new_file = place / f"{FILE_NAME}.new"
    try:
        place.mkdir(parents=True, exist_ok=True)
        with closing(RecordWriter(str(new_file))) as writer:
            for record in _make_records(events):
                writer.write(record)
        return new_file.replace(place / FILE_NAME)
    except OSError as error:
        raise Invalid(
            _("TensorBoard's files cannot be written in {folder}: {why}.").format(folder=place, why=error.strerror),
            "tensorboard",
        ) from None


def _make_records(events: Sequence[Event]) -> Iterator[bytes]:
    """Yield the serialized records of an event file."""
    from tensorboardX.proto.event_pb2 import Event as TensorboardEvent
    from tensorboardX.summary import scalar

    now = time.time()
    yield TensorboardEvent(wall_time=now, file_version="brain.Event:2").SerializeToString()
    for tag, value, update in list_scalars(events):
        yield TensorboardEvent(wall_time=now, step=update, summary=scalar(tag, value)).SerializeToString()


def list_scalars(events: Sequence[Event]) -> Iterator[tuple[str, float, int]]:
    """Yield tag, value and update of every number of a run's curves."""
    for event in events:
        if event["event"] == "record":
            losses = {tag: event[name] for name, tag in LOSS_TAGS.items()}
            metrics = {f"validation/{name}": value for name, value in (event["val"] or {}).items()}
        else:
            losses, metrics = {}, {f"test/{name}": value for name, value in event.get("test", {}).items()}
        yield from ((tag, value, event["update"]) for tag, value in (losses | metrics).items() if value is not None)


def _to_folder_name(name: str) -> str:
    return re.sub(r"[^\w.@=+-]+", "_", name).strip(".") or "_"
