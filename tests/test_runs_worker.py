"""The worker process alone, with messages through its pipes as the service sends them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

import pytest
import torch

from core.experiment.experiment import Experiment, build_experiment
from core.experiment.serialization import to_plain
from core.runs.worker import LoadedRun, explain_error
from core.training.events import VERSION

ROOT = Path(__file__).parents[1]
LONGEST = 60.0  # seconds without an answer after which the test gives up
SMALL = build_experiment("delayed-recall", {"lag": 2, "sequences": 64}, hidden=4, layers=1, updates=3)


class Talk:
    """A worker, its lines, and the time of each."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "core.runs.worker"],
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.lines: Queue[str] = Queue()
        self.reader = Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            if line != '{"event": "alive"}\n':  # said once a second
                self.lines.put(line)

    def say(self, message: dict[str, Any]) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def run(self, name: str, experiment: Experiment | dict[str, Any], **more: Any) -> None:
        plain = to_plain(experiment) if isinstance(experiment, Experiment) else experiment
        self.say({"command": "run", "version": VERSION, "run": name, "experiment": plain, "show": 0, **more})

    def next(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.lines.get(timeout=LONGEST))
        return event

    def until(self, *kinds: str) -> list[dict[str, Any]]:
        events = [self.next()]
        while events[-1]["event"] not in kinds:
            events.append(self.next())
        return events

    def answer(self, run: str, command: str, **more: Any) -> tuple[dict[str, Any], float]:
        """Send a command; return the next event and the seconds of the worker's processor time until then.

        Processor time, because others use the cores too.
        """
        began = self.processor_time()
        self.say({"command": command, "run": run, **more})
        return self.next(), self.processor_time() - began

    def processor_time(self) -> float:
        """Return the seconds of processor time so far, of all threads."""
        if not Path("/proc/self/stat").exists():
            return time.perf_counter()
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self) -> int:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        status = self.process.wait(LONGEST)
        self.reader.join()
        self.process.stdout.close()
        return status


@pytest.fixture(scope="module")
def talk() -> Iterator[Talk]:
    talk = Talk()
    assert talk.next() == {"event": "ready"}
    yield talk
    assert talk.end() == 0


def test_it_takes_one_run_after_another(talk: Talk) -> None:
    for name in ("first", "second"):
        talk.run(name, SMALL)
        events = talk.until("done")
        assert {event["run"] for event in events} == {name}
        assert [event["event"] for event in events] == ["started", *["record"] * 4, "done"]


def test_commands_and_stop_act_within_half_a_second_of_a_long_evaluation(talk: Talk) -> None:
    # No record of update 0 comes, so all of this happens within the first evaluation. Each command waits until the
    # next chunk is well under way, as a user's would.
    talk.run("large", build_experiment("language-model", hidden=650, layers=2))
    assert talk.next()["event"] == "started"
    answers = []
    for command in ("pause", "resume", "pause", "resume", "change", "stop"):
        time.sleep(0.02)
        answers.append(talk.answer("large", command, learning_rate=0.001))
    said = [event.get("state", event["event"]) for event, _seconds in answers]
    assert said == ["paused", "running", "paused", "running", "changed", "stopped"]
    assert [event.get("taken") for event, _seconds in answers] == [1, 2, 3, 4, 5, None], (
        "a stop is applied by the worker itself"
    )
    assert answers[-1][0]["update"] == 0
    slowest = max(seconds for _event, seconds in answers)
    assert slowest < 0.5, f"the slowest answer took {slowest:.3f} s"


def test_many_runs_move_beside_each_other_and_commands_are_obeyed_at_once(talk: Talk) -> None:
    """Of ten runs, nine belong to one visit and one to another: both visits get half of the time."""
    long = build_experiment("delayed-recall", {"lag": 2, "sequences": 4096}, hidden=4, layers=1, epochs=500)
    names = [f"r{number}" for number in range(10)]
    for name in names:
        talk.run(name, long, owner="ann" if name == "r0" else "bob")
    updates = dict.fromkeys(names, 0)
    while min(updates.values()) < 20:
        event = talk.next()
        if event["event"] == "record":
            updates[event["run"]] = event["update"]
    bobs = sum(update for name, update in updates.items() if name != "r0")
    assert 0.5 < updates["r0"] / bobs < 2
    began = talk.processor_time()
    talk.say({"command": "pause", "run": "r5"})
    while talk.next().get("state") != "paused":
        pass
    assert talk.processor_time() - began < 0.3, "without waiting for its turn among ten"
    for name in names:
        talk.say({"command": "stop", "run": name})
    stopped = set[str]()
    while len(stopped) < 10:
        event = talk.next()
        stopped |= {event["run"]} if event["event"] == "stopped" else set()


def test_an_unloaded_run_goes_on_where_it_was(talk: Talk, tmp_path: Path) -> None:
    """Oracle: the same run that stays in memory."""
    e = build_experiment("delayed-recall", {"lag": 2, "sequences": 256}, hidden=4, layers=1, epochs=4)
    talk.run("whole", e)
    whole = [event["train_loss"] for event in talk.until("done") if event["event"] == "record"]
    losses, newest_recorded_update, ended = dict[int, float](), -1, False
    while not ended:
        talk.run("parts", e, saved=str(tmp_path / "parts.run"), newest_recorded_update=newest_recorded_update, recovering=True)
        talk.say({"command": "step", "run": "parts"})
        events = [talk.next()]
        while not (ended := events[-1]["event"] == "done") and events[-1].get("state") != "paused":
            events.append(talk.next())
        assert [event["event"] for event in events].count("recovered") == (newest_recorded_update >= 0)
        for event in (event for event in events if event["event"] == "record"):
            assert losses.setdefault(event["update"], event["train_loss"]) == event["train_loss"]
            newest_recorded_update = max(newest_recorded_update, event["update"])
        if not ended:
            talk.say({"command": "unload", "run": "parts"})
            assert [event["event"] for event in talk.until("unloaded")] == ["unloaded"]
    assert list(losses.values()) == whole


def test_a_run_asked_to_leave_at_once_gets_somewhere_first(talk: Talk, tmp_path: Path) -> None:
    """Else a slow machine would only load and save. An evaluation takes many turns here, and would begin anew each time."""
    e = build_experiment("language-model", epochs=50)
    newest_recorded_update, recorded = -1, list[int]()
    for _time in range(3):
        talk.run("asked", e, saved=str(tmp_path / "asked.run"), newest_recorded_update=newest_recorded_update)
        talk.say({"command": "unload", "run": "asked"})
        updates = [event["update"] for event in talk.until("unloaded") if event["event"] == "record"]
        assert updates
        recorded += updates
        newest_recorded_update = recorded[-1]
    assert recorded == list(range(len(recorded)))


def test_commands_for_a_run_that_has_ended_do_not_meet_the_next(talk: Talk) -> None:
    talk.say({"command": "stop", "run": "large"})
    talk.run("next", SMALL)
    talk.say({"command": "pause", "run": "large"})
    assert talk.until("done", "stopped", "failed")[-1]["event"] == "done"


@pytest.mark.parametrize(
    ("experiment", "more", "says"),
    [
        (SMALL, {"version": VERSION + 1}, "must be started again"),
        ({"task": "delayed-recall", "layers": 99}, {}, "layers is 99"),
        ({"task": "language-model", "options": {"words": 2000}, "batch": 256, "steps": 30, "hidden": 8}, {}, "one window of"),
        (SMALL, {"show": "many"}, "a mistake in this program (TypeError)"),
    ],
)
def test_what_cannot_be_trained_fails_in_a_sentence_and_the_next_run_works(
    talk: Talk, experiment: Experiment | dict[str, Any], more: dict[str, Any], says: str
) -> None:
    talk.run("bad", experiment, **more)
    failed = talk.until("done", "failed")[-1]
    assert failed["event"] == "failed"
    assert says in failed["reason"]
    assert "Traceback" not in failed["reason"]
    talk.run("good", SMALL)
    assert talk.until("done", "failed")[-1]["event"] == "done"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal to send")
def test_it_leaves_an_interrupt_to_the_app(talk: Talk) -> None:
    talk.process.send_signal(signal.SIGINT)
    talk.run("after", SMALL)
    assert talk.until("done", "failed")[-1]["event"] == "done"


def test_it_ends_with_its_input_in_the_middle_of_a_run() -> None:
    talk = Talk()
    talk.run("long", build_experiment("delayed-recall", epochs=500))
    talk.until("record")
    assert talk.end() == 0


def test_standard_output_is_the_protocols_alone() -> None:
    program = (
        "import os, core.runs.processes as p; out = p.take_stdout(); print('stray'); os.system('echo C'); "
        "p.write_event(out, {'event': 'ready'})"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == '{"event": "ready"}\n'
    assert sorted(done.stderr.split()) == ["C", "stray"]


def test_a_lack_of_memory_is_named() -> None:
    errors: list[Exception] = [MemoryError(), torch.OutOfMemoryError("CUDA out of memory.")]
    with pytest.raises(RuntimeError) as raised:
        torch.empty(2**55)  # torch's own words
    for error in [*errors, raised.value]:
        assert "memory of this machine does not suffice" in explain_error(error)
    assert os.environ.get("HOME", "/") not in explain_error(RuntimeError("secret path"))


@pytest.mark.parametrize("error", [OSError("disk full"), MemoryError(), RuntimeError("unexpected pos 64 vs 0")])
def test_a_run_that_cannot_be_saved_stays_in_memory(
    error: Exception, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """This includes an error that torch raises as its own; the worker survives."""

    def fail(_run: object, _path: Path) -> None:
        raise error

    monkeypatch.setattr("core.training.run_state.save_run", fail)
    message = {"version": VERSION, "run": "a", "experiment": to_plain(SMALL), "show": 0, "saved": str(tmp_path / "a")}
    loaded = LoadedRun(message, lambda event: None)
    loaded.advance(0.0, lambda: False)
    assert not loaded.save()
    assert type(error).__name__ in capsys.readouterr().err
    assert loaded.advance(60.0, lambda: False) == "ended"
