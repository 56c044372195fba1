"""The jobs that record one update of a run. No torch here.

A process of its own (`python -m core.runs.trace_process`) trains the experiment from its beginning up to that update.
"""

from dataclasses import dataclass, replace
from typing import Any

from core.analysis.update_trace import UpdateTrace, check_update_reachable, make_request, parse_trace
from core.experiment.experiment import Experiment
from core.runs.job_queue import Answer, Jobs


@dataclass(frozen=True)
class UpdateTraceAnswer(Answer):
    """trace: the recorded update once the state is "done", else None."""

    trace: UpdateTrace | None = None


class UpdateTraceJobs(Jobs[UpdateTraceAnswer]):
    """The update traces of a server. Thread-safe."""

    module = "core.runs.trace_process"
    blank = UpdateTraceAnswer()

    def submit(self, experiment: Experiment, update: int, sample: int, owner: str = "") -> None:
        """Record the update, unless that is done or waiting. Raises Invalid where it is too late, or too many wait."""
        check_update_reachable(experiment, update)
        self.submit_request(make_request(experiment, update, sample), owner)

    def get_answer(self, experiment: Experiment, update: int, sample: int) -> UpdateTraceAnswer | None:
        """Return how far it is; None where nobody has asked for it."""
        return self.get_request_answer(make_request(experiment, update, sample))

    def on_event(self, before: UpdateTraceAnswer, event: dict[str, Any]) -> UpdateTraceAnswer:
        """Return the answer after "reached", which says how much is trained, or "snapshot", the last event."""
        if event["event"] == "reached":
            return replace(before, state="running", progress=event["part"])
        return UpdateTraceAnswer("done", 1.0, trace=parse_trace(event["snapshot"]))
