"""The app's server as a process, with the memory and processor time of its processes and the run whose turn it was."""

import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import gettempdir
from threading import Event, Thread
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).parents[2]
UP = 60.0  # seconds after which a server that does not answer counts as broken
TURNS = 0.02  # seconds between two looks at whose turn it is
MEMORY = 5.0  # seconds between two looks at the memory


@contextmanager
def serve(workers: int | None, log: Path, groups: Sequence[Path] = ()) -> Iterator[tuple[str, int]]:
    """Serve the app on a free port of this machine; yield its address and the process.

    groups: folders of control groups whose limits hold for the server and its workers.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {"headless": "true", "address": "127.0.0.1", "port": port}
    flags = [word for name, value in options.items() for word in (f"--server.{name}", str(value))]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", *flags]
    environment = os.environ | {"DTT_STORE": str(log.parent / "store")} | ({"DTT_WORKERS": str(workers)} if workers else {})
    with log.open("w") as out, subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out) as process:
        for group in groups:
            (group / "cgroup.procs").write_text(str(process.pid))
        try:
            _wait_until_up(f"http://127.0.0.1:{port}", process)
            yield f"http://127.0.0.1:{port}", process.pid
        finally:
            process.terminate()


def _wait_until_up(url: str, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + UP
    while time.monotonic() < end and process.poll() is None:
        try:
            urlopen(f"{url}/_stcore/health").close()
            return
        except URLError:
            time.sleep(0.05)
    raise RuntimeError("the server did not start; its log says why")


@dataclass
class Sample:
    """The memory of the processes at a moment. seconds: since the beginning; the rest in MB of proportional set size."""

    seconds: float
    server: float
    workers: float
    number: int


@dataclass
class Turn:
    """A run whose turn began at a moment of the clock in the worker that writes this file."""

    moment: float
    file: Path
    run: str


@dataclass
class Watch:
    """A thread that watches a server and its children until `stop`.

    turns: how often it was each run's turn when it looked. begun: the turns in order. cores: how many cores the server, its
    children and this client have used, on average over `seconds`.
    """

    pid: int
    cores: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    samples: list[Sample] = field(default_factory=list)
    turns: "Counter[str]" = field(default_factory=Counter)
    begun: list[Turn] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._began, self._stopped = time.monotonic(), Event()
        self._used = {self.pid: read_processor_time(self.pid), os.getpid(): read_processor_time(os.getpid())}
        self._children: dict[int, float] = {}
        self._last: dict[Path, str] = {}
        self._thread = Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no longer. To be called while the processes are still there."""
        self._stopped.set()
        self._thread.join()
        self._measure()
        self.seconds = time.monotonic() - self._began
        client, server = (read_processor_time(pid) - self._used[pid] for pid in (os.getpid(), self.pid))
        used = {"server": server, "workers": sum(self._children.values()), "client": client}
        self.cores = {name: time / self.seconds for name, time in used.items()}

    def forget_turns(self) -> None:
        """Count the turns anew: from now on all runs are there."""
        self.turns = Counter()

    def granted(self) -> dict[str, float]:
        """Return how long each run was seen at its turn in a worker, in seconds."""
        return {run: count * TURNS for run, count in self.turns.items()}

    def _look(self) -> None:
        due = self._began
        while not self._stopped.wait(TURNS):
            self._count_turns()
            if time.monotonic() >= due:
                due = time.monotonic() + MEMORY
                self._measure()

    def _count_turns(self) -> None:
        for folder in Path(gettempdir()).glob(f"dropout-runs-{self.pid}-*"):
            for turn in folder.glob("turn-*"):
                try:
                    run = turn.read_text().strip(" \0").split()
                except OSError:
                    continue
                if run:
                    self.turns[run[0]] += 1
                    self._note_turn(turn, run[0])

    def _note_turn(self, file: Path, run: str) -> None:
        if self._last.get(file) != run:
            self._last[file] = run
            self.begun.append(Turn(time.monotonic(), file, run))

    def _measure(self) -> None:
        workers = list_children(self.pid)
        for child in workers:
            self._children[child] = read_processor_time(child)
        memory = sum(map(read_memory, workers))
        self.samples.append(Sample(time.monotonic() - self._began, read_memory(self.pid), memory, len(workers)))


def list_children(pid: int) -> list[int]:
    """Return the processes that a process has started, and those that they have."""
    try:
        tasks = Path(f"/proc/{pid}/task").glob("*/children")
        own = [int(child) for task in tasks for child in task.read_text().split()]
    except OSError:
        return []
    return [one for child in own for one in (child, *list_children(child))]


def read_memory(pid: int) -> float:
    """Return the proportional set size of a process in MB; 0 where it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)


def read_processor_time(pid: int) -> float:
    """Return the seconds of processor time of a process; 0 where it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
