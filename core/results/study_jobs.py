"""The jobs that compute the statistics of a study: means, paired differences, verdicts. No SciPy here.

A process of its own (`python -m core.results.study_process`) imports SciPy, which costs half a second and 50 MB.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.experiment.study import Study, study_from_plain, study_to_json
from core.results.study_answer import results_from_plain
from core.results.study_stats import RunKey, SplitResult
from core.runs.job_queue import Answer, Jobs


@dataclass(frozen=True)
class EndedValues:
    """What is compared of a run that has ended; see `RunValues`."""

    validation: float | None
    test: float | None
    failed: str = ""


@dataclass(frozen=True)
class StudyAnswer(Answer):
    """The answer to a request for the statistics of a study. results: by split, once the state is "done"."""

    results: Mapping[str, SplitResult] = field(default_factory=dict)


class StudyStatsJobs(Jobs[StudyAnswer]):
    """The statistics of the studies of a server. Thread-safe."""

    module = "core.results.study_process"
    blank = StudyAnswer()

    def submit(self, request: str, owner: str = "") -> None:
        """Compute the statistics of a request, unless that is done or waiting. Raises Invalid if too many jobs wait."""
        self.submit_request(request, owner, priority=1)  # it takes a second, and a visitor waits for it

    def get_answer(self, request: str) -> StudyAnswer | None:
        """Return the answer so far; None if nobody has asked for it."""
        return self.get_request_answer(request)

    def on_event(self, before: StudyAnswer, event: dict[str, Any]) -> StudyAnswer:
        """Return the answer after the only event."""
        return StudyAnswer("done", 1.0, results=results_from_plain(event["results"]))


def make_request(study: Study, runs: Mapping[RunKey, EndedValues]) -> str:
    """Return the request as one line. runs: those that have ended, by name and seed."""
    rows = [[name, seed, run.validation, run.test, run.failed] for (name, seed), run in sorted(runs.items())]
    return json.dumps({"study": json.loads(study_to_json(study)), "runs": rows})


def parse_request(request: str) -> tuple[Study, dict[RunKey, EndedValues]]:
    """Return the study and its runs of a request."""
    data = json.loads(request)
    runs = {(name, seed): EndedValues(*values) for name, seed, *values in data["runs"]}
    return study_from_plain(data["study"]), runs
