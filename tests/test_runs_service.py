"""The service with real worker processes. The oracle of what they train is train() called in this process."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from core.analysis.sensitivity_request import MAX_UNITS
from core.dropout.methods import METHODS
from core.dropout.placement import Dropout, Placement, placement_to_plain
from core.errors import Invalid
from core.experiment.experiment import Experiment, build_experiment
from core.runs.capacity import Capacity
from core.runs.run import Poll
from core.runs.service import PREFIX, Service, remove_abandoned
from core.runs.settings import Settings
from core.training.events import Command, Event
from core.training.trainer import train
from tests.manual_clock import ManualClock
from tests.pending_commands import PendingCommands
from tests.test_runs_history import unpack_lists

ROOT = Path(__file__).parents[1]
LONGEST = 120.0  # seconds after which a test gives up waiting
GRACE, KEEP, PAUSE = Settings.grace_time, Settings.keep_time, Settings.pause_time

SHORT = build_experiment("delayed-recall", {"lag": 2, "sequences": 64}, hidden=4, layers=1, updates=5)
LONG = build_experiment("delayed-recall", {"lag": 2, "sequences": 4096}, hidden=8, layers=2, epochs=500)


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """Yield a service with two workers of one thread each."""
    service = Service(workers=2)
    yield service
    service.close()


@pytest.fixture(scope="module")
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(scope="module")
def single(clock: ManualClock) -> Iterator[Service]:
    """Yield a service with one worker that holds one run at a time, and with visits by a clock that is set by hand."""
    service = Service(workers=1, clock=clock, settings=Settings(resident_runs=1, residence_time=1e9, stop_time=0.5))
    yield service
    service.close()


def watch(service: Service, run: str, enough: Callable[[Poll], bool]) -> Poll:
    """Poll as a page does until `enough(poll)` is true; return the last poll, with all events so far."""
    deadline = time.monotonic() + LONGEST
    while not enough(poll := service.poll(run)):
        assert time.monotonic() < deadline, f"still {poll.state} with {len(poll.events)} events; {poll.reason}"
        time.sleep(0.01)
    return poll


def reach(service: Service, run: str, *states: str) -> Poll:
    """Wait until the run is in one of the states."""
    return watch(service, run, lambda poll: poll.state in states)


def wait_for_end(service: Service, run: str) -> Poll:
    """Wait until the run has ended."""
    return reach(service, run, "finished", "stopped", "failed")


def leave(service: Service, clock: ManualClock, owner: str, seconds: float) -> None:
    """Close the owner's connection and let the grace time pass, then `seconds`."""
    service.release(owner)
    for passed in (GRACE, seconds):
        clock.now += passed
        service.tidy()


def kinds(poll: Poll) -> list[str]:
    return [str(event.get("state", event["event"])) for event in poll.events]


def drop_seconds(events: list[Event]) -> list[Event]:
    """Return the events without the seconds that they took, their lists unpacked."""
    return [{name: value for name, value in unpack_lists(event).items() if name != "seconds"} for event in events]


def train_here(experiment: Experiment, at: dict[int, Command] | None = None) -> list[Event]:
    """Return the events of train() in this process, with as many threads as a worker has.

    at: commands, by the update after whose record they are given.
    """
    commands = PendingCommands()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    events = []
    for event in train(experiment, commands, show=2):
        events.append(event)
        if event["event"] == "record" and event["update"] in (at or {}):
            commands.pending.append((at or {})[event["update"]])
    torch.set_num_threads(threads)
    return events


@pytest.mark.parametrize("task", ["delayed-recall", "language-model"])
def test_a_run_is_what_train_gives_here(service: Service, task: str) -> None:
    options = {"delayed-recall": {"lag": 4, "sequences": 128}, "language-model": {"words": 2000}}[task]
    placement = METHODS["gal2016"].build_placement(0.3)
    experiment = build_experiment(task, options, hidden=8, layers=2, updates=9, placement=placement)
    poll = wait_for_end(service, service.submit(experiment, "tab", show=2))
    here = json.loads(json.dumps(train_here(experiment)))
    assert (poll.state, poll.reason, poll.recorded, poll.position) == ("finished", "", False, None)
    assert drop_seconds(poll.events) == drop_seconds(here)


def test_polling_from_an_index_gives_each_event_once(service: Service) -> None:
    run = service.submit(SHORT, "tab")
    whole = wait_for_end(service, run)
    assert whole.next == len(whole.events)
    parts = [service.poll(run, since) for since in range(whole.next)]
    assert [part.events[0] for part in parts] == whole.events
    assert {part.next for part in parts} == {whole.next}
    assert service.poll(run, whole.next).events == service.poll(run, whole.next + 99).events == []
    assert service.poll(run, -5) == whole


def test_pause_step_resume_and_stop(service: Service) -> None:
    run = service.submit(LONG, "tab")
    watch(service, run, lambda poll: len(poll.events) > 5)
    service.command(run, {"command": "pause"})
    paused = reach(service, run, "paused")
    for step in (1, 2):
        service.command(run, {"command": "step"})
        stepped = watch(service, run, lambda poll, step=step: len(poll.events) == paused.next + 3 * step)  # type: ignore[misc]
        assert kinds(stepped)[-3:] == ["running", "record", "paused"], "a step is one update and no more"
        assert stepped.events[-2]["update"] == paused.events[-2]["update"] + step
    service.command(run, {"command": "resume"})
    watch(service, run, lambda poll: len(poll.events) > stepped.next + 5)
    service.command(run, {"command": "stop"})
    stopped = service.poll(run)
    assert (stopped.state, stopped.reason, kinds(stopped)[-1]) == ("stopped", "", "stopped")
    assert stopped.events[-1]["update"] == stopped.events[-2]["update"]
    for command in ("pause", "resume", "step", "stop"):
        assert not service.command(run, {"command": command})
    assert not service.command(run, {"command": "change", "learning_rate": 0.1}), "it says that the change came too late"
    wait_for_end(service, service.submit(SHORT, "tab"))
    assert service.poll(run) == stopped, "a run that has ended applies no command and stays as it was"


def test_a_change_acts_as_the_same_change_here(service: Service) -> None:
    experiment = replace(LONG, epochs=1, updates=40)
    change: Command = {
        "command": "change",
        "learning_rate": 0.02,
        "mask_seed": 3,
        "placement": placement_to_plain(METHODS["gal2016"].build_placement(0.2)),
    }
    run = service.submit(experiment, "tab", show=2)
    for command in ({"command": "pause"}, change):
        service.command(run, command)
    changed = watch(service, run, lambda poll: "changed" in kinds(poll)).events[-1]
    assert changed == {"event": "changed", "update": 0} | {name: change[name] for name in change if name != "command"}
    service.command(run, {"command": "step"})
    watch(service, run, lambda poll: kinds(poll)[-2:] == ["record", "paused"])
    second = {"command": "change", "learning_rate": 0.001}
    service.command(run, second)
    service.command(run, {"command": "resume"})
    events = [event for event in wait_for_end(service, run).events if event["event"] != "state"]
    at = [event["update"] for event in events if event["event"] == "changed"]
    here = train_here(
        replace(experiment, placement=METHODS["gal2016"].build_placement(0.2), learning_rate=0.02, mask_seed=3), {at[1]: second}
    )
    started, *others = json.loads(json.dumps(here))
    started["engine"] = events[0]["engine"]  # that of the placement with which the run began
    assert drop_seconds([event for event in events if event != changed]) == drop_seconds([started, *others])


def test_the_weights_of_a_run_are_kept_as_long_as_the_run(single: Service, clock: ManualClock) -> None:
    run, wide = single.submit(SHORT, "a"), single.submit(replace(SHORT, hidden=MAX_UNITS + 1), "a")
    wait_for_end(single, run)
    file = single.weights(run)
    assert file
    assert torch.load(file, weights_only=True)["update"] == SHORT.updates
    wait_for_end(single, wide)
    assert single.weights(wide) is None
    leave(single, clock, "a", KEEP - 1)
    assert single.weights(run) == file
    leave(single, clock, "a", KEEP)
    assert single.weights(run) is None
    assert not file.exists()


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ({"command": "dance"}, "is not a command"),
        ({}, "is not a command"),
        ({"command": "change", "learning_rate": float("nan")}, "learning_rate"),
        ({"command": "change", "placement": {"input": {"rate": 1.5}}}, "rate of “input”"),
        ({"command": "change", "placement": {"nowhere": {"rate": 0.5}}}, "no site"),
        ({"command": "change", "placement": {"output": {"rate": [0.1, 0.2, 0.3]}}}, "one rate, or one per layer"),
        ({"command": "change", "mask_seed": -1}, "mask_seed"),
    ],
)
def test_a_bad_command_says_so_and_loses_nothing(service: Service, command: dict[str, Any], says: str) -> None:
    run = service.submit(LONG, "tab")
    before = reach(service, run, "running")
    with pytest.raises(Invalid, match=says):
        service.command(run, command)
    after = watch(service, run, lambda poll: poll.next > before.next + 3)
    assert set(kinds(after)) == {"started", "record"}
    service.command(run, {"command": "stop"})


def test_a_loss_that_is_no_number_ends_the_run_with_the_reason(service: Service) -> None:
    grows = Placement.from_sites(
        {"cell": Dropout(0.9, time="sequence")}
    )  # what is kept of c grows tenfold at each of 102 steps
    run = service.submit(build_experiment("delayed-recall", {"lag": 100}, hidden=8, layers=1, placement=grows), "tab")
    poll = wait_for_end(service, run)
    assert poll.state == "failed"
    assert "no longer a number" in poll.reason
    assert poll.events[-1]["reason"] == poll.reason


def test_a_run_whose_worker_is_killed_goes_on_elsewhere_with_the_same_numbers(service: Service) -> None:
    """Both runs of the worker go on, with a change made before; the page is told once, and no event comes twice."""
    experiment = replace(LONG, epochs=1, updates=100)
    runs = [service.submit(replace(experiment, mask_seed=seed), "tab", show=2) for seed in (1, 2)]
    for run in runs:
        watch(service, run, lambda poll: poll.next > 5)
    service.command(runs[0], {"command": "change", "learning_rate": 0.02})
    changed = watch(service, runs[0], lambda poll: "changed" in kinds(poll))
    update = changed.events[kinds(changed).index("changed")]["update"]
    began = time.monotonic()
    kill(service, runs[0])
    watch(service, runs[0], lambda poll: "recovered" in kinds(poll))
    assert time.monotonic() - began < 10
    for run, seed, at in zip(runs, (1, 2), ({update: {"command": "change", "learning_rate": 0.02}}, {}), strict=True):
        poll = wait_for_end(service, run)
        assert poll.state == "finished"
        assert kinds(poll).count("recovered") <= 1
        here = json.loads(json.dumps(train_here(replace(experiment, mask_seed=seed), at)))
        assert drop_seconds([event for event in poll.events if event["event"] != "recovered"]) == drop_seconds(here)


def kill(service: Service, run: str) -> None:
    """End the worker that has the run by force."""
    pid = service.pid(run)
    assert pid
    os.kill(pid, signal.SIGKILL)


def check_disturbed_runs(service: Service, updates: int, kills: int, dice: random.Random) -> None:
    """Check that a run whose worker is killed at random moments, and five others, equal undisturbed runs bit for bit."""
    experiments = [
        replace(
            build_experiment("delayed-recall", {"lag": 4, "sequences": 64}, hidden=4, layers=2, updates=updates), mask_seed=n
        )
        for n in range(4)
    ]
    experiments += [
        build_experiment("language-model", {"words": 2000}, hidden=6, layers=1, updates=updates, placement=placement)
        for placement in (METHODS["gal2016"].build_placement(0.3), METHODS["krueger2016"].build_placement())
    ]
    runs = [service.submit(experiment, f"visit {n}", show=2) for n, experiment in enumerate(experiments)]
    victim = runs[0]
    for _kill in range(kills):
        update = service.poll(victim).events[-1].get("update", 0) if service.poll(victim).events else 0
        watch(service, victim, lambda poll, update=update: is_past(poll, update))  # type: ignore[misc]
        time.sleep(dice.random() * 0.5)
        if service.poll(victim).state not in ("finished", "failed"):
            kill(service, victim)
            watch(service, victim, lambda poll: poll.state in ("finished", "failed") or service.pid(victim) is not None)
    for run, experiment in zip(runs, experiments, strict=True):
        poll = wait_for_end(service, run)
        assert poll.state == "finished", poll.reason
        here = json.loads(json.dumps(train_here(experiment)))
        assert drop_seconds([event for event in poll.events if event["event"] != "recovered"]) == drop_seconds(here)


def is_past(poll: Poll, update: int) -> bool:
    """Return whether the run has got further than the update, or has ended."""
    return poll.state in ("finished", "failed") or any(
        one["event"] == "record" and one["update"] > update for one in poll.events
    )


@pytest.fixture
def patient() -> Iterator[Service]:
    """Yield a service with two workers that gives up no run: the test itself kills its workers, however slow the machine is."""
    service = Service(workers=2, settings=Settings(crashes=1000, crashes_in_all=1000))
    yield service
    service.close()


def test_killed_at_random_moments_while_others_train_beside_it(patient: Service) -> None:
    check_disturbed_runs(patient, updates=60, kills=2, dice=random.Random(3))


@pytest.mark.slow
def test_killed_at_ten_random_moments_while_five_others_train_beside_it(patient: Service) -> None:
    check_disturbed_runs(patient, updates=300, kills=10, dice=random.Random(4))


def test_a_run_that_kills_its_worker_twice_is_given_up_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker is killed whenever it is this run's turn, as the kernel does if memory runs out."""
    service = Service(workers=1)
    bad, good = service.submit(LONG, "a"), service.submit(replace(LONG, epochs=1, updates=30), "b")
    watch(service, bad, lambda poll: poll.next > 3)
    killed = set[int]()
    deadline = time.monotonic() + LONGEST
    while service.poll(bad).state != "failed":
        assert time.monotonic() < deadline
        for worker in list(service._pool._workers.values()):
            if worker.read_turn() == (bad, False) and worker.ready:
                worker.kill()
                killed.add(worker.pid)
        service._runs[bad].crashed_at = 10**9  # as if it never got any further
        time.sleep(0.001)
    assert len(killed) == 2
    assert "was killed twice at the same place" in service.poll(bad).reason
    assert wait_for_end(service, good).state == "finished"
    service.close()


def test_a_worker_that_says_what_it_should_not_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first worker sends no UTF-8 after a "started"; the run goes on in the next one."""
    says = f"""
import os, core.runs.worker as w
from core.runs.settings import Settings
first, write = not os.path.exists({str(tmp_path / "mark")!r}), w.write_event
open({str(tmp_path / "mark")!r}, "w").close()
def spoil(out, event):
    write(out, event)
    if first and event["event"] == "started":
        os.write(out.fileno(), bytes([255, 254, 10]))
w.write_event = spoil
w.main(1, 0, None, Settings())
"""

    def start(_module: str, *_arguments: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen([sys.executable, "-c", says], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)

    monkeypatch.setattr("core.runs.worker_process.start_process", start)
    service = Service(workers=1)
    poll = wait_for_end(service, service.submit(SHORT, "a"))
    assert poll.state == "finished"
    records = [event["train_loss"] for event in poll.events if event["event"] == "record"]
    assert records == [event["train_loss"] for event in json.loads(json.dumps(train_here(SHORT))) if event["event"] == "record"]
    service.close()


def test_many_train_side_by_side_in_two_workers(service: Service) -> None:
    runs = [service.submit(replace(LONG, mask_seed=seed), f"visit {seed}") for seed in range(8)]
    for run in runs:
        watch(service, run, lambda poll: poll.next > 10)
    assert {service.poll(run).state for run in runs} == {"running"}
    assert len({service.pid(run) for run in runs} - {None}) == 2
    for run in runs:
        service.command(run, {"command": "stop"})


def test_who_waits_has_a_place(single: Service) -> None:
    running = single.submit(LONG, "a")
    queue = [single.submit(SHORT, "b") for _each in range(4)]
    assert [single.poll(run).position for run in queue] == [1, 2, 3, 4]
    assert {single.poll(run).state for run in queue} == {"queued"}
    assert single.poll(running).position is None
    single.command(queue[1], {"command": "stop"})
    assert single.poll(queue[1]).state == "stopped"
    assert kinds(single.poll(queue[1])) == ["stopped"]
    assert [single.poll(run).position for run in queue] == [1, None, 2, 3]
    single.command(queue[3], {"command": "change", "learning_rate": 0.5})
    single.command(queue[3], {"command": "pause"})
    single.command(running, {"command": "stop"})
    assert wait_for_end(single, queue[2]).state == wait_for_end(single, queue[0]).state == "finished"
    changed = reach(single, queue[3], "paused")
    assert kinds(changed) == ["changed", "started", "paused"]
    single.command(queue[3], {"command": "resume"})
    here = train_here(replace(SHORT, learning_rate=0.5))
    records = [event for event in wait_for_end(single, queue[3]).events if event["event"] == "record"]
    assert [event["train_loss"] for event in records] == [e["train_loss"] for e in here if e["event"] == "record"]


def test_a_waiting_run_refuses_a_change_that_does_not_fit(single: Service) -> None:
    running, waiting = single.submit(LONG, "a"), single.submit(SHORT, "a")
    with pytest.raises(Invalid, match="learning_rate"):
        single.command(waiting, {"command": "change", "learning_rate": 101})
    single.command(running, {"command": "stop"})
    assert wait_for_end(single, waiting).state == "finished"


def test_a_paused_run_makes_room_and_comes_back_as_it_was(single: Service) -> None:
    """Another run waits, so the paused one is saved at once. Commands to it are applied when it is loaded again."""
    experiment = replace(LONG, epochs=1, updates=30)
    paused = single.submit(experiment, "a", show=2)
    watch(single, paused, lambda poll: poll.next > 5)
    single.command(paused, {"command": "pause"})
    reach(single, paused, "paused")
    other = single.submit(SHORT, "b")
    assert wait_for_end(single, other).state == "finished"
    watch(single, paused, lambda _poll: single.pid(paused) is None)
    update = single.poll(paused).events[-2]["update"]
    change: Command = {"command": "change", "learning_rate": 0.05}
    assert single.command(paused, change)
    assert single.poll(paused).events[-1] == {"event": "changed", "update": update, "learning_rate": 0.05}
    single.command(paused, {"command": "step"})
    stepped = watch(
        single, paused, lambda poll: kinds(poll)[-2:] == ["record", "paused"] and poll.next > 0 and "running" in kinds(poll)
    )
    assert stepped.events[-2]["update"] == update + 1
    single.command(paused, {"command": "resume"})
    here = json.loads(json.dumps(train_here(experiment, {update: change})))
    poll = wait_for_end(single, paused)
    assert drop_seconds([event for event in poll.events if event["event"] != "state"]) == drop_seconds(here)


def test_a_paused_run_leaves_memory_after_a_minute(single: Service, clock: ManualClock) -> None:
    run = single.submit(LONG, "a")
    reach(single, run, "running")
    single.command(run, {"command": "pause"})
    reach(single, run, "paused")
    clock.now += PAUSE
    single.tidy()
    watch(single, run, lambda _poll: single.pid(run) is None)
    before = single.poll(run)
    assert before.state == "paused"
    single.command(run, {"command": "resume"})
    after = watch(single, run, lambda poll: poll.next > before.next + 3)
    assert kinds(after)[before.next : before.next + 2] == ["running", "record"]
    single.command(run, {"command": "stop"})


def test_more_runs_than_memory_holds_take_turns(clock: ManualClock) -> None:
    """Of three runs one is in memory at a time; each equals the run of train() here."""
    service = Service(workers=1, settings=Settings(resident_runs=1, residence_time=0.2))
    experiments = [replace(LONG, epochs=1, updates=60, mask_seed=seed) for seed in range(3)]
    runs = [service.submit(experiment, "a", show=2) for experiment in experiments]
    for run in runs:
        watch(service, run, lambda poll: poll.next > 3)
    for run, experiment in zip(runs, experiments, strict=True):
        assert drop_seconds(wait_for_end(service, run).events) == drop_seconds(json.loads(json.dumps(train_here(experiment))))
    service.close()


def test_a_closed_tab_is_saved_after_a_grace_and_goes_on_when_it_is_back(single: Service, clock: ManualClock) -> None:
    experiment = replace(LONG, epochs=1, updates=80)
    run = single.submit(experiment, "a", show=2)
    watch(single, run, lambda poll: poll.next > 3)
    single.release("a")
    clock.now += GRACE - 1
    single.tidy()
    assert single.pid(run) is not None
    single.renew("a")
    clock.now += 10 * GRACE
    single.tidy()
    assert single.pid(run) is not None, "it was back in time, and lives without polling"
    leave(single, clock, "a", KEEP - 1)
    deadline = time.monotonic() + LONGEST
    while single.pid(run) is not None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    other = single.submit(SHORT, "b")
    assert wait_for_end(single, other).state == "finished", "the worker is free"
    poll = wait_for_end(single, run)
    assert poll.state == "finished"
    assert drop_seconds(poll.events) == drop_seconds(json.loads(json.dumps(train_here(experiment))))


def test_a_visits_files_are_for_its_own_runs_and_go_with_it(single: Service, clock: ManualClock) -> None:
    path = single.uploads.save_file("a", "own.csv", b"1\n")
    with pytest.raises(Invalid, match="no longer here"):
        single.submit(build_experiment("series", {"corpus": path}), "b")
    single.release("a")
    clock.now += GRACE + KEEP
    single.tidy()
    assert not Path(path).exists()


def test_what_nobody_asks_for_any_more_is_forgotten(single: Service, clock: ManualClock) -> None:
    run = single.submit(SHORT, "a")
    done = wait_for_end(single, run)
    leave(single, clock, "a", KEEP - 1)
    assert single.poll(run) == done
    leave(single, clock, "a", KEEP)
    forgotten = single.poll(run, since=done.next)
    assert (forgotten.state, forgotten.events, forgotten.next) == ("gone", [], done.next)
    assert "no longer kept" in forgotten.reason
    assert not single.command(run, {"command": "stop"})
    single.release("a")
    assert single.pid(run) is None


def test_nothing_is_left_of_a_visit_that_is_over(single: Service, clock: ManualClock) -> None:
    """This includes a run that was still in memory, whose worker writes its weights when it is stopped."""
    run = single.submit(LONG, "someone")
    watch(single, run, lambda poll: poll.next > 3)
    files = Path(single._runs[run].weight_file), Path(single._runs[run].saved)
    single.release("someone")
    clock.now += GRACE + KEEP
    single.tidy()
    assert single.poll(run).state == "gone"
    assert wait_for_end(single, single.submit(SHORT, "a")).state == "finished", "its worker has dealt with the stop"
    assert not any(file.exists() for file in files)


def test_a_stop_that_is_not_obeyed_is_enforced(single: Service) -> None:
    run = single.submit(LONG, "a")
    reach(single, run, "running")
    pid = single.pid(run)
    assert pid
    while single._pool._workers and next(iter(single._pool._workers.values())).read_turn()[0] != run:
        time.sleep(0.001)
    os.kill(pid, signal.SIGSTOP)  # a process that hears nothing
    single.command(run, {"command": "stop"})
    assert single.poll(run).state == "stopped", "for the user it ends at once"
    assert wait_for_end(single, single.submit(SHORT, "a")).state == "finished"
    assert kinds(single.poll(run))[-1] == "stopped"


def test_a_full_queue_says_so() -> None:
    service = Service(workers=1, settings=Settings(waiting_runs=3, resident_runs=1, runs_per_visit=4))
    runs = [service.submit(LONG, "a") for _each in range(4)]
    with pytest.raises(Invalid, match="3 runs are waiting already"):
        service.submit(SHORT, "b")
    service.close()
    assert {service.poll(run).state for run in runs} == {"stopped"}
    with pytest.raises(Invalid, match="shutting down"):
        service.submit(SHORT, "a")


def test_what_is_beyond_a_limit_is_refused_in_a_sentence() -> None:
    """Each limit is tested at its value and beyond it."""
    service = Service(workers=1, settings=Settings(runs_per_visit=2, ended_runs_per_visit=1, updates=100, run_memory=50))
    first = service.submit(replace(LONG, epochs=1, updates=100), "a")
    with pytest.raises(Invalid, match="would make 101 updates; here a run may make 100"):
        service.submit(replace(LONG, epochs=1, updates=101), "a")
    with pytest.raises(Invalid, match="may have 50"):
        service.submit(replace(SHORT, hidden=1000), "a")
    second = service.submit(replace(LONG, epochs=1, updates=100), "a")
    with pytest.raises(Invalid, match="You have 2 runs already"):
        service.submit(SHORT, "a")
    service.command(first, {"command": "stop"})
    service.command(second, {"command": "stop"})
    third = service.submit(SHORT, "a")
    assert [service.poll(run).state for run in (first, second)] == ["gone", "stopped"], "one ended run is kept"
    assert wait_for_end(service, third).state == "finished"
    service.close()


def test_a_worker_has_no_more_memory_than_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run whose estimate was wrong fails in a sentence, in its own process; the run beside it goes on."""
    monkeypatch.setattr("core.runs.service.plan_workers", lambda settings: Capacity(1, 128.0, 400))
    service = Service(settings=Settings(run_memory=100_000))
    beside = service.submit(LONG, "a")
    large = service.submit(replace(SHORT, hidden=1000, layers=4, batch=1), "b")
    failed = wait_for_end(service, large)
    assert failed.state == "failed"
    assert "memory of this machine does not suffice" in failed.reason
    pid, update = service.pid(beside), service.poll(beside).next
    watch(service, beside, lambda poll: poll.next > update + 3)
    assert service.pid(beside) == pid, "the worker lives"
    service.close()


def test_a_change_may_not_make_a_run_too_large() -> None:
    service = Service(workers=1, settings=Settings(run_memory=50))
    e = replace(LONG, steps=200, batch=200, hidden=2)
    run = service.submit(e, "a")
    weights = {"rate": 0.5, "time": "step", "batch": "sample", "gates": "separate"}
    with pytest.raises(Invalid, match="here a run may have 50"):
        service.command(run, {"command": "change", "placement": {"recurrent_weights": weights, "input_weights": weights}})
    assert service.command(run, {"command": "change", "placement": {"state": {"rate": 0.5}}})
    service.close()


def test_a_change_that_comes_too_late_is_not_swallowed(service: Service) -> None:
    """The event of the run's end is already sent when the change is made: the run's next poll says so."""
    run = service.submit(SHORT, "a")
    reach(service, run, "running", "finished")
    with service._lock:  # so that no event is taken in: what comes now is after the end of the run
        time.sleep(0.5)
        taken = service.command(run, {"command": "change", "learning_rate": 0.5})
    poll = wait_for_end(service, run)
    changed = "changed" in kinds(poll)
    assert (taken, poll.missed, changed) in ((True, True, False), (True, False, True), (False, False, False))


def test_what_a_killed_server_leaves_behind_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.runs.service.gettempdir", lambda: str(tmp_path))
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    for name in (f"{PREFIX}{gone.pid}-x", f"{PREFIX}{os.getpid()}-x", f"{PREFIX}me-x", "other-1"):
        (tmp_path / name / "uploads").mkdir(parents=True)
    remove_abandoned()
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted([f"{PREFIX}{os.getpid()}-x", f"{PREFIX}me-x", "other-1"])


def test_workers_that_cannot_start_are_reported_and_not_tried_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHOME", os.devnull)  # no Python starts like this
    service = Service(workers=2)
    runs = [service.submit(SHORT, "a") for _each in range(3)]
    for run in runs:
        assert "ended before it was ready" in wait_for_end(service, run).reason
    monkeypatch.delenv("PYTHONHOME")
    assert wait_for_end(service, service.submit(SHORT, "a")).state == "finished"
    service.close()


def test_the_apps_process_holds_no_torch_and_its_workers_end_with_it(tmp_path: Path) -> None:
    program = """
import os, sys, time
from core.experiment.experiment import build_experiment
from core.runs.service import Service
service = Service(workers=1)
run = service.submit(build_experiment("delayed-recall", epochs=500), "tab")
while service.poll(run).state != "running":
    time.sleep(0.01)
assert not {"torch", "streamlit"} & set(sys.modules)
print(service.pid(run), flush=True)
os._exit(7)  # as if killed: nothing is tidied up
"""
    process = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    # run() has read the standard error and output of the app alone; its worker, an orphan now, ends by itself.
    assert process.returncode == 7
    wait_for_process_end(int(process.stdout))


def wait_for_process_end(pid: int) -> None:
    deadline = time.monotonic() + LONGEST
    while Path(f"/proc/{pid}").exists() and "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text():
        assert time.monotonic() < deadline, f"the worker {pid} is still there"
        time.sleep(0.01)
