"""The process that answers one sensitivity measurement: python -m core.runs.sensitivity_process (torch)."""

import os
import sys
from contextlib import suppress

import torch

from core.analysis.sensitivity import measure_sensitivity
from core.analysis.sensitivity_request import parse_request
from core.errors import Invalid
from core.i18n import _
from core.runs import capacity
from core.runs.job_queue import say

NICE = 5  # the pages go first where cores are short


def main() -> None:
    """Answers one request."""
    with suppress(AttributeError, OSError):
        os.nice(NICE)
    torch.set_num_threads(capacity.cores())
    try:
        for event in measure_sensitivity(*parse_request(sys.stdin.readline())):
            say(event)
    except Invalid as invalid:
        say({"event": "failed", "reason": str(invalid)})
    except MemoryError:
        say({"event": "failed", "reason": _("The memory of this machine does not suffice for this measurement.")})


if __name__ == "__main__":
    main()
