"""The process that records one update of a run: python -m core.runs.trace_process [megabytes] (torch)."""

from collections.abc import Iterator
from typing import Any

import torch

from core.analysis import update_trace
from core.analysis.update_recorder import run_recording
from core.errors import Invalid
from core.i18n import _
from core.runs.job_process import answer_request
from core.training.trainer import Diverged


def respond(request: str) -> Iterator[dict[str, Any]]:
    """Record the update and yield the events of the recording. Raises Invalid if training diverges before it."""
    torch.set_num_threads(1)  # as the workers have: the same sums in the same order
    try:
        yield from run_recording(*update_trace.parse_request(request))
    except Diverged as diverged:
        raise Invalid(_("Training diverged. {reason}.").format(reason=diverged)) from None


if __name__ == "__main__":
    answer_request(respond, _("The memory of this machine does not suffice for this update."))
