"""The process that computes the statistics of a study: python -m core.results.study_process [megabytes] (SciPy)."""

from collections.abc import Iterator
from typing import Any

from core.i18n import _
from core.results.study_answer import results_to_plain
from core.results.study_jobs import parse_request
from core.results.study_stats import analyze_study
from core.runs.job_process import answer_request


def respond(request: str) -> Iterator[dict[str, Any]]:
    """Yield the one event: the results of each split, every experiment against the first."""
    results = analyze_study(*parse_request(request), against_first=True)
    yield {"event": "analyzed", "results": results_to_plain(results)}


if __name__ == "__main__":
    answer_request(respond, _("The memory of this machine does not suffice for the statistics of this study."))
