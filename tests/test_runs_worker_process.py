"""The service's handling of a worker that misbehaves: a small program in its place sends wrong messages."""

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from core.runs.settings import Settings
from core.runs.worker_process import WorkerProcess
from core.training.events import Event

LONGEST = 30.0
READY = 'say(b\'{"event": "ready"}\\n\'); '
LINES = {
    "no UTF-8": b"\xff\xfe\n",
    "a number": b"5\n",
    "an empty object": b"{}\n",
    "a list for a name": b'{"event": []}\n',
    "a stray line": b"Hello\n",
    "an unknown event": b'{"event": "dance", "run": "a"}\n',
    "no run": b'{"event": "done", "update": 3}\n',
    "a text for an update": b'{"event": "record", "run": "a", "update": "3"}\n',
    "an unknown state": b'{"event": "state", "run": "a", "state": "asleep"}\n',
    "a list of commands": b'{"event": "taken", "run": "a", "taken": []}\n',
    "deep nesting": b"[" * 100_000 + b"\n",
    "half a line": b'{"event": "re',
    "nothing": b"",
}


class Watched:
    """A worker, its events, and the time of its end."""

    def __init__(self, program: str, monkeypatch: pytest.MonkeyPatch, folder: Path, fail: bool = False) -> None:
        self.events: list[Event] = []
        self.ended = threading.Event()
        self.fail = fail
        code = f"import os, sys, time\nsay = lambda line: os.write(1, line)\n{program}\n"

        def start(_module: str, *_arguments: str) -> "subprocess.Popen[bytes]":
            return subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

        monkeypatch.setattr("core.runs.worker_process.start_process", start)
        self.worker = WorkerProcess(1, Settings(), 0, folder / "turn", self.on_event, self.on_exit)

    def on_event(self, _worker: WorkerProcess, event: Event) -> None:
        self.events.append(event)
        if self.fail:
            raise RuntimeError("a mistake in the service")

    def on_exit(self, _worker: WorkerProcess, _status: int) -> None:
        assert not self.ended.is_set(), "once"
        self.ended.set()


@pytest.mark.parametrize("name", LINES)
def test_it_is_ended_and_said_to_be_gone(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    line = LINES[name]
    after = "time.sleep(60)" if line.endswith(b"\n") else ""
    watched = Watched(f"{READY}say({line!r}); {after}", monkeypatch, tmp_path)
    assert watched.ended.wait(LONGEST)
    watched.worker.wait()
    assert watched.events == [{"event": "ready"}]


def test_a_mistake_in_dealing_with_an_event_ends_it_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    watched = Watched(f"{READY}time.sleep(60)", monkeypatch, tmp_path, fail=True)
    assert watched.ended.wait(LONGEST)


def test_one_that_does_not_listen_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    watched = Watched(f"{READY}time.sleep(60)", monkeypatch, tmp_path)
    message: dict[str, Any] = {"command": "pause", "run": "a" * 1000}
    began = time.monotonic()
    while not watched.ended.is_set():
        watched.worker.send(message)
        assert time.monotonic() - began < LONGEST
    assert watched.ended.wait(LONGEST), "it has not listened for a thousand commands"


def test_whose_turn_it_was_is_known_after_its_death(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    watched = Watched(f"open({str(tmp_path / 'turn')!r}, 'w').write('abc   '); {READY}time.sleep(60)", monkeypatch, tmp_path)
    while not watched.events:
        time.sleep(0.01)
    watched.worker.kill()
    assert watched.worker.read_turn() == ("abc", False)
    watched.worker.wait()
    assert not (tmp_path / "turn").exists()


def test_a_run_that_was_repeating_is_told_from_one_that_was_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    watched = Watched(
        f"open({str(tmp_path / 'turn')!r}, 'w').write('abc repeats  '); {READY}time.sleep(60)", monkeypatch, tmp_path
    )
    while not watched.events:
        time.sleep(0.01)
    assert watched.worker.read_turn() == ("abc", True)
    watched.worker.kill()
    watched.worker.wait()
