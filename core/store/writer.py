"""The one thread of a server that writes into the store: what comes is collected for a moment and written as one transaction.

Whoever hands something over only puts it into a queue. What cannot be written now, as the disk is full or another program holds
the file, is tried again; if it becomes too much, it is given up.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from core.store.database import Database, is_damaged, transaction
from core.store.problems import DAMAGED, UNEXPECTED, classify_error
from core.store.retention import StoreLimits, free_pages, sweep
from core.store.run_log import RunLog
from core.store.schema import NewerSchema
from core.training.events import Event

BATCH_TIME = 0.5  # seconds for which events are collected
RETRY_TIME = 5.0  # seconds until what could not be written is tried again
SWEEP_TIME = 60.0  # seconds between two sweeps
MAX_PENDING = 50_000  # events that wait to be written; beyond that they are given up

Task = Callable[[sqlite3.Connection], Any]
ERRORS = (sqlite3.Error, OSError, NewerSchema)
LOG = logging.getLogger("dropout")


class StoreProblem(Exception):
    """A task could not be carried out. code: of problems.py."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Writer:
    """The thread and its queue.

    limits: what a sweep deletes. clock: seconds since 1970. problem: the code of what is wrong now, "" for nothing.
    set_aside_file: the name under which a damaged file was set aside, "" for none.
    """

    def __init__(self, database: Database, limits: StoreLimits, clock: Callable[[], float] = time.time) -> None:
        self._database, self._limits, self._clock = database, limits, clock
        self.problem = self.set_aside_file = ""
        self._queue: SimpleQueue[tuple[Any, ...]] = SimpleQueue()
        self._urgent, self._closing, self._opened = threading.Event(), threading.Event(), threading.Event()
        self._pending: list[tuple[RunLog, Event, str]] = []
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._next_sweep = 0.0
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)
        self._thread.start()

    def add_event(self, log: RunLog, event: Event, text: str) -> None:
        """Hand over an event of a run with its JSON text. It never waits."""
        self._queue.put((log, event, text))

    def submit(self, task: Task) -> Future[Any]:
        """Let the thread call task(connection) in a transaction, soon; the future has its result, or raises StoreProblem."""
        future: Future[Any] = Future()
        self._queue.put((task, future))
        self._urgent.set()
        return future

    def wait_until_opened(self, seconds: float) -> None:
        """Wait, at most so long, until the file has been opened, or could not be, for the first time."""
        self._opened.wait(seconds)

    def close(self) -> None:
        """Write what has been handed over, and end the thread."""
        self._closing.set()
        self._queue.put(())
        self._urgent.set()
        self._thread.join()

    def _run(self) -> None:
        self._sweep()
        self._opened.set()
        while True:
            is_last = self._closing.is_set()
            events, tasks = self._collect()
            if events or tasks:
                self._write(events, tasks)
            if is_last:
                break
            if time.monotonic() >= self._next_sweep:
                self._sweep()
        self._close_connection()

    def _collect(self) -> tuple[list[tuple[RunLog, Event, str]], list[tuple[Task, Future[Any]]]]:
        """Return the events and the tasks that have come; wait for the first, and for a moment for others."""
        items, closing = [], self._closing.is_set()
        waiting = RETRY_TIME if self._pending else max(0.0, self._next_sweep - time.monotonic())
        with suppress(Empty):
            items.append(self._queue.get(not closing, waiting))
            self._urgent.wait(0 if closing else BATCH_TIME)
            self._urgent.clear()
            while True:
                items.append(self._queue.get_nowait())
        events, self._pending = [*self._pending, *(item for item in items if len(item) == 3)], []
        return [one for one in events if not one[0].state.is_given_up], [item for item in items if len(item) == 2]

    def _write(self, events: list[tuple[RunLog, Event, str]], tasks: list[tuple[Task, Future[Any]]]) -> None:
        if self._try_to_write(events, tasks):
            return
        if self.problem == DAMAGED and self._set_aside() and self._try_to_write(events, tasks):
            return
        for _task, future in tasks:
            future.set_exception(StoreProblem(self.problem))
        self._pending = events
        if len(events) > MAX_PENDING or self.problem == UNEXPECTED:
            self._pending = []
            for log in {log for log, _event, _text in events}:
                log.give_up()

    def _try_to_write(self, events: list[tuple[RunLog, Event, str]], tasks: list[tuple[Task, Future[Any]]]) -> bool:
        by_run: dict[RunLog, list[tuple[Event, str]]] = {}
        for log, event, text in events:
            by_run.setdefault(log, []).append((event, text))

        def write_all(connection: sqlite3.Connection) -> tuple[list[Any], list[Any]]:
            now = self._clock()
            states = [log.write(connection, batch, now) for log, batch in by_run.items() if not log.state.is_given_up]
            return states, [task(connection) for task, _future in tasks]

        written = self._call(write_all)
        if written is None:
            return False
        states, results = written
        for log, state in zip([log for log in by_run if not log.state.is_given_up], states, strict=True):
            log.state = state
        for (_task, future), result in zip(tasks, results, strict=True):
            future.set_result(result)
        return True

    def _call(self, function: Callable[[sqlite3.Connection], Any]) -> Any:
        """Return function(connection), called in a transaction; None, and the problem is noted, where that is not possible."""
        try:
            if self._connection is None:
                self._identity = self._database.read_identity()
                self._connection = self._database.open_for_writing()
                self._identity = self._identity or self._database.read_identity()
            with transaction(self._connection):
                result = function(self._connection)
        except ERRORS as error:
            self.problem = classify_error(error)
            self._close_connection()
            return None
        except Exception:  # a mistake of the program: the thread goes on with what comes next
            LOG.exception("store")
            self.problem = UNEXPECTED
            self._close_connection()
            return None
        self.problem = ""
        return result

    def _set_aside(self) -> bool:
        """Set the damaged file aside, so that a new one begins. What runs now is stored no further: its beginning is gone."""
        try:
            name = self._database.set_aside(self._identity)
        except OSError as error:
            self.problem = classify_error(error)
            return False
        self.set_aside_file = name or self.set_aside_file
        return True

    def _sweep(self) -> None:
        self._next_sweep = time.monotonic() + SWEEP_TIME

        def delete(connection: sqlite3.Connection) -> bool:
            sweep(connection, self._limits, self._clock())
            return True

        done = self._call(delete)
        if done is None and self.problem == DAMAGED and self._set_aside():
            done = self._call(delete)
        if done is not None and self._connection is not None:
            with suppress(sqlite3.Error):
                free_pages(self._connection)

    def _close_connection(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None


def check_file(connection: sqlite3.Connection) -> None:
    """Raise sqlite3.DatabaseError if the file is damaged: a task for the writer, which then sets the file aside."""
    if is_damaged(connection):
        raise sqlite3.DatabaseError
