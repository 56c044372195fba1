"""The process that records one update of a run from within: python -m core.runs.trace_process (torch)."""

import os
import sys
from contextlib import suppress

import torch

from core.analysis import update_trace
from core.analysis.update_recorder import run_recording
from core.errors import Invalid
from core.i18n import _
from core.runs import capacity
from core.runs.job_queue import say
from core.training.trainer import Diverged

NICE = 5  # the pages go first where cores are short


def main() -> None:
    """Answers one request."""
    with suppress(AttributeError, OSError):
        os.nice(NICE)
    torch.set_num_threads(
        max(1, capacity.cores() // capacity.workers())
    )  # as the workers have: the same sums in the same order
    try:
        for event in run_recording(*update_trace.parse_request(sys.stdin.readline())):
            say(event)
    except (Invalid, Diverged) as why:
        say({"event": "failed", "reason": str(why)})
    except MemoryError:
        say({"event": "failed", "reason": _("The memory of this machine does not suffice for this update.")})


if __name__ == "__main__":
    main()
