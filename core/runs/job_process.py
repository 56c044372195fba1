"""The main program of a process that answers one job: read the request, write the events, end."""

import sys
import traceback
from collections.abc import Callable, Iterable
from typing import Any

from core.errors import Invalid
from core.i18n import _
from core.runs.processes import is_out_of_memory, limit_memory, lower_priority, take_stdout, write_event


def answer_request(respond: Callable[[str], Iterable[dict[str, Any]]], out_of_memory: str) -> None:
    """Write the events of `respond(request)`; if it raises an exception, the last event is "failed" with a sentence.

    out_of_memory: the sentence if memory runs out. The first argument of the program, if any, is its memory limit in megabytes.
    """
    out = take_stdout()
    lower_priority()
    limit_memory(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    try:
        for event in respond(sys.stdin.readline()):
            write_event(out, event)
    except Exception as error:
        write_event(out, {"event": "failed", "reason": _explain(error, out_of_memory)})


def _explain(error: Exception, out_of_memory: str) -> str:
    if isinstance(error, Invalid):
        return str(error)
    if is_out_of_memory(error):
        return out_of_memory
    traceback.print_exc()
    return _("The process broke off; the server's log has the details. Smaller sizes may work.")
