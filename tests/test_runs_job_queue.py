"""The job queue, with processes that misbehave in many ways."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from core.errors import Invalid
from core.runs.job_queue import Answer, JobQueue, Jobs
from core.runs.processes import is_out_of_memory
from core.runs.settings import Settings

LONGEST = 30.0  # seconds after which a test gives up waiting

# What a process does with its request: a program each. `say` is Python that writes to standard output.
PROGRAMS = {
    "well": 'print(\'{"event": "part"}\'); print(\'{"event": "end", "value": "\' + request + \'"}\')',
    "slow": 'print(\'{"event": "part"}\', flush=True); time.sleep(60)',
    "lingers": 'print(\'{"event": "end", "value": "x"}\', flush=True); time.sleep(60)',
    "no UTF-8": "sys.stdout.buffer.write(b'\\xff\\xfe\\n')",
    "a number": "print(5)",
    "an empty object": "print('{}')",
    "a list for a name": "print('{\"event\": []}')",
    "an unknown event": 'print(\'{"event": "dance"}\')',
    "a failure without a reason": 'print(\'{"event": "failed"}\')',
    "nothing": "pass",
    "a stray line": "print('Hello')",
    "half a line": "print('{\"event\": ', end='')",
    "a lone surrogate": "print('\"\\\\ud800\"')",
    "deep nesting": "print('[' * 100_000)",
    "an error": "raise SystemExit(3)",
    "its own death": "os.kill(os.getpid(), 9)",
}
MISBEHAVE = [name for name in PROGRAMS if name not in ("well", "slow", "lingers")]


@dataclass(frozen=True)
class ProgramAnswer(Answer):
    """The answer to a job. value: what the process sent."""

    value: str = ""


class Programs(Jobs[ProgramAnswer]):
    """A kind of job for each test program."""

    blank = ProgramAnswer()

    def __init__(self, queue: JobQueue, module: str) -> None:
        super().__init__(queue)
        self.module = module

    def on_event(self, before: ProgramAnswer, event: dict[str, Any]) -> ProgramAnswer:
        if event["event"] == "part":
            return replace(before, state="running", progress=0.5)
        assert event["event"] == "end"
        return ProgramAnswer("done", 1.0, value=event["value"])


@pytest.fixture
def kinds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Callable[[str], Programs]]:
    """Return a function that makes kinds of jobs by the names of their programs, in one queue with these settings."""
    head = "import os, sys, time\nrequest = sys.stdin.readline().strip()\n"
    for number, program in enumerate(PROGRAMS.values()):
        (tmp_path / f"program_{number}.py").write_text(head + program + "\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def in_queue(queue: JobQueue) -> Callable[[str], Programs]:
        return lambda name: Programs(queue, f"program_{list(PROGRAMS).index(name)}")

    return in_queue


@pytest.fixture
def queue() -> Iterator[JobQueue]:
    queue = JobQueue(Settings(waiting_jobs=4, kept_answers=3, job_memory=0))
    yield queue
    queue.close()


def wait_for(enough: Callable[[], bool], what: str = "") -> None:
    deadline = time.monotonic() + LONGEST
    while not enough():
        assert time.monotonic() < deadline, f"gave up waiting {what}"
        time.sleep(0.005)


def wait_for_end(kind: Programs, key: str) -> ProgramAnswer:
    def is_over() -> bool:
        found = kind.get_request_answer(key)
        assert found is not None, "the answer is forgotten"
        return not found.is_busy

    wait_for(is_over, f"for {key}")
    found = kind.get_request_answer(key)
    assert found
    return found


@pytest.mark.parametrize("name", MISBEHAVE)
def test_whatever_a_process_says_its_answer_fails_and_the_next_is_served(kinds: Any, queue: JobQueue, name: str) -> None:
    bad, good = kinds(queue)(name), kinds(queue)("well")
    bad.submit_request("a")
    failed = wait_for_end(bad, "a")
    assert failed.state == "failed"
    assert failed.reason
    good.submit_request("b")
    assert wait_for_end(good, "b").value == "b"


def test_a_process_that_lingers_after_its_answer_keeps_nobody_waiting(kinds: Any, queue: JobQueue) -> None:
    began = time.monotonic()
    kinds(queue)("lingers").submit_request("a")
    assert wait_for_end(kinds(queue)("lingers"), "a").value == "x"
    kinds(queue)("well").submit_request("b")
    assert wait_for_end(kinds(queue)("well"), "b").value == "b"
    assert time.monotonic() - began < 20


def test_answers_that_are_forgotten_while_their_process_ends_break_nothing(kinds: Any, queue: JobQueue) -> None:
    """Twenty-six students ask for slow motion; three answers are kept."""
    well = kinds(queue)("well")
    for number in range(26):
        well.submit_request(f"{number}", f"student {number}")
        wait_for_end(well, f"{number}")
    assert sum(well.get_request_answer(f"{number}") is not None for number in range(26)) <= 4
    assert threading.active_count() < 20


def test_a_process_that_takes_too_long_is_ended_and_said(kinds: Any) -> None:
    queue = JobQueue(Settings(job_time=0.5, job_memory=0))
    slow = kinds(queue)("slow")
    slow.submit_request("a")
    assert "longer than 0.5 seconds" in wait_for_end(slow, "a").reason
    queue.close()


def test_no_process_to_be_had_is_said(kinds: Any, queue: JobQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    well = kinds(queue)("well")
    monkeypatch.setattr(sys, "executable", os.devnull)
    well.submit_request("a")
    assert wait_for_end(well, "a").state == "failed"
    monkeypatch.undo()


def test_a_visit_has_one_waiting_job_of_a_kind(kinds: Any, queue: JobQueue) -> None:
    slow, well = kinds(queue)("slow"), kinds(queue)("well")
    slow.submit_request("first", "x")
    wait_for(lambda: slow.get_request_answer("first").state == "running")
    for key in ("a", "b", "c"):
        well.submit_request(key, "ann")
    well.submit_request("b", "bob")
    well.submit_request("d", "ann")
    assert [key for key in "abcd" if well.get_request_answer(key)] == ["b", "d"], "bob's goes on, ann's newest replaced hers"
    well.submit_request("b", "ann")
    well.submit_request("e", "ann")
    assert [key for key in "abcde" if well.get_request_answer(key)] == ["b", "e"]
    queue.cancel("x")
    assert slow.get_request_answer("first") is None
    assert [wait_for_end(well, key).value for key in "be"] == ["b", "e"]


def test_what_nobody_waits_for_any_more_is_ended(kinds: Any, queue: JobQueue) -> None:
    slow, well = kinds(queue)("slow"), kinds(queue)("well")
    slow.submit_request("a", "ann")
    slow.submit_request("a", "bob")
    wait_for(lambda: slow.get_request_answer("a").state == "running")
    well.submit_request("b", "ann")
    queue.cancel("ann")
    assert slow.get_request_answer("a").state == "running", "bob still waits for it"
    assert well.get_request_answer("b") is None
    slow.cancel("bob")
    wait_for(lambda: queue.processes == 0)
    slow.submit_request("a", "bob")
    wait_for(lambda: slow.get_request_answer("a").state == "running", "for the same, asked again")


def test_who_has_left_makes_room_for_who_is_there(kinds: Any, queue: JobQueue) -> None:
    """The requests of closed sessions come last in the queue, and are the first to be dropped if there is no room."""
    slow, well = kinds(queue)("slow"), kinds(queue)("well")
    slow.submit_request("now", "x")
    wait_for(lambda: slow.get_request_answer("now").state == "running")
    for number in range(4):
        well.submit_request(f"{number}", f"left {number}")
        queue.release(f"left {number}")
    well.submit_request("3", "ann")
    queue.renew("left 2")
    well.submit_request("a", "bob")
    assert [key for key in "0123a" if well.get_request_answer(key)] == ["1", "2", "3", "a"], "the oldest of them is given up"
    well.submit_request("b", "eve")
    with pytest.raises(Invalid, match="4 requests are waiting already"):
        well.submit_request("c", "dan")
    assert [key for key in "123ab" if well.get_request_answer(key)] == ["2", "3", "a", "b"], "who is back is not given up"
    queue.cancel("x")
    for key in "23ab":
        wait_for_end(well, key)


def test_an_answer_can_be_waited_for(kinds: Any, queue: JobQueue) -> None:
    slow, well = kinds(queue)("slow"), kinds(queue)("well")
    well.submit_request("a", "ann")
    assert well.wait_for_request_answer("a", LONGEST).value == "a"
    assert well.wait_for_request_answer("nobody asked", LONGEST) is None
    slow.submit_request("b", "ann")
    assert slow.wait_for_request_answer("b", 0.01).is_busy
    threading.Timer(0.2, queue.cancel, ["ann"]).start()
    assert slow.wait_for_request_answer("b", LONGEST) is None, "its page has moved on"


def test_the_most_urgent_goes_first_and_too_many_are_refused(kinds: Any, queue: JobQueue) -> None:
    slow, well = kinds(queue)("slow"), kinds(queue)("well")
    slow.submit_request("a", "x")
    wait_for(lambda: slow.get_request_answer("a").state == "running")
    order: list[str] = []
    on_event = well.on_event

    def watched(before: ProgramAnswer, event: dict[str, Any]) -> ProgramAnswer:
        order.append(event.get("value", ""))
        return on_event(before, event)  # type: ignore[no-any-return]

    well.on_event = watched
    for number, priority in enumerate((0, 2, 1, 2)):
        well.submit_request(f"{number}", f"owner {number}", priority)
    with pytest.raises(Invalid, match="4 requests are waiting already"):
        well.submit_request("more", "another")
    queue.cancel("x")
    for number in range(4):
        wait_for_end(well, f"{number}")
    assert [value for value in order if value] == ["1", "3", "2", "0"]


def test_memory_that_a_job_may_not_have_is_refused_to_it_alone() -> None:
    code = """
from core.runs.processes import limit_memory, is_out_of_memory
import torch
limit_memory(600)
torch.ones(50_000_000)
try:
    torch.ones(150_000_000)
except Exception as error:
    print(is_out_of_memory(error))
"""
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
    assert not is_out_of_memory(ValueError("no"))
