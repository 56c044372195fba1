"""One update of a run, seen from within: what a page asks for, and what it is told. No torch here.

A process of its own (`python -m core.runs.trace_process`) trains the experiment from its beginning up to that update.
"""

from dataclasses import dataclass, replace
from typing import Any

from core.analysis.update_trace import UpdateTrace, check_update_reachable, make_request, parse_trace
from core.experiment.experiment import Experiment
from core.runs.job_queue import Answer, Jobs


@dataclass(frozen=True)
class Slowed(Answer):
    """snapshot: there once the state is "done"."""

    snapshot: UpdateTrace | None = None


class Snapshots(Jobs[Slowed]):
    """The snapshots of a server. Thread-safe."""

    module = "core.runs.trace_process"
    blank = Slowed()

    def ask(self, experiment: Experiment, update: int, sample: int, owner: str = "") -> None:
        """Have the update made, unless it is or is being. Raises Invalid where it is too far away, or too many are waiting."""
        check_update_reachable(experiment, update)
        self.submit(make_request(experiment, update, sample), owner)

    def look(self, experiment: Experiment, update: int, sample: int) -> Slowed | None:
        """Return how far it is; None where nobody has asked for it."""
        return self.get_answer(make_request(experiment, update, sample))

    def on_event(self, before: Slowed, event: dict[str, Any]) -> Slowed:
        """ "reached" says how much is trained, "snapshot" is the last event."""
        if event["event"] == "reached":
            return replace(before, state="running", part=event["part"])
        return Slowed("done", 1.0, snapshot=parse_trace(event["snapshot"]))
