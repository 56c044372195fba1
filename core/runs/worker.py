"""The process that trains: python -m core.runs.worker. The only place of the running app, beside the jobs, that has torch.

One JSON object a line. In: {"command": "run", …} as core/runs/run.py has it, {"command": "park", "run": id}, and the commands
of events.py with the "run" they are for. Out: {"event": "ready"} once, then the runs' events, each with its "run", and the
number of commands obeyed, "taken", where that has changed.
It holds many runs and gives each its turns, and ends when its standard input does: then the app has died.
"""

import argparse
import gc
import json
import os
import signal
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any

from core.errors import Invalid
from core.experiment.experiment import build_experiment
from core.experiment.serialization import from_plain
from core.i18n import _
from core.runs.processes import is_out_of_memory, limit_memory, lower_priority, take_stdout, write_event
from core.runs.scheduler import AHEAD, FairShare
from core.runs.settings import Settings
from core.training.events import VERSION, Command, Event

if TYPE_CHECKING:
    from core.training.trainer import Trainer

FIRST = ("language-model", "adding")  # what a worker has tried before its first run: a task with classes, and one with values
SAVING = 0.1  # of its training, at most, that a run spends on being saved
CATCHING_UP = 10.0  # slices that a visit may be ahead of the others while its run repeats what was lost in a crash
SETTLED = 0.5  # seconds after which a paused run is saved
ALIVE = 1.0  # seconds after which a worker says that it is still there
ROUND = 1.0  # seconds in which each run is to have had a turn, where its updates are short enough
NAME = 64  # bytes of the file that says whose turn it is
Inbox = SimpleQueue[dict[str, Any]]
Emit = Callable[[Event], None]


class Orders:
    """The commands of one run that it has not obeyed yet."""

    def __init__(self) -> None:
        self.pending: deque[Command] = deque()
        self.taken = 0

    def next_command(self, wait: bool) -> Command | None:
        """The next command; None where there is none."""
        if not self.pending:
            return None
        self.taken += 1
        return self.pending.popleft()


class Held:
    """A run in the memory of this worker."""

    def __init__(self, message: dict[str, Any], emit: Emit) -> None:
        self.id, self.orders, self.emit = str(message["run"]), Orders(), emit
        self.message = message
        self.saved = Path(message["saved"]) if message.get("saved") else None
        self.reported = 0
        self.saved_after, self.saving = 0.0, 0.0  # seconds of its training; what it took the last time
        self.saved_at = time.monotonic()
        self.paused_at: float | None = None  # since when it has been paused, and is not saved as it is now
        self.trainer: Trainer | None = None

    def advance(self, budget: float, hurry: Callable[[], bool]) -> str:
        """Train for so long, or until `hurry`, and say what happened. Whatever that is, the last event says how the run ended,
        in a sentence."""
        try:
            trainer = self.trainer = self.trainer or self._make()
            outcome = trainer.advance(budget, self.tell, hurry)
        except Exception as error:
            if not isinstance(error, Invalid):
                traceback.print_exc()
            self.tell({"event": "failed", "update": self.trainer.update if self.trainer else 0, "reason": why(error)})
            return "ended"
        if self.orders.taken != self.reported:
            self.tell({"event": "taken"})
        return outcome

    def tell(self, event: Event) -> None:
        """Say one event of the run."""
        if self.orders.taken != self.reported:
            self.reported = self.orders.taken
            event = event | {"taken": self.reported}
        self.emit({"run": self.id, **event})

    def is_due(self, interval: float) -> bool:
        """Whether the run is to be saved: after so many seconds, even if it had few turns in them, for what is trained again
        after a crash has to wait for its turns too. Rarer where saving takes long."""
        since = self.trainer.spent - self.saved_after if self.trainer else 0.0
        return self.saved is not None and since >= self.saving / SAVING and time.monotonic() - self.saved_at >= interval

    def save(self) -> bool:
        """Save the run. Returns whether that could be done."""
        from core.training.run_state import save_run

        began = time.perf_counter()
        try:
            if self.trainer and self.saved:
                save_run(self.trainer, self.saved)
        except OSError:
            traceback.print_exc()
            return False
        finally:
            self.paused_at, self.saved_at = None, time.monotonic()
            self.saving = time.perf_counter() - began
            self.saved_after = self.trainer.spent if self.trainer else 0.0
        return self.saved is not None

    def stop(self) -> None:
        """Say that the run is stopped; its weights are kept as they are."""
        update, seconds = 0, 0.0
        if self.trainer:
            self.trainer.keep()
            update, seconds = self.trainer.update, self.trainer.seconds
        self.tell({"event": "stopped", "update": update, "seconds": seconds})

    def close(self) -> None:
        """Give up all that the run has in memory."""
        if self.trainer:
            self.trainer.events.close()  # type: ignore[attr-defined]
        self.trainer = None

    def _make(self) -> "Trainer":
        from core.training.run_state import load_run
        from core.training.trainer import Trainer

        message, kept = self.message, Path(self.message["kept"]) if self.message.get("kept") else None
        _check_version(message["version"])
        if self.saved and self.saved.exists():
            trainer = load_run(self.saved, self.orders, message["show"], kept)
        else:
            trainer = Trainer(from_plain(message["experiment"], trusted=True), self.orders, message["show"], kept)
        told = message.get("told", -1)
        trainer.resume(told, message.get("changes", []), message.get("paused", False), message.get("pause_at"))
        if message.get("recovering") and told >= 0:
            self.tell({"event": "recovered", "update": told})
        return trainer


class Worker:
    """The runs of this process, and whose turn it is. turn: a file for the name of the run that is on, so that it is known
    whose turn it was if the process dies."""

    def __init__(self, inbox: Inbox, emit: Emit, settings: Settings, turn: Path | None = None) -> None:
        self.inbox, self.emit, self.settings = inbox, emit, settings
        self.runs: dict[str, Held] = {}
        self.shares = FairShare(settings.slice_time)
        self.hurried: list[str] = []
        self.alive = time.monotonic()
        self.turn = os.open(turn, os.O_CREAT | os.O_WRONLY, 0o600) if turn else None

    def serve(self) -> None:
        """Give the runs their turns for ever."""
        while True:
            self.step()

    def step(self) -> None:
        """Read what has come, answer it, and give one run its turn; wait where there is none to be given."""
        self._read(wait=not self.shares.waiting)
        self._save_paused()
        hurried, self.hurried = self.hurried, []
        for run in dict.fromkeys(hurried):
            repeats = run in self.runs and self._repeats(self.runs[run])
            if run in self.runs and self.shares.may_hurry(run, CATCHING_UP if repeats else AHEAD):
                self._advance(run, 0.0)
        if (turn := self.shares.next()) is not None:
            self._advance(turn, min(self.settings.slice_time, ROUND / self.shares.waiting))
        if time.monotonic() - self.alive >= ALIVE:
            self.alive = time.monotonic()
            self.emit({"event": "alive"})

    def _read(self, wait: bool) -> None:
        unsaved = any(held.paused_at is not None for held in self.runs.values())
        try:
            self._receive(self.inbox.get(block=wait, timeout=SETTLED if unsaved else None))
            while True:
                self._receive(self.inbox.get_nowait())
        except Empty:
            return

    def _receive(self, message: dict[str, Any]) -> None:
        name = str(message["run"])
        if message["command"] == "run":
            self.runs[name] = Held(message, self.emit)
            self.shares.add(name, str(message.get("owner", "")))
            if message.get("recovering"):
                self.hurried.append(name)
        elif name in self.runs and message["command"] == "park":
            self._park(name)
        elif name in self.runs and message["command"] == "stop":
            self._stop(name)
        elif name in self.runs:
            self.runs[name].orders.pending.append(message)
            self.shares.wake(name)
            self.hurried.append(name)

    def _advance(self, name: str, budget: float) -> None:
        held, began = self.runs[name], time.perf_counter()
        self._write_turn(name)
        outcome = held.advance(budget, lambda: not self.inbox.empty())
        paused = outcome == "paused"
        if outcome == "ended":
            self._drop(name, began)
        else:
            held.paused_at = time.monotonic() if paused and held.saved else None
            if held.is_due(self.settings.checkpoint_time):
                held.save()
            self.shares.charge(name, time.perf_counter() - began)
            if paused:
                self.shares.sleep(name)
            elif self._repeats(held):
                self.hurried.append(name)
        self._write_turn("")

    def _repeats(self, held: Held) -> bool:
        # What is trained again after a crash has been seen already, so everybody else waits for it a little.
        return bool(held.trainer.repeats if held.trainer else held.message.get("recovering"))

    def _save_paused(self) -> None:
        # A paused run may stay so for long: it is saved, but not while somebody may be about to press the next button.
        for held in self.runs.values():
            if held.paused_at is not None and time.monotonic() - held.paused_at >= SETTLED:
                held.save()
                return

    def _park(self, name: str) -> None:
        held, began = self.runs[name], time.perf_counter()
        if held.trainer is None or held.save():
            held.tell({"event": "parked"})
            self._drop(name, began)
        else:
            held.tell({"event": "kept"})

    def _stop(self, name: str) -> None:
        # At once, whatever else the run was told and has not obeyed yet.
        held, began = self.runs[name], time.perf_counter()
        held.stop()
        self._drop(name, began)

    def _drop(self, name: str, began: float) -> None:
        self.runs.pop(name).close()
        self.shares.charge(name, time.perf_counter() - began)
        self.shares.remove(name)
        release_memory()

    def _write_turn(self, name: str) -> None:
        if self.turn is not None:
            os.lseek(self.turn, 0, os.SEEK_SET)
            os.write(self.turn, name.encode().ljust(NAME))


def main(threads: int, memory: int, turn: Path | None, settings: Settings) -> None:
    """Serve until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the app; when it ends, so does our input
    out = take_stdout()
    inbox: Inbox = SimpleQueue()
    Thread(target=_listen, args=(inbox,), daemon=True).start()
    lower_priority()
    _warm_up(threads)
    _limit(memory)
    gc.collect()
    gc.freeze()  # torch and its half a million objects stay; no collection looks at them again
    write_event(out, {"event": "ready"})
    Worker(inbox, lambda event: write_event(out, event), settings, turn).serve()


def why(error: Exception) -> str:
    """What happened, for somebody who does not know the program."""
    if isinstance(error, Invalid):
        return str(error)
    if is_out_of_memory(error):
        return _(
            "The memory of this machine does not suffice for this run. Make the network, the batch or the number of "
            "steps smaller."
        )
    return _(
        "The training broke off by a mistake in this program ({name}); the server's log has the details. Other "
        "settings may work."
    ).format(name=type(error).__name__)


def release_memory() -> None:
    """Give freed memory back to the system, where the C library can."""
    import ctypes

    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def _listen(inbox: Inbox) -> None:
    try:
        for line in sys.stdin:
            inbox.put(json.loads(line))
    finally:
        os._exit(0)


def _warm_up(threads: int) -> None:
    # torch sets itself up at the first forward, backward and update, the text when it is first read: do it now.
    from core.training.trainer import prepare, train

    prepare(threads)
    for name in FIRST:
        for _event in train(build_experiment(name, hidden=8, layers=1, updates=1)):
            pass


def _limit(memory: int) -> None:
    import torch

    if not torch.cuda.is_available():  # whose driver maps far more than it uses
        limit_memory(memory)


def _check_version(version: object) -> None:
    if version != VERSION:
        raise Invalid(_("The app was changed while it was running; it must be started again before a run can start."))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m core.runs.worker")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--memory", type=int, default=0)
    parser.add_argument("--turn", type=Path)
    parser.add_argument("--slice-time", type=float, default=Settings.slice_time)
    parser.add_argument("--checkpoint-time", type=float, default=Settings.checkpoint_time)
    given = parser.parse_args()
    limits = Settings(slice_time=given.slice_time, checkpoint_time=given.checkpoint_time)
    main(given.threads, given.memory, given.turn, limits)
