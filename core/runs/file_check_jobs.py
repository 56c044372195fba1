"""The jobs that check an uploaded file before the app reads it: a hostile file costs only its process time. No torch here.

A process of its own (`python -m core.runs.file_check_process`) parses the whole file.
"""

import json
from dataclasses import dataclass
from typing import Any

from core.runs.job_queue import Answer, Jobs


@dataclass(frozen=True)
class FileCheckAnswer(Answer):
    """The answer to a file check.

    columns: the names by which the columns of a table are chosen; none for a text. series_column: as returned by
    `find_series_column`.
    """

    columns: tuple[str, ...] = ()
    series_column: str = ""


class FileCheckJobs(Jobs[FileCheckAnswer]):
    """The file checks of a server. Thread-safe."""

    module = "core.runs.file_check_process"
    blank = FileCheckAnswer()

    def submit(self, path: str, column_count: int, language: str, owner: str) -> str:
        """Check a file and return the request, for which `get_request_answer` has the answer.

        column_count: how many columns of the file the task reads, 0 for a text. language: of the reason if the check fails.
        Raises Invalid if too many jobs are waiting.
        """
        request = json.dumps({"path": path, "column_count": column_count, "language": language})
        self.submit_request(request, owner)
        return request

    def on_event(self, before: FileCheckAnswer, event: dict[str, Any]) -> FileCheckAnswer:
        """Return the answer after "checked", the only event."""
        return FileCheckAnswer("done", 1.0, columns=tuple(event["columns"]), series_column=str(event["series_column"]))
