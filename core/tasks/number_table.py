"""A table of numbers in a user's file: its rows, the names of its columns, and what each column holds."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from core.errors import Invalid
from core.i18n import _
from core.tasks.column_kinds import COUNTER, DATE, TEXT, YEAR, goes_back_in_time, judge_number_kind
from core.tasks.csv_dialect import (
    QuoteError,
    Rows,
    find_header,
    get_usual_width,
    is_data_row,
    is_date,
    is_missing_value,
    judge_separator,
    judge_table_decimal,
    list_typed_columns,
    read_separator_line,
    split_lines,
    split_rows,
)
from core.tasks.file_caches import register_file_cache
from core.tasks.file_readers import check_rows, name_columns, split_table
from core.tasks.number_parser import parse_number
from core.tasks.text_file import get_display_name, read_text

MAX_COLUMNS = 2_000
SHOWN_CELLS = 3  # of a column that can be chosen
MAX_PREVIEW_VALUES = 80
_MONTH_OF_YEAR = re.compile(r"(0?[1-9]|1[0-2])\.[12]\d{3}")


@dataclass(frozen=True)
class Table:
    """A table of numbers as it was read.

    names: of the columns, "" where there is none. rows: the cells. separator: "" for one column. decimal: "." or ",".
    skipped: how many lines with text were no rows: remarks, comments, a line that names the separator.
    """

    names: list[str]
    rows: Rows
    separator: str
    decimal: str
    skipped: int

    def get_cells(self, at: int) -> list[str]:
        """Return the cells of a column, "" where a row is too short."""
        return [row[at].strip() if at < len(row) else "" for row in self.rows]


@dataclass(frozen=True)
class TableColumn:
    """A column of a table. name: that of the table, or its number from 1 where that is empty or not unique.

    kind: of `column_kinds`. rows: how many cells it has. numbers: how many of them are numbers. first_cells: the first of
    them. preview: some of the numbers, evenly spaced, for a small chart. goes_back: whether it is a time that goes back; None
    if it is no time.
    """

    name: str
    kind: str
    rows: int
    numbers: int
    first_cells: tuple[str, ...]
    preview: tuple[float, ...]
    goes_back: bool | None

    @property
    def is_complete(self) -> bool:
        """Return whether every cell is a number, so that the column can be learned."""
        return self.numbers == self.rows


def read_table(path: str) -> Table:
    """Return the table of numbers in a file. Raises Invalid if the file is missing or not such a table."""
    lines = split_lines(read_text(path, is_table=True))
    named_separator = read_separator_line(lines[0])
    lines = ["\n", *lines[1:]] if named_separator else lines
    lines, comments = _blank_comments(lines)
    separator = named_separator or judge_separator(lines)
    rows = split_table(lines, separator, path)
    if len(rows[0]) > MAX_COLUMNS:
        raise Invalid(
            _("The file {path} has {n} columns; at most {most} are read. Leave some out.").format(
                path=get_display_name(path), n=len(rows[0]), most=MAX_COLUMNS
            ),
            "corpus",
        )
    decimal, width = judge_table_decimal(rows, separator), get_usual_width(rows)
    typed = list_typed_columns(rows, width, decimal)
    start = next((n for n, row in enumerate(rows) if is_data_row(row, typed, decimal)), 1)
    end = _find_end(rows, start, typed, decimal)
    comment = next((text for place, text in reversed(comments) if place == start), "")
    names, used = _find_names(rows[:start], width, _split_comment(comment, separator))
    check_rows(names, rows[start:end], path)
    skipped = bool(named_separator) + len(comments) + start + len(rows) - end - used
    return Table(names, rows[start:end], separator, decimal, skipped)


def _blank_comments(lines: Sequence[str]) -> tuple[list[str], list[tuple[int, str]]]:
    """Return the lines with comments, which begin with #, blank, and each comment with the number of rows above it."""
    kept: list[str] = []
    comments: list[tuple[int, str]] = []
    count, is_quoted = 0, False
    for line in lines:
        if line.startswith("#") and not is_quoted:
            comments.append((count, line.lstrip("# \t")))
            kept.append("\n")
            continue
        is_quoted ^= line.count('"') % 2 == 1  # within quotes # is part of a cell
        count += bool(line.strip())
        kept.append(line)
    return kept, comments


def _find_end(rows: Rows, start: int, typed: Sequence[int], decimal: str) -> int:
    """Return the index after the last row of data.

    Rows at the end are remarks if they are too short and have no number, or have a text in place of a date.
    """
    end, width = len(rows), get_usual_width(rows)
    has_dates = bool(typed) and start < end and is_date("".join(rows[start][typed[0] : typed[0] + 1]))
    while end > start + 1 and not is_data_row(rows[end - 1], typed, decimal):
        date = "".join(rows[end - 1][typed[0] : typed[0] + 1]) if typed else ""
        is_text = has_dates and not (is_date(date) or is_missing_value(date))
        if not typed or width == 1 or not (is_text or len(rows[end - 1]) < width):
            break
        end -= 1
    return end


def _split_comment(comment: str, separator: str) -> list[str]:
    try:
        return next(iter(split_rows([comment], separator)), [])
    except QuoteError:
        return []


def _find_names(above: Rows, width: int, comment: list[str]) -> tuple[list[str], int]:
    """Return the names of the columns and how many lines they are taken from, 1 or 0.

    above: the rows above the data. comment: the cells behind # directly above the data, which are a header if they are as many
    as the columns. Without a header the names are the numbers from 1.
    """
    if len(comment) == width > 1 and not any(parse_number(cell) is not None for cell in comment):
        return [cell.strip() for cell in comment], 1
    at = find_header(above, width)
    if at is None and above and len(above[-1]) > 1:  # too short: the rows are refused by its names
        at = len(above) - 1
    if at is not None and any(parse_number(cell) is None for cell in above[at]):
        return [cell.strip() for cell in above[at]], 1
    return [str(n) for n in range(1, width + 1)], 0


@register_file_cache
@lru_cache(maxsize=64)
def list_columns(path: str) -> tuple[TableColumn, ...]:
    """Return the columns of the table of numbers in a file. Raises Invalid if it is not a table."""
    return describe_columns(read_table(path))


def describe_columns(table: Table) -> tuple[TableColumn, ...]:
    """Return what each column of a table holds."""
    return tuple(_describe_column(table, at, name) for at, name in enumerate(name_columns(table.names)))


def _describe_column(table: Table, at: int, name: str) -> TableColumn:
    cells = table.get_cells(at)
    values = [value for cell in cells if (value := parse_number(cell, table.decimal)) is not None]
    kind = _judge_kind(cells, values)
    goes_back = goes_back_in_time(cells, table.decimal) if kind in (COUNTER, YEAR, DATE) else None
    preview = values[:: -(-len(values) // MAX_PREVIEW_VALUES) or 1]
    return TableColumn(name, kind, len(cells), len(values), tuple(cells[:SHOWN_CELLS]), tuple(preview), goes_back)


def _judge_kind(cells: Sequence[str], values: Sequence[float]) -> str:
    if not values:
        return DATE if all(is_date(cell) or is_missing_value(cell) for cell in cells) else TEXT
    if _MONTH_OF_YEAR.fullmatch(cells[0]) and all(map(_MONTH_OF_YEAR.fullmatch, cells)):
        return DATE
    return judge_number_kind(values)
