"""Reading the rows and the columns of a user's table. Every problem raises Invalid with one sentence."""

from collections import Counter
from collections.abc import Sequence
from unicodedata import normalize

from core.errors import Invalid
from core.i18n import _
from core.tasks.csv_dialect import QuoteError, Rows, judge_separator, read_separator_line, split_lines, split_rows
from core.tasks.table_limits import make_row_check
from core.tasks.text_file import get_display_name, read_text

MAX_NAMED_COLUMNS = 8  # columns that an error message names
MAX_OFFERED_COLUMNS = 200  # by a page
MAX_QUOTED_CELL = 20  # of a cell, a name or a label in a message


def split_table(lines: Sequence[str], separator: str, path: str) -> Rows:
    """Return the cells of all rows. path: of the file, for messages. Raises Invalid for a stray quote, for too large
    a table and for an empty file."""
    try:
        rows = split_rows(lines, separator, make_row_check(get_display_name(path)))
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
                path=get_display_name(path), n=len(matches), column=column[:MAX_QUOTED_CELL]
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
    first = ", ".join(name[:MAX_QUOTED_CELL] or str(at) for at, name in enumerate(names[:MAX_NAMED_COLUMNS], start=1))
    return first + (", …" if len(names) > MAX_NAMED_COLUMNS else "")
