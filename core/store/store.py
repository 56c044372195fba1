"""The store of a server: what its visitors run is written as it happens, and each finds their own runs again.

What came from an uploaded file is not stored. Without a usable file everything else goes on: a request raises Invalid with a
sentence for the page, and what is wrong is in `list_problems`.
"""

import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import TimeoutError as FutureTimeoutError
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from platformdirs import user_data_path

from core.errors import Invalid
from core.experiment.experiment import Experiment
from core.experiment.study import Study
from core.i18n import _
from core.runs.recording import Recorded
from core.runs.run import RunListener
from core.runs.settings import Settings
from core.store import queries, stored_studies
from core.store.database import Database
from core.store.owners import Owners
from core.store.problems import DAMAGED, SENTENCES, classify_error, describe_problem
from core.store.queries import StoredRunSummary
from core.store.retention import read_limits
from core.store.run_log import KINDS, RunLog
from core.store.stored_studies import StoredStudy
from core.store.versions import describe_versions
from core.store.writer import StoreProblem, Task, Writer, check_file
from core.tasks.task import CORPUS_OPTION
from core.training.events import Event

T = TypeVar("T")
NOTHING = "none"  # the setting that switches the store off
ANSWER_TIME = 1.0  # seconds for which a page waits until its change is in the file, or until a new server has opened it
MAX_NAME_LENGTH = 60  # characters of a run's name


class Store:
    """The stored runs of a server's visitors.

    folder: where the file is. settings: how much is stored and for how long. clock: seconds since 1970. get_versions: returns
    the versions of core/store/versions.py; the writer calls it at the first run.
    """

    def __init__(
        self,
        folder: Path,
        settings: Settings | None = None,
        clock: Callable[[], float] = time.time,
        get_versions: Callable[[], Mapping[str, str]] = describe_versions,
    ) -> None:
        self.settings = settings or Settings()
        self._clock, self._get_versions = clock, get_versions
        self._owners = Owners()
        self._database = Database(folder, clock)
        self._writer = Writer(self._database, read_limits(self.settings), clock)

    @property
    def path(self) -> Path:
        """Return the path of the file."""
        return self._database.path

    def begin_run(self, run_id: str, visit: str, experiment: Experiment) -> RunListener | None:
        """Begin to store a run. Return the function that takes its events; None for one on an uploaded file."""
        if CORPUS_OPTION in dict(experiment.options):
            return None
        log = RunLog(run_id, partial(self._owners.get_owner, visit), experiment, self._clock(), self._get_versions)

        def add_event(event: Event, text: str) -> None:
            if event["event"] in KINDS:
                self._writer.add_event(log, event, text)

        return add_event

    def set_browser(self, visit: str, key: str) -> None:
        """Note the key of a visit's browser, to which the visit's runs belong from now on. Without a valid key do nothing."""
        if owners := self._owners.set_browser(visit, key):
            before, owner = owners
            self._writer.submit(lambda connection: queries.move_all(connection, before, owner))

    def list_runs(self, visit: str, most: int, offset: int = 0) -> list[StoredRunSummary]:
        """Return at most `most` runs of the visit's owner, the newest first, without the first `offset`. Raises Invalid."""
        return self._read(lambda connection: queries.list_runs(connection, self._owners.get_owner(visit), most, offset))

    def count_runs(self, visit: str) -> int:
        """Return the number of runs of the visit's owner. Raises Invalid."""
        return self._read(lambda connection: queries.count_runs(connection, self._owners.get_owner(visit)))

    def find_run(self, visit: str, run_id: str) -> StoredRunSummary | None:
        """Return a run of the visit's owner; None if the owner has no such run. Raises Invalid."""
        return self._read(lambda connection: queries.find_run(connection, self._owners.get_owner(visit), run_id))

    def read_run(self, visit: str, run_id: str) -> Recorded:
        """Return a run of the visit's owner with its events. Raises Invalid if the owner has no such run."""
        run = self._read(lambda connection: queries.read_run(connection, self._owners.get_owner(visit), run_id))
        if run is None:
            raise Invalid(_("This run is no longer stored."), "run")
        return run

    def rename_run(self, visit: str, run_id: str, name: str) -> None:
        """Give a run of the visit's owner a name, cut to `MAX_NAME_LENGTH` characters. Raises Invalid."""
        cut = cut_name(name)
        self._write(lambda connection: queries.rename_run(connection, self._owners.get_owner(visit), run_id, cut))

    def delete_run(self, visit: str, run_id: str) -> None:
        """Delete a run of the visit's owner. Raises Invalid."""
        self._write(lambda connection: queries.delete_run(connection, self._owners.get_owner(visit), run_id))

    def delete_all(self, visit: str) -> None:
        """Delete all runs and studies of the visit's owner. Raises Invalid."""
        self._write(lambda connection: queries.delete_all(connection, self._owners.get_owner(visit)))

    def save_study(self, visit: str, study_id: str, name: str, study: Study, results: Sequence[Any]) -> None:
        """Save a study with its results, plain data for JSON, in the place of one that has the same id. Raises Invalid."""
        packed = stored_studies.pack_results(study, results)
        stored = StoredStudy(study_id, cut_name(name), study, self._clock())
        self._write(
            lambda connection: stored_studies.save_study(
                connection, self._owners.get_owner(visit), stored, packed, self._get_versions()
            )
        )

    def list_studies(self, visit: str) -> list[StoredStudy]:
        """Return the studies of the visit's owner, the newest first. Raises Invalid."""
        return self._read(lambda connection: stored_studies.list_studies(connection, self._owners.get_owner(visit)))

    def read_results(self, visit: str, study_id: str) -> list[Any]:
        """Return the results of a study of the visit's owner. Raises Invalid if the owner has no such study."""
        owner = self._owners.get_owner(visit)
        results = self._read(lambda connection: stored_studies.read_results(connection, owner, study_id))
        if results is None:
            raise Invalid(_("This study is no longer stored."), "study")
        return results

    def delete_study(self, visit: str, study_id: str) -> None:
        """Delete a study of the visit's owner. Raises Invalid."""
        self._write(lambda connection: stored_studies.delete_study(connection, self._owners.get_owner(visit), study_id))

    def list_problems(self) -> list[str]:
        """Return a sentence for each thing that is wrong with the file, or was."""
        aside, problem = self._writer.set_aside_file, self._writer.problem
        sentences = [describe_problem(DAMAGED, aside)] if aside else []
        return [*sentences, describe_problem(problem)] if problem and problem != DAMAGED else sentences

    def flush(self) -> None:
        """Wait until what has been handed over is in the file. Raises StoreProblem if it cannot be written."""
        self._writer.submit(lambda connection: None).result()

    def close(self) -> None:
        """Write what has been handed over, and end."""
        self._writer.close()

    def _read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        self._writer.wait_until_opened(ANSWER_TIME)
        try:
            with self._database.open_for_reading() as connection:
                return query(connection)
        except sqlite3.Error as error:
            code = classify_error(error)
            if code == DAMAGED:
                self._writer.submit(check_file)
            raise Invalid(_("The stored runs cannot be read now. Try again in a moment."), "store") from None

    def _write(self, task: Task) -> Any:
        try:
            return self._writer.submit(task).result(ANSWER_TIME)
        except StoreProblem as problem:
            raise Invalid(_(SENTENCES[problem.code]).format(file=self._writer.set_aside_file), "store") from None
        except FutureTimeoutError:
            raise Invalid(_("The stored runs are busy; your change is made as soon as possible."), "store") from None


def cut_name(name: str) -> str:
    """Return a name in one line, of at most `MAX_NAME_LENGTH` characters."""
    return " ".join(name.split())[:MAX_NAME_LENGTH]


def open_store(settings: Settings) -> Store | None:
    """Return the store in the folder that the settings name, or in the user's data folder; None if it is switched off."""
    if settings.store == NOTHING:
        return None
    folder = Path(settings.store) if settings.store else user_data_path("dropout-through-time", appauthor=False) / "store"
    return Store(folder, settings)
