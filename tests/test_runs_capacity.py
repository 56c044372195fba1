"""The number of workers that a machine can run, read from invented /proc and /sys trees."""

from pathlib import Path

import pytest

from core.runs.capacity import LEAST_ROOM, count_cores, get_memory_limit, plan_workers
from core.runs.settings import MB, Settings


def write_machine(root: Path, files: dict[str, str]) -> Path:
    """Write a tree of these files and return its root."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text + "\n")
    return root


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulate a machine with 64 cores and 256 GB, outside of any container."""
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: range(64), raising=False)
    monkeypatch.setattr("os.sysconf", lambda name: {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 64 * 2**20}[name])


V2 = {"proc/self/cgroup": "0::/inner/group"}
V1 = {"proc/self/cgroup": "4:memory:/inner\n2:cpu,cpuacct:/inner\n1:name=systemd:/"}


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, (64, 256 * 1024, 30)),
        ({**V2, "sys/fs/cgroup/cpu.max": "max 100000", "sys/fs/cgroup/memory.max": "max"}, (64, 256 * 1024, 30)),
        ({**V2, "sys/fs/cgroup/cpu.max": "200000 100000"}, (2, 256 * 1024, 2)),
        ({**V2, "sys/fs/cgroup/inner/group/cpu.max": "7800 100000"}, (1, 256 * 1024, 1)),
        ({**V2, "sys/fs/cgroup/inner/memory.max": str(690 * MB)}, (64, 690, 1)),
        ({**V2, "sys/fs/cgroup/memory.max": str(2700 * MB)}, (64, 2700, 5)),
        (
            {
                **V1,
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "400000",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
                "sys/fs/cgroup/memory/inner/memory.limit_in_bytes": str(1700 * MB),
            },
            (4, 1700, 2),
        ),
        (
            {
                **V1,
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": str(2**63 - 4096),
            },
            (64, 256 * 1024, 30),
        ),
    ],
)
def test_the_tightest_limit_counts(tmp_path: Path, files: dict[str, str], expected: tuple[int, int, int]) -> None:
    root = write_machine(tmp_path, files)
    assert (count_cores(root), get_memory_limit(root) // MB, plan_workers(Settings(), root).workers) == expected


def test_this_machine_carries_at_least_one() -> None:
    assert 1 <= plan_workers(Settings()).workers <= max(1, count_cores())


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize(("megabytes", "given"), [(300, 0), (690, 0), (1200, 0), (2700, 0), (24_000, 0), (24_000, 2)])
def test_everything_together_fits(tmp_path: Path, megabytes: int, given: int) -> None:
    """The server, the full workers and the jobs fit into the memory; the smallest machines get at least the minimum."""
    root = write_machine(tmp_path, {**V2, "sys/fs/cgroup/memory.max": str(megabytes * MB)})
    settings = Settings(workers=given)
    planned = plan_workers(settings, root)
    assert planned.room >= LEAST_ROOM / MB
    assert planned.workers == given or not given
    together = settings.server_memory + planned.workers * (settings.worker_memory + planned.room)
    if megabytes >= 690:
        assert together <= megabytes
    if megabytes >= 1200:
        assert together + settings.jobs * planned.job <= megabytes
    assert planned.job == {2700: 408, 24_000: settings.job_memory}.get(megabytes, 400)
    if megabytes == 24_000 and given:
        assert planned.room > 10_000
