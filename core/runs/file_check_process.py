"""The process that checks a visitor's file: python -m core.runs.file_check_process [megabytes]. It does not load torch."""

import json
from collections.abc import Iterator
from typing import Any

from core.i18n import _, set_language
from core.runs.job_process import answer_request
from core.tasks.file_readers import find_first_series, list_csv_columns, read_text


def respond(request: str) -> Iterator[dict[str, Any]]:
    """The event of the check. Raises Invalid for a file that cannot be used."""
    given = json.loads(request)
    set_language(given["language"])
    path, is_table = given["path"], given["column_count"] > 0
    columns = [column for column, _missing in list_csv_columns(path)] if is_table else []
    read_text(path)
    # Two columns are found by their names, one by what is in it.
    first_series = find_first_series(path) if given["column_count"] == 1 else ""
    yield {"event": "checked", "columns": columns, "first_series": first_series}


if __name__ == "__main__":
    answer_request(respond, _("The file is too large for this server; keep a part of it."))
