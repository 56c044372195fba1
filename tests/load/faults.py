"""Faults during the load test: workers are killed, tabs close and come back, messages are cut, garbage is sent.

Each fault happens to a student or worker drawn at random. Nothing may be lost by it: every visit's run goes on from its last
update. A run that ends without an evident reason shows an error, which the report counts.
"""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.load.machine import list_children
from tests.load.recovery import Kill
from tests.load.student import Student

WORKER = b"core.runs.worker"
PAUSES = (3.0, 6.0)  # seconds between two faults
SETTLED = 30.0  # seconds without a fault at the end, in which every run has to go on: a new worker may take half of them
AWAY = (0.5, 4.0)  # seconds for which a tab is closed


@dataclass
class Faults:
    """Random faults for the students of a server.

    pid: of the server's process. made: how many of each kind. lost: what was lost. last: when the last fault was, by the clock.
    kills: the killed workers.
    """

    pid: int
    seed: int = 0
    made: "Counter[str]" = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    last: float = 0.0
    kills: list[Kill] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    async def run(self, students: Sequence[Student], end: float) -> None:
        """Make faults until the clock shows `end`."""
        kinds = (self._kill_worker, self._reopen_tab, self._cut_connection, self._send_garbage)
        while time.monotonic() < end:
            await asyncio.sleep(self._random.uniform(*PAUSES))
            training = [student for student in students if student.began is not None and not student.away]
            if training and time.monotonic() < end:
                make = self._random.choice(kinds)
                await make(self._random.choice(training))
                self.last = time.monotonic()
                self.made[make.__name__.strip("_").replace("_", " ")] += 1

    async def _kill_worker(self, student: Student) -> None:
        workers = [pid for pid in list_children(self.pid) if _is_worker(pid)]
        if workers:
            pid = self._random.choice(workers)
            file = _read_turn_file(pid)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                self.kills.append(Kill(time.monotonic(), file))

    async def _reopen_tab(self, student: Student) -> None:
        await student.reopen(self._random.uniform(*AWAY))

    async def _cut_connection(self, student: Student) -> None:
        await student.reopen(0.0, cut=True)

    async def _send_garbage(self, student: Student) -> None:
        values: list[object] = [None, -1, 10**30, "x" * 10_000, {"number": []}, [[]], float("inf"), "../../etc/passwd"]
        await student.tab.send_garbage(self._random.choice(values))
        await self._knock(student.url)

    async def _knock(self, url: str) -> None:
        """Connect as a stranger who sends what is no message."""
        address = f"ws://{urlsplit(url).netloc}/_stcore/stream"
        with suppress(ConnectionClosed):
            async with connect(address, subprotocols=[Subprotocol("streamlit")]) as socket:
                await socket.send(self._random.randbytes(self._random.randrange(1, 2000)))
                await socket.recv()


def _is_worker(pid: int) -> bool:
    with suppress(OSError):
        return WORKER in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def _read_turn_file(pid: int) -> Path:
    """Return the file in which a worker writes whose turn it is, from its command line; no file where it is gone."""
    with suppress(OSError, ValueError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return Path(os.fsdecode(words[words.index(b"--turn") + 1]))
    return Path()


def find_lost(students: Sequence[Student], last: float) -> list[str]:
    """Return, for each student whose run is lost, what has become of it: it went back, or does not go on.

    last: when the last fault was.
    """
    lost = [f"student {student.seed}: {student.went_back}" for student in students if student.went_back]
    for student in students:
        if not student.trains:
            continue
        if student.began is None or not (student.is_over or student.has_moved_since(last)):
            lost.append(f"student {student.seed} stands still: {student.updates}")
    return lost
