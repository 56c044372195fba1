"""The folder where runs of studies are kept: a file for each, with its experiment, its results and its curves.

A file is replaced as a whole or not at all, so that a study that is killed goes on after the runs that have ended; and two
commands may use the folder at once. Runs are found again by all that their numbers depend on: the experiment, the files that it
reads, the code, the versions and the machine.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryFile

from platformdirs import user_data_path

from core.errors import Invalid
from core.experiment.experiment import Experiment
from core.experiment.serialization import to_plain
from core.i18n import _
from core.results.event_summary import find_best_evaluation
from core.results.measured_runs import MeasuredRun
from core.results.provenance import describe_engine
from core.tasks import get_task
from core.tasks.task import CORPUS_OPTION
from core.training.events import Event, select_events, thin_records

VERSION = 1
DEFAULT_FOLDER = user_data_path("dropout-through-time", appauthor=False) / "runs"
MAX_RECORDS = 1000  # most records of a run; longer curves are thinned
# The stored fields of a record: the curves, not samples of text or predictions.
_RECORD_FIELDS = ("event", "update", "epoch", "train_loss", "train_loss_clean", "val_loss", "val")


@dataclass(frozen=True)
class StoredRun:
    """A run and its curves. events: "started", the records without texts and predictions, and the last event."""

    run: MeasuredRun
    events: tuple[Event, ...]


class RunFolder:
    """The runs that a folder holds."""

    def __init__(self, folder: Path = DEFAULT_FOLDER) -> None:
        self.folder = folder

    def check_writable(self) -> None:
        """Make the folder if it is not there. Raises Invalid if nothing can be written into it."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with TemporaryFile(dir=self.folder):
                pass
        except OSError as error:
            raise self._make_error(error) from None

    def find_run(self, experiment: Experiment) -> StoredRun | None:
        """Return the run of an experiment that this program made on this machine, or None. Raises Invalid if it is damaged."""
        path = self._get_path(experiment)
        try:
            data = json.loads(path.read_bytes())
            if data["version"] != VERSION:
                return None
            return StoredRun(MeasuredRun(**data["run"]), tuple(data["events"]))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Invalid(_("The run {path} cannot be read: {why}.").format(path=path, why=error.strerror), "runs") from None
        except (ValueError, TypeError, KeyError):
            raise Invalid(
                _("The run {path} is damaged. Remove the file to measure it again.").format(path=path), "runs"
            ) from None

    def save_run(self, experiment: Experiment, run: MeasuredRun, events: Sequence[Event]) -> StoredRun:
        """Save a run and return what was saved. Raises Invalid if the file cannot be written."""
        path, stored = self._get_path(experiment), StoredRun(run, tuple(select_curves(events)))
        data = {"version": VERSION, "engine": describe_engine(), "experiment": to_plain(experiment)}
        new_file = path.with_name(f"{path.stem}.{os.getpid()}.new")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            new_file.write_text(json.dumps({**data, "run": asdict(run), "events": stored.events}), encoding="utf-8")
            new_file.replace(path)
        except OSError as error:
            raise self._make_error(error) from None
        return stored

    def _make_error(self, error: OSError) -> Invalid:
        return Invalid(_("Runs cannot be saved in {folder}: {why}.").format(folder=self.folder, why=error.strerror), "runs")

    def _get_path(self, experiment: Experiment) -> Path:
        identity = {"experiment": to_plain(experiment), "files": _hash_files(experiment), **describe_engine()}
        return self.folder / f"{hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:32]}.json"


def select_curves(events: Sequence[Event]) -> list[Event]:
    """Return the events of a run with at most about a thousand records, the best one among them, and of these the curves."""
    best = find_best_evaluation(events)
    kept = {event["update"] for event in (*select_events(thin_records(events, MAX_RECORDS), "record"), *filter(None, [best]))}
    return [
        {name: event[name] for name in _RECORD_FIELDS} if event["event"] == "record" else event
        for event in events
        if event["event"] in ("started", "done", "failed") or (event["event"] == "record" and event["update"] in kept)
    ]


def _hash_files(experiment: Experiment) -> str:
    """Return a hash of the user's files that an experiment reads: a text, or the files of a folder; "" without such files."""
    corpus = dict(experiment.options).get(CORPUS_OPTION)
    if not corpus or not get_task(experiment.task).reads_files:
        return ""
    path, digest = Path(str(corpus)), hashlib.sha256()
    try:
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            if file.is_file():
                digest.update(file.name.encode() + b"\0" + file.read_bytes())
    except OSError:  # which the task reports, when it reads its data
        return ""
    return digest.hexdigest()
