"""The replay of a recorded run by the clock. It is polled like any other run, and needs no worker."""

import time
from collections.abc import Callable

from core.errors import Invalid
from core.i18n import _
from core.runs.recording import Recorded
from core.runs.run import Run
from core.training.events import Command


class Replay:
    """The replay of one run: adds the recorded events when they are due, those of update n after n · `seconds`."""

    def __init__(self, run: Run, recorded: Recorded, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.run, self.seconds = run, seconds
        self._clock = clock
        self._events = recorded.packed_events
        self._added_events = 0  # how many events of the recording the run has
        self._played, self._since = 0.0, clock()

    def advance(self) -> None:
        """Add the events that are due; none while the run is paused or after its end."""
        now = self._clock()
        if self.run.state != "paused":
            self._played += now - self._since
            self._show_until(self._played)
        self._since = now

    def apply_command(self, command: Command) -> None:
        """Apply pause, resume, step or stop. Raises Invalid for a change: a recorded run cannot be changed."""
        self.advance()
        match command["command"]:
            case "change":
                raise Invalid(_("A recorded run cannot be changed; Play trains these settings live."), "command")
            case "stop":
                self.run.stop()
            case "pause" if self.run.state == "running":
                self.run.add({"event": "state", "state": "paused"})
            case "resume" if self.run.state == "paused":
                self.run.add({"event": "state", "state": "running"})
            case "step":
                self._step()

    def _step(self) -> None:
        if self.run.state == "paused":
            self.run.add({"event": "state", "state": "running"})
        self._played = (self.run.update + 1) * self.seconds
        self._show_until(self._played)
        self.run.add({"event": "state", "state": "paused"})

    def _show_until(self, played: float) -> None:
        while self._added_events < len(self._events):
            event = self._events[self._added_events]
            if event.get("update", self.run.update) * self.seconds > played:
                return
            self.run.add(event)
            self._added_events += 1
