"""A series in a user's file: which column of its table is meant, and its values in the order of time."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from core.errors import Invalid
from core.i18n import N_, _
from core.tasks.column_kinds import CONSTANT, COUNTER, DATE, TEXT, VALUE, YEAR
from core.tasks.file_caches import register_file_cache
from core.tasks.file_readers import (
    MAX_NAMED_COLUMNS,
    MAX_OFFERED_COLUMNS,
    MAX_QUOTED_CELL,
    find_column,
    format_column_names,
)
from core.tasks.number_parser import find_unit, parse_number
from core.tasks.number_table import SHOWN_CELLS, Table, TableColumn, describe_columns, list_columns, read_table
from core.tasks.text_file import get_display_name

_DESCRIPTIONS = {
    VALUE: N_("“{name}” ({values})"),
    COUNTER: N_("“{name}” ({values}; only counts)"),
    YEAR: N_("“{name}” ({values}; a year)"),
    DATE: N_("“{name}” ({values}; a date)"),
    CONSTANT: N_("“{name}” ({values}; always the same)"),
}
_QUANTITY = re.compile(r"\W*\d")  # the beginning of a cell that may be a number with a unit


@dataclass(frozen=True)
class SeriesFile:
    """A series as it was read. values: [N], in the order of time. column: its name. is_reversed: whether the rows went back in
    time. separator, decimal, skipped: of the table, see `Table`."""

    values: npt.NDArray[np.float64]
    column: str
    is_reversed: bool
    separator: str
    decimal: str
    skipped: int


def load_csv_column(path: str, column: str = "") -> npt.NDArray[np.float64]:
    """Return the numbers of a column of a table, [N]; see `read_series`."""
    return read_series(path, column).values


@register_file_cache
@lru_cache(maxsize=4)
def read_series(path: str, column: str = "") -> SeriesFile:
    """Return a column of a table of numbers; if the rows go back in time, they are turned round.

    Separator, decimal sign, remarks and header are judged over many lines (`csv_dialect`). column: the name of the column, or
    its number from 1; "" for the only one that can be meant. Raises Invalid if the file or the column is missing, if several
    columns can be meant, or if a cell is not a number.
    """
    table = read_table(path)
    columns = describe_columns(table)
    at = _find_named_column(table, column, path) if column else _find_only_series(columns, path)
    values = _parse_column(table, at)
    is_reversed = _goes_back(columns, at)
    values = values[::-1].copy() if is_reversed else values
    values.flags.writeable = False  # the array is cached
    return SeriesFile(values, columns[at].name, is_reversed, table.separator, table.decimal, table.skipped)


def list_csv_columns(path: str) -> tuple[tuple[str, int], ...]:
    """Return the names of the columns of a table, each with its number of cells that are no numbers.

    Raises Invalid if the file is not a table, or has more than `MAX_OFFERED_COLUMNS` columns.
    """
    columns = list_columns(path)
    if len(columns) > MAX_OFFERED_COLUMNS:
        raise Invalid(
            _("The file {path} has {n} columns; at most {most} can be chosen from. Leave some out.").format(
                path=get_display_name(path), n=len(columns), most=MAX_OFFERED_COLUMNS
            ),
            "corpus",
        )
    return tuple({column.name: column.rows - column.numbers for column in columns}.items())


def list_series_columns(columns: Sequence[TableColumn]) -> list[TableColumn]:
    """Return the columns that can be meant by a series: one, or several to choose from.

    These are the columns of values, even with a gap; a counter, a year, a date or a constant only where there is nothing else.
    """
    values = [column for column in columns if column.kind == VALUE and 2 * column.numbers >= column.rows]
    return values or [column for column in columns if column.numbers or _may_be_quantity(column)]


def find_series_column(path: str) -> str:
    """Return the name of the only column that can be meant by a series, "" if it is not clear.

    Raises Invalid as `list_csv_columns` does.
    """
    list_csv_columns(path)
    candidates = list_series_columns(list_columns(path))
    return candidates[0].name if len(candidates) == 1 and candidates[0].is_complete else ""


def _may_be_quantity(column: TableColumn) -> bool:
    """Return whether the cells of a text begin as numbers do: a number with a unit."""
    return column.kind == TEXT and all(map(_QUANTITY.match, column.first_cells))


def _find_named_column(table: Table, column: str, path: str) -> int:
    if (at := find_column(table.names, column, path, "column")) is not None:
        return at
    raise Invalid(
        _("The file {path} has no column “{column}”; it has {known}.").format(
            path=get_display_name(path), column=column[:MAX_QUOTED_CELL], known=format_column_names(table.names)
        ),
        "column",
    )


def _find_only_series(columns: Sequence[TableColumn], path: str) -> int:
    candidates = list_series_columns(columns)
    if len(candidates) == 1:
        return columns.index(candidates[0])
    if not candidates:
        raise Invalid(
            _("The file {path} has no column of numbers; its columns are {known}. A series needs one, without gaps.").format(
                path=get_display_name(path), known=format_column_names([column.name for column in columns])
            ),
            "column",
        )
    listed = [describe_column(column) for column in candidates[:MAX_NAMED_COLUMNS]]
    raise Invalid(
        _("The file {path} has {n} columns that can be the series: {listed}.").format(
            path=get_display_name(path), n=len(candidates), listed=", ".join(listed + ["…"] * (len(candidates) > len(listed)))
        ),
        "column",
        _("Choose one with column=NAME."),
    )


def describe_column(column: TableColumn) -> str:
    """Return the name of a column with its first values, and why it is not the first choice, if it is not."""
    values = ", ".join([*(cell[:MAX_QUOTED_CELL] for cell in column.first_cells), *["…"] * (column.rows > SHOWN_CELLS)])
    sentence = _(_DESCRIPTIONS[column.kind]) if column.is_complete else _("“{name}” ({values}; no number in {n} rows)")
    return sentence.format(name=column.name[:MAX_QUOTED_CELL], values=values, n=column.rows - column.numbers)


def _parse_column(table: Table, at: int) -> npt.NDArray[np.float64]:
    cells, name = table.get_cells(at), table.names[at][:MAX_QUOTED_CELL]
    values = [parse_number(cell, table.decimal) for cell in cells]
    if missing := [n for n, value in enumerate(values) if value is None]:
        cell = cells[missing[0]][:MAX_QUOTED_CELL]
        raise Invalid(
            _("The column “{column}” has no number in {n} of its {all} rows, first in row {row} (“{cell}”). {what}").format(
                column=name, n=len(missing), all=len(cells), row=missing[0] + 1, cell=cell, what=_explain_cell(cell)
            ),
            "column",
        )
    if len({"" if cell[0].isdigit() and cell[-1].isdigit() else find_unit(cell) for cell in cells}) > 1:
        raise Invalid(
            _("The column “{column}” has numbers with and without a sign such as % or €: write all of them alike.").format(
                column=name
            ),
            "column",
        )
    return np.array(values, np.float64)


def _explain_cell(cell: str) -> str:
    """Return what to do about a cell that is no number."""
    if any(character.isdigit() for character in cell):
        return _("Write numbers with digits, one decimal sign and no unit, such as 1234.5.")
    return _("Fill them in, or leave these rows out.")


def _goes_back(columns: Sequence[TableColumn], at: int) -> bool:
    """Return whether the rows go back in time, by the first date or year beside the series, or else by a counter in front."""
    others = [column for n, column in enumerate(columns) if n != at and column.goes_back is not None]
    times = [column for column in others if column.kind in (DATE, YEAR)]
    return any(column.goes_back for column in (times or [column for column in others if column is columns[0]])[:1])
