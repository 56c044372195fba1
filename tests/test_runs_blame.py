"""Which run is given up when workers die, in a simulation: a worker with many runs, on a clock that is moved by hand.

The oracle is what the simulation knows: whether somebody from outside ends the worker, or a run itself at one of its updates.
"""

import random
from dataclasses import dataclass

import pytest

from core.experiment.experiment import build_experiment
from core.runs.run import Run
from core.runs.scheduler import FairShare
from core.training.events import make_record
from tests.manual_clock import ManualClock

SLICE, SAVED = 0.1, 1.0  # seconds of a turn, and between two saves


@dataclass
class Training:
    """A run in its worker: its update, and the saved update from which it would continue."""

    run: Run
    update: int = 0
    saved: int = 0


def simulate(cost: float, deadly: int | None, ends: list[float], runs: int) -> set[str]:
    """Return the runs that are given up.

    cost: seconds of an update. ends: when the worker is ended from outside. deadly: at which update the first run ends its
    worker.
    """
    clock, shares = ManualClock(), FairShare(SLICE)
    trainings = {str(n): Training(Run(str(n), str(n), build_experiment())) for n in range(runs)}
    for each in trainings:
        shares.add(each, each)
    saved_at, given_up, ends = 0.0, set[str](), sorted(ends)
    while ends or deadly is not None:
        name = shares.next()
        if name is None:
            break
        training, began, died = trainings[name], clock.now, False
        while clock.now < began + SLICE and not died:
            clock.now += cost
            died = (bool(ends) and clock.now >= ends[0]) or (name == "0" and training.update + 1 == deadly)
            if not died:
                training.update += 1
                training.run.add(make_record(training.update, 0.0, 1.0))
        shares.charge(name, clock.now - began)
        if died:
            ends = [end for end in ends if end > clock.now]
            repeats = training.update < training.run.newest_recorded_update
            if training.run.blame(repeats):
                given_up.add(name)
                shares.remove(name)
                deadly = None if name == "0" else deadly
            for one in trainings.values():
                one.update = one.saved
        elif clock.now - saved_at >= SAVED:
            saved_at = clock.now
            for one in trainings.values():
                one.saved = one.update
    return given_up


@pytest.mark.parametrize("runs", [1, 6, 15])
def test_hardly_a_run_is_given_up_where_somebody_else_ends_the_worker(runs: int) -> None:
    """The worker is ended every three seconds, so that most runs have not got any further in between.

    By chance, a kill can fall into the very update that an earlier one fell into. If repeated updates counted too, most of the
    runs that are alone would be given up.
    """
    dice = random.Random(runs)
    ends = [[dice.uniform(0, 30) for _kill in range(10)] for _time in range(20)]
    assert sum(len(simulate(0.01, None, one, runs)) for one in ends) <= 1


@pytest.mark.parametrize("runs", [1, 6, 15])
def test_a_run_that_ends_its_worker_is_given_up_and_no_other(runs: int) -> None:
    assert simulate(0.01, 50, [], runs) == {"0"}


@pytest.mark.parametrize("seed", range(5))
def test_the_run_that_ends_its_worker_is_found_among_kills_from_outside(seed: int) -> None:
    dice = random.Random(seed)
    assert simulate(0.02, 50, [dice.uniform(0, 30) for _kill in range(8)], 6) == {"0"}


def test_a_run_that_never_gets_past_what_it_did_is_given_up_at_last() -> None:
    run = Run("run", "owner", build_experiment())
    blamed = [run.blame(repeats=True) for _crash in range(run.settings.crashes_in_all)]
    assert blamed == [False] * (len(blamed) - 1) + [True]
