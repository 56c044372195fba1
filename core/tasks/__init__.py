"""The tasks: a small file each, behind the interface of task.py. NumPy only."""

from difflib import get_close_matches

from core.errors import Invalid
from core.language import _
from core.tasks import delayed_recall, language_model
from core.tasks.task import Task

TASKS: dict[str, Task] = {row.name: row for row in (language_model.TASK, delayed_recall.TASK)}


def task(name: str) -> Task:
    """The task of that name. Raises Invalid, suggesting the nearest names, where there is none."""
    if name in TASKS:
        return TASKS[name]
    near = get_close_matches(name, TASKS, cutoff=0.3) or list(TASKS)
    raise Invalid(_("There is no task “{name}”; did you mean {near}?").format(name=name, near=", ".join(near)), "task")
