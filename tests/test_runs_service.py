"""The service with real worker processes. The oracle of what they train is train() called in this process."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import pytest
import torch

from core.analysis.sensitivity_request import WIDEST
from core.dropout.methods import METHODS
from core.dropout.placement import Dropout, Placement, to_data
from core.errors import Invalid
from core.experiment.experiment import Experiment, build_experiment
from core.runs.lease import KEEP, LENGTH
from core.runs.run import Poll
from core.runs.service import MOST_WAITING, Service
from core.runs.uploads import GRACE
from core.training.events import Command, Event
from core.training.trainer import train

ROOT = Path(__file__).parents[1]
LONGEST = 60.0  # seconds after which a test gives up waiting

SHORT = build_experiment("delayed-recall", {"lag": 2, "sequences": 64}, hidden=4, layers=1, updates=5)
LONG = build_experiment("delayed-recall", {"lag": 2, "sequences": 4096}, hidden=8, layers=2, epochs=500)


class Clock:
    """A clock that goes on when told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """Two workers of one thread each."""
    service = Service(workers=2, threads=1)
    yield service
    service.close()


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def single(clock: Clock) -> Iterator[Service]:
    """One worker, and leases by a clock that is set by hand."""
    service = Service(workers=1, threads=1, clock=clock)
    yield service
    service.close()


def watch(service: Service, run: str, enough: Callable[[Poll], bool]) -> Poll:
    """Polls as a page does until there is enough; the last poll, with all events so far."""
    deadline = time.monotonic() + LONGEST
    while not enough(poll := service.poll(run)):
        assert time.monotonic() < deadline, f"still {poll.state} with {len(poll.events)} events; {poll.reason}"
        time.sleep(0.01)
    return poll


def reach(service: Service, run: str, *states: str) -> Poll:
    """Waits for one of the states."""
    return watch(service, run, lambda poll: poll.state in states)


def ended(service: Service, run: str) -> Poll:
    """Waits for the end."""
    return reach(service, run, "finished", "stopped", "failed")


def kinds(poll: Poll) -> list[str]:
    return [str(event.get("state", event["event"])) for event in poll.events]


def timeless(events: list[Event]) -> list[Event]:
    """The events without the seconds that they took."""
    return [{name: value for name, value in event.items() if name != "seconds"} for event in events]


def trained_here(experiment: Experiment, at: dict[int, Command] | None = None) -> list[Event]:
    """train() with as many threads as a worker has, told the commands of `at` after the records of those updates."""
    queue: SimpleQueue[Command] = SimpleQueue()

    class Told:
        def take(self, wait: bool) -> Command | None:
            try:
                return queue.get_nowait()
            except Empty:
                return None

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    events = []
    for event in train(experiment, Told(), show=2):
        events.append(event)
        if event["event"] == "record" and event["update"] in (at or {}):
            queue.put((at or {})[event["update"]])
    torch.set_num_threads(threads)
    return events


@pytest.mark.parametrize("task", ["delayed-recall", "language-model"])
def test_a_run_is_what_train_gives_here(service: Service, task: str) -> None:
    options = {"delayed-recall": {"lag": 4, "sequences": 128}, "language-model": {"words": 2000}}[task]
    placement = METHODS["gal2016"].placement(0.3)
    experiment = build_experiment(task, options, hidden=8, layers=2, updates=9, placement=placement)
    poll = ended(service, service.submit(experiment, "tab", show=2))
    here = json.loads(json.dumps(trained_here(experiment)))
    assert (poll.state, poll.reason, poll.recorded, poll.position) == ("finished", "", False, None)
    assert timeless(poll.events) == timeless(here)


def test_polling_from_an_index_gives_each_event_once(service: Service) -> None:
    run = service.submit(SHORT, "tab")
    whole = ended(service, run)
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
        service.command(run, {"command": command})
    ended(service, service.submit(SHORT, "tab"))
    assert service.poll(run) == stopped, "what has ended obeys nothing and stays as it was"


def test_a_change_acts_as_the_same_change_here(service: Service) -> None:
    experiment = replace(LONG, epochs=1, updates=40)
    change: Command = {
        "command": "change",
        "learning_rate": 0.02,
        "mask_seed": 3,
        "placement": to_data(METHODS["gal2016"].placement(0.2)),
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
    events = [event for event in ended(service, run).events if event["event"] != "state"]
    at = [event["update"] for event in events if event["event"] == "changed"]
    here = trained_here(
        replace(experiment, placement=METHODS["gal2016"].placement(0.2), learning_rate=0.02, mask_seed=3), {at[1]: second}
    )
    assert timeless([event for event in events if event != changed]) == timeless(json.loads(json.dumps(here)))


def test_the_weights_of_a_run_are_kept_as_long_as_the_run(single: Service, clock: Clock) -> None:
    run, wide = single.submit(SHORT, "a"), single.submit(replace(SHORT, hidden=WIDEST + 1), "a")
    ended(single, run)
    file = single.weights(run)
    assert file
    assert torch.load(file, weights_only=True)["update"] == SHORT.updates
    ended(single, wide)
    assert single.weights(wide) is None
    clock.now += LENGTH + KEEP + 1
    single.tidy()
    assert single.weights(run) is None
    assert not file.exists()


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ({"command": "dance"}, "is no command"),
        ({}, "is no command"),
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
    grows = Placement.of({"cell": Dropout(0.9, time="sequence")})  # what is kept of c grows tenfold at each of 102 steps
    run = service.submit(build_experiment("delayed-recall", {"lag": 100}, hidden=8, layers=1, placement=grows), "tab")
    poll = ended(service, run)
    assert poll.state == "failed"
    assert "no longer a number" in poll.reason
    assert poll.events[-1]["reason"] == poll.reason


def test_a_killed_worker_is_reported_and_replaced(service: Service) -> None:
    run, other = service.submit(LONG, "tab"), service.submit(LONG, "another tab")
    before = watch(service, run, lambda poll: len(poll.events) > 3)
    reach(service, other, "running")
    waiting = service.submit(SHORT, "third tab")
    pid = service.pid(run)
    assert pid
    os.kill(pid, signal.SIGKILL)
    failed = ended(service, run)
    assert (failed.state, kinds(failed)[-1]) == ("failed", "failed")
    assert "was killed, perhaps because the memory ran out" in failed.reason
    assert "The app goes on and the next run works" in failed.reason
    assert failed.events[: before.next] == before.events, "what was reached is kept"
    assert ended(service, waiting).state == "finished"
    assert ended(service, service.submit(SHORT, "tab")).state == "finished"
    assert service.poll(other).state == "running"
    service.command(other, {"command": "stop"})


def test_two_train_side_by_side_and_a_third_waits(service: Service) -> None:
    first, second = service.submit(LONG, "tab"), service.submit(replace(LONG, mask_seed=8), "tab")
    for run in (first, second):
        watch(service, run, lambda poll: len(poll.events) > 3)
    third = service.submit(SHORT, "tab")
    assert (service.poll(third).state, service.poll(third).position) == ("queued", 1)
    counts = [service.poll(run).next for run in (first, second)]
    for run, count in zip((first, second), counts, strict=True):
        watch(service, run, lambda poll, count=count: poll.next > count + 3)  # type: ignore[misc]
    pids = {service.pid(run) for run in (first, second)}
    assert len(pids - {None}) == 2
    service.command(first, {"command": "stop"})
    assert ended(service, third).state == "finished"
    service.command(second, {"command": "stop"})


def test_the_queue_is_first_come_first_served(single: Service) -> None:
    running = single.submit(LONG, "a")
    queue = [single.submit(SHORT, "b") for _each in range(4)]
    assert [single.poll(run).position for run in queue] == [1, 2, 3, 4]
    assert single.poll(running).position is None
    single.command(queue[1], {"command": "stop"})
    assert single.poll(queue[1]).state == "stopped"
    assert kinds(single.poll(queue[1])) == ["stopped"]
    assert [single.poll(run).position for run in queue] == [1, None, 2, 3]
    single.command(queue[3], {"command": "change", "learning_rate": 0.5})
    single.command(queue[3], {"command": "pause"})
    single.command(running, {"command": "stop"})
    assert ended(single, queue[2]).state == ended(single, queue[0]).state == "finished"
    changed = reach(single, queue[3], "paused")
    assert kinds(changed) == ["changed", "started", "paused"]
    single.command(queue[3], {"command": "resume"})
    here = trained_here(replace(SHORT, learning_rate=0.5))
    records = [event for event in ended(single, queue[3]).events if event["event"] == "record"]
    assert [event["train_loss"] for event in records] == [e["train_loss"] for e in here if e["event"] == "record"]


def test_a_waiting_run_refuses_a_change_that_does_not_fit(single: Service) -> None:
    running, waiting = single.submit(LONG, "a"), single.submit(SHORT, "a")
    with pytest.raises(Invalid, match="learning_rate"):
        single.command(waiting, {"command": "change", "learning_rate": 101})
    single.command(running, {"command": "stop"})
    assert ended(single, waiting).state == "finished"


def test_runs_that_nobody_looks_at_make_room(single: Service, clock: Clock) -> None:
    paused, waiting = single.submit(LONG, "a"), single.submit(LONG, "b")
    single.command(paused, {"command": "pause"})
    reach(single, paused, "paused")
    clock.now += 149
    single.tidy()
    assert single.poll(waiting).state == "queued", "a paused run holds its worker as long as its lease lives"
    clock.now += 2
    single.tidy()
    reach(single, waiting, "running")
    gone = single.poll(paused)
    assert (gone.state, gone.reason) == ("stopped", "Stopped, as nobody had looked at it for a while.")
    single.command(waiting, {"command": "stop"})


@pytest.mark.parametrize("named", ["run", "owner"])
def test_a_closed_tab_ends_its_runs_after_a_grace(single: Service, clock: Clock, named: str) -> None:
    run, other = single.submit(LONG, "a"), single.submit(LONG, "b")
    reach(single, run, "running")
    name = run if named == "run" else "a"
    single.release(name)
    clock.now += 14
    single.tidy()
    assert single.poll(run).state == "running", "this poll shows that the tab is back"
    clock.now += 100
    single.tidy()
    assert single.poll(run).state == "running"
    single.release(name)
    clock.now += 16
    single.tidy()
    reach(single, other, "running")
    assert single.poll(run).state == "stopped"
    single.command(other, {"command": "stop"})


def test_a_visits_files_are_for_its_own_runs_and_go_with_it(single: Service, clock: Clock) -> None:
    path = single.uploads.keep("a", "own.csv", b"1\n")
    with pytest.raises(Invalid, match="no longer here"):
        single.submit(build_experiment("series", {"corpus": path}), "b")
    single.release("a")
    clock.now += GRACE
    single.tidy()
    assert not Path(path).exists()


def test_what_nobody_asks_for_any_more_is_forgotten(single: Service, clock: Clock) -> None:
    run = single.submit(SHORT, "a")
    done = ended(single, run)
    clock.now += 150 + 599
    single.tidy()
    assert single.poll(run) == done
    clock.now += 150 + 600
    single.tidy()
    forgotten = single.poll(run, since=done.next)
    assert (forgotten.state, forgotten.events, forgotten.next) == ("gone", [], done.next)
    assert "no longer kept" in forgotten.reason
    single.command(run, {"command": "stop"})
    single.release(run)
    assert single.pid(run) is None


def test_a_stop_that_is_not_obeyed_is_enforced(single: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    run = single.submit(LONG, "a")
    reach(single, run, "running")
    pid = single.pid(run)
    assert pid
    os.kill(pid, signal.SIGSTOP)  # a process that hears nothing
    monkeypatch.setattr("core.runs.pool.PATIENCE", 0.0)
    single.command(run, {"command": "stop"})
    assert single.poll(run).state == "stopped", "for the user it ends at once"
    assert ended(single, single.submit(SHORT, "a")).state == "finished"
    assert kinds(single.poll(run))[-1] == "stopped"


def test_a_full_queue_says_so() -> None:
    service = Service(workers=1)
    runs = [service.submit(LONG, "a") for _each in range(MOST_WAITING + 1)]
    with pytest.raises(Invalid, match="300 runs are waiting already"):
        service.submit(SHORT, "b")
    service.close()
    assert {service.poll(run).state for run in runs} == {"stopped"}
    with pytest.raises(Invalid, match="shutting down"):
        service.submit(SHORT, "a")


def test_workers_that_cannot_start_are_reported_and_not_tried_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHOME", os.devnull)  # no Python starts like this
    service = Service(workers=2)
    runs = [service.submit(SHORT, "a") for _each in range(3)]
    for run in runs:
        assert "ended before it was ready" in ended(service, run).reason
    monkeypatch.delenv("PYTHONHOME")
    assert ended(service, service.submit(SHORT, "a")).state == "finished"
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
    wait_for_end(int(process.stdout))


def wait_for_end(pid: int) -> None:
    deadline = time.monotonic() + LONGEST
    while Path(f"/proc/{pid}").exists() and "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text():
        assert time.monotonic() < deadline, f"the worker {pid} is still there"
        time.sleep(0.01)
