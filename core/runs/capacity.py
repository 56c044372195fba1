"""How many workers this machine carries: by its cores and its memory, as far as a container lets them be used."""

import os
from collections.abc import Iterator
from pathlib import Path

MB = 2**20
APP = 400 * MB  # the server itself
WORKER = 400 * MB  # a process with torch, and a network to train in it
MOST = 30  # a class: more runs at once than learners help nobody
UNKNOWN_MEMORY = 4096 * MB  # where the system does not say what it has
ROOT = Path("/")


def workers(root: Path = ROOT) -> int:
    """How many train at the same time: 1 to MOST. root: where /proc and /sys are found."""
    return max(1, min(cores(root), (memory(root) - APP) // WORKER, MOST))


def cores(root: Path = ROOT) -> int:
    """How many whole cores this process may use, at least 1."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, int(min([usable, *filter(None, map(_quota, _groups("cpu", root)))])))


def memory(root: Path = ROOT) -> int:
    """How many bytes of memory this process and its workers may use together."""
    try:
        installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        installed = UNKNOWN_MEMORY
    files = [group / name for group in _groups("memory", root) for name in ("memory.max", "memory.limit_in_bytes")]
    return min([installed, *filter(None, map(_number, files))])


def _groups(controller: str, root: Path) -> Iterator[Path]:
    # The control groups of this process and those around them, of either version. A container often sees its own
    # group at the top of the tree, whatever path the kernel names: so the top is always among them.
    for line in _text(root / "proc/self/cgroup").splitlines():
        _id, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        top = root / "sys/fs/cgroup" / (controllers and controller)
        inner = top / path.strip("/")
        yield from (group for group in (inner, *inner.parents) if group.is_relative_to(top))


def _quota(group: Path) -> float | None:
    # Cores per second of wall time: version 2 has "quota period" in one file, version 1 in two.
    old = f"{_text(group / 'cpu.cfs_quota_us')} {_text(group / 'cpu.cfs_period_us')}"
    words = (_text(group / "cpu.max") or old).split()
    return int(words[0]) / int(words[1]) if len(words) == 2 and words[0].isdecimal() else None


def _number(file: Path) -> int | None:
    text = _text(file)
    return int(text) if text.isdecimal() else None


def _text(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""
