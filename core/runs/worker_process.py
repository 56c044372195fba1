"""One worker process as the service sees it: start it, send commands, read events, end it. No torch here."""

import json
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

from core.runs.processes import REPEATS, read_event, start_process
from core.runs.settings import Settings
from core.training.events import Event

# The fields of each event that the service reads, and their types.
FIELDS: dict[str, dict[str, type | tuple[type, ...]]] = {
    "ready": {},
    "alive": {},
    "started": {"updates": int},
    "record": {"update": int},
    "state": {"state": str},
    "changed": {"update": int},
    "averaging": {"update": int},
    "unsaved": {"update": int},
    "recovered": {"update": int},
    "taken": {"taken": int},
    "unloaded": {},  # saved and unloaded
    "not-unloaded": {},  # could not be saved, so not unloaded
    "done": {"update": int},
    "stopped": {"update": int},
    "failed": {"update": int, "reason": str},
}
STATES = ("running", "paused")
MOST_UNSENT = 1000


class WorkerProcess:
    """A running `python -m core.runs.worker`, and a thread that reads its events.

    on_event(worker, event) is called for every event, on_exit(worker, status) once when the process has ended, both from that
    thread. A worker that sends anything else is ended. number: unique on the server. ready: whether it has sent "ready".
    last_event_at: when its last event came. stopping: the runs that were stopped, and when the worker is ended by force if it
    still trains one of them.
    """

    def __init__(
        self,
        number: int,
        settings: Settings,
        memory: int,
        turn: Path,
        on_event: Callable[["WorkerProcess", Event], None],
        on_exit: Callable[["WorkerProcess", int], None],
    ) -> None:
        self.number, self.ready, self.turn = number, False, turn
        self.started = self.last_event_at = time.monotonic()
        self.stopping: dict[str, float] = {}
        self._on_event, self._on_exit = on_event, on_exit
        self._process = start_process("core.runs.worker", *_arguments(settings, memory, turn))
        assert self._process.stdin
        assert self._process.stdout
        self._in, self._out = self._process.stdin, self._process.stdout
        self._unsent: SimpleQueue[bytes | None] = SimpleQueue()
        Thread(target=self._write, name=f"worker-{self.pid}-input", daemon=True).start()
        self._listener = Thread(target=self._listen, name=f"worker-{self.pid}-output", daemon=True)
        self._listener.start()

    @property
    def pid(self) -> int:
        """Return the id of the process."""
        return self._process.pid

    def send(self, message: dict[str, Any]) -> None:
        """Send a message without waiting until the worker reads it.

        If the worker has just died, nothing happens; `on_exit` will be called.
        """
        self._unsent.put(json.dumps(message).encode() + b"\n")
        if self._unsent.qsize() > MOST_UNSENT:
            self.kill()  # it has left a thousand commands unread: frozen

    def kill(self) -> None:
        """End the process by force."""
        self._process.kill()

    def wait(self) -> None:
        """Return once the process has ended and `on_exit` has been called."""
        self._listener.join()

    def read_turn(self) -> tuple[str, bool]:
        """Return the id of the run whose turn it is, or was when the process ended ("" for none), and whether it only repeated.

        It repeats if it makes updates again that it had made before its last worker died.
        """
        try:
            run, _space, rest = self.turn.read_text().strip(" \0").partition(" ")
        except OSError:
            return "", False
        return run, rest == REPEATS

    def _listen(self) -> None:
        try:
            while (event := read_event(self._out)) is not None:
                self.last_event_at = time.monotonic()
                check_event(event)
                self._on_event(self, event)
        except Exception:
            # This includes our own errors in handling an event: the state of this worker's runs is then unknown here, so
            # they go on elsewhere from where they were saved.
            if self._process.poll() is None:
                traceback.print_exc(file=sys.stderr)
        self.kill()
        status = self._process.wait()
        self._unsent.put(None)
        try:
            self._on_exit(self, status)
        finally:
            self._out.close()
            self.turn.unlink(missing_ok=True)

    def _write(self) -> None:
        with suppress(OSError, ValueError):  # it has died, and nobody is there to read
            while (line := self._unsent.get()) is not None:
                self._in.write(line)
                self._in.flush()
        with suppress(OSError, ValueError):
            self._in.close()


def check_event(event: Event) -> None:
    """Raise ValueError if this is no event of a worker."""
    fields = FIELDS.get(event["event"])
    if fields is None:
        raise ValueError(f"unknown-event: {event['event']!r}")
    has_no_run = event["event"] in ("ready", "alive")
    for name, kind in ({} if has_no_run else {"run": str, **fields}).items():
        if not isinstance(event.get(name), kind):
            raise ValueError(f"missing-field: {event['event']}.{name}")
    if event["event"] == "state" and event["state"] not in STATES:
        raise ValueError(f"unknown-state: {event['state']!r}")
    if not isinstance(event.get("taken", 0), int):
        raise ValueError(f"taken: {event['taken']!r}")


def _arguments(settings: Settings, memory: int, turn: Path) -> list[str]:
    given = {
        "threads": settings.threads,
        "memory": memory,
        "turn": turn,
        "slice-time": settings.slice_time,
        "save-interval": settings.save_interval,
    }
    return [text for name, value in given.items() for text in (f"--{name}", str(value))]
