"""Measure runs by executing the command line, each run in a process with one thread, several at once."""

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
from core.results.measured_runs import MeasuredRun, index_by_arguments, load_runs, save_runs
from core.results.provenance import describe_provenance
from core.tasks.metrics import METRICS


def measure_missing_runs(arguments: Sequence[str], path: Path, processes: int) -> Generator[MeasuredRun, None, None]:
    """Measure the runs that are not in the file yet; save the file after each run, and yield that run.

    arguments: one text for each run. Raises Invalid if a run cannot be executed.
    """
    pool, file_lock = ThreadPoolExecutor(processes), Lock()

    def measure_and_save(one_run: str) -> MeasuredRun:
        run = measure_run(one_run)
        with file_lock:  # saved at once, so that a finished run is not lost when another one fails
            runs = index_by_arguments([*load_runs(path), run])
            save_runs(path, (runs[key] for key in sorted(runs)))
        return run

    try:
        futures = [pool.submit(measure_and_save, one_run) for one_run in list_missing_arguments(arguments, path)]
        yield from (future.result() for future in as_completed(futures))
    finally:
        pool.shutdown(cancel_futures=True)


def list_missing_arguments(arguments: Sequence[str], path: Path) -> list[str]:
    """Return the arguments of the runs that are not in the file yet."""
    measured = index_by_arguments(load_runs(path))
    return [one_run for one_run in arguments if one_run not in measured]


def measure_run(arguments: str) -> MeasuredRun:
    """Measure one run in a process of its own. Raises Invalid if the process does not finish the run."""
    load, provenance = os.getloadavg()[0], describe_provenance()
    events, processor = _run([sys.executable, "-m", "core", "train", *shlex.split(arguments), "--json"])
    origin: dict[str, Any] = {name: provenance[name] for name in ("machine", "torch", "date", "commit")}
    return MeasuredRun(arguments=arguments, **summarize_events(events), processor=processor, load=round(load, 1), **origin)


def _run(command: Sequence[str]) -> tuple[list[dict[str, Any]], float]:
    """Return the events that the command prints and its processor time in seconds (os.wait4 exists on POSIX only)."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        output, errors = process.stdout.read(), process.stderr.read()  # type: ignore[union-attr]
        _child, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    events = [json.loads(line) for line in output.splitlines()]
    if not events or events[-1]["event"] not in ("done", "failed"):
        raise Invalid(
            _("“{command}” ended with status {status}: {why}").format(
                command=shlex.join(command), status=process.returncode, why=errors.strip()
            )
        )
    return events, round(usage.ru_utime + usage.ru_stime, 1)


def summarize_events(events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the fields of a `MeasuredRun` that follow from the events of the run."""
    started, last = events[0], events[-1]
    metric, tests = started["metric"], last.get("test", {})
    evaluated = [event for event in events if event["event"] == "record" and event["val"]]
    best = (max if METRICS[metric].is_higher_better else min)(event["val"][metric] for event in evaluated)
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
