"""Measure the runs of studies: each in one of several processes, which has one thread and trains one run after another."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryFile
from threading import Lock
from typing import Any

from core.errors import Invalid
from core.experiment.experiment import Experiment
from core.experiment.serialization import to_plain
from core.experiment.study import Study, StudyRun
from core.i18n import _
from core.results.event_summary import summarize_events
from core.results.measured_runs import MeasuredRun
from core.results.provenance import describe_provenance
from core.results.run_folder import RunFolder, StoredRun
from core.runs.processes import read_event
from core.training.events import Event

ROOT = Path(__file__).parents[2]

# Called as soon as a run has ended: save(index of its experiment, run, events).
Save = Callable[[int, MeasuredRun, Sequence[Event]], None]


@dataclass(frozen=True)
class EndedRun:
    """A run of a study that has ended, with what is stored of it. was_stored: by an earlier call."""

    run: StudyRun
    stored: StoredRun
    was_stored: bool


def measure_runs(
    experiments: Sequence[Experiment], processes: int, save: Save
) -> Generator[tuple[int, MeasuredRun], None, None]:
    """Train the experiments, so many at once, and yield the index and the run of each that has ended, after it was saved.

    Closing the generator ends the processes. Raises Invalid for an experiment that cannot be run.
    """
    workers = [RunProcess() for _n in range(min(processes, len(experiments)))]
    idle: SimpleQueue[RunProcess] = SimpleQueue()
    pool, saving = ThreadPoolExecutor(max(1, len(workers))), Lock()
    for worker in workers:
        idle.put(worker)

    def measure_and_save(index: int) -> tuple[int, MeasuredRun]:
        worker = idle.get()
        try:
            run, events = measure_run(experiments[index], worker)
        finally:
            idle.put(worker)
        with saving:  # saved here, so that an ended run is stored even if another fails or the generator is closed
            save(index, run, events)
        return index, run

    try:
        futures = [pool.submit(measure_and_save, index) for index in range(len(experiments))]
        yield from (future.result() for future in as_completed(futures))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in workers:
            worker.kill()
        pool.shutdown()
        for worker in workers:
            worker.close()


def run_study(study: Study, folder: RunFolder, processes: int) -> Generator[EndedRun, None, None]:
    """Yield the runs of a study: first those that the folder holds, then the others as they end, which are saved in it.

    Closing the generator ends the processes. Raises Invalid for a run that cannot be made, read or saved.
    """
    found = [(run, folder.find_run(run.experiment)) for run in study.list_runs()]
    yield from (EndedRun(run, stored, True) for run, stored in found if stored)
    missing, saved = [run for run, stored in found if not stored], {}

    def save(index: int, run: MeasuredRun, events: Sequence[Event]) -> None:
        saved[index] = folder.save_run(missing[index].experiment, run, events)

    with closing(measure_runs([run.experiment for run in missing], processes, save)) as measured:
        yield from (EndedRun(missing[index], saved[index], False) for index, _run in measured)


class RunProcess:
    """A process that trains one run after another."""

    def __init__(self) -> None:
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        self._errors = TemporaryFile()  # noqa: SIM115 (closed by `close`)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "core.results.run_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, "PYTHONPATH": path},
            process_group=0,  # a Ctrl-C on the terminal is for this process, which then ends the other one
        )

    def train(self, experiment: Experiment) -> list[Event]:
        """Return the events of a run of the experiment. Raises Invalid if it cannot be run or the process ends within it."""
        assert self._process.stdin
        try:
            self._process.stdin.write(json.dumps(to_plain(experiment)).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._make_error() from None
        events = [self._read_event()]
        while events[-1]["event"] != "used":
            events.append(self._read_event())
        return events

    def kill(self) -> None:
        """End the process by force."""
        self._process.kill()

    def close(self) -> None:
        """Wait for the killed process and close its pipes."""
        with suppress(BrokenPipeError), self._process, self._errors:
            pass

    def _read_event(self) -> Event:
        assert self._process.stdout
        try:
            event = read_event(self._process.stdout)
        except ValueError:  # the process ended within a line
            event = None
        if event is None:
            raise self._make_error()
        if event["event"] == "refused":
            raise Invalid(_("A run cannot be made: {why}").format(why=event["reason"]))
        return event

    def _make_error(self) -> Invalid:
        status = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").split("\n")
        return Invalid(
            _("A process that trains ended with status {status}: {why}").format(
                status=status, why=next(filter(None, map(str.strip, reversed(lines))), _("killed from outside"))
            )
        )


def measure_run(experiment: Experiment, worker: RunProcess) -> tuple[MeasuredRun, list[Event]]:
    """Return the run of an experiment, without its arguments, and its events."""
    load, provenance = os.getloadavg()[0], describe_provenance()
    *events, used = worker.train(experiment)
    origin: dict[str, Any] = {name: provenance[name] for name in ("machine", "torch", "date", "commit")}
    summary = summarize_events(events)
    return MeasuredRun("", **summary, processor=round(used["processor"], 1), load=round(load, 1), **origin), events
