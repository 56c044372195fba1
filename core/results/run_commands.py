"""Measures runs: each is the command line itself in a process of its own, some side by side, one thread each."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from threading import Lock
from typing import Any

from core.errors import Invalid
from core.i18n import _
from core.results.measured_runs import Measured, by_arguments, read, write
from core.results.provenance import describe_provenance
from core.tasks.metrics import METRICS


def measure_all(wanted: Sequence[str], path: Path, processes: int) -> Generator[Measured, None, None]:
    """Measures what is wanted and not yet in the file, which is written after each run, and yields that run.

    wanted: the arguments of each. Raises Invalid where one cannot be run at all.
    """
    pool, one_at_a_time = ThreadPoolExecutor(processes), Lock()

    def kept(arguments: str) -> Measured:
        run = measure(arguments)
        with one_at_a_time:  # at once, so that a run that has ended is not lost with the others
            runs = by_arguments([*read(path), run])
            write(path, (runs[one] for one in sorted(runs)))
        return run

    try:
        yield from (done.result() for done in as_completed([pool.submit(kept, arguments) for arguments in left(wanted, path)]))
    finally:
        pool.shutdown(cancel_futures=True)


def left(wanted: Sequence[str], path: Path) -> list[str]:
    """What of it is not in the file yet."""
    there = by_arguments(read(path))
    return [arguments for arguments in wanted if arguments not in there]


def measure(arguments: str) -> Measured:
    """One run, in a process of its own. Raises Invalid where it does not come to an end."""
    load, where = os.getloadavg()[0], describe_provenance()
    events, processor = _run([sys.executable, "-m", "core", "train", *shlex.split(arguments), "--json"])
    kept: dict[str, Any] = {name: where[name] for name in ("machine", "torch", "date", "commit")}
    return Measured(arguments=arguments, **found(events), processor=processor, load=round(load, 1), **kept)


def _run(command: Sequence[str]) -> tuple[list[dict[str, Any]], float]:
    """The events that it prints, and how many seconds it has computed, which POSIX alone tells of a single process."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        printed, complaint = process.stdout.read(), process.stderr.read()  # type: ignore[union-attr]
        _child, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    events = [json.loads(line) for line in printed.splitlines()]
    if not events or events[-1]["event"] not in ("done", "failed"):
        raise Invalid(
            _("“{command}” ended with status {status}: {why}").format(
                command=shlex.join(command), status=process.returncode, why=complaint.strip()
            )
        )
    return events, round(used.ru_utime + used.ru_stime, 1)


def found(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What the events of a run say of it."""
    started, last = events[0], events[-1]
    metric, tests = started["metric"], last.get("test", {})
    evaluated = [event for event in events if event["event"] == "record" and event["val"]]
    best = (max if METRICS[metric].higher else min)(event["val"][metric] for event in evaluated)
    least, done = min(event["val_loss"] for event in evaluated), last["event"] == "done"
    return {
        "metric": metric,
        "validation": best if done else None,
        "test": tests.get(metric),
        "baseline": tests.get("baseline"),
        "loss": least if done else None,
        "test_loss": tests.get("loss"),
        "updates": last["update"],
        "parameters": started["parameters"],
        "monte_carlo": tests.get(f"{metric}_monte_carlo"),
        "seconds": last.get("seconds", 0.0),
        "failed": last.get("reason", ""),
    }
