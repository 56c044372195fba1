"""One worker process as the service holds it: started, told, listened to, ended. No torch here."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

from core.runs.run import Run
from core.training.events import Event

ROOT = Path(__file__).parents[2]


class Worker:
    """A running `python -m core.runs.worker`, and a thread that listens to it.

    heard(worker, event) is called for every line it says, gone(worker, status) once when it has ended, both from the
    listening thread. run: what it trains. ready: whether it has said so. kill_at: when it is ended by force.
    """

    def __init__(self, threads: int, heard: Callable[["Worker", Event], None], gone: Callable[["Worker", int], None]) -> None:
        self.run: Run | None = None
        self.ready = False
        self.kill_at: float | None = None
        self._heard, self._gone = heard, gone
        self._process = _start(threads)
        assert self._process.stdin
        assert self._process.stdout
        self._in, self._out = self._process.stdin, self._process.stdout
        os.set_blocking(self._in.fileno(), False)
        self._listener = Thread(target=self._listen, name=f"worker {self.pid}", daemon=True)
        self._listener.start()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def send(self, message: dict[str, Any]) -> None:
        """Tells the worker. One that has just died hears nothing; `gone` is about to be called."""
        try:
            self._in.write(json.dumps(message) + "\n")
            self._in.flush()
        except BlockingIOError:
            self.kill()  # it has not listened for hundreds of commands: frozen, and nobody may wait for it
        except OSError:
            pass

    def kill(self) -> None:
        """Ends the process by force."""
        self._process.kill()

    def wait(self) -> None:
        """Returns once the process has ended and `gone` has been called."""
        self._listener.join()

    def _listen(self) -> None:
        for line in self._out:
            if (event := _event(line)) is not None:
                self._heard(self, event)
        status = self._process.wait()
        self._gone(self, status)
        self._out.close()
        with suppress(OSError):  # something was left to say, and nobody is there to hear it
            self._in.close()


def _start(threads: int) -> "subprocess.Popen[str]":
    # As a module of its own: a spawned process would run the page's script again. Its standard error is ours, so
    # that no pipe can fill up. Its threads sleep while they wait for each other: where other programs take the cores,
    # threads that wait by spinning keep each other from working, and a run takes tens of times as long.
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = {"OMP_WAIT_POLICY": "passive", **os.environ, "PYTHONPATH": path}
    return subprocess.Popen(
        [sys.executable, "-m", "core.runs.worker", "--threads", str(threads)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env=environment,
        text=True,
        encoding="utf-8",
    )


def _event(line: str) -> Event | None:
    # A worker that is killed while it speaks leaves half a line.
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "event" in event else None
