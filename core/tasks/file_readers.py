"""Reading a user's files: plain text, and the rows of tables. Every problem raises Invalid with one sentence."""

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from unicodedata import normalize

from core.errors import Invalid
from core.i18n import _
from core.tasks.csv_dialect import QuoteError, Rows, judge_separator, read_separator_line, split_lines, split_rows

MAX_FILE_BYTES = 5_000_000
MAX_NAMED_COLUMNS = 8  # columns that an error message names
MAX_OFFERED_COLUMNS = 200  # by a page
MAX_QUOTED_CHARACTERS = 20  # of a cell, a name or a label in a message
_UPLOAD_NAME = re.compile(r"[0-9a-f]{64}-(.+)")  # the SHA-256 of an uploaded file, then its original name
_UNSAFE_CHARACTER = re.compile(r"[^\w. -]")
MAX_NAME_LENGTH = 40


def make_upload_name(digest: str, name: str) -> str:
    """Return the name under which an uploaded file is stored. digest: the SHA-256 of its content in hexadecimal digits."""
    return f"{digest}-{_UNSAFE_CHARACTER.sub('_', name)[-MAX_NAME_LENGTH:] or '_'}"


def get_display_name(path: str) -> str:
    """Return the name of a file for messages: the path as given, or the original name of an uploaded file."""
    upload = _UPLOAD_NAME.fullmatch(re.split(r"[/\\]", path)[-1])
    return upload[1] if upload else path


def read_text(path: str, max_bytes: int = MAX_FILE_BYTES, is_table: bool = False) -> str:
    """Return the text of a file in UTF-8, or in UTF-16 with a byte order mark, in Unicode's normal form C.

    is_table: a table of numbers may be in Windows-1252 as well, which many spreadsheets write; only its names depend on it.
    Raises Invalid if the file is missing, empty, too large or not such a text.
    """
    raw = _read_bytes(path, max_bytes)
    is_utf_16 = raw.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
    if b"\0" in raw and not is_utf_16:
        raise Invalid(
            _("The file {path} is not a text file: it contains zero bytes.").format(path=get_display_name(path)), "corpus"
        )
    text = normalize("NFC", _decode(raw, "utf-16" if is_utf_16 else "utf-8-sig", path, is_table))
    if not text.strip():
        raise Invalid(_("The file {path} is empty.").format(path=get_display_name(path)), "corpus")
    return text


def _decode(raw: bytes, encoding: str, path: str, is_table: bool) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        if is_table and encoding != "utf-16" and (text := _decode_windows(raw)):
            return text
        raise Invalid(
            _("The file {path} is not in UTF-8 (byte {at}); save it in that encoding.").format(
                path=get_display_name(path), at=error.start
            ),
            "corpus",
        ) from None


def _decode_windows(raw: bytes) -> str:
    try:
        return raw.decode("cp1252")
    except UnicodeDecodeError:
        return ""


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


def split_table(lines: Sequence[str], separator: str, path: str) -> Rows:
    """Return the cells of all rows. path: of the file, for messages. Raises Invalid for a stray quote and for an empty file."""
    try:
        rows = split_rows(lines, separator)
    except QuoteError as error:
        raise Invalid(
            _(
                "In line {line} of the file {path} a quote begins that does not end where a cell ends. Double it within a "
                "cell, or leave it out."
            ).format(line=error.line, path=get_display_name(path)),
            "corpus",
        ) from None
    if not rows:
        raise Invalid(_("The file {path} is empty.").format(path=get_display_name(path)), "corpus")
    return rows


def read_csv_rows(path: str, header: Sequence[str]) -> tuple[Rows, str, int]:
    """Return the cells of all rows of a table of texts, its separator, and how many lines were skipped, blank ones aside.

    header: the names that its first row is to have. A quoted cell may contain line breaks. Raises Invalid if the file is empty
    or not such a table.
    """
    lines = split_lines(read_text(path))
    named_separator = read_separator_line(lines[0])
    lines = ["\n", *lines[1:]] if named_separator else lines
    separator = named_separator or judge_separator(lines, header)
    return split_table(lines, separator, path), separator, int(bool(named_separator))


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
    matches = [at for at, name in enumerate(names) if name == normalize("NFC", column)]
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


def name_columns(names: Sequence[str]) -> list[str]:
    """Return what each column can be chosen by: its name, or its number from 1 where that is empty or not unique."""
    counts = Counter(names)
    return [name if name and counts[name] == 1 else str(at) for at, name in enumerate(names, start=1)]


def format_column_names(names: Sequence[str]) -> str:
    """Format the first column names for a message; a column without a name is given by its number."""
    first = ", ".join(name[:MAX_QUOTED_CHARACTERS] or str(at) for at, name in enumerate(names[:MAX_NAMED_COLUMNS], start=1))
    return first + (", …" if len(names) > MAX_NAMED_COLUMNS else "")
