"""The queue of jobs (measurements, update traces, file checks) that processes of their own answer. No torch here.

A request is one line of JSON; equal requests have equal lines. A process (`python -m` the module of its kind) reads it, writes
events and ends. The answer is kept for later requests. A process that breaks this protocol is ended, and its job fails.
"""

import json
import subprocess
import sys
import threading
import traceback
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Protocol, TypeVar, cast

from core.errors import Invalid
from core.i18n import _
from core.runs.processes import read_event, start_process
from core.runs.settings import Settings, read_settings


@dataclass(frozen=True)
class Answer:
    """The answer to a request so far.

    state: "waiting", "running", "done" or "failed" (reason says why). progress: the part that is done, 0 to 1.
    """

    state: str = "waiting"
    progress: float = 0.0
    reason: str = ""

    @property
    def is_busy(self) -> bool:
        """Return whether the answer can still change: the job waits or runs."""
        return self.state in ("waiting", "running")


A = TypeVar("A", bound=Answer)


class Kind(Protocol):
    """A kind of job: the module that its processes run, and how an event changes the answer so far."""

    module: str

    @property
    def blank(self) -> Answer:
        """Return the answer to start with, before the process has sent any event."""

    def on_event(self, before: Any, event: dict[str, Any]) -> Answer:
        """Return the answer after an event of the process; "failed" events never come here."""


@dataclass(eq=False)
class _Job:
    kind: Kind
    key: str
    priority: int
    answer: Answer
    owners: set[str] = field(default_factory=set)
    process: "subprocess.Popen[bytes] | None" = None
    cancelled: bool = False
    too_long: bool = False


class JobQueue:
    """All jobs of a server, of every kind. Thread-safe.

    Jobs of higher priority go first, those of equal priority in the order of their requests. A visit has at most one waiting
    job of a kind: a newer one replaces it.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or read_settings()
        self._changed = threading.Condition()
        self._jobs: dict[tuple[str, str], _Job] = {}
        self._waiting: list[_Job] = []
        self._running: list[_Job] = []
        self._released: set[str] = set()  # the owners whose connection has closed
        self._closed = False
        for number in range(self.settings.jobs):
            threading.Thread(target=self._serve, name=f"jobs {number}", daemon=True).start()

    def submit(self, kind: Kind, key: str, owner: str = "", priority: int = 0, again: bool = False) -> None:
        """Add a request, unless it is already answered or waiting; with `again`, also if it is answered.

        owner: the visit that asks; requests of "", which is no visit, are never replaced. Raises Invalid if too many are
        waiting.
        """
        with self._changed:
            job = self._jobs.get((kind.module, key))
            if job and (job.answer.is_busy or (job.answer.state == "done" and not again)):
                job.owners.add(owner)
                job.priority = max(job.priority, priority)
                return
            replaced = [one for one in self._waiting if owner and one.kind.module == kind.module and owner in one.owners]
            self._check_room(sum(one.owners == {owner} for one in replaced))
            for one in replaced:
                self._leave(one, owner)
            job = self._jobs[kind.module, key] = _Job(kind, key, priority, kind.blank, {owner})
            self._waiting.append(job)
            self._forget(kind)
            self._changed.notify_all()

    def get_answer(self, kind: Kind, key: str) -> Answer | None:
        """Return the answer so far; None if nobody has asked or the job was dropped."""
        with self._changed:
            job = self._jobs.get((kind.module, key))
            return job.answer if job else None

    def wait_for_answer(self, kind: Kind, key: str, seconds: float) -> Answer | None:
        """Return the answer when it is complete, or after `seconds` the answer so far."""

        def is_over() -> bool:
            job = self._jobs.get((kind.module, key))
            return job is None or not job.answer.is_busy

        with self._changed:
            self._changed.wait_for(is_over, seconds)
        return self.get_answer(kind, key)

    def release(self, owner: str) -> None:
        """Mark the owner's connection as closed, until `renew`.

        Meanwhile the jobs of other owners go first, and the owner's waiting jobs are dropped if there is no room for others.
        """
        with self._changed:
            self._released.add(owner)

    def renew(self, owner: str) -> None:
        """Mark the owner as present again."""
        with self._changed:
            self._released.discard(owner)

    def cancel(self, owner: str, kind: Kind | None = None) -> None:
        """Drop the jobs that only the owner waits for, of one kind or of all."""
        with self._changed:
            if kind is None:
                self._released.discard(owner)
            for job in [*self._waiting, *self._running]:
                if owner in job.owners and (kind is None or job.kind.module == kind.module):
                    self._leave(job, owner)

    def forget(self, path: str) -> None:
        """Drop the complete answers to requests that name this path, or a file in it."""
        word = json.dumps(path)[1:-1]
        with self._changed:
            for name in [name for name, job in self._jobs.items() if word in name[1] and not job.answer.is_busy]:
                del self._jobs[name]

    @property
    def processes(self) -> int:
        """Return how many processes run now."""
        with self._changed:
            return sum(job.process is not None for job in self._running)

    def close(self) -> None:
        """End all processes and start no more."""
        with self._changed:
            self._closed = True
            for job in self._running:
                _end(job)
            self._changed.notify_all()

    def _check_room(self, freed: int) -> None:
        most = self.settings.waiting_jobs
        for job in [one for one in self._waiting if self._is_released(one)][: max(0, len(self._waiting) - freed - most + 1)]:
            for owner in list(job.owners):
                self._leave(job, owner)
        if len(self._waiting) - freed >= most:
            raise Invalid(_("{most} requests are waiting already; try again in a minute.").format(most=most))

    def _is_released(self, job: _Job) -> bool:
        return job.owners <= self._released

    def _leave(self, job: _Job, owner: str) -> None:
        # A job with other owners goes on for them.
        job.owners.discard(owner)
        if job.owners:
            return
        job.cancelled = True
        if self._jobs.get((job.kind.module, job.key)) is job:
            del self._jobs[job.kind.module, job.key]
        if job in self._waiting:
            self._waiting.remove(job)
        _end(job)

    def _forget(self, kind: Kind) -> None:
        ended = [key for key, job in self._jobs.items() if key[0] == kind.module and not job.answer.is_busy]
        for key in ended[: max(0, len(ended) - self.settings.kept_answers)]:
            del self._jobs[key]

    def _serve(self) -> None:
        while self._serve_next():
            pass

    def _serve_next(self) -> bool:
        """Run the next job when there is one; return False once the queue is closed. Nothing of the job is kept here."""
        job = self._wait_for_job()
        if job is None:
            return False
        try:
            self._run(job)
        except Exception:
            # Any error (no UTF-8, a stray line, no process available) fails this job; the next one is served.
            if not (job.cancelled or job.too_long or self._closed):
                traceback.print_exc(file=sys.stderr)
        finally:
            self._finish(job)
        return True

    def _wait_for_job(self) -> _Job | None:
        with self._changed:
            while not self._waiting and not self._closed:
                self._changed.wait()
            if self._closed:
                return None
            # max returns the first of those with the highest priority.
            job = max(self._waiting, key=lambda one: (not self._is_released(one), one.priority))
            self._waiting.remove(job)
            self._running.append(job)
            return job

    def _run(self, job: _Job) -> None:
        process = start_process(job.kind.module, str(self.settings.job_memory))
        timer = threading.Timer(self.settings.job_time, self._stop_long, [job])
        with self._changed:
            job.process = process
            if job.cancelled or self._closed:
                process.kill()
        timer.start()
        try:
            assert process.stdin
            assert process.stdout
            process.stdin.write(job.key.encode() + b"\n")
            process.stdin.close()
            while job.answer.is_busy and (event := read_event(process.stdout)) is not None:
                self._on_event(job, event)
        finally:
            process.kill()  # it has ended its answer, or has sent something else than an event
            with process:
                timer.cancel()

    def _stop_long(self, job: _Job) -> None:
        with self._changed:
            job.too_long = True
            _end(job)

    def _on_event(self, job: _Job, event: dict[str, Any]) -> None:
        if event["event"] == "failed":
            answer = replace(job.answer, state="failed", reason=str(event["reason"]))
        else:
            answer = job.kind.on_event(job.answer, event)
        with self._changed:
            job.answer = answer

    def _finish(self, job: _Job) -> None:
        with self._changed:
            self._running.remove(job)
            job.process = None
            if job.answer.is_busy:
                job.answer = replace(job.answer, state="failed", reason=self._explain(job))
            self._changed.notify_all()

    def _explain(self, job: _Job) -> str:
        if job.too_long:
            return _("This took longer than {seconds:g} seconds and was stopped. Smaller sizes may work.").format(
                seconds=self.settings.job_time
            )
        return _("The process broke off; the server's log has the details. Smaller sizes may work.")


class Jobs(Generic[A]):
    """The jobs of one kind, as pages request them. queue: by default, a new one."""

    module: str
    blank: A

    def __init__(self, queue: JobQueue | None = None) -> None:
        self.queue = queue or JobQueue()

    def on_event(self, before: A, event: dict[str, Any]) -> A:
        """Return the answer after an event of the process; "failed" events never come here."""
        raise NotImplementedError

    def submit_request(self, request: str, owner: str = "", priority: int = 0, again: bool = False) -> None:
        """Add a request to the queue. Raises Invalid if too many are waiting."""
        self.queue.submit(self, request, owner, priority, again)

    def wait_for_request_answer(self, request: str, seconds: float) -> A | None:
        """Return the answer when it is complete, or after `seconds` the answer so far; None if nobody has asked."""
        return cast("A | None", self.queue.wait_for_answer(self, request, seconds))

    def get_request_answer(self, request: str) -> A | None:
        """Return the answer to a request so far; None if nobody has asked."""
        return cast("A | None", self.queue.get_answer(self, request))

    def cancel(self, owner: str) -> None:
        """Drop the jobs of this kind that only the owner waits for, because its page shows something else now."""
        self.queue.cancel(owner, self)

    def forget(self, path: str) -> None:
        """Drop the complete answers to requests that name this path, or a file in it, of whatever kind."""
        self.queue.forget(path)

    def close(self) -> None:
        """End the queue."""
        self.queue.close()


def _end(job: _Job) -> None:
    if job.process:
        job.process.kill()
