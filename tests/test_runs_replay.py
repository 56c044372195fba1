"""Recorded runs: their file is read back as it was written, or refused in a sentence; they play by a manual clock."""

import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from core.experiment.experiment import build_experiment
from core.runs.recording import Recorded, read, write
from core.runs.replay import Replay
from core.runs.run import Run
from core.runs.service import Service
from core.training.events import VERSION, Event, make_record
from tests.manual_clock import ManualClock
from tests.test_runs_history import unpack_lists

MADE = {"date": "2026-11-21", "commit": "0" * 40, "command": "python -m core record", "versions": {"torch": "2.13.0"}}
SECONDS = 0.5


def make_recorded(updates: int = 6) -> Recorded:
    """Return an invented recorded run; nothing is trained."""
    events: list[Event] = [
        {"event": "started", "version": VERSION, "updates": updates, "updates_per_epoch": 2},
        *(make_record(update, update / 2, 1.0 / (update + 1), predicted=[[update]]) for update in range(updates + 1)),
        {"event": "done", "test": {"accuracy": 1.0}, "update": updates, "seconds": 3.0},
    ]
    return Recorded(build_experiment("delayed-recall"), tuple(events), MADE)


@pytest.fixture(scope="module")
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(scope="module")
def service(clock: ManualClock) -> Iterator[Service]:
    service = Service(workers=1, clock=clock)
    yield service
    service.close()


@pytest.mark.parametrize("name", ["run.jsonl", "run.jsonl.gz"])
def test_a_file_is_read_back_as_it_was_written(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, make_recorded())
    assert read(tmp_path / name) == make_recorded()
    first = (tmp_path / name).read_bytes()
    write(tmp_path / name, read(tmp_path / name))
    assert (tmp_path / name).read_bytes() == first
    assert first.startswith(b"\x1f\x8b") == name.endswith(".gz")


def make_damaged() -> dict[str, bytes]:
    """Return contents of files that are no recorded runs, by what is wrong with them."""
    lines = [{"experiment": {"task": "delayed-recall"}, "made": MADE}, *make_recorded().events]

    def text(lines: Sequence[object]) -> bytes:
        return "\n".join(map(json.dumps, lines)).encode()

    return {
        "empty": b"",
        "not JSON": b"hello",
        "not text": b"\xff\xfe\x00",
        "half a gzip": gzip.compress(text(lines))[:60],
        "no events": text(lines[:1]),
        "no end": text(lines[:-1]),
        "an update is missing": text([*lines[:3], *lines[4:]]),
        "no experiment": text([{"made": MADE}, *lines[1:]]),
        "a bad experiment": text([{"experiment": {"layers": 99}, "made": MADE}, *lines[1:]]),
        "nothing about its making": text([{"experiment": {}}, *lines[1:]]),
        "lists": text([[1], *lines[1:]]),
        "an event that is none": text([lines[0], 7, *lines[1:]]),
    }


@pytest.mark.parametrize("name", make_damaged())
def test_a_damaged_file_is_refused_in_a_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "run.jsonl").write_bytes(make_damaged()[name])
    with pytest.raises(Invalid, match=r"The recorded run run\.jsonl cannot be read: .{10}"):
        read(tmp_path / "run.jsonl")


def test_a_missing_file_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"none\.jsonl cannot be read: No such file"):
        read(tmp_path / "none.jsonl")


def test_it_plays_to_its_end(service: Service, clock: ManualClock) -> None:
    run = service.replay(make_recorded(), "tab", SECONDS)
    first = service.poll(run)
    assert first.recorded
    assert (first.state, first.events) == ("recorded", list(make_recorded().packed_events[:2])), "something is there at once"
    clock.now += 2.9 * SECONDS
    second = service.poll(run, first.next)
    assert [event["update"] for event in second.events] == [1, 2]
    clock.now += 10 * SECONDS
    third = service.poll(run, second.next)
    assert (third.state, third.recorded) == ("finished", True)
    assert first.events + second.events + third.events == list(make_recorded().packed_events)
    assert service.poll(run, third.next).events == []
    service.command(run, {"command": "stop"})
    assert service.poll(run, third.next).events == [], "after its end a run applies no command"


def test_pause_step_resume_and_stop_move_its_clock(service: Service, clock: ManualClock) -> None:
    run = service.replay(make_recorded(), "tab", SECONDS)
    clock.now += 1.5 * SECONDS
    service.command(run, {"command": "pause"})
    clock.now += 100 * SECONDS
    paused = service.poll(run)
    assert (paused.state, paused.events[-1]) == ("paused", {"event": "state", "state": "paused"})
    service.command(run, {"command": "step"})
    stepped = service.poll(run, paused.next)
    assert [event.get("update", event.get("state")) for event in stepped.events] == ["running", 2, "paused"]
    service.command(run, {"command": "resume"})
    clock.now += 1 * SECONDS
    resumed = service.poll(run, stepped.next)
    assert [event.get("update", event.get("state")) for event in resumed.events] == ["running", 3]
    service.command(run, {"command": "stop"})
    stopped = service.poll(run, resumed.next)
    assert stopped.state == "stopped"
    assert [(event["event"], event["update"]) for event in stopped.events] == [("stopped", 3)]


def test_it_cannot_be_changed(service: Service) -> None:
    run = service.replay(make_recorded(), "tab", SECONDS)
    with pytest.raises(Invalid, match="cannot be changed"):
        service.command(run, {"command": "change", "learning_rate": 0.1})
    assert service.poll(run).state == "recorded"


def test_it_is_forgotten_with_its_visit(service: Service, clock: ManualClock) -> None:
    run = service.replay(make_recorded(), "another tab", 1e6)
    clock.now += 1000
    service.tidy()
    assert service.poll(run).state == "recorded"
    service.release("another tab")
    for seconds in (30, 600):
        clock.now += seconds
        service.tidy()
    assert service.poll(run).state == "gone"


@settings(deadline=None)
@given(st.lists(st.one_of(st.floats(0, 3), st.sampled_from(["pause", "resume", "step", "poll"])), max_size=30))
def test_whatever_is_pressed_the_recording_comes_in_order_and_whole(presses: list[float | str]) -> None:
    clock = ManualClock()
    run = Run("id", "owner", make_recorded().experiment, recorded=True)
    replay = Replay(run, make_recorded(), SECONDS, clock)
    for press in presses:
        if isinstance(press, float):
            clock.now += press
        elif press == "poll":
            replay.advance()
        elif not run.ended:
            replay.apply_command({"command": press})
    shown = [event for event in run.history.list_since(0) if event["event"] != "state"]
    assert [unpack_lists(event) for event in shown] == list(make_recorded().events[: len(shown)])
    states = [event["state"] for event in run.history.list_since(0) if event["event"] == "state"]
    assert states == ["paused", "running"] * (len(states) // 2) + ["paused"] * (len(states) % 2)
