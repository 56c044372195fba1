"""The process that trains: python -m core.runs.worker [--threads N]. The only place of the running app that has torch.

One JSON object a line. In: {"command": "run", "version", "run": id, "experiment", "show", "kept": a file for the weights},
then the commands of protocol.py with the "run" they are for. Out: {"event": "ready"} once, then the run's events, each with
its "run".
It takes one run after another, and ends when its standard input does: then the app has died.
"""

import argparse
import json
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TextIO

from core.errors import Invalid
from core.experiment.experiment import build_experiment
from core.experiment.serialization import from_plain
from core.i18n import _
from core.training.events import VERSION, Command, Event

NICE = 5  # the pages go first where cores are short
FIRST = ("language-model", "adding")  # what a worker has tried before its first run: a task with classes, and one with values
Inbox = SimpleQueue[dict[str, Any]]


class Orders:
    """The commands of one run, out of all that comes in; those for a run that has ended are dropped."""

    def __init__(self, inbox: Inbox, run: str) -> None:
        self.inbox, self.run = inbox, run

    def next_command(self, wait: bool) -> Command | None:
        """The next command; None where there is none, unless `wait`."""
        while True:
            try:
                message = self.inbox.get(block=wait)
            except Empty:
                return None
            if message.get("run") == self.run:
                return message


def main(threads: int) -> None:
    """Serves until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the app; when it ends, so does our input
    out = _own_stdout()
    inbox: Inbox = SimpleQueue()
    Thread(target=_listen, args=(inbox,), daemon=True).start()
    _be_modest()
    _warm_up(threads)
    _say(out, {"event": "ready"})
    while True:
        message = inbox.get()
        if message["command"] == "run":
            for event in events(message, inbox):
                _say(out, {"run": message["run"], **event})


def events(message: dict[str, Any], inbox: Inbox) -> Iterator[Event]:
    """The run that the message asks for. Whatever happens, the last event says how it ended, in a sentence."""
    from core.training.trainer import train

    update = 0
    try:
        _check_version(message["version"])
        orders, kept = Orders(inbox, message["run"]), Path(message["kept"]) if message.get("kept") else None
        for event in train(from_plain(message["experiment"], trusted=True), orders, message["show"], kept):
            update = event.get("update", update)
            yield event
    except Exception as error:
        if not isinstance(error, Invalid):
            traceback.print_exc()
        yield {"event": "failed", "update": update, "reason": why(error)}


def why(error: Exception) -> str:
    """What happened, for somebody who does not know the program."""
    if isinstance(error, Invalid):
        return str(error)
    # torch names a lack of memory in two ways: by a class on an accelerator, by its allocator's words on a CPU.
    if isinstance(error, MemoryError) or "out of memory" in str(error).lower() or "allocate memory" in str(error):
        return _(
            "The memory of this machine does not suffice for this run. Make the network, the batch or the number of "
            "steps smaller."
        )
    return _(
        "The training broke off by a mistake in this program ({name}); the server's log has the details. Other "
        "settings may work."
    ).format(name=type(error).__name__)


def _own_stdout() -> TextIO:
    # Standard output is the protocol's alone: whatever else prints, be it a library in C, prints to standard error.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return out


def _listen(inbox: Inbox) -> None:
    try:
        for line in sys.stdin:
            inbox.put(json.loads(line))
    finally:
        os._exit(0)


def _be_modest() -> None:
    # Where memory runs out, the kernel shall take a run and not the app. Both are Linux's; elsewhere nothing is done.
    with suppress(AttributeError, OSError):
        os.nice(NICE)
        Path("/proc/self/oom_score_adj").write_text("1000")


def _warm_up(threads: int) -> None:
    # torch sets itself up at the first forward, backward and update, the text when it is first read: do it now.
    from core.training.trainer import prepare, train

    prepare(threads)
    for name in FIRST:
        for _event in train(build_experiment(name, hidden=8, layers=1, updates=1)):
            pass


def _say(out: TextIO, event: Event) -> None:
    try:
        out.write(json.dumps(event, allow_nan=False) + "\n")
        out.flush()
    except BrokenPipeError:  # the app has died
        os._exit(0)


def _check_version(version: object) -> None:
    if version != VERSION:
        raise Invalid(_("The app was changed while it was running; it must be started again before a run can start."))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m core.runs.worker")
    parser.add_argument("--threads", type=int, default=1)
    main(parser.parse_args().threads)
