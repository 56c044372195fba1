"""Reading a user's files: plain text and CSV columns. Every problem raises Invalid with one sentence."""

import csv
import math
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from io import StringIO
from pathlib import Path

import numpy as np

from core.errors import Invalid
from core.i18n import _
from core.tasks.table_limits import limit_rows
from core.tasks.task import Floats

MAX_FILE_BYTES = 5_000_000
MAX_NAMED_COLUMNS = 8  # columns that an error message names
MAX_QUOTED_CHARACTERS = 20  # of a cell, a name or a label in a message
MAX_STEP_VARIATION = 0.12  # a column whose steps differ by less, relative to the largest, is a counter; months differ this much
MAX_COLUMNS = 200  # that a page offers
_DELIMITERS = ",;\t"
_UPLOAD_NAME = re.compile(r"[0-9a-f]{64}-(.+)")  # the SHA-256 of an uploaded file, then its original name
# A number with thousands separators, or with a decimal comma.
_GROUPED = re.compile(r"[-+]?(\d{1,3}([.,'’\s]\d{3})+([.,]\d+)?|\d+,\d+)")
_UNSAFE_CHARACTER = re.compile(r"[^\w. -]")
MAX_NAME_LENGTH = 40


def make_upload_name(digest: str, name: str) -> str:
    """Return the name under which an uploaded file is stored. digest: the SHA-256 of its content in hexadecimal digits."""
    return f"{digest}-{_UNSAFE_CHARACTER.sub('_', name)[-MAX_NAME_LENGTH:] or '_'}"


def get_display_name(path: str) -> str:
    """Return the name of a file for messages: the path as given, or the original name of an uploaded file."""
    upload = _UPLOAD_NAME.fullmatch(re.split(r"[/\\]", path)[-1])
    return upload[1] if upload else path


def read_text(path: str, max_bytes: int = MAX_FILE_BYTES) -> str:
    """Return the text of a UTF-8 file. Raises Invalid if it is missing, empty, too large or not such a text."""
    raw = _read_bytes(path, max_bytes)
    if raw.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        raise Invalid(_("The file {path} is in UTF-16; save it in UTF-8.").format(path=get_display_name(path)), "corpus")
    if b"\0" in raw:
        raise Invalid(
            _("The file {path} is not a text file: it contains zero bytes.").format(path=get_display_name(path)), "corpus"
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(
            _("The file {path} is not in UTF-8 (byte {at}); save it in that encoding.").format(
                path=get_display_name(path), at=error.start
            ),
            "corpus",
        ) from None
    if not text.strip():
        raise Invalid(_("The file {path} is empty.").format(path=get_display_name(path)), "corpus")
    return text


def _read_bytes(path: str, max_bytes: int) -> bytes:
    try:
        with Path(path).open("rb") as file:
            raw = file.read(max_bytes + 1)
    except (OSError, ValueError) as error:  # ValueError: an invalid path
        why = getattr(error, "strerror", None) or str(error)
        raise Invalid(_("“{path}” cannot be read: {why}.").format(path=get_display_name(path), why=why), "corpus") from None
    if len(raw) > max_bytes:
        raise Invalid(
            _("The file {path} has more than {most} bytes.").format(path=get_display_name(path), most=max_bytes), "corpus"
        )
    return raw


@lru_cache(maxsize=4)
def load_csv_column(path: str, column: str = "") -> Floats:
    """Return the numbers of a column of a CSV file, [N].

    The delimiter is a comma, a semicolon or a tab; lines that begin with # are skipped; the first row holds the column names
    unless all its cells are numbers. column: the name of the column, or its number from 1; "" for the only numeric column.
    Raises Invalid if the file or the column is missing, or if a cell is not a number.
    """
    names, rows = _read_table(path)
    at = _find_numeric_column(names, column, rows, path)
    cells = _get_cells(rows, at)
    if missing := [n for n, cell in enumerate(cells, start=1) if _parse_number(cell) is None]:
        first = cells[missing[0] - 1][:MAX_QUOTED_CHARACTERS]
        raise Invalid(
            _("The column “{column}” has no number in {n} of its {all} rows, first in row {row} (“{cell}”). {what}").format(
                column=names[at][:MAX_QUOTED_CHARACTERS],
                n=len(missing),
                all=len(cells),
                row=missing[0],
                cell=first,
                what=_explain_number_format([first]) or _("Fill them in, or leave these rows out."),
            ),
            "column",
        )
    values = np.fromiter(map(float, cells), np.float64, len(cells))
    values.flags.writeable = False  # the array is cached
    return values


@lru_cache(maxsize=64)
def list_csv_columns(path: str) -> tuple[tuple[str, int], ...]:
    """Return the columns of a CSV file, each with its number of non-numeric cells.

    A column is given by its name, or by its number from 1 if the name is empty or not unique.
    Raises Invalid if the file is not a CSV table, or has more than `MAX_COLUMNS` columns.
    """
    names, rows = _read_table(path)
    if len(names) > MAX_COLUMNS:
        raise Invalid(
            _("The file {path} has {n} columns; at most {most} can be chosen from. Leave some out.").format(
                path=get_display_name(path), n=len(names), most=MAX_COLUMNS
            ),
            "corpus",
        )
    missing = [sum(_parse_number(cell) is None for cell in _get_cells(rows, at)) for at in range(len(names))]
    return tuple(dict(zip(_name_choices(names), missing, strict=True)).items())


def _name_choices(names: Sequence[str]) -> list[str]:
    return [name if name and names.count(name) == 1 else str(at) for at, name in enumerate(names, start=1)]


def find_first_series(path: str) -> str:
    """Return the first column of a CSV file that is entirely numeric and not a counter, as row numbers and dates are.

    If there is none, and no column is partly numeric, returns the first numeric column, else "". The column is named as in
    `list_csv_columns`. Raises Invalid as `list_csv_columns` does.
    """
    names, rows = _read_table(path)
    missing = dict(list_csv_columns(path))
    numeric = {name: at for at, name in enumerate(_name_choices(names)) if not missing[name]}
    has_gaps = any(0 < n < len(rows) for n in missing.values())
    series = (name for name, at in numeric.items() if not _is_counter(_get_cells(rows, at)))
    return next(series, "" if has_gaps else next(iter(numeric), ""))


def _is_counter(cells: Sequence[str]) -> bool:
    with np.errstate(all="ignore"):  # differences of huge numbers may overflow
        steps = np.diff(np.fromiter(map(float, cells), np.float64, len(cells)))
        return len(steps) > 0 and bool(steps.min() > 0 and steps.max() - steps.min() <= MAX_STEP_VARIATION * steps.max())


def _read_table(path: str) -> tuple[list[str], list[list[str]]]:
    """Return the column names and the rows. If the first row is numeric, the names are the column numbers."""
    rows = read_csv_rows(path, comments=True)
    has_names = any(_parse_number(cell) is None for cell in rows[0])
    names = [cell.strip() for cell in rows[0]] if has_names else [str(n) for n in range(1, len(rows[0]) + 1)]
    rows = rows[1:] if has_names else rows
    check_rows(names, rows, path)
    return names, rows


def _get_cells(rows: Sequence[Sequence[str]], at: int) -> list[str]:
    return [row[at].strip() if at < len(row) else "" for row in rows]


def read_csv_rows(path: str, comments: bool = False) -> list[list[str]]:
    """Return the cells of all rows of a CSV file without blank lines. Quoted cells may contain line breaks.

    comments: skip lines that begin with #. Raises Invalid if the file is not a CSV file, or is empty.
    """
    all_lines = StringIO(read_text(path), newline="")
    lines = list(_skip_comments(all_lines) if comments else all_lines)
    first = next(filter(str.strip, lines), "")
    try:
        reader = csv.reader(lines, delimiter=max(_DELIMITERS, key=first.count), strict=True)
        rows = [row for row in limit_rows(reader, get_display_name(path)) if len(row) > 1 or "".join(row).strip()]
    except csv.Error as error:
        raise Invalid(
            _("The file {path} is not a valid CSV file: {why}.").format(path=get_display_name(path), why=error), "corpus"
        ) from None
    if not rows:
        raise Invalid(_("The file {path} is empty.").format(path=get_display_name(path)), "corpus")
    return rows


def _skip_comments(lines: Iterable[str]) -> Iterator[str]:
    quoted = False  # whether the line begins within quotes, where # is part of a cell
    for line in lines:
        if quoted or not line.startswith("#"):
            quoted ^= line.count('"') % 2 == 1
            yield line


def check_rows(names: Sequence[str], rows: Sequence[Sequence[str]], path: str) -> None:
    """Raise Invalid if there are no rows, or if a row has more cells than there are columns.

    Surplus cells would be read into the wrong column, or lost.
    """
    if not rows:
        raise Invalid(_("The file {path} has a header row but no data.").format(path=get_display_name(path)), "corpus")
    for n, row in enumerate(rows, start=1):
        if len(row) > len(names) and any(cell.strip() for cell in row[len(names) :]):
            raise Invalid(
                _(
                    "Row {row} of the file {path} has more cells ({cells}) than there are columns ({n}). Put texts "
                    "with commas in quotes, and write numbers with a decimal point and nothing between thousands."
                ).format(row=n, path=get_display_name(path), cells=len(row), n=len(names)),
                "corpus",
            )


def find_column(names: Sequence[str], column: str, path: str, option: str) -> int | None:
    """Return the index of the column with this name, or with this number from 1; None if there is none.

    option: the option that names the column. Raises Invalid if several columns have the name.
    """
    matches = [at for at, name in enumerate(names) if name == column]
    if len(matches) > 1:
        raise Invalid(
            _("The file {path} has {n} columns “{column}”.").format(
                path=get_display_name(path), n=len(matches), column=column[:MAX_QUOTED_CHARACTERS]
            ),
            option,
            _("Choose one by its number, such as {option}={at}.").format(option=option, at=matches[0] + 1),
        )
    if matches:
        return matches[0]
    number = column.isascii() and column.isdecimal() and 1 <= int(column[:9]) <= len(names)
    return int(column) - 1 if number else None


def format_column_names(names: Sequence[str]) -> str:
    """Format the first column names for a message; a column without a name is given by its number."""
    first = ", ".join(name[:MAX_QUOTED_CHARACTERS] or str(at) for at, name in enumerate(names[:MAX_NAMED_COLUMNS], start=1))
    return first + (", …" if len(names) > MAX_NAMED_COLUMNS else "")


def _find_numeric_column(names: Sequence[str], column: str, rows: Sequence[Sequence[str]], path: str) -> int:
    if column and (at := find_column(names, column, path, "column")) is not None:
        return at
    numbers = [at for at in range(len(names)) if at < len(rows[0]) and _parse_number(rows[0][at]) is not None]
    if not column and len(numbers) == 1:
        return numbers[0]
    known = format_column_names(names)
    if column:
        raise Invalid(
            _("The file {path} has no column “{column}”; it has {known}.").format(
                path=get_display_name(path), column=column[:MAX_QUOTED_CHARACTERS], known=known
            ),
            "column",
        )
    if not numbers:
        how = _explain_number_format(rows[0]) or _("A series needs one, without gaps.")
        raise Invalid(
            _("The file {path} has no column of numbers; its columns are {known}. {how}").format(
                path=get_display_name(path), known=known, how=how
            ),
            "column",
        )
    raise Invalid(
        _("The file {path} has {n} columns of numbers; its columns are {known}.").format(
            path=get_display_name(path), n=len(numbers), known=known
        ),
        "column",
        _("Choose one with column=NAME."),
    )


def _explain_number_format(cells: Iterable[str]) -> str:
    """Return a hint about the number format if a cell is a number with separators, else ""."""
    if not any(_GROUPED.fullmatch(cell.strip()) for cell in cells):
        return ""
    return _("Write numbers with a decimal point and nothing between thousands: 1234.5.")


def _parse_number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
