"""A fixed number of workers, one of them always warm, and the runs that wait for one, first come, first served."""

import time
from collections import deque
from threading import RLock

from core.i18n import _
from core.runs.run import Run, changes
from core.runs.worker_process import Worker
from core.training.events import FINAL_EVENTS, Command, Event

PATIENCE = 3.0  # seconds that a worker has to obey a stop, before it is ended and replaced
KILLED = -9


class Pool:
    """Whoever calls a method holds the lock; the workers' threads take it themselves."""

    def __init__(self, size: int, threads: int, lock: RLock) -> None:
        self.size, self.threads = size, threads
        self._lock = lock
        self._workers: list[Worker] = []
        self._queue: deque[Run] = deque()
        self._starts_fail = self._closed = False

    def add(self, run: Run) -> None:
        """The run starts now, or waits."""
        self._queue.append(run)
        self._assign()

    def position(self, run: Run) -> int | None:
        """The run's place in the queue, from 1; None if it does not wait."""
        return self._queue.index(run) + 1 if run in self._queue else None

    @property
    def waiting(self) -> int:
        """How many runs wait."""
        return len(self._queue)

    def tell(self, run: Run, command: Command) -> None:
        """Hands a command to the worker of the run. One that waits is told when it starts, and is changed at once."""
        if run in self._queue and command["command"] == "change":
            run.add({"event": "changed", "update": run.update, **changes(command)})
        elif run in self._queue:
            run.orders.append(command)
        elif worker := self._worker_of(run):
            worker.send({"command": command["command"], "run": run.id, **changes(command)})

    def drop(self, run: Run) -> None:
        """The run has been stopped: it leaves the queue, or its worker has a little while to come to an end."""
        if run in self._queue:
            self._queue.remove(run)
        elif worker := self._worker_of(run):
            worker.kill_at = time.monotonic() + PATIENCE
            worker.send({"command": "stop", "run": run.id})

    def pid(self, run: Run) -> int | None:
        """The process that trains the run; None if none does."""
        worker = self._worker_of(run)
        return worker.pid if worker else None

    def tidy(self) -> None:
        """Ends workers that did not obey a stop, and tries again what could not be started."""
        for worker in self._workers:
            if worker.ready and worker.kill_at is not None and worker.kill_at <= time.monotonic():
                worker.kill()
        self._assign()

    def close(self) -> list[Worker]:
        """Ends all workers. Wait for them without holding the lock."""
        self._closed = True
        for worker in self._workers:
            worker.kill()
        return list(self._workers)

    def _assign(self) -> None:
        """Gives the waiting runs to workers, and keeps one worker warm for the next."""
        while self._queue and (worker := self._idle() or self._another()):
            run = self._queue.popleft()
            worker.run, run.state = run, "starting"
            worker.send(run.message())
            for command in run.orders:
                self.tell(run, command)
        if not self._idle() and not self._starts_fail:
            self._another()

    def _idle(self) -> Worker | None:
        idle = [worker for worker in self._workers if worker.run is None]
        return max(idle, key=lambda worker: worker.ready, default=None)

    def _another(self) -> Worker | None:
        if len(self._workers) == self.size or self._closed:
            return None
        try:
            worker = Worker(self.threads, self._heard, self._gone)
        except OSError:  # no memory or no process to be had just now
            return None
        self._workers.append(worker)
        return worker

    def _worker_of(self, run: Run) -> Worker | None:
        return next((worker for worker in self._workers if worker.run is run), None)

    def _heard(self, worker: Worker, event: Event) -> None:
        with self._lock:
            if event["event"] == "ready":
                worker.ready, self._starts_fail = True, False
            elif worker.run is not None and event.pop("run", None) == worker.run.id:
                worker.run.add(event)
                if event["event"] in FINAL_EVENTS:
                    worker.run = worker.kill_at = None
                    self._assign()

    def _gone(self, worker: Worker, status: int) -> None:
        with self._lock:
            if self._closed:
                return
            self._workers.remove(worker)
            # Where workers die before they are ready, a warm one is not tried for again until a run asks for it.
            self._starts_fail = not worker.ready
            if worker.run is not None:
                worker.run.add({"event": "failed", "update": worker.run.update, "reason": _why(worker.ready, status)})
            self._assign()


def _why(was_ready: bool, status: int) -> str:
    if not was_ready:
        return _(
            "The process that was to train this run ended before it was ready; the server's log says why. "
            "The app goes on: try again in a moment."
        )
    if status == KILLED:
        return _(
            "The process that trained this run was killed, perhaps because the memory ran out; what it had reached "
            "is kept. The app goes on and the next run works; a smaller network or batch needs less memory."
        )
    return _(
        "The process that trained this run ended unexpectedly (status {status}); what it had reached is kept. "
        "The app goes on and the next run works."
    ).format(status=status)
