"""The files that this visit has brought, as all pages know them: a path is used only where the visit itself has brought it."""

from collections.abc import Mapping
from typing import Any

from core.experiment.serialization import file_wanted
from core.i18n import _
from core.tasks import task
from core.tasks.task import CORPUS
from pages.common.service import owner, service


def there(plain: Mapping[str, Any]) -> bool:
    """Whether the experiment, plain data, has all that it learns from: no file, or one that this visit has brought."""
    path = plain["options"].get(CORPUS)
    return path is None or service().uploads.has(owner(), path)


def present(plain: dict[str, Any]) -> dict[str, Any]:
    """The experiment, plain data, on the task's own data where its file is gone."""
    if there(plain):
        return plain
    shared = {option.name for option in task(plain["task"]).shared_options}
    return plain | {"options": {name: value for name, value in plain["options"].items() if name in shared}}


def note(data: Mapping[str, Any]) -> str:
    """A sentence where a link's query, or a file's data, carry an experiment without the file that it learns from; else
    nothing. Raises Invalid where there is no such task."""
    columns = file_wanted(data)
    if columns is None:
        return ""
    chosen = _(" (column {names})").format(names=", ".join(f"“{name}”" for name in columns.values())) if columns else ""
    return _(
        "This experiment learns from a file of one's own{chosen}, which no link carries and a reload lets go. What you "
        "see has the task's own data instead; bring the file in the Lab, or ask whoever has it."
    ).format(chosen=chosen)
