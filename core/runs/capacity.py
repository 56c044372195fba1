"""The capacity of this machine for workers and runs: its cores and its memory, within the limits of a container."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.runs.settings import MB, Settings

MOST = 30  # worker processes: enough for a class, each with a core
LEAST_JOB = 400 * MB  # below this limit, a process with torch cannot answer for the default experiment
FILE_CHECK = 100 * MB  # what the process that checks a file usually takes
JOB_PART = 6  # a job may have 1/6 of the memory, if that is more
LEAST_ROOM = 96 * MB  # room for runs in each worker, even on a machine that reports less memory
UNKNOWN_MEMORY = 4096 * MB  # assumed if the system does not report its memory
ROOT = Path("/")


@dataclass(frozen=True)
class Capacity:
    """The capacity of the server.

    workers: number of processes that train. room: megabytes for runs in each of them, beside what the process itself needs.
    job: megabytes that the process of a job may have.
    """

    workers: int
    room: float
    job: int


def plan_workers(settings: Settings, root: Path = ROOT) -> Capacity:
    """Return how many workers to run and how many megabytes each may hold.

    The memory limits of the job processes are subtracted first, if there is room for them at all. root: the folder that
    contains /proc and /sys.
    """
    whole = get_memory_limit(root) - settings.server_memory * MB
    job = max(LEAST_JOB, min(settings.job_memory * MB, whole // JOB_PART))
    after_jobs = whole - settings.jobs * job - FILE_CHECK
    each = settings.worker_memory * MB + LEAST_ROOM
    free = after_jobs if after_jobs >= each else whole
    workers = settings.workers or max(1, min(count_cores(root), free // each, MOST))
    return Capacity(workers, max(LEAST_ROOM, free // workers - settings.worker_memory * MB) / MB, job // MB)


def count_cores(root: Path = ROOT) -> int:
    """Return how many whole cores this process may use, at least 1."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, int(min([usable, *filter(None, map(_read_quota, _list_groups("cpu", root)))])))


def get_memory_limit(root: Path = ROOT) -> int:
    """Return how many bytes of memory this process and its workers may use together."""
    try:
        installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        installed = UNKNOWN_MEMORY
    files = [group / name for group in _list_groups("memory", root) for name in ("memory.max", "memory.limit_in_bytes")]
    return min([installed, *filter(None, map(_read_number, files))])


def _list_groups(controller: str, root: Path) -> Iterator[Path]:
    # The control groups of this process and those around them, of either version. A container often sees its own
    # group at the top of the tree, whatever path the kernel names: so the top is always among them.
    for line in _read_text(root / "proc/self/cgroup").splitlines():
        _id, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        top = root / "sys/fs/cgroup" / (controllers and controller)
        inner = top / path.strip("/")
        yield from (group for group in (inner, *inner.parents) if group.is_relative_to(top))


def _read_quota(group: Path) -> float | None:
    # Cores per second of wall time: version 2 has "quota period" in one file, version 1 in two.
    old = f"{_read_text(group / 'cpu.cfs_quota_us')} {_read_text(group / 'cpu.cfs_period_us')}"
    words = (_read_text(group / "cpu.max") or old).split()
    return int(words[0]) / int(words[1]) if len(words) == 2 and words[0].isdecimal() else None


def _read_number(file: Path) -> int | None:
    text = _read_text(file)
    return int(text) if text.isdecimal() else None


def _read_text(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""
