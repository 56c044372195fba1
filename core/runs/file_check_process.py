"""The process that checks a visitor's file: python -m core.runs.file_check_process [megabytes]. It does not load torch."""

import json
from collections.abc import Iterator
from typing import Any

from core.i18n import _, set_language
from core.runs.job_process import answer_request
from core.tasks.labelled_texts import list_text_columns
from core.tasks.series_file import find_series_column, list_csv_columns
from core.tasks.text_file import read_text


def respond(request: str) -> Iterator[dict[str, Any]]:
    """Check the file and yield the event "checked". Raises Invalid for a file that cannot be used."""
    given = json.loads(request)
    set_language(given["language"])
    path, count = given["path"], given["column_count"]
    columns, series = [], ""
    if count == 0:
        read_text(path)
    elif count == 1:
        columns, series = [column for column, _missing in list_csv_columns(path)], find_series_column(path)
    else:
        columns = [*list_text_columns(path)]
    yield {"event": "checked", "columns": columns, "series_column": series}


if __name__ == "__main__":
    answer_request(respond, _("The file is too large for this server; keep a part of it."))
