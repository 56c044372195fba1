"""The process that trains runs one after another: python -m core.results.run_process (torch).

It reads an experiment a line, as `to_plain` writes it, and answers with the events of its run, then {"event": "used",
"processor"}: seconds of processor time, the start of the process included, as in a process for this run alone.
{"event": "refused", "reason"} says why the experiment cannot be run.
"""

import json
import sys
import time
from typing import TextIO

from core.errors import Invalid
from core.experiment.serialization import from_plain
from core.runs.processes import take_stdout, write_event
from core.training.trainer import prepare, train


def answer_requests(out: TextIO) -> None:
    """Train the experiment of each line of standard input, and write the events."""
    prepare(threads=1)  # as the app's workers have: the same sums in the same order
    start = time.process_time()
    for line in sys.stdin:
        before = time.process_time()
        try:
            for event in train(from_plain(json.loads(line), trusted=True)):
                write_event(out, event)
            write_event(out, {"event": "used", "processor": start + time.process_time() - before})
        except Invalid as invalid:
            write_event(out, {"event": "refused", "reason": str(invalid)})


if __name__ == "__main__":
    answer_requests(take_stdout())
