"""What the server's processes have in common: how they are started, limited and spoken to. No torch here.

They exchange one JSON object a line. Standard output carries these messages and nothing else; standard error is the app's.
"""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, TextIO

REPEATS = "repeats"  # behind the name of a run in the file that says whose turn it is
ROOT = Path(__file__).parents[2]
NICE = 5  # the pages go first where cores are short
MB = 2**20
LONGEST_LINE = 64 * MB
M_ARENA_MAX = -8  # of glibc's malloc.h


def start_process(module: str, *arguments: str) -> "subprocess.Popen[bytes]":
    """Start `python -m module` with pipes to its standard input and output. Raises OSError where there is none."""
    # As a module of its own: a spawned process would run the page's script again. Threads sleep while they wait for each
    # other: where other programs take the cores, threads that wait by spinning keep each other from working. The threads
    # of NumPy's library would have nothing to do, and each takes memory.
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = {"OMP_WAIT_POLICY": "passive", "OPENBLAS_NUM_THREADS": "1", **os.environ, "PYTHONPATH": path}
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, env=environment)


def read_event(stream: IO[bytes]) -> dict[str, Any] | None:
    """Read one event; None at the end. Raises ValueError for what is no event: no UTF-8, no JSON, no object with the text
    "event", or a line without end."""
    line = stream.readline(LONGEST_LINE)
    if not line:
        return None
    if not line.endswith(b"\n"):
        raise ValueError(f"incomplete-line: {len(line)}")
    event = json.loads(line.decode("utf-8"))
    if not isinstance(event, dict) or not isinstance(event.get("event"), str):
        raise ValueError(f"no-event: {line[:80]!r}")
    return event


def take_stdout() -> TextIO:
    """Return standard output for the messages alone: whatever else prints, a library in C too, prints to standard error."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return out


def write_event(out: TextIO, event: dict[str, Any]) -> None:
    """Write one event; end this process where nobody reads it any more, as the app has died."""
    try:
        out.write(json.dumps(event, allow_nan=False) + "\n")
        out.flush()
    except BrokenPipeError:
        os._exit(0)


def lower_priority() -> None:
    """Let the pages go first, and let the kernel end this process before the app where memory runs out."""
    with suppress(AttributeError, OSError):
        os.nice(NICE)
        Path("/proc/self/oom_score_adj").write_text("1000")


def limit_memory(megabytes: int) -> None:
    """Limit what this process may allocate, where the system can; 0: no limit. Beyond it, allocations fail in this process
    alone. Of the limits that Linux has, RLIMIT_DATA does not count the half gigabyte of libraries that torch maps."""
    if megabytes and sys.platform == "linux":
        import resource

        _soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
        limit = megabytes * MB if hard == resource.RLIM_INFINITY else min(megabytes * MB, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def limit_growth(megabytes: int) -> None:
    """Limit what this process may allocate beyond what it has now, as `limit_memory` does; 0: no limit."""
    if megabytes and sys.platform == "linux":
        lines = Path("/proc/self/status").read_text().splitlines()
        allocated = next(int(line.split()[1]) for line in lines if line.startswith("VmData:"))  # what RLIMIT_DATA counts, in kB
        limit_memory(megabytes + allocated // 1024)


def release_memory() -> None:
    """Give freed memory back to the system, where the C library can."""
    import ctypes

    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def share_arenas() -> None:
    """Have all threads of this process allocate from two arenas, where the C library can: of those that each thread of a page
    leaves behind, little is given back. To be called before there are many threads."""
    import ctypes

    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 2)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out. torch says so by a class on an accelerator, by its allocator's words on a
    CPU."""
    return isinstance(error, MemoryError) or "out of memory" in str(error).lower() or "allocate memory" in str(error)
