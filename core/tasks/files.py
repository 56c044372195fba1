"""Files of one's own: their text, and a column of numbers. Whatever is wrong with one is said in a sentence."""

import csv
import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from core.errors import Invalid
from core.language import _

LARGEST = 5_000_000  # bytes
NAMED = 8  # columns that an error names
_DELIMITERS = ",;\t"


def read_text(path: str, largest: int = LARGEST) -> str:
    """The text of a file in UTF-8. Raises Invalid for one that is missing, empty, too large, or no such text."""
    raw = _bytes(path, largest)
    if not raw.strip():
        raise Invalid(_("The file {path} is empty.").format(path=path), "corpus")
    if b"\0" in raw:
        raise Invalid(_("The file {path} is no text: it has bytes that are zero.").format(path=path), "corpus")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(_("The file {path} is not in UTF-8 (byte {at}); save it in that encoding.").format(
            path=path, at=error.start), "corpus") from None  # fmt: skip


def _bytes(path: str, largest: int) -> bytes:
    try:
        with Path(path).open("rb") as file:
            raw = file.read(largest + 1)
    except (OSError, ValueError) as error:  # ValueError: a name that can be none
        why = getattr(error, "strerror", None) or str(error)
        raise Invalid(_("The file {path} cannot be read: {why}.").format(path=path, why=why), "corpus") from None
    if len(raw) > largest:
        raise Invalid(_("The file {path} has more than {most} bytes.").format(path=path, most=largest), "corpus")
    return raw


@lru_cache(maxsize=4)
def read_column(path: str, column: str = "") -> tuple[float, ...]:
    """The numbers of a column of a CSV file: commas, semicolons or tabs, lines that begin with # left out, its first row the
    names if it is not all numbers. column: its name, or its number from 1; "" for the only one of numbers.

    Raises Invalid where the file or the column is not there, and where a number is missing.
    """
    rows = _rows(path)
    named = any(_number(cell) is None for cell in rows[0])
    names = [cell.strip() for cell in rows[0]] if named else [str(n) for n in range(1, len(rows[0]) + 1)]
    rows = rows[1:] if named else rows
    if not rows:
        raise Invalid(_("The file {path} has a row of names and nothing else.").format(path=path), "corpus")
    at = _chosen(names, column, rows, path)
    cells = [row[at].strip() if at < len(row) else "" for row in rows]
    if missing := [n for n, cell in enumerate(cells, start=1) if _number(cell) is None]:
        first = cells[missing[0] - 1][:20]
        raise Invalid(_("The column “{column}” has no number in {n} of its {all} rows, first in row {row} (“{cell}”). Fill "
                        "them in, or leave these rows out.").format(
                            column=names[at], n=len(missing), all=len(cells), row=missing[0], cell=first),
                      "column")  # fmt: skip
    return tuple(map(float, cells))


def _rows(path: str) -> list[list[str]]:
    lines = [line for line in read_text(path).splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        raise Invalid(_("The file {path} is empty.").format(path=path), "corpus")
    delimiter = max(_DELIMITERS, key=lines[0].count)
    try:
        return list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise Invalid(_("The file {path} is no CSV: {why}.").format(path=path, why=error), "corpus") from None


def _chosen(names: Sequence[str], column: str, rows: Sequence[Sequence[str]], path: str) -> int:
    if column in names:
        return names.index(column)
    if column.isascii() and column.isdecimal() and 1 <= int(column[:9]) <= len(names):
        return int(column) - 1
    numbers = [at for at in range(len(names)) if at < len(rows[0]) and _number(rows[0][at]) is not None]
    if not column and len(numbers) == 1:
        return numbers[0]
    known = ", ".join(names[:NAMED]) + (", …" if len(names) > NAMED else "")
    if column:
        raise Invalid(_("The file {path} has no column “{column}”; it has {known}.").format(
            path=path, column=column, known=known), "column")  # fmt: skip
    raise Invalid(_("The file {path} has {n} columns of numbers; choose one of {known} with column=NAME.").format(
        path=path, n=len(numbers), known=known), "column")  # fmt: skip


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
