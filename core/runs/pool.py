"""The workers with the runs that they hold, and the runs that wait: this carries out the decisions of scheduler.py."""

import time
from collections.abc import Callable
from pathlib import Path
from threading import RLock

from core.i18n import _
from core.runs.capacity import Capacity
from core.runs.run import Run, select_changes
from core.runs.scheduler import Residency, Room
from core.runs.settings import Settings
from core.runs.worker_process import WorkerProcess
from core.training.events import FINAL_EVENTS, Command, Event

KILLED = -9
MOST_STARTS = 2  # attempts to start a worker for a run before the run fails
HEADROOM = 1.5  # a worker may allocate this many times its room for runs


class Pool:
    """The worker processes of a service and their runs. folder: for saved runs.

    The caller of a method must hold the lock; the threads of the workers acquire it themselves.
    """

    def __init__(
        self, settings: Settings, capacity: Capacity, folder: Path, lock: RLock, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.settings, self.capacity = settings, capacity
        self._folder, self._lock = folder, lock
        self.residency = Residency(settings.resident_runs, settings.residence_time, settings.pause_time, clock)
        self._runs: dict[str, Run] = {}
        self._away: set[str] = set()  # the runs of visits that are away
        self._starts: dict[str, int] = {}  # by run: how often its worker ended before it was ready
        self._workers: dict[int, WorkerProcess] = {}
        self._numbers = 0
        self._starts_fail = self._closed = False

    def add(self, run: Run) -> None:
        """Start the run now, or put it into the queue."""
        self._runs[run.id] = run
        self.residency.add(run.id, run.owner, run.size)
        self.plan()

    def position(self, run: Run) -> int | None:
        """Return the run's place among those that wait, from 1; None if it does not wait."""
        return self.residency.position(run.id) if run.id in self._runs else None

    @property
    def waiting(self) -> int:
        """Return how many runs wait for a worker."""
        return self.residency.waiting

    def send_command(self, run: Run, command: Command) -> None:
        """Send a command to the run's worker. Without a worker, apply it here, or send it when a worker has loaded the run."""
        worker = self._worker_of(run)
        kind = command["command"]
        elsewhere = worker is None and not run.unconfirmed
        if elsewhere and kind == "change" and (not run.placed or run.state == "paused"):
            run.change_at_once(command)
        elif elsewhere and kind == "pause" and run.placed:
            run.add({"event": "state", "state": "paused"})
            self._update_demand(run)
        else:
            run.unconfirmed.append({"command": kind, "run": run.id, **select_changes(command)})
            if worker:
                worker.send(run.unconfirmed[-1])
            self._update_demand(run)
            self.plan()

    def drop(self, run: Run) -> None:
        """Remove a stopped run from the queue, or stop it in its worker, which has `stop_time` seconds for that."""
        worker = self._worker_of(run)
        if worker:
            worker.stopping[run.id] = time.monotonic() + self.settings.stop_time
            worker.send({"command": "stop", "run": run.id})
        else:
            self._remove(run)

    def suspend(self, run: Run) -> None:
        """Save and unload a run, because its visit is away."""
        if run.id in self._runs:
            self._away.add(run.id)
            self._update_demand(run)
            if self.residency.unload_at_once(run.id):
                self._unload(run.id)

    def bring_back(self, run: Run) -> None:
        """Let a run train again, because its visit is back."""
        self._away.discard(run.id)
        self._update_demand(run)
        self.plan()

    def pid(self, run: Run) -> int | None:
        """Return the id of the process that holds the run; None if none does."""
        number = self.residency.worker_of(run.id)
        return self._workers[number].pid if number in self._workers else None

    @property
    def pids(self) -> list[int]:
        """Return the process ids of all workers."""
        return [worker.pid for worker in self._workers.values()]

    def tidy(self) -> None:
        """End workers that are frozen, then plan."""
        now = time.monotonic()
        for worker in self._workers.values():
            turn = worker.read_turn()[0] if worker.stopping else ""
            slow_start = not worker.ready and now - worker.started > self.settings.ready_time
            overdue = now - worker.last_event_at > self.settings.silence_time
            silent = worker.ready and self.residency.count_wanting(worker.number) and overdue
            if slow_start or silent or worker.stopping.get(turn, now + 1) <= now:
                worker.kill()
        self.plan()

    def close(self) -> list[WorkerProcess]:
        """End all workers. Wait for them without holding the lock."""
        self._closed = True
        for worker in self._workers.values():
            worker.kill()
        return list(self._workers.values())

    def plan(self) -> None:
        """Load and unload runs as the policy decides, and keep one idle worker ready for the next run."""
        if self._closed:
            return
        if not self._workers and self.waiting:
            self._start_worker()
        rooms = {number: Room(self.capacity.room, worker.ready) for number, worker in self._workers.items()}
        decision = self.residency.decide(rooms) if rooms else None
        for name, number in decision.place if decision else []:
            self._place(self._runs[name], self._workers[number])
        for name in decision.unload if decision else []:
            self._unload(name)
        busy = all(self.residency.count_wanting(number) for number in self._workers)
        if busy and not self._starts_fail and all(worker.ready for worker in self._workers.values()):
            self._start_worker()

    def _start_worker(self) -> None:
        if len(self._workers) >= self.capacity.workers:
            return
        self._numbers += 1
        turn = self._folder / f"turn-{self._numbers}"
        memory = int(self.capacity.room * HEADROOM)
        try:
            worker = WorkerProcess(self._numbers, self.settings, memory, turn, self._on_event, self._on_exit)
        except OSError:  # the system has no memory or no process to spare now
            return
        self._workers[worker.number] = worker

    def _place(self, run: Run, worker: WorkerProcess) -> None:
        run.confirmed = 0
        if not run.placed:
            run.placed, run.state = True, "starting"
        worker.send(run.make_message())
        run.recovering = False
        for command in run.unconfirmed:
            worker.send(command)

    def _unload(self, name: str) -> None:
        number = self.residency.worker_of(name)
        if number in self._workers:
            self._workers[number].send({"command": "unload", "run": name})

    def _worker_of(self, run: Run) -> WorkerProcess | None:
        number = self.residency.worker_of(run.id)
        return self._workers.get(number) if number is not None else None

    def _update_demand(self, run: Run) -> None:
        """Tell the policy whether the run wants to train: not while its visit is away, nor in a pause that no command ends."""
        wakes = any(one["command"] != "pause" for one in run.unconfirmed)
        self.residency.want(run.id, run.id not in self._away and (run.state != "paused" or wakes))

    def _on_event(self, worker: WorkerProcess, event: Event) -> None:
        with self._lock:
            kind = event["event"]
            if kind == "ready":
                worker.ready, self._starts_fail = True, False
                self.plan()
            run = self._runs.get(event.pop("run", ""))
            if run is None or self._worker_of(run) is not worker:
                return
            self._starts.pop(run.id, None)
            taken = event.pop("taken", None)
            if taken is not None:
                run.confirm(taken)
            if kind in ("unloaded", "not-unloaded"):
                self.residency.mark_unloaded(run.id, saved=kind == "unloaded")
            elif kind != "taken":
                run.add(event)
            self._act_on(run, worker, kind, taken is not None)

    def _act_on(self, run: Run, worker: WorkerProcess, kind: str, has_applied: bool) -> None:
        if kind in FINAL_EVENTS:
            worker.stopping.pop(run.id, None)
            self._remove(run)
        elif kind == "unloaded" and run.ended:
            self._remove(run)
        elif kind == "state" or has_applied:
            self._update_demand(run)
        if kind in ("state", "unloaded", *FINAL_EVENTS) or has_applied:
            self.plan()

    def _remove(self, run: Run) -> None:
        self.residency.remove(run.id)
        self._runs.pop(run.id, None)
        self._away.discard(run.id)
        run.remove_files()  # also what its worker wrote when it was stopped

    def _on_exit(self, worker: WorkerProcess, status: int) -> None:
        """Recover the runs of a worker that has died, or fail those that have killed it repeatedly."""
        with self._lock:
            del self._workers[worker.number]
            self._starts_fail = not worker.ready
            turn = worker.read_turn()
            for name in self.residency.remove_worker(worker.number):
                run = self._runs[name]
                if run.ended:
                    self._remove(run)
                elif self._is_given_up(run, worker, turn):
                    run.add({"event": "failed", "update": run.update, "reason": _explain(worker.ready, status)})
                    self._remove(run)
                else:
                    run.recovering = run.placed
                    self._update_demand(run)
            self.plan()

    def _is_given_up(self, run: Run, worker: WorkerProcess, turn: tuple[str, bool]) -> bool:
        if self._closed:
            return True
        if worker.ready:
            return run.id == turn[0] and run.blame(repeats=turn[1])
        self._starts[run.id] = self._starts.get(run.id, 0) + 1
        return self._starts[run.id] >= MOST_STARTS


def _explain(was_ready: bool, status: int) -> str:
    if not was_ready:
        return _(
            "The process that was to train this run ended before it was ready; the server's log says why. "
            "The app goes on: try again in a moment."
        )
    if status == KILLED:
        return _(
            "The process that trained this run was killed twice at the same place, perhaps because the memory ran out; what it "
            "had reached is kept. The app goes on and the next run works; a smaller network or batch needs less memory."
        )
    return _(
        "The process that trained this run ended unexpectedly twice at the same place (status {status}); what it had "
        "reached is kept. The app goes on and the next run works."
    ).format(status=status)
