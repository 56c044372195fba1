"""Files of one's own: their text, and a column of numbers. Whatever is wrong with one is said in a sentence."""

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
from core.tasks.task import Floats

LARGEST = 5_000_000  # bytes
NAMED, SHOWN = 8, 20  # columns that an error names; characters of a cell, a name or a label that it quotes
EVEN = 0.12  # of a step: months differ by so much, and not more
CHOSEN_FROM = 200  # columns, at most, that a page offers
_DELIMITERS = ",;\t"
_BROUGHT = re.compile(r"[0-9a-f]{64}-(.+)")  # a file that was uploaded: what is in it, then the name that it came with
# A number as people write it: with something between thousands, or with a decimal comma.
_GROUPED = re.compile(r"[-+]?(\d{1,3}([.,'’\s]\d{3})+([.,]\d+)?|\d+,\d+)")
_NO_NAME = re.compile(r"[^\w. -]")  # what a name had better not have
LONGEST_NAME = 40


def name_of(digest: str, name: str) -> str:
    """The name of an uploaded file where it is kept. digest: SHA-256 of its content, in hexadecimal digits."""
    return f"{digest}-{_NO_NAME.sub('_', name)[-LONGEST_NAME:] or '_'}"


def called(path: str) -> str:
    """What a file is called in a sentence: as it was given; an uploaded one by the name that it came with."""
    brought = _BROUGHT.fullmatch(re.split(r"[/\\]", path)[-1])
    return brought[1] if brought else path


def read_text(path: str, largest: int = LARGEST) -> str:
    """The text of a file in UTF-8. Raises Invalid for one that is missing, empty, too large, or no such text."""
    raw = _bytes(path, largest)
    if raw.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        raise Invalid(_("The file {path} is in UTF-16; save it in UTF-8.").format(path=called(path)), "corpus")
    if b"\0" in raw:
        raise Invalid(_("The file {path} is no text: it has bytes that are zero.").format(path=called(path)), "corpus")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(
            _("The file {path} is not in UTF-8 (byte {at}); save it in that encoding.").format(
                path=called(path), at=error.start
            ),
            "corpus",
        ) from None
    if not text.strip():
        raise Invalid(_("The file {path} is empty.").format(path=called(path)), "corpus")
    return text


def _bytes(path: str, largest: int) -> bytes:
    try:
        with Path(path).open("rb") as file:
            raw = file.read(largest + 1)
    except (OSError, ValueError) as error:  # ValueError: a name that can be none
        why = getattr(error, "strerror", None) or str(error)
        raise Invalid(_("“{path}” cannot be read: {why}.").format(path=called(path), why=why), "corpus") from None
    if len(raw) > largest:
        raise Invalid(_("The file {path} has more than {most} bytes.").format(path=called(path), most=largest), "corpus")
    return raw


@lru_cache(maxsize=4)
def read_column(path: str, column: str = "") -> Floats:
    """The numbers of a column of a CSV file: commas, semicolons or tabs, lines that begin with # left out, its first row the
    names if it is not all numbers. column: its name, or its number from 1; "" for the only one of numbers.

    Raises Invalid where the file or the column is not there, and where a number is missing.
    """
    names, rows = _table(path)
    at = _chosen(names, column, rows, path)
    cells = _cells(rows, at)
    if missing := [n for n, cell in enumerate(cells, start=1) if _number(cell) is None]:
        first = cells[missing[0] - 1][:SHOWN]
        raise Invalid(
            _("The column “{column}” has no number in {n} of its {all} rows, first in row {row} (“{cell}”). {what}").format(
                column=names[at][:SHOWN],
                n=len(missing),
                all=len(cells),
                row=missing[0],
                cell=first,
                what=_plainly([first]) or _("Fill them in, or leave these rows out."),
            ),
            "column",
        )
    values = np.fromiter(map(float, cells), np.float64, len(cells))
    values.flags.writeable = False  # whoever asks next gets the same
    return values


@lru_cache(maxsize=64)
def columns(path: str) -> tuple[tuple[str, int], ...]:
    """The columns of a CSV file: of each the text that chooses it (its name, or its number where that says more), and how many
    of its rows have no number. Raises Invalid for what is no such file, or has more columns than one can choose from."""
    names, rows = _table(path)
    if len(names) > CHOSEN_FROM:
        raise Invalid(
            _("The file {path} has {n} columns; at most {most} can be chosen from. Leave some out.").format(
                path=called(path), n=len(names), most=CHOSEN_FROM
            ),
            "corpus",
        )
    missing = [sum(_number(cell) is None for cell in _cells(rows, at)) for at in range(len(names))]
    return tuple(dict(zip(_choices(names), missing, strict=True)).items())


def _choices(names: Sequence[str]) -> list[str]:
    return [name if name and names.count(name) == 1 else str(at) for at, name in enumerate(names, start=1)]


def first_series(path: str) -> str:
    """Of a CSV file the first column that is all numbers and none that merely counts, as rows or dates do; where no column
    has other numbers, nor some, the first. As `columns` calls it; "" where none is. Raises Invalid as that does."""
    names, rows = _table(path)
    missing = dict(columns(path))
    whole = {name: at for at, name in enumerate(_choices(names)) if not missing[name]}
    gaps = any(0 < n < len(rows) for n in missing.values())
    return next((name for name, at in whole.items() if not _counts(_cells(rows, at))), "" if gaps else next(iter(whole), ""))


def _counts(cells: Sequence[str]) -> bool:
    with np.errstate(all="ignore"):  # of numbers that are too large to be told apart
        steps = np.diff(np.fromiter(map(float, cells), np.float64, len(cells)))
        return len(steps) > 0 and bool(steps.min() > 0 and steps.max() - steps.min() <= EVEN * steps.max())


def _table(path: str) -> tuple[list[str], list[list[str]]]:
    """The names of the columns, their numbers where the first row has none, and the rows."""
    rows = rows_of(path, comments=True)
    named = any(_number(cell) is None for cell in rows[0])
    names = [cell.strip() for cell in rows[0]] if named else [str(n) for n in range(1, len(rows[0]) + 1)]
    rows = rows[1:] if named else rows
    check_rows(names, rows, path)
    return names, rows


def _cells(rows: Sequence[Sequence[str]], at: int) -> list[str]:
    return [row[at].strip() if at < len(row) else "" for row in rows]


def rows_of(path: str, comments: bool = False) -> list[list[str]]:
    """The cells of all rows of a CSV file, but for blank lines; cells in quotes may have ends of lines in them. comments:
    whether lines that begin with # are left out."""
    every = StringIO(read_text(path), newline="")
    lines = list(_without_comments(every) if comments else every)
    first = next(filter(str.strip, lines), "")
    try:
        rows = csv.reader(lines, delimiter=max(_DELIMITERS, key=first.count), strict=True)
        found = [row for row in rows if len(row) > 1 or "".join(row).strip()]
    except csv.Error as error:
        raise Invalid(_("The file {path} is no CSV: {why}.").format(path=called(path), why=error), "corpus") from None
    if not found:
        raise Invalid(_("The file {path} is empty.").format(path=called(path)), "corpus")
    return found


def _without_comments(lines: Iterable[str]) -> Iterator[str]:
    quoted = False  # whether the line is within quotes, where a # is one of the text
    for line in lines:
        if quoted or not line.startswith("#"):
            quoted ^= line.count('"') % 2 == 1
            yield line


def check_rows(names: Sequence[str], rows: Sequence[Sequence[str]], path: str) -> None:
    """Raises Invalid where there are none, and where one has more cells than there are columns: they would be taken for those
    of other columns, or lost."""
    if not rows:
        raise Invalid(_("The file {path} has a row of names and nothing else.").format(path=called(path)), "corpus")
    for n, row in enumerate(rows, start=1):
        if len(row) > len(names) and any(cell.strip() for cell in row[len(names) :]):
            raise Invalid(
                _(
                    "Row {row} of the file {path} has more cells ({cells}) than there are columns ({n}). Put texts "
                    "with commas in quotes, and write numbers with a decimal point and nothing between thousands."
                ).format(row=n, path=called(path), cells=len(row), n=len(names)),
                "corpus",
            )


def place_of(names: Sequence[str], column: str, path: str, option: str) -> int | None:
    """Where the column of that name stands, or of that number from 1; None where there is none. Raises Invalid where several
    have the name. option: what chooses it."""
    found = [at for at, name in enumerate(names) if name == column]
    if len(found) > 1:
        raise Invalid(
            _("The file {path} has {n} columns “{column}”.").format(path=called(path), n=len(found), column=column[:SHOWN]),
            option,
            _("Choose one by its number, such as {option}={at}.").format(option=option, at=found[0] + 1),
        )
    if found:
        return found[0]
    number = column.isascii() and column.isdecimal() and 1 <= int(column[:9]) <= len(names)
    return int(column) - 1 if number else None


def listed(names: Sequence[str]) -> str:
    """The first of the names of columns, as an error has them; of one without a name, its number."""
    first = ", ".join(name[:SHOWN] or str(at) for at, name in enumerate(names[:NAMED], start=1))
    return first + (", …" if len(names) > NAMED else "")


def _chosen(names: Sequence[str], column: str, rows: Sequence[Sequence[str]], path: str) -> int:
    if column and (at := place_of(names, column, path, "column")) is not None:
        return at
    numbers = [at for at in range(len(names)) if at < len(rows[0]) and _number(rows[0][at]) is not None]
    if not column and len(numbers) == 1:
        return numbers[0]
    known = listed(names)
    if column:
        raise Invalid(
            _("The file {path} has no column “{column}”; it has {known}.").format(
                path=called(path), column=column[:SHOWN], known=known
            ),
            "column",
        )
    if not numbers:
        how = _plainly(rows[0]) or _("A series needs one, without gaps.")
        raise Invalid(
            _("The file {path} has no column of numbers; its columns are {known}. {how}").format(
                path=called(path), known=known, how=how
            ),
            "column",
        )
    raise Invalid(
        _("The file {path} has {n} columns of numbers; its columns are {known}.").format(
            path=called(path), n=len(numbers), known=known
        ),
        "column",
        _("Choose one with column=NAME."),
    )


def _plainly(cells: Iterable[str]) -> str:
    """How numbers are to be written, where some of the cells are numbers that are not written so."""
    if not any(_GROUPED.fullmatch(cell.strip()) for cell in cells):
        return ""
    return _("Write numbers with a decimal point and nothing between thousands: 1234.5.")


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
