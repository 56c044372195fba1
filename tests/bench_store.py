"""Measure what storing a run costs: python -m tests.bench_store.

Not a test; figures for the README. Each run is trained in this process, on one thread, without a store; then its events pass
through `Run.add` as the service adds them, with a store and without. The difference of the processor times, of all threads, is
what the store takes of the processor time of the run. Other work on the machine counts on neither side.
"""

import os
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from core.experiment.experiment import Experiment, build_experiment
from core.runs.run import Run
from core.store.store import Store
from core.training.events import RECORDED_SAMPLES, Event
from core.training.trainer import train

ROUNDS = 5
EVENTS_AT_ONCE = 40  # between two transactions of the writer, about half a second of a run
EXPERIMENTS = {
    "language model, the default": build_experiment(),
    "delayed recall, small and fast": build_experiment("delayed-recall", {"lag": 12, "sequences": 1024}, epochs=40),
}


def measure_store(events: Sequence[Event], experiment: Experiment, store: Store | None, name: str) -> tuple[float, float]:
    """Add the events to a run; return the processor time of all threads, and the longest wait of one event, in seconds."""
    started, slowest = time.process_time(), 0.0
    run = Run(name, "visit", experiment, listener=store.begin_run(name, "visit", experiment) if store else None)
    for place, event in enumerate(events):
        before = time.perf_counter()
        run.add(event)
        slowest = max(slowest, time.perf_counter() - before)
        if store and place % EVENTS_AT_ONCE == 0:
            store.flush()
    if store:
        store.flush()
    return time.process_time() - started, slowest


def measure_experiment(experiment: Experiment, folder: Path) -> str:
    """Return a row: updates, seconds of the run, share of it that storing takes, longest wait of an event, size in the file."""
    started = time.process_time()
    events = list(train(experiment, show=RECORDED_SAMPLES))
    seconds = time.process_time() - started
    store = Store(folder)
    store.flush()
    measure_store(events, experiment, store, "first")  # the versions are found out once
    costs, waits = [], []
    for number in range(ROUNDS):
        with_store, wait = measure_store(events, experiment, store, str(number))
        without, _wait = measure_store(events, experiment, None, str(number))
        costs.append(with_store - without)
        waits.append(wait)
    store.close()
    size = sum(path.stat().st_size for path in folder.iterdir()) / (ROUNDS + 1)
    updates, cost = sum(event["event"] == "record" for event in events), statistics.median(costs)
    return (
        f"{updates} updates, {seconds:.1f} s; storing {1000 * cost:.0f} ms = {100 * cost / seconds:.2f} %, "
        f"{1e6 * cost / updates:.0f} µs an update; an event waits at most {1000 * statistics.median(waits):.1f} ms; "
        f"{size / 1024:.0f} KB in the file"
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for name, experiment in EXPERIMENTS.items():
        with TemporaryDirectory() as folder:
            print(f"{name}: {measure_experiment(experiment, Path(folder))}", flush=True)
