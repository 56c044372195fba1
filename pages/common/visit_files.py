"""The files that this visit has brought, as all pages know them: a path is used only where the visit itself has brought it."""

from collections.abc import Mapping
from typing import Any

from core.experiment.serialization import get_missing_file_columns
from core.i18n import _
from core.tasks import get_task
from core.tasks.task import CORPUS_OPTION
from pages.common.service import owner, service


def has_files(plain: Mapping[str, Any]) -> bool:
    """Whether the experiment, plain data, has all that it learns from: no file, or one that this visit has brought."""
    path = plain["options"].get(CORPUS_OPTION)
    return path is None or service().uploads.has(owner(), path)


def without_lost_file(plain: dict[str, Any]) -> dict[str, Any]:
    """Return the experiment, plain data, on the task's own data where its file is gone."""
    return plain if has_files(plain) else shared_part(plain)


def shared_part(plain: dict[str, Any]) -> dict[str, Any]:
    """Return the experiment, plain data, as far as a link can carry it: on the task's own data."""
    shared = {option.name for option in get_task(plain["task"]).shared_options}
    return plain | {"options": {name: value for name, value in plain["options"].items() if name in shared}}


def describe_missing_file(data: Mapping[str, Any]) -> str:
    """Return a sentence where a link's query, or a file's data, carry an experiment without the file that it learns from.

    "" for any other. Raises Invalid where there is no such task.
    """
    columns = get_missing_file_columns(data)
    if columns is None:
        return ""
    chosen = _(" (column {names})").format(names=", ".join(f"“{name}”" for name in columns.values())) if columns else ""
    return _(
        "This experiment learns from a file of one's own{chosen}, which no link carries and a reload lets go. What you "
        "see has the task's own data instead; bring the file in the Lab, or ask whoever has it."
    ).format(chosen=chosen)
