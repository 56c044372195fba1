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
    """The answer to an update trace. trace: the recorded update once the state is "done", else None."""

    trace: UpdateTrace | None = None


class UpdateTraceJobs(Jobs[UpdateTraceAnswer]):
    """The update traces of a server. Thread-safe."""

    module = "core.runs.trace_process"
    blank = UpdateTraceAnswer()

    def submit(self, experiment: Experiment, update: int, sample: int, owner: str = "") -> None:
        """Record the update, unless that is done or waiting.

        Raises Invalid if the update is too late in the run, or if too many jobs are waiting.
        """
        check_update_reachable(experiment, update)
        self.submit_request(make_request(experiment, update, sample), owner)

    def get_answer(self, experiment: Experiment, update: int, sample: int) -> UpdateTraceAnswer | None:
        """Return the recording so far; None if nobody has asked for it."""
        return self.get_request_answer(make_request(experiment, update, sample))

    def on_event(self, before: UpdateTraceAnswer, event: dict[str, Any]) -> UpdateTraceAnswer:
        """Return the answer after "reached", which carries the part done, or after "snapshot", the last event."""
        if event["event"] == "reached":
            return replace(before, state="running", progress=event["part"])
        return UpdateTraceAnswer("done", 1.0, trace=parse_trace(event["snapshot"]))
