"""A generator of files with a series, as programs in many countries write them, and the series that each contains."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from hypothesis import strategies as st

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "cp1252")
INDEX_NAMES = {"iso": "date", "german": "Datum", "count": "t", "year": "year", "compact": "day"}


@dataclass(frozen=True)
class GeneratedSeries:
    """A file and what it means. content: the bytes. values: in the order of time. column: its name. skipped: lines."""

    content: bytes
    values: list[float]
    column: str
    separator: str
    decimal: str
    skipped: int
    goes_back: bool


def format_index(kind: str, n: int) -> str:
    """Return the n-th entry of a column that says when."""
    day = np.datetime64("1987-03-11") + n
    year, month, of_month = str(day).split("-")
    return {
        "iso": f"{year}-{month}-{of_month}",
        "german": f"{of_month}.{month}.{year}",
        "count": str(n),
        "year": str(1801 + n),
        "compact": f"{year}{month}{of_month}",
    }[kind]


def format_value(value: float, decimal: str, thousands: str, sign: str, minus: str) -> str:
    """Return a value as people write it. sign: such as %, or €."""
    text = f"{abs(value):,.2f}".replace(",", "T").replace(".", decimal).replace("T", thousands)
    return f"{minus if value < 0 else ''}{text}{sign}"


def quote(cell: str, quotes: str, separator: str) -> str:
    """Return a cell in quotes, where it needs them or all have them."""
    needs = separator in cell if separator else False
    return '"' + cell.replace('"', '""') + '"' if quotes == "all" or needs else cell


@st.composite
def generated_series(draw: Callable[..., object]) -> GeneratedSeries:
    """Return separators × decimal signs × headers × quotes × encodings × line ends."""

    def choose(*options: object) -> str:
        return str(draw(st.sampled_from(options)))

    separator, decimal = choose(",", ";", "\t", "|"), choose(".", ",")
    thousands = choose("", "", *{",": (".", " ", "’"), ".": (",", "'", "\u00a0")}[decimal])
    encoding, end = choose(*ENCODINGS), choose("\n", "\r\n", "\r")
    minus = choose("-") if encoding == "cp1252" else choose("-", "−")
    sign, quotes = choose("", "", "%", " €"), choose("some", "all")
    header, remarks = choose("usual", "comma", "comment", "none"), choose("none", "lines", "comment", "sep")
    index, rows = choose(*INDEX_NAMES), int(str(draw(st.integers(20, 60))))
    goes_back = choose("yes", "no", "no") == "yes"
    random = np.random.default_rng(int(str(draw(st.integers(0, 2**32)))))
    scale = float(choose(3, 40, 9000))
    values = np.round(np.cumsum(random.normal(size=rows)) * scale + random.choice([0, 5 * scale]), 2).tolist()
    names = [INDEX_NAMES[index], {"comma": "level, m", "usual": "Höhe"}.get(header, "value")]
    body = [[format_index(index, n), format_value(value, decimal, thousands, sign, minus)] for n, value in enumerate(values)]
    lines = [separator.join(quote(cell, quotes, separator) for cell in row) for row in (body[::-1] if goes_back else body)]
    head = separator.join(quote(name, quotes, separator) for name in names)
    if header in ("usual", "comma"):
        lines.insert(0, head)
    if header == "comment":
        lines.insert(0, "#" + separator.join(names))
    above = {
        "none": [],
        "lines": ["Station 7" if header == "none" else "Station 7, river", "Source: office"],
        "comment": ["# measured"],
        "sep": [f"sep={separator}"],
    }
    skipped = above[remarks]
    lines = [*skipped, *lines]
    content = (end.join(lines) + choose("", end)).encode(encoding)
    column = "2" if header == "none" else names[1]
    return GeneratedSeries(content, values, column, separator, decimal, len(skipped), goes_back)


def without_header_name(generated: GeneratedSeries) -> GeneratedSeries:
    """Return the same file with the column given by its number."""
    return replace(generated, column="2")
