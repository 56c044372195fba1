"""Commands for a run that a test adds while the run goes on."""

from collections import deque

from core.training.events import Command


class PendingCommands:
    """The commands that the run has not taken yet; it must not wait for one."""

    def __init__(self) -> None:
        self.pending: deque[Command] = deque()

    def next_command(self, wait: bool) -> Command | None:
        assert not wait, "the run waits for a command"
        return self.pending.popleft() if self.pending else None
