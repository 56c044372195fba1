"""The one service that the pages use: submit an experiment, poll its events, send it commands. No torch, no Streamlit.

Thread-safe. A run lives as long as its visit: until some minutes after the visit's connection has closed. It survives the death
of the process that trains it.
"""

import os
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from tempfile import gettempdir, mkdtemp
from typing import Any
from uuid import uuid4

from core.analysis.sensitivity_request import is_small_enough
from core.errors import Invalid
from core.experiment.batches import count_updates
from core.experiment.changes import apply_changes
from core.experiment.experiment import Experiment
from core.i18n import _
from core.runs.capacity import plan_workers
from core.runs.file_check_jobs import FileCheckJobs
from core.runs.job_queue import JobQueue
from core.runs.memory_estimate import estimate_memory
from core.runs.pool import Pool
from core.runs.recording import Recorded
from core.runs.replay import Replay
from core.runs.run import Poll, Run, RunRecorder
from core.runs.sensitivity_jobs import SensitivityJobs
from core.runs.settings import Settings, read_settings
from core.runs.studies import Studies
from core.runs.trace_jobs import UpdateTraceJobs
from core.runs.uploads import Uploads
from core.runs.visits import Visits
from core.tasks.file_caches import clear_file_caches
from core.training.events import validate_command

TICK = 0.5  # seconds between two calls of `tidy`
HEAD_START = 1.0  # seconds before the first worker starts to warm up, so that the first page has the cores
PREFIX = "dropout-runs-"  # of the name of the service's folder; the id of its process follows


class Service:
    """The runs of all visits, the workers that train them, and the jobs.

    workers, threads: number of worker processes and threads in each; by default, from the settings and the machine. clock:
    seconds, for visits and recorded runs. `uploads` are the files that the visits have uploaded; `measurements` and `traces`
    share one queue of jobs. `studies` train several runs as one. recorder: keeps the runs beyond the visit, if there is one.
    """

    def __init__(
        self,
        workers: int | None = None,
        threads: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        settings: Settings | None = None,
        recorder: RunRecorder | None = None,
    ) -> None:
        given = settings or read_settings()
        self.settings = given = replace(given, workers=workers or given.workers, threads=threads or given.threads)
        self._lock = threading.RLock()
        self._clock, self._recorder = clock, recorder
        self._visits = Visits(given.grace_time, given.keep_time, given.idle_time, clock)
        self._runs: dict[str, Run] = {}
        self._replays: dict[str, Replay] = {}
        self._closed = threading.Event()
        remove_abandoned()
        self._folder = Path(mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
        self._tidy_up = weakref.finalize(self, rmtree, self._folder, ignore_errors=True)  # at the latest when the server ends
        self.uploads = Uploads(self._folder / "uploads", clock, given, self._forget_file)
        self._capacity = plan_workers(given)
        self.jobs = JobQueue(replace(given, job_memory=min(given.job_memory, self._capacity.job)))
        # In a queue of their own, so that a file does not wait until a measurement has ended.
        self.file_checks = FileCheckJobs(
            JobQueue(replace(given, jobs=1, job_time=given.file_time, job_memory=given.file_memory))
        )
        self.measurements, self.traces = SensitivityJobs(self.jobs), UpdateTraceJobs(self.jobs)
        self._pool = Pool(given, self._capacity, self._folder, self._lock, clock)
        self.studies = Studies(self, self._lock, given.study_runs, clock)
        self._upkeep_thread = threading.Thread(target=self._run_upkeep, name="runs", daemon=True)
        self._upkeep_thread.start()

    def submit(self, experiment: Experiment, owner: str, show: int = 0) -> str:
        """Start a run, or queue it, and return its id.

        owner: the visit that it belongs to. show: for how many samples of each batch the records carry predictions. Raises
        Invalid beyond a limit, if the service is closed, and for a file that does not belong to the owner.
        """
        self.uploads.check(owner, experiment)
        size = self.measure(experiment)
        with self._lock:
            self._check_room(owner)
            name = uuid4().hex
            weight_file = str(self._folder / f"{name}.pt") if is_small_enough(experiment) else ""
            listener = self._recorder.begin_run(name, owner, experiment) if self._recorder else None
            run = self._start(
                Run(name, owner, experiment, show, weight_file, size=size, settings=self.settings, listener=listener)
            )
            self.renew(owner)
            return run.id

    def start_run(self, experiment: Experiment, owner: str, size: float) -> str:
        """Start a run of a study, which advances together with the others by update, and return its id.

        size: as `measure` returned it. It is no sign of life of its visit: nobody has to look at it. Raises Invalid beyond a
        limit.
        """
        with self._lock:
            self._check_room(owner)
            return self._start(Run(uuid4().hex, owner, experiment, size=size, paced=True, settings=self.settings)).id

    def measure(self, experiment: Experiment) -> float:
        """Return how much memory the run will need, in megabytes.

        Raises Invalid if the run needs more memory or makes more updates than this server allows.
        """
        size = estimate_memory(experiment)
        self._check_memory(size)
        if (updates := count_updates(experiment)) > self.settings.updates:
            raise Invalid(
                _(
                    "This run would make {n} updates; here a run may make {most}. Lower the number of epochs or updates, or "
                    "train it by the command line."
                ).format(n=updates, most=self.settings.updates),
                "updates" if experiment.updates else "epochs",
            )
        return size

    def has_room(self, owner: str) -> bool:
        """Return whether the visit, if it is present, may start another run now."""
        with self._lock:
            if self._visits.is_away(owner):
                return False
            try:
                self._check_room(owner)
            except Invalid:
                return False
            return True

    def read_events(self, run_id: str, since: int) -> Poll:
        """Return the run's state and its events from index `since` on, without a sign of life of its visit."""
        with self._lock:
            run = self._runs.get(run_id)
            return Poll("gone", next=since) if run is None else run.poll(since, self._pool.position(run))

    def remove(self, run_id: str) -> None:
        """End a run, if it has not ended, and forget it."""
        with self._lock:
            if run_id in self._runs:
                self._stop(self._runs[run_id])
                self._forget(self._runs[run_id])

    def replay(self, recorded: Recorded, owner: str, seconds_per_update: float) -> str:
        """Play a recorded run and return its id. It is polled and commanded like any run, but cannot be changed."""
        with self._lock:
            run = self._enter(Run(uuid4().hex, owner, recorded.experiment, recorded=True, settings=self.settings))
            self._replays[run.id] = Replay(run, recorded, seconds_per_update, self._clock)
            self.renew(owner)
            return run.id

    def poll(self, run_id: str, since: int = 0) -> Poll:
        """Return the run's state and its events from index `since` on, and note that its visit is present. Never raises."""
        with self._lock:
            run = self._runs.get(run_id)
            if run is None:
                return Poll("gone", next=since, reason=_("This run is no longer kept, as nobody had looked at it for a while."))
            self.renew(run.owner)
            if run_id in self._replays:
                self._replays[run_id].advance()
            return run.poll(since, self._pool.position(run))

    def command(self, run_id: str, command: Mapping[str, Any]) -> bool:
        """Send a run a command: pause, resume, step, stop or change. Return whether the run exists and has not ended.

        The commands are those of core/training/events.py. If the run ends before it applies a change, its next poll says so:
        `missed`. Raises Invalid for an unknown command and for one that does not fit the run, which then goes on unchanged.
        """
        validated = validate_command(command)
        with self._lock:
            run = self._runs.get(run_id)
            if run is None or run.ended:
                return False
            self.renew(run.owner)
            if run_id in self._replays:
                self._replays[run_id].apply_command(validated)
            elif validated["command"] == "stop":
                self._stop(run)
            else:
                if validated["command"] == "change":
                    self._check_memory(estimate_memory(apply_changes(run.experiment, [validated])))
                    run.change(validated)
                self._pool.send_command(run, validated)
            return True

    def renew(self, owner: str) -> None:
        """Note that the visit is present: its runs that were saved while it was away go on."""
        with self._lock:
            if self._visits.renew(owner):
                for run in self._list_runs_of(owner):
                    self._pool.bring_back(run)
        self.uploads.renew(owner)
        self.jobs.renew(owner)

    def release(self, owner: str) -> None:
        """Note that the visit's connection has closed.

        Unless `renew` follows soon, its runs are saved and no longer trained, and its jobs are dropped; some minutes later its
        runs and files are removed.
        """
        with self._lock:
            self._visits.release(owner)
        self.uploads.release(owner)
        self.jobs.release(owner)
        self.file_checks.cancel(owner)

    def pid(self, run_id: str) -> int | None:
        """Return the id of the process that holds the run; None if no process does."""
        with self._lock:
            return self._pool.pid(self._runs[run_id]) if run_id in self._runs else None

    @property
    def pids(self) -> list[int]:
        """Return the process ids of all workers."""
        with self._lock:
            return self._pool.pids

    def weights(self, run_id: str) -> Path | None:
        """Return the file with the run's weights as of its last evaluation, pause or end.

        None if there is no such file: the run has not begun, is gone, or is too large to be measured.
        """
        with self._lock:
            run = self._runs.get(run_id)
        path = Path(run.weight_file) if run and run.weight_file else None
        return path if path and path.exists() else None

    def tidy(self) -> None:
        """Save the runs of visits that are away, forget those that stay away, end frozen workers. A thread calls this."""
        self.uploads.tidy()
        with self._lock:
            leaving = self._visits.list_leaving()
            for owner in leaving:
                for run in self._list_runs_of(owner):
                    self._pool.suspend(run)
            for owner in self._visits.list_forgotten():
                self.studies.forget(owner)
                for run in self._list_runs_of(owner):
                    self._stop(run)
                    self._forget(run)
            self._pool.tidy()
            self.studies.tidy()
        for owner in leaving:
            self.jobs.cancel(owner)
            self.file_checks.cancel(owner)

    def close(self) -> None:
        """End all runs, jobs and workers."""
        with self._lock:
            self._closed.set()
            for run in self._runs.values():
                self._stop(run, _("Stopped, as the server is shutting down."))
            workers = self._pool.close()
        self.jobs.close()
        self.file_checks.close()
        for worker in workers:
            worker.wait()
        self._upkeep_thread.join()
        self._tidy_up()

    def _start(self, run: Run) -> Run:
        """Start a run, or queue it."""
        run.saved = str(self._folder / f"{run.id}.run")
        self._pool.add(self._enter(run))
        return run

    def _check_memory(self, size: float) -> None:
        most = self.settings.run_memory or self._capacity.room
        if size > most:
            raise Invalid(
                _(
                    "This run would need about {size:.0f} MB; here a run may have {most:.0f}. Make the network, the batch or "
                    "the number of steps smaller, or train it by the command line."
                ).format(size=size, most=most)
            )

    def _check_room(self, owner: str) -> None:
        if self._closed.is_set():
            raise Invalid(_("The server is shutting down; no new run can start."))
        most = self.settings.waiting_runs
        if self._pool.waiting >= most:
            raise Invalid(_("{most} runs are waiting already; try again when some have ended.").format(most=most))
        active = sum(not run.ended and not run.recorded for run in self._list_runs_of(owner))
        if active >= self.settings.runs_per_visit:
            raise Invalid(_("You have {n} runs already; stop one of them first.").format(n=active))

    def _list_runs_of(self, owner: str) -> list[Run]:
        return [run for run in self._runs.values() if run.owner == owner]

    def _enter(self, run: Run) -> Run:
        ended = [one for one in self._list_runs_of(run.owner) if one.ended]
        for one in ended[: max(0, len(ended) - self.settings.ended_runs_per_visit)]:
            self._forget(one)
        self._runs[run.id] = run
        return run

    def _forget(self, run: Run) -> None:
        run.forgotten = True
        run.remove_files()
        self._runs.pop(run.id, None)
        self._replays.pop(run.id, None)

    def _forget_file(self, path: str) -> None:
        clear_file_caches()
        self.jobs.forget(path)
        self.file_checks.forget(path)

    def _stop(self, run: Run, reason: str = "") -> None:
        # The run ends at once, whatever its worker is in the middle of; the worker comes to an end on its own time.
        if not run.ended:
            run.stop(reason)
            self._pool.drop(run)

    def _run_upkeep(self) -> None:
        pause = HEAD_START
        while not self._closed.wait(pause):
            self.tidy()
            pause = TICK


def remove_abandoned() -> None:
    """Remove the folders of this user's earlier servers that were ended by force, which are those whose process is gone.

    Not on Windows, where a process cannot be asked for.
    """
    if os.name != "posix":
        return
    for folder in Path(gettempdir()).glob(f"{PREFIX}*-*"):
        with suppress(OSError, ValueError):
            if folder.stat().st_uid == os.getuid() and not folder.is_symlink() and not _is_alive(folder.name):
                rmtree(folder, ignore_errors=True)


def _is_alive(name: str) -> bool:
    try:
        os.kill(int(name.removeprefix(PREFIX).split("-")[0]), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
