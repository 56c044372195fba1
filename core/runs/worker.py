"""The process that trains: python -m core.runs.worker. In the running app, only this and the jobs load torch.

It reads and writes one JSON object per line. In: {"command": "run", …} as core/runs/run.py makes it; {"command": "unload",
"run": id}, which saves and unloads a run; and the commands of events.py with the "run" that they are for. Out:
{"event": "ready"} once, then the runs' events, each with its "run" and, if it has changed, the number of applied commands,
"taken".

It holds many runs and gives them turns. It ends when its standard input does, because then the app has died.
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
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any

from core.errors import Invalid
from core.experiment.experiment import build_experiment
from core.experiment.serialization import from_plain
from core.i18n import _
from core.runs.processes import (
    REPEATS,
    is_out_of_memory,
    limit_growth,
    lower_priority,
    release_memory,
    take_stdout,
    write_event,
)
from core.runs.scheduler import AHEAD, FairShare
from core.runs.settings import Settings
from core.tasks.file_caches import clear_file_caches
from core.tasks.task import CORPUS_OPTION
from core.training.events import VERSION, Command, Event

if TYPE_CHECKING:
    from core.training.trainer import Trainer

WARM_UP_TASKS = ("language-model", "adding")  # tasks tried before the first run: one with classes, one with real values
MAX_SAVING_SHARE = 0.1  # the largest share of a run's training time that saving may take
MAX_SWAPPING_SHARE = (
    0.33  # the largest share of its time in memory that loading and saving of a run that makes room for others may take
)
RECOVERY_SLICES = 10.0  # slices that a visit may be ahead of the others while its run repeats updates lost in a crash
MIN_PAUSE = 0.5  # seconds of a pause after which the run is saved
PACED_UPDATE = 0.02  # seconds that an update of a paced run counts among the runs of its visit
PACED_SHARE = 0.1  # what a second without an update counts, so that it is not free
ALIVE = 1.0  # seconds between two signs of life
ROUND_TIME = 1.0  # seconds in which each run should get a turn, if its updates are short enough
TURN_FILE_SIZE = 64  # bytes of the file with the name of the run whose turn it is
Inbox = SimpleQueue[dict[str, Any]]
Emit = Callable[[Event], None]


class CommandQueue:
    """The commands of one run that its trainer has not applied yet. applied: how many it has applied."""

    def __init__(self) -> None:
        self.pending: deque[Command] = deque()
        self.applied = 0

    def next_command(self, wait: bool) -> Command | None:
        """Remove and return the next command; None if there is none."""
        if not self.pending:
            return None
        self.applied += 1
        return self.pending.popleft()


class LoadedRun:
    """A run in the memory of this worker: its message "run", its commands and its trainer."""

    def __init__(self, message: dict[str, Any], emit: Emit) -> None:
        self.id, self.commands, self.emit = str(message["run"]), CommandQueue(), emit
        self.message = message
        self.saved = Path(message["saved"]) if message.get("saved") else None
        self.reported_applied = 0
        self.saved_after, self.saving = 0.0, 0.0  # training seconds at the last save; seconds that it took
        self.saved_at = time.monotonic()
        self.paused_at: float | None = None  # since when it has been paused without having been saved
        self.is_paused = self.is_leaving = False  # leaving: it is to be unloaded
        self.loading, self.spent_before = 0.0, 0.0  # seconds that loading took; training seconds by then
        self.trainer: Trainer | None = None

    def advance(self, budget: float, is_urgent: Callable[[], bool]) -> str:
        """Train for `budget` seconds, or until `is_urgent` returns True, and emit the events.

        An exception becomes the event "failed" with a sentence.
        """
        try:
            trainer = self.trainer or self._load()
            outcome = trainer.advance(budget, self.emit_event, is_urgent)
        except Exception as error:
            if not isinstance(error, Invalid):
                traceback.print_exc()
            self.emit_event({"event": "failed", "update": self.update, "reason": explain_error(error)})
            return "ended"
        if self.commands.applied != self.reported_applied:
            self.emit_event({"event": "taken"})
        return outcome

    def emit_event(self, event: Event) -> None:
        """Write one event of the run, with the number of applied commands if that has changed."""
        if self.commands.applied != self.reported_applied:
            self.reported_applied = self.commands.applied
            event = event | {"taken": self.reported_applied}
        self.emit({"run": self.id, **event})

    def is_due(self, interval: float) -> bool:
        """Return whether the run should be saved now: `interval` seconds have passed, or more if saving takes long.

        Seconds of the clock count, not only those of the run's own turns, because what is trained again after a crash has to
        wait for its turns too.
        """
        since = self.trainer.spent - self.saved_after if self.trainer else 0.0
        return (
            self.saved is not None and since >= self.saving / MAX_SAVING_SHARE and time.monotonic() - self.saved_at >= interval
        )

    @property
    def update(self) -> int:
        """Return the number of its newest update."""
        return self.trainer.update if self.trainer else 0

    def measure_progress(self, since: int, seconds: float) -> float | None:
        """Return what a turn counts among the runs of the visit: of a paced run its updates; None for the time.

        since: the update before the turn. So paced runs advance together by update, whatever an update of each costs.
        """
        if not self.message.get("paced"):
            return None
        return PACED_UPDATE * (self.update - since) or PACED_SHARE * seconds

    def may_leave(self) -> bool:
        """Return whether the run can be unloaded: not before it has trained enough for the time that loading and saving take,
        as a slow machine would do nothing else, nor during an evaluation, which it would have to begin again.
        """
        if self.trainer is None or self.is_paused:
            return self.is_paused
        if self.trainer.is_evaluating:
            return False
        swapping = self.loading + self.saving
        return swapping <= MAX_SWAPPING_SHARE * (swapping + self.trainer.spent - self.spent_before)

    def save(self) -> bool:
        """Save the run. Return whether that succeeded."""
        from core.training.run_state import save_run

        began = time.perf_counter()
        try:
            if self.trainer and self.saved:
                save_run(self.trainer, self.saved)
        except (OSError, MemoryError, RuntimeError):  # torch makes a RuntimeError of a full disk
            traceback.print_exc()
            return False
        finally:
            self.paused_at, self.saved_at = None, time.monotonic()
            self.saving = time.perf_counter() - began
            self.saved_after = self.trainer.spent if self.trainer else 0.0
        return self.saved is not None

    def stop(self) -> None:
        """Emit "stopped" and write the present weights."""
        seconds = 0.0
        if self.trainer:
            self.trainer.save_weights()
            seconds = self.trainer.seconds
        self.emit_event({"event": "stopped", "update": self.update, "seconds": seconds})

    def close(self) -> None:
        """Free the memory of the run."""
        if self.trainer:
            self.trainer.events.close()  # type: ignore[attr-defined]
        self.trainer = None

    def _load(self) -> "Trainer":
        began = time.perf_counter()
        self.trainer = self._make_trainer()
        self.loading, self.spent_before = time.perf_counter() - began, self.trainer.spent
        return self.trainer

    def _make_trainer(self) -> "Trainer":
        from core.training.run_state import load_run
        from core.training.trainer import Trainer

        message, weight_file = self.message, Path(self.message["weight_file"]) if self.message.get("weight_file") else None
        _check_version(message["version"])
        if self.saved and self.saved.exists():
            trainer = load_run(self.saved, self.commands, message["show"], weight_file)
        else:
            trainer = Trainer(from_plain(message["experiment"], trusted=True), self.commands, message["show"], weight_file)
        newest_recorded_update = message.get("newest_recorded_update", -1)
        trainer.resume(
            newest_recorded_update, message.get("changes", []), message.get("paused", False), message.get("pause_at")
        )
        if message.get("recovering") and newest_recorded_update >= 0:
            self.emit_event({"event": "recovered", "update": newest_recorded_update})
        return trainer


class Worker:
    """The runs of this process, and whose turn it is.

    turn: a file for the name of the run whose turn it is, and whether it only repeats earlier updates; it tells the service
    which run to blame if the process dies.
    """

    def __init__(self, inbox: Inbox, emit: Emit, settings: Settings, turn: Path | None = None) -> None:
        self.inbox, self.emit, self.settings = inbox, emit, settings
        self.runs: dict[str, LoadedRun] = {}
        self.shares = FairShare(settings.slice_time)
        self.urgent: list[str] = []
        self.alive = time.monotonic()
        self.turn, self.turn_repeats = os.open(turn, os.O_CREAT | os.O_WRONLY, 0o600) if turn else None, False

    def serve(self) -> None:
        """Give the runs their turns for ever."""
        while True:
            self.step()

    def step(self) -> None:
        """Read and answer the messages that have come, then give one run its turn; wait if no run wants one."""
        self._read(wait=not self.shares.waiting)
        self._save_paused()
        urgent, self.urgent = self.urgent, []
        for run in dict.fromkeys(urgent):
            is_repeating = run in self.runs and self._is_repeating(self.runs[run])
            if run in self.runs and self.shares.may_run_now(run, RECOVERY_SLICES if is_repeating else AHEAD):
                self._advance(run, self.settings.slice_time if is_repeating else 0.0)
        if (turn := self.shares.next()) is not None:
            self._advance(turn, min(self.settings.slice_time, ROUND_TIME / self.shares.waiting))
        if time.monotonic() - self.alive >= ALIVE:
            self.alive = time.monotonic()
            self.emit({"event": "alive"})

    def _read(self, wait: bool) -> None:
        unsaved = any(loaded.paused_at is not None for loaded in self.runs.values())
        try:
            self._receive(self.inbox.get(block=wait, timeout=MIN_PAUSE if unsaved else None))
            while True:
                self._receive(self.inbox.get_nowait())
        except Empty:
            return

    def _receive(self, message: dict[str, Any]) -> None:
        name = str(message["run"])
        if message["command"] == "run":
            self.runs[name] = LoadedRun(message, self.emit)
            self.shares.add(name, str(message.get("owner", "")))
            if message.get("recovering"):
                self.urgent.append(name)
        elif name in self.runs and message["command"] == "unload":
            self.runs[name].is_leaving = True
            self._unload_if_due(name)
        elif name in self.runs and message["command"] == "stop":
            self._stop(name)
        elif name in self.runs:
            self.runs[name].commands.pending.append(message)
            self.shares.wake(name)
            self.urgent.append(name)

    def _advance(self, name: str, budget: float) -> None:
        loaded, began = self.runs[name], time.perf_counter()
        update = loaded.update
        # Written before the run is loaded, because loading may already end the process.
        self._write_turn(name, repeats=loaded.trainer is not None and loaded.trainer.is_repeating)
        outcome = loaded.advance(budget, lambda: self._is_urgent(loaded))
        paused = loaded.is_paused = outcome == "paused"
        if outcome == "ended":
            self._drop(name, began)
        else:
            loaded.paused_at = time.monotonic() if paused and loaded.saved else None
            if loaded.is_due(self.settings.save_interval):
                loaded.save()
            seconds = time.perf_counter() - began
            self.shares.charge(name, seconds, loaded.measure_progress(update, seconds))
            if paused:
                self.shares.sleep(name)
            elif self._is_repeating(loaded):
                self.urgent.append(name)
            self._unload_if_due(name)
        self._write_turn("")

    def _is_urgent(self, loaded: LoadedRun) -> bool:
        """Return whether a command has come.

        It is called between the updates of a run, so it also notes when the run no longer repeats updates after a crash.
        """
        if self.turn_repeats and not self._is_repeating(loaded):
            self._write_turn(loaded.id)
        return not self.inbox.empty()

    def _is_repeating(self, loaded: LoadedRun) -> bool:
        # Repeated updates show nothing new, so they are made quickly, while the other runs wait a little.
        return bool(loaded.trainer.is_repeating if loaded.trainer else loaded.message.get("recovering"))

    def _save_paused(self) -> None:
        # A pause may last long, so the run is saved; but not at once, because saving would delay the next click.
        for loaded in self.runs.values():
            if loaded.paused_at is not None and time.monotonic() - loaded.paused_at >= MIN_PAUSE:
                loaded.save()
                return

    def _unload_if_due(self, name: str) -> None:
        loaded, began = self.runs[name], time.perf_counter()
        if not (loaded.is_leaving and loaded.may_leave()):
            return
        loaded.is_leaving = False
        if loaded.trainer is None or loaded.save():
            loaded.emit_event({"event": "unloaded"})
            self._drop(name, began)
        else:
            loaded.emit_event({"event": "not-unloaded"})

    def _stop(self, name: str) -> None:
        # At once, whatever commands the run has not applied yet.
        loaded, began = self.runs[name], time.perf_counter()
        loaded.stop()
        self._drop(name, began)

    def _drop(self, name: str, began: float) -> None:
        loaded = self.runs.pop(name)
        loaded.close()
        if CORPUS_OPTION in loaded.message["experiment"].get("options", {}):  # a visitor's file
            clear_file_caches()
        self.shares.charge(name, time.perf_counter() - began)
        self.shares.remove(name)
        release_memory()

    def _write_turn(self, name: str, repeats: bool = False) -> None:
        self.turn_repeats = repeats
        if self.turn is not None:
            os.lseek(self.turn, 0, os.SEEK_SET)
            os.write(self.turn, (f"{name} {REPEATS}" if repeats else name).encode().ljust(TURN_FILE_SIZE))


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


def explain_error(error: Exception) -> str:
    """Return a sentence about the error for somebody who does not know the program."""
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
    for name in WARM_UP_TASKS:
        for _event in train(build_experiment(name, hidden=8, layers=1, updates=1)):
            pass


def _limit(memory: int) -> None:
    import torch

    if not torch.cuda.is_available():  # whose driver maps far more than it uses
        limit_growth(memory)


def _check_version(version: object) -> None:
    if version != VERSION:
        raise Invalid(_("The app was changed while it was running; it must be started again before a run can start."))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m core.runs.worker")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--memory", type=int, default=0)
    parser.add_argument("--turn", type=Path)
    parser.add_argument("--slice-time", type=float, default=Settings.slice_time)
    parser.add_argument("--save-interval", type=float, default=Settings.save_interval)
    given = parser.parse_args()
    limits = Settings(slice_time=given.slice_time, save_interval=given.save_interval)
    main(given.threads, given.memory, given.turn, limits)
