"""The one service that the pages know: submit an experiment, poll its events, send it commands. No torch, no Streamlit.

Thread-safe. Every run is held by a lease that polling renews: the runs of a closed tab end, and their events are
given up some minutes later.
"""

import threading
import time
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any
from uuid import uuid4

from core.analysis.sensitivity_request import is_small_enough
from core.errors import Invalid
from core.experiment.experiment import Experiment
from core.i18n import _
from core.runs import capacity
from core.runs.lease import Leases
from core.runs.pool import Pool
from core.runs.recording import Recorded
from core.runs.replay import Replay
from core.runs.run import Poll, Run
from core.runs.uploads import Uploads
from core.training.events import validate_command

TICK = 0.5  # seconds between two looks at the leases
HEAD_START = 1.0  # seconds that the first page has the cores for itself, before the first worker warms up unasked
MOST_WAITING = 300  # runs in the queue


class Service:
    """The runs of all tabs, and the workers that train them.

    workers, threads: how many train at once, and with how many threads each; left out, what the machine carries.
    clock: seconds for leases and recorded runs. `uploads` are the files that the tabs have brought.
    """

    def __init__(
        self, workers: int | None = None, threads: int | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        size = workers or capacity.workers()
        self._lock = threading.RLock()
        self._clock = clock
        self._leases = Leases(clock)
        self._runs: dict[str, Run] = {}
        self._replays: dict[str, Replay] = {}
        self._closed = threading.Event()
        self._folder = Path(mkdtemp(prefix="dropout-weights-"))
        self.uploads = Uploads(self._folder / "uploads", clock)
        self._tidy_up = weakref.finalize(self, rmtree, self._folder, ignore_errors=True)  # at the latest as the server ends
        self._pool = Pool(size, threads or max(1, capacity.cores() // size), self._lock)
        self._keeper = threading.Thread(target=self._keep, name="runs", daemon=True)
        self._keeper.start()

    def submit(self, experiment: Experiment, owner: str, show: int = 0) -> str:
        """Starts a run, or queues it, and returns its id. owner: whose it is, such as a tab's session.

        show: for how many samples of each batch the records carry what was predicted.
        Raises Invalid if the queue is full or the service closed, or for a file that is not the owner's.
        """
        self.uploads.check(owner, experiment)
        with self._lock:
            if self._closed.is_set():
                raise Invalid(_("The server is shutting down; no new run can start."))
            if self._pool.waiting >= MOST_WAITING:
                raise Invalid(_("{most} runs are waiting already; try again when some have ended.").format(most=MOST_WAITING))
            name = uuid4().hex
            kept = str(self._folder / f"{name}.pt") if is_small_enough(experiment) else ""
            run = self._enter(Run(name, owner, experiment, show, kept))
            self._pool.add(run)
            return run.id

    def replay(self, recorded: Recorded, owner: str, seconds_per_update: float) -> str:
        """Plays a recorded run and returns its id. It is polled and commanded like any run, but cannot be changed."""
        with self._lock:
            run = self._enter(Run(uuid4().hex, owner, recorded.experiment, recorded=True))
            self._replays[run.id] = Replay(run, recorded, seconds_per_update, self._clock)
            return run.id

    def poll(self, run_id: str, since: int = 0) -> Poll:
        """The run's state and its events from index `since` on; renews its lease. Never raises."""
        with self._lock:
            run = self._runs.get(run_id)
            if run is None:
                return Poll("gone", next=since, reason=_("This run is no longer kept, as nobody had looked at it for a while."))
            self._leases.renew(run_id)
            if run_id in self._replays:
                self._replays[run_id].advance()
            since = min(max(since, 0), len(run.lines))
            return run.poll(run.lines[since:], since, self._pool.position(run))

    def command(self, run_id: str, command: Mapping[str, Any]) -> None:
        """Tells a run to pause, resume, step, stop or change (runs/protocol.py). One that has ended ignores it.

        Raises Invalid for what is no command or does not fit the run, which then goes on as it was.
        """
        order = validate_command(command)
        with self._lock:
            run = self._runs.get(run_id)
            if run is None or run.ended:
                return
            if run_id in self._replays:
                self._replays[run_id].obey(order)
            elif order["command"] == "stop":
                self._stop(run)
            else:
                if order["command"] == "change":
                    run.change(order)
                self._pool.tell(run, order)

    def release(self, name: str) -> None:
        """Nobody looks any more, at the run or at any run of the owner of that name: unless polled soon, they end, and the
        owner's files go."""
        with self._lock:
            for run in self._runs.values():
                if name in (run.id, run.owner):
                    self._leases.release(run.id)
        self.uploads.release(name)

    def pid(self, run_id: str) -> int | None:
        """The id of the process that trains the run; None if none does."""
        with self._lock:
            return self._pool.pid(self._runs[run_id]) if run_id in self._runs else None

    def weights(self, run_id: str) -> Path | None:
        """The file with the run's weights, as they were at its last evaluation, pause or end; None where there are none: it has
        not begun, is gone, or is larger than what is measured."""
        with self._lock:
            run = self._runs.get(run_id)
        path = Path(run.kept) if run and run.kept else None
        return path if path and path.exists() else None

    def tidy(self) -> None:
        """Ends the runs that nobody looks at, forgets old ones, ends workers that do not obey. Runs by itself."""
        self.uploads.tidy()
        with self._lock:
            for run_id in self._leases.ended():
                self._stop(self._runs[run_id], _("Stopped, as nobody had looked at it for a while."))
            for run_id in self._leases.forgettable():
                self._leases.forget(run_id)
                (self._folder / f"{run_id}.pt").unlink(missing_ok=True)
                del self._runs[run_id]
                self._replays.pop(run_id, None)
            self._pool.tidy()

    def close(self) -> None:
        """Ends all runs and all workers."""
        with self._lock:
            self._closed.set()
            for run in self._runs.values():
                self._stop(run, _("Stopped, as the server is shutting down."))
            workers = self._pool.close()
        for worker in workers:
            worker.wait()
        self._keeper.join()
        self._tidy_up()

    def _enter(self, run: Run) -> Run:
        self._runs[run.id] = run
        self._leases.renew(run.id)
        return run

    def _stop(self, run: Run, reason: str = "") -> None:
        # The run ends at once, whatever its worker is in the middle of; the worker comes to an end on its own time.
        if not run.ended:
            run.stop(reason)
            self._pool.drop(run)

    def _keep(self) -> None:
        pause = HEAD_START
        while not self._closed.wait(pause):
            self.tidy()
            pause = TICK
