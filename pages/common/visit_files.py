"""The uploaded files of a visit: a path is used only if this visit has uploaded the file."""

from collections.abc import Mapping
from typing import Any

from core.experiment.serialization import get_missing_file_columns
from core.i18n import _
from core.tasks import get_task
from core.tasks.task import CORPUS_OPTION
from pages.common.service import get_owner, get_service


def has_files(plain: Mapping[str, Any]) -> bool:
    """Return whether the data of the experiment (as plain data) are available: no file is needed, or this visit uploaded it."""
    path = plain["options"].get(CORPUS_OPTION)
    return path is None or get_service().uploads.has_file(get_owner(), path)


def replace_lost_file(plain: dict[str, Any]) -> dict[str, Any]:
    """Return the experiment, as plain data, on the task's built-in data if its file is gone."""
    return plain if has_files(plain) else select_shared_options(plain)


def select_shared_options(plain: dict[str, Any]) -> dict[str, Any]:
    """Return the experiment, as plain data, with only the options that a link can carry: on the task's built-in data."""
    shared = {option.name for option in get_task(plain["task"]).shared_options}
    return plain | {"options": {name: value for name, value in plain["options"].items() if name in shared}}


def describe_missing_file(data: Mapping[str, Any]) -> str:
    """Return a sentence if the experiment of a link or a JSON file was trained on an uploaded file; else "".

    Raises Invalid for an unknown task.
    """
    columns = get_missing_file_columns(data)
    if columns is None:
        return ""
    chosen = _(" (column {names})").format(names=", ".join(f"“{name}”" for name in columns.values())) if columns else ""
    return _(
        "This experiment learns from a file of one's own{chosen}, which no link carries and a reload lets go. What you "
        "see has the task's own data instead; bring the file in the Lab, or ask whoever has it."
    ).format(chosen=chosen)
