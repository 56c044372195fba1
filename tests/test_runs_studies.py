"""Studies of the service: their runs, to the bit, their order, pause, stop and limits. Oracle: the trainer called here."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from threading import RLock
from typing import Any

import pytest

from core.errors import Invalid
from core.experiment.experiment import Experiment, build_experiment
from core.runs.run import Poll
from core.runs.scheduler import FairShare
from core.runs.service import Service
from core.runs.settings import Settings
from core.runs.studies import Studies, StudyPoll, list_news
from core.training.trainer import prepare, train
from tests.test_study import build_study

OWNER = "visitor"
PATIENCE = 90.0  # seconds


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """Yield a service with two workers of one thread."""
    with_two = Service(workers=2, threads=1, settings=Settings(study_runs=3))
    yield with_two
    with_two.close()


def wait_for(get: Callable[[], Any]) -> Any:
    """Return the first value of get() that counts as true."""
    deadline = time.monotonic() + PATIENCE
    while not (value := get()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return value


def run_to_the_end(service: Service, experiments: Sequence[Experiment]) -> StudyPoll:
    """Return the last poll of a study, with all news."""
    name = service.studies.start(experiments, OWNER)
    wait_for(lambda: service.studies.poll(name).state == "over")
    return service.studies.poll(name)


def drop_seconds(news: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return the news without the time that the runs took."""
    return [(*one[:5], *one[6:]) if one[0] == "ended" else one for one in news]


def test_runs_of_a_live_study_are_those_of_the_trainer_to_the_bit(service: Service) -> None:
    """Interleaved in two workers, each run has the losses, and at the end the test value, of the same run alone."""
    experiments = [run.experiment for run in build_study("none", "gal2016", seeds=(7, 8)).list_runs()]
    poll = run_to_the_end(service, experiments)
    prepare(threads=1)
    for number, experiment in enumerate(experiments):
        live = [news for news in poll.news if news[1] == number]
        assert drop_seconds(live) == drop_seconds(list_news(number, train(experiment)))
    assert poll.updates == (4, 4, 4, 4)
    assert service._runs == {}, "an ended run of a study is removed"


def test_a_poll_brings_what_is_new_and_a_forgotten_study_is_gone(service: Service) -> None:
    name = service.studies.start([run.experiment for run in build_study("none", seeds=(7,)).list_runs()], OWNER)
    wait_for(lambda: service.studies.poll(name).state == "over")
    all_news = service.studies.poll(name)
    assert service.studies.poll(name, 2).news == all_news.news[2:]
    assert service.studies.poll(name, all_news.next).news == []
    service.studies.forget(OWNER)
    assert service.studies.poll(name, 5) == StudyPoll("gone", next=5)


def test_a_paused_study_waits_and_a_stopped_one_ends(service: Service) -> None:
    endless = [replace(run.experiment, updates=100_000) for run in build_study("none", "gal2016", seeds=(7, 8)).list_runs()]
    name = service.studies.start(endless, OWNER)
    wait_for(lambda: sum(service.studies.poll(name).updates) > 10)
    service.studies.pause(name)
    wait_for(lambda: {run.state for run in service._runs.values()} == {"paused"})
    before = service.studies.poll(name)
    assert (before.state, before.at_work) == ("paused", 3)
    service.studies.resume(name)
    wait_for(lambda: sum(service.studies.poll(name).updates) > sum(before.updates))
    service.studies.stop(name)
    after = service.studies.poll(name)
    assert (after.state, after.at_work) == ("over", 0)
    assert [news[2] for news in after.news if news[0] == "ended"] == ["stopped"] * 3
    assert service._runs == {}


def test_another_study_of_the_visit_replaces_the_first(service: Service) -> None:
    endless = [replace(run.experiment, updates=100_000) for run in build_study("none", seeds=(7,)).list_runs()]
    first = service.studies.start(endless, OWNER)
    run_to_the_end(service, [run.experiment for run in build_study("none", seeds=(7,)).list_runs()])
    assert service.studies.poll(first).state == "gone"


def test_what_is_too_large_for_the_server_is_refused_at_once() -> None:
    with_limit = Service(workers=1, threads=1, settings=Settings(updates=3))
    try:
        with pytest.raises(Invalid, match="would make 4 updates"):
            with_limit.studies.start([run.experiment for run in build_study("none").list_runs()], OWNER)
    finally:
        with_limit.close()


class SlowDoor:
    """A service without processes: each run ends when the test says so."""

    def __init__(self) -> None:
        self.started: list[int] = []
        self.ended: set[str] = set()
        self.room = True

    def measure(self, experiment: Experiment) -> float:
        return 1.0

    def start_run(self, experiment: Experiment, owner: str, size: float) -> str:
        self.started.append(experiment.data_seed)
        return str(len(self.started))

    def has_room(self, owner: str) -> bool:
        return self.room

    def read_events(self, run_id: str, since: int) -> Poll:
        return Poll("stopped" if run_id in self.ended else "running", next=since, reason="why")

    def command(self, run_id: str, command: Any) -> bool:
        return True

    def remove(self, run_id: str) -> None:
        self.ended.add(run_id)


def test_runs_start_seed_after_seed_as_there_is_room() -> None:
    door = SlowDoor()
    studies = Studies(door, RLock(), at_once=2)
    name = studies.start([build_experiment("parity", updates=2, data_seed=seed) for seed in range(5)], OWNER)
    assert door.started == [0, 1]
    door.ended.add("1")
    studies.tidy()
    assert door.started == [0, 1, 2]
    door.room = False  # another page of the visit has taken it, or the visit is away
    door.ended.add("2")
    assert studies.poll(name).at_work == 1
    door.room = True
    studies.tidy()
    assert door.started == [0, 1, 2, 3]
    assert studies.poll(name).news[0] == ("ended", 0, "stopped", "why", None, 0.0, 0)


def test_paced_runs_of_a_visit_advance_together_whatever_an_update_costs() -> None:
    """The scheduler alone: of two runs, one with updates five times as long, both have made as many after each round."""
    shares, updates = FairShare(0.1), {"fast": 0, "slow": 0}
    for run in updates:
        shares.add(run, OWNER)
    for _turn in range(1000):
        run = shares.next() or ""
        made = 10 if run == "fast" else 2  # in a slice of 0.1 s
        updates[run] += made
        shares.charge(run, 0.1, progress=0.02 * made)
        assert abs(updates["fast"] - updates["slow"]) <= 10
