"""The start, the limits and the messages of the server's processes. No torch here.

They exchange one JSON object per line. Standard output carries these messages and nothing else; standard error is the app's.
"""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, TextIO

REPEATS = "repeats"  # follows the name of the run in the turn file
ROOT = Path(__file__).parents[2]
NICE = 5  # pages have priority if cores are short
MB = 2**20
LONGEST_LINE = 64 * MB
M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, M_ARENA_MAX = -3, -1, -8  # of glibc's malloc.h
ARENAS = 2  # heaps that the threads of a process share


def start_process(module: str, *arguments: str) -> "subprocess.Popen[bytes]":
    """Start `python -m module` with pipes to its standard input and output. Raises OSError if it cannot be started."""
    # `-m` instead of a spawned process, which would run the page's script again. OMP_WAIT_POLICY makes threads sleep while
    # they wait: if other programs use the cores, spinning threads keep each other from working. NumPy's library gets one
    # thread, since more would have nothing to do and take memory.
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = {"OMP_WAIT_POLICY": "passive", "OPENBLAS_NUM_THREADS": "1", **os.environ, "PYTHONPATH": path}
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, env=environment)


def read_event(stream: IO[bytes]) -> dict[str, Any] | None:
    """Read one event; None at the end of the stream.

    Raises ValueError if the line is no event: no UTF-8, no JSON, no object with a text "event", or a line without end.
    """
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
    """Return standard output for the messages alone; everything else that prints, also in C, prints to standard error."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return out


def write_event(out: TextIO, event: dict[str, Any]) -> None:
    """Write one event; end this process if nobody reads it any more, because then the app has died."""
    try:
        out.write(json.dumps(event, allow_nan=False) + "\n")
        out.flush()
    except BrokenPipeError:
        os._exit(0)


def lower_priority() -> None:
    """Lower the priority of this process below the app's, and make it the first that the kernel ends if memory runs out."""
    with suppress(AttributeError, OSError):
        os.nice(NICE)
        Path("/proc/self/oom_score_adj").write_text("1000")


def limit_memory(megabytes: int) -> None:
    """Limit the megabytes that this process may allocate, if the system can; 0: no limit.

    Beyond it, allocations fail in this process alone. Of the limits that Linux has, RLIMIT_DATA does not count the half
    gigabyte of libraries that torch maps.
    """
    if megabytes and sys.platform == "linux":
        import resource

        _soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
        limit = megabytes * MB if hard == resource.RLIM_INFINITY else min(megabytes * MB, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def limit_growth(megabytes: int) -> None:
    """Limit the megabytes that this process may allocate beyond what it has now, as `limit_memory` does; 0: no limit."""
    if megabytes and sys.platform == "linux":
        lines = Path("/proc/self/status").read_text().splitlines()
        allocated = next(int(line.split()[1]) for line in lines if line.startswith("VmData:"))  # what RLIMIT_DATA counts, in kB
        limit_memory(megabytes + allocated // 1024)


def release_memory() -> None:
    """Return freed memory to the system, if the C library can."""
    import ctypes

    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def return_freed_memory() -> None:
    """Make the C library return the memory of large arrays to the system when they are freed, if it is glibc.

    By default it keeps up to 64 MB free in the arena of each thread, which `release_memory` does not return; so there are few.
    """
    import ctypes

    with suppress(AttributeError, OSError):
        library = ctypes.CDLL(None)
        for parameter in (M_MMAP_THRESHOLD, M_TRIM_THRESHOLD):
            library.mallopt(parameter, MB)
        library.mallopt(M_ARENA_MAX, ARENAS)


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that memory ran out.

    On an accelerator torch raises a class of its own; on a CPU only the message of the allocator tells.
    """
    return isinstance(error, MemoryError) or "out of memory" in str(error).lower() or "allocate memory" in str(error)
