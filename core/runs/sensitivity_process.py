"""The process that answers one sensitivity measurement: python -m core.runs.sensitivity_process [megabytes] (torch)."""

from collections.abc import Iterator
from typing import Any

import torch

from core.analysis.sensitivity import measure_sensitivity
from core.analysis.sensitivity_request import parse_request
from core.i18n import _
from core.runs.capacity import count_cores
from core.runs.job_process import answer_request

MOST_THREADS = 8  # the stack of each counts as memory of the process


def respond(request: str) -> Iterator[dict[str, Any]]:
    """Measure the sensitivity and yield the events of the measurement."""
    torch.set_num_threads(min(count_cores(), MOST_THREADS))
    return measure_sensitivity(*parse_request(request))


if __name__ == "__main__":
    answer_request(respond, _("The memory of this machine does not suffice for this measurement."))
