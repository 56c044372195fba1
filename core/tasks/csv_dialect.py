"""Judge how a table is written, over many of its lines together: separator, quotes, decimal sign, remarks and header.

Why no library: `csv.Sniffer`, which pandas uses too, and clevercsv judge the separator alone and often take a decimal comma for
it (assets/measured/README.md counts how often each is right); nothing judges the decimal sign or where the table begins. The
saved script of an experiment carries this module, which therefore needs the standard library only.
"""

import csv
import re
from collections import Counter
from collections.abc import Callable, Sequence

from core.tasks.number_parser import DECIMAL_SIGNS, judge_decimal_sign, parse_number

SEPARATORS = (",", ";", "\t", "|")
MAX_JUDGED_LINES = 600
MAX_JUDGED_CHARACTERS = 60_000
MAX_JUDGED_CELLS = 200  # of a row
NO_SEPARATOR = "\x1f"  # for a table of one column: a character that no text has
_MISSING_VALUES = {"", "-", ".", "?", "na", "n/a", "#n/a", "nan", "nil", "none", "null"}
_SEPARATOR_LINE = re.compile(r'"?sep=([^\w\s"]|\t)"?[\s,;]*\Z', re.IGNORECASE)
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_MONTH = r"(?:jan|feb|mar|mär|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez)[a-zä]*\.?"
_DATE = re.compile(
    r"(\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\.?|\d{4}[-/]?[QMW]\d{1,2}|\d{4}-\d{1,2}|\d{1,2}/\d{4}"
    rf"|\d{{1,2}}[ .-]+{_MONTH}[ .-]+\d{{2,4}}|{_MONTH}[ -]?(\d{{1,2}},? )?\d{{2,4}}|\d{{4}}[ -]{_MONTH})?"
    r"([ T]*\d{1,2}:\d\d(:\d\d([.,]\d+)?)?( ?[ap]m)?( ?Z|[+-]\d\d:?\d\d| ?UTC)?)?",
    re.IGNORECASE,
)
_DECIMALS = re.compile(r"[-+]?\d+,(\d\d+)")
_INNER_COMMA = re.compile(r",\S")
Rows = list[list[str]]
csv.field_size_limit(100_000_000)  # a cell may be as long as the file


class QuoteError(ValueError):
    """A quote that is not closed, or is closed within a cell. line: the line of the file in which the row begins, from 1."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def is_date(cell: str) -> bool:
    """Return whether a cell is a date or a time, such as 2019-01-31, 31.01.2019, Jan 2019, 2019-Q1 or 12:30."""
    stripped = cell.strip()
    return len(stripped) > 3 and _DATE.fullmatch(stripped) is not None


def is_missing_value(cell: str) -> bool:
    """Return whether a cell stands for a missing value."""
    return cell.strip().lower() in _MISSING_VALUES


def split_lines(text: str) -> list[str]:
    r"""Return the lines of a text with their line ends: \n, \r\n or \r."""
    return _LINE.findall(text)


def read_separator_line(line: str) -> str:
    """Return the separator that a line such as `sep=;` names, "" if it names none."""
    match = _SEPARATOR_LINE.match(line)
    return match[1] if match else ""


def split_rows(lines: Sequence[str], separator: str, check_row: Callable[[int, int], object] | None = None) -> Rows:
    """Return the cells of all rows without blank lines; a quoted cell may contain separators and line breaks.

    separator: "" for one column. check_row: is given the number of each row, from 1, and of its cells, as soon as it is read;
    it may raise an error to end the reading. A quote is an ordinary character where all lines have equally many cells without
    it, and with it is not closed or takes in whole rows. Raises QuoteError.
    """
    try:
        rows = _split_quoted_rows(lines, separator, check_row)
    except QuoteError:
        if plain := _split_plain_rows(lines, separator, check_row):
            return plain
        raise
    # A text may have a comma in each line; tabs, semicolons and bars in each line of a cell are those of rows.
    takes_in_rows = separator not in ("", ",") and any(_has_inner_row(cell, separator) for row in rows for cell in row)
    return (takes_in_rows and _split_plain_rows(lines, separator, check_row)) or rows


def _has_inner_row(cell: str, separator: str) -> bool:
    return separator in cell and ("\n" in cell or "\r" in cell) and any(separator in one for one in split_lines(cell)[1:-1])


def _split_quoted_rows(lines: Sequence[str], separator: str, check_row: Callable[[int, int], object] | None) -> Rows:
    # skipinitialspace: a quote may follow a space.
    reader = csv.reader(lines, delimiter=separator or NO_SEPARATOR, strict=True, skipinitialspace=True)
    rows: Rows = []
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return rows
        except csv.Error:
            raise QuoteError(line) from None
        if len(row) > 1 or "".join(row).strip():
            rows.append(row)
            if check_row:
                check_row(len(rows), len(row))


def _split_plain_rows(lines: Sequence[str], separator: str, check_row: Callable[[int, int], object] | None) -> Rows:
    """Return the rows with quotes as ordinary characters; [] if they differ in length, or there is one column."""
    rows: Rows = []
    for line in lines if separator else ():
        if line.strip():
            rows.append(line.rstrip("\r\n").split(separator))
            if check_row:
                check_row(len(rows), len(rows[-1]))
    is_table = len({len(row) for row in rows}) == 1 and len(rows[0]) > 1
    return [[_remove_quotes(cell) for cell in row] for row in rows] if is_table else []


def _remove_quotes(cell: str) -> str:
    stripped = cell.strip()
    is_quoted = len(stripped) > 1 and stripped[0] == stripped[-1] == '"'
    return stripped[1:-1].replace('""', '"') if is_quoted else cell


def judge_separator(lines: Sequence[str], header: Sequence[str] = ()) -> str:
    """Detect the separator of a CSV file: one of `SEPARATORS`, or "" for one column. It makes the best table of the lines.

    header: names in the first row of a table of texts, where cells that are numbers say nothing.
    """
    sample = _take_sample(lines)
    candidates = ["", *(separator for separator in SEPARATORS if any(separator in line for line in sample))]
    score = _score_text_table if header else _score_number_table
    return max(candidates, key=lambda separator: score(_split_sample(sample, separator), separator, header))


def judge_table_decimal(rows: Sequence[Sequence[str]], separator: str) -> str:
    """Return the decimal sign of a table, judged over its first rows together."""
    sample = rows[:MAX_JUDGED_LINES]
    width = get_usual_width(sample)
    columns = [[row[at].strip() for row in sample if len(row) == width] for at in range(min(width, MAX_JUDGED_CELLS))]
    return judge_decimal_sign([[cell for cell in column if not is_date(cell)] for column in columns], separator)


def get_usual_width(rows: Sequence[Sequence[str]]) -> int:
    """Return the number of cells that most rows have; of several the largest."""
    counts = Counter(map(len, rows))
    return max(counts, key=lambda width: (counts[width], width), default=0)


def list_typed_columns(rows: Sequence[Sequence[str]], width: int, decimal: str) -> list[int]:
    """Return the indices of the columns of which at least half the cells are numbers or dates, missing values aside."""
    sample = [row for row in rows[: 4 * MAX_JUDGED_LINES] if len(row) == width]
    return [at for at in range(width) if _is_typed_column([row[at] for row in sample], decimal)]


def is_data_row(row: Sequence[str], typed: Sequence[int], decimal: str) -> bool:
    """Return whether a row has a number or a date in a typed column, and nothing else but missing values in the others."""
    cells = [row[at] for at in typed if at < len(row)]
    has_type = [_has_type(cell, decimal) for cell in cells]
    return any(has_type) and all(typed or is_missing_value(cell) for typed, cell in zip(has_type, cells, strict=True))


def find_header(rows: Sequence[Sequence[str]], width: int) -> int | None:
    """Return the index of the row that names most columns, of several the last, the nearest to the data; None if there is none.

    rows: those above the data. width: the number of columns.
    """
    wide = [n for n, row in enumerate(rows) if len(row) >= width]
    return max(wide, key=lambda n: (len(rows[n]) == width, sum(bool(cell.strip()) for cell in rows[n]), n), default=None)


def _take_sample(lines: Sequence[str]) -> list[str]:
    """Return the first lines that are not blank, fewer if they are long."""
    sample: list[str] = []
    size = 0
    for line in filter(str.strip, lines):
        if len(sample) >= MAX_JUDGED_LINES or (size > MAX_JUDGED_CHARACTERS and len(sample) > 1):
            break
        sample.append(line)
        size += len(line)
    return sample


def _split_sample(lines: Sequence[str], separator: str) -> Rows:
    """Return the cells of each line by itself, so that a stray quote does not take in the lines after it."""
    rows = [_split_sample_line(line, separator or NO_SEPARATOR) for line in lines]
    return [row for row in rows if row]


def _split_sample_line(line: str, delimiter: str) -> list[str]:
    if line.count('"') % 2:
        return line.rstrip("\r\n").split(delimiter)
    return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])


def _score_number_table(rows: Rows, separator: str, _header: Sequence[str]) -> tuple[float, ...]:
    """Rate a table of numbers: rows of equal length, cells that are numbers or dates, no other separator left in a cell."""
    width = get_usual_width(rows)
    start = next((n for n, row in enumerate(rows) if _begins_data(row)), 0)
    rows = rows[max(0, start - 1) :]  # the data and the row above them, which is no header if it has fewer cells
    usual = [row[:MAX_JUDGED_CELLS] for row in rows[bool(start) :] if len(row) == width]
    fitting = sum(len(row) == width for row in rows)
    typed = max(_get_typed_share(usual, decimal) for decimal in DECIMAL_SIGNS)
    if not separator and _are_decimals([row[0] for row in usual]):
        typed = 2
    if not separator and start and _INNER_COMMA.search(rows[0][0]):
        typed /= 2  # a header of several names
    score = fitting / max(1, len(rows)) * typed * _get_clean_share(usual, separator)
    return (round(score, 9), width > 1, fitting)


def _score_text_table(rows: Rows, separator: str, header: Sequence[str]) -> tuple[float, ...]:
    """Rate a table of texts: a first row with the known names, or else as long as the others; rows of equal length."""
    width = get_usual_width(rows)
    usual = [row for row in rows if len(row) == width]
    found = len({cell.strip() for cell in rows[0]} & set(header)) if rows else 0
    fits = width > 1 and len(rows[0]) == width
    return (found, fits, len(usual) / max(1, len(rows)) * _get_clean_share(usual, separator))


def _get_typed_share(rows: Rows, decimal: str) -> float:
    cells = [cell for row in rows for cell in row if not is_missing_value(cell)]
    return sum(_has_type(cell, decimal) for cell in cells) / max(1, len(cells))


def _get_clean_share(rows: Rows, separator: str) -> float:
    """Return the share of cells that contain no other separator; a comma may be one of the text's or a decimal comma."""
    others = [other for other in SEPARATORS[1:] if other != separator]
    unclean = sum(any(other in cell for other in others) for row in rows for cell in row)
    return 1 - unclean / max(1, sum(map(len, rows)))


def _are_decimals(cells: Sequence[str]) -> bool:
    """Return whether 20,05 and 21,64 are numbers and not two columns: as many decimals everywhere, some with a 0 in front."""
    parts = [match[1] if (match := _DECIMALS.fullmatch(cell.strip())) else "" for cell in cells]
    is_padded = any(part.startswith("0") for part in parts) and any(part > "31" for part in parts)
    return is_padded and all(parts) and len(set(map(len, parts))) == 1


def _begins_data(row: Sequence[str]) -> bool:
    return any(_has_type(cell, decimal) for cell in row[:MAX_JUDGED_CELLS] for decimal in DECIMAL_SIGNS)


def _has_type(cell: str, decimal: str) -> bool:
    return parse_number(cell, decimal) is not None or is_date(cell)


def _is_typed_column(cells: Sequence[str], decimal: str) -> bool:
    given = [cell for cell in cells if not is_missing_value(cell)]
    return bool(given) and 2 * sum(_has_type(cell, decimal) for cell in given) >= len(given)
