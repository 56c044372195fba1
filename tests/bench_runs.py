"""Time the sharing of workers between runs, on this machine: python -m tests.bench_runs [--runs 30] [--seconds 20].

Prints updates per second of a worker's processor time for one run and for many interleaved ones, how evenly these get time, the
delay of a command, how soon runs go on after their worker was killed, and the memory (PSS) of all.
"""

import argparse
import os
import signal
import statistics
import time
from pathlib import Path

from core.experiment.experiment import Experiment, build_experiment
from core.runs.service import Service
from core.runs.settings import Settings


def main(runs: int, seconds: float) -> None:
    """Measure, and print a line for each figure."""
    for name, experiment in (("default", build_experiment()), ("small", build_experiment("delayed-recall", epochs=500))):
        alone = measure_rate(experiment, 1, seconds / 2)
        many = measure_rate(experiment, runs, seconds)
        print(f"{name}: updates per processor second alone {alone:.1f}, {runs} interleaved {many:.1f}: {many / alone:.2f}")
    service = Service(workers=2)
    ids = start(service, build_experiment(), runs)
    measure_shares(service, ids, seconds)
    measure_commands(service, ids)
    measure_polls(service, ids)
    measure_recovery(service, ids)
    workers = ", ".join(f"{read_pss(pid):.0f}" for pid in service.pids)
    print(f"memory (PSS): {workers} MB in workers, {read_pss(os.getpid()):.0f} here")
    service.close()


def start(service: Service, experiment: Experiment, runs: int) -> list[str]:
    """Start so many runs, each of a visit of its own, and wait until each has made an update."""
    began = time.monotonic()
    ids = [service.submit(experiment, f"visit {n}", show=8) for n in range(runs)]
    while min(get_newest_update(service, run) for run in ids) < 1:
        time.sleep(0.05)
    print(f"{runs} runs: each has made an update {time.monotonic() - began:.1f} s after the first was started")
    return ids


def measure_rate(experiment: Experiment, runs: int, seconds: float) -> float:
    """Return the updates per second of processor time of one worker."""
    service = Service(workers=1, settings=Settings(resident_runs=runs))
    ids = start(service, experiment, runs)
    (pid,) = service.pids
    before, cpu = sum(get_newest_update(service, run) for run in ids), read_processor_time(pid)
    time.sleep(seconds)
    rate = (sum(get_newest_update(service, run) for run in ids) - before) / (read_processor_time(pid) - cpu)
    service.close()
    return rate


def measure_shares(service: Service, ids: list[str], seconds: float) -> None:
    """Print how evenly equal runs share the workers: the least and the most updates of a run."""
    before = [get_newest_update(service, run) for run in ids]
    time.sleep(seconds)
    made = [get_newest_update(service, run) - one for run, one in zip(ids, before, strict=True)]
    print(f"updates of each in {seconds:.0f} s: least {min(made)}, most {max(made)}: {min(made) / max(made):.2f}")


def measure_commands(service: Service, ids: list[str]) -> None:
    """Print the seconds from the command "change" to its event."""
    waits = []
    for n, run in enumerate(ids):
        since, began = service.poll(run, 10**9).next, time.monotonic()
        service.command(run, {"command": "change", "learning_rate": 0.001 + n / 10_000})
        while not any(event["event"] == "changed" for event in service.poll(run, since).events):
            time.sleep(0.005)
        waits.append(time.monotonic() - began)
    print(f"a change is applied after: median {statistics.median(waits):.2f} s, most {max(waits):.2f} s")


def measure_polls(service: Service, ids: list[str]) -> None:
    """Print the milliseconds of a poll without news."""
    began = time.perf_counter()
    for _round in range(100):
        for run in ids:
            service.poll(run, 10**9)
    print(f"a poll without news: {(time.perf_counter() - began) * 10 / len(ids):.3f} ms")


def measure_recovery(service: Service, ids: list[str]) -> None:
    """Print the seconds from a worker's death until its first run, and all of its runs, have made a new update."""
    pid = service.pid(ids[0])
    assert pid
    victims = {run: get_newest_update(service, run) for run in ids if service.pid(run) == pid}
    began = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    first, waiting = 0.0, set(victims)
    while waiting:
        waiting -= {run for run in waiting if get_newest_update(service, run) > victims[run]}
        first = first or (time.monotonic() - began if len(waiting) < len(victims) else 0.0)
        time.sleep(0.01)
    print(
        f"a worker with {len(victims)} runs killed: the first goes on after {first:.1f} s, all {time.monotonic() - began:.1f} s"
    )


def get_newest_update(service: Service, run: str) -> int:
    """Return the newest update whose record the service has."""
    return service._runs[run].newest_recorded_update


def read_processor_time(pid: int) -> float:
    """Return the seconds of processor time that all threads of a process have used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def read_pss(pid: int) -> float:
    """Return the proportional set size of a process, in megabytes."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench_runs")
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=20)
    given = parser.parse_args()
    main(given.runs, given.seconds)
