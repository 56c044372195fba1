"""Requests of the pages that processes of their own answer, one process at a time. No torch here.

A request is one line of JSON, equal for equal requests; a process (`python -m` a module) reads it, says one JSON object a line
and ends. What it said is kept for whoever asks next.
"""

import json
import os
import subprocess
import sys
import threading
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from core.errors import Invalid
from core.i18n import _

ROOT = Path(__file__).parents[2]
MOST_WAITING = 30


@dataclass(frozen=True)
class Answer:
    """state: "waiting", "running", "done" or "failed" (reason says why). part: how much is done, 0 to 1."""

    state: str = "waiting"
    part: float = 0.0
    reason: str = ""

    @property
    def busy(self) -> bool:
        """Whether more will come."""
        return self.state in ("waiting", "running")


A = TypeVar("A", bound=Answer)


class JobQueue(Generic[A]):
    """All requests of one kind on a server. Thread-safe.

    module: what the processes run. blank: the answer before anything was said. kept: answers, at most. longest: seconds
    until a process counts as broken. A subclass says in `heard` what an answer becomes with one more event.
    """

    module: str
    blank: A
    kept = 50
    longest = 120.0

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[str, A] = OrderedDict()
        self._asked: SimpleQueue[str | None] = SimpleQueue()
        self._process: subprocess.Popen[str] | None = None
        self._closed = False
        threading.Thread(target=self._serve, name=self.module, daemon=True).start()

    def heard(self, before: A, event: dict[str, Any]) -> A:
        """The answer after an event of the process; "failed" events are dealt with here."""
        raise NotImplementedError

    def ask_for(self, key: str, again: bool = False) -> None:
        """Has a request answered, unless it is or is being; `again`: also one that is. Raises Invalid where too many are
        waiting."""
        with self._lock:
            known = self._known.get(key)
            if known and (known.busy or (known.state == "done" and not again)):
                return
            if sum(one.state == "waiting" for one in self._known.values()) >= MOST_WAITING:
                raise Invalid(_("{most} requests are waiting already; try again in a minute.").format(most=MOST_WAITING))
            self._known[key] = self.blank
            self._forget()
        self._asked.put(key)

    def answer_to(self, key: str) -> A | None:
        """How far the answer is; None where nobody has asked."""
        with self._lock:
            return self._known.get(key)

    def close(self) -> None:
        """Ends the process, if there is one, and takes no more."""
        with self._lock:
            self._closed = True
            if self._process:
                self._process.kill()
        self._asked.put(None)

    def _forget(self) -> None:
        over = len(self._known) - self.kept
        ended = [key for key, one in self._known.items() if not one.busy]
        for key in ended[: max(0, over)]:
            del self._known[key]

    def _serve(self) -> None:
        while (key := self._asked.get()) is not None:
            with suppress(OSError):  # no process could be started: that is said, and the next one may be
                self._answer(key)
            self._ended(key)

    def _answer(self, key: str) -> None:
        with self._lock:
            if self._closed:
                return
            process = self._process = _start(self.module)
        timer = threading.Timer(self.longest, process.kill)
        timer.start()
        assert process.stdin
        assert process.stdout
        with process, suppress(OSError, ValueError):  # one that is killed leaves half a line, or hears nothing
            process.stdin.write(key + "\n")
            process.stdin.close()
            for line in process.stdout:
                self._hear(key, json.loads(line))
        timer.cancel()

    def _hear(self, key: str, event: dict[str, Any]) -> None:
        with self._lock:
            before = self._known[key]
            failed = event["event"] == "failed"
            self._known[key] = replace(before, state="failed", reason=event["reason"]) if failed else self.heard(before, event)

    def _ended(self, key: str) -> None:
        with self._lock:
            self._process = None
            if self._known[key].busy:
                reason = _("The process broke off; the server's log has the details. Smaller sizes may work.")
                self._known[key] = replace(self._known[key], state="failed", reason=reason)


def say(event: dict[str, Any]) -> None:
    """One event, said by such a process."""
    with suppress(BrokenPipeError):  # the app has ended
        print(json.dumps(event, allow_nan=False), flush=True)


def _start(module: str) -> "subprocess.Popen[str]":
    # Threads that wait shall sleep; standard error is ours, so that no pipe can fill up.
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = {"OMP_WAIT_POLICY": "passive", **os.environ, "PYTHONPATH": path}
    return subprocess.Popen(
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env=environment,
        text=True,
        encoding="utf-8",
    )
