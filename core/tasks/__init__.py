"""All tasks by name, one file each behind the interface of task.py. NumPy only."""

from difflib import get_close_matches

from core.errors import Invalid, quote
from core.i18n import _
from core.tasks import (
    adding,
    captions,
    character_model,
    classification,
    copy_memory,
    delayed_recall,
    digits,
    language_model,
    parity,
    series,
    speech,
    temporal_order,
    translation,
)
from core.tasks.task import Task

_FILES = (
    language_model,
    character_model,
    classification,
    delayed_recall,
    temporal_order,
    adding,
    copy_memory,
    parity,
    series,
    digits,
    captions,
    speech,
    translation,
)
TASKS: dict[str, Task] = {file.TASK.name: file.TASK for file in _FILES}


def get_task(name: str) -> Task:
    """Return the task of that name. Raises Invalid with the most similar names if there is none."""
    if name in TASKS:
        return TASKS[name]
    near = get_close_matches(name, TASKS, cutoff=0.3) or list(TASKS)
    raise Invalid(_("There is no task “{name}”; did you mean {near}?").format(name=quote(name), near=", ".join(near)), "task")
