"""Formatting a table of texts, line by line."""

from collections.abc import Iterable, Iterator, Sequence

Row = Sequence[str]


def format_markdown(head: Row, rows: Iterable[Row]) -> Iterator[str]:
    """Yield the lines of a Markdown table."""
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield f"| {' | '.join(row)} |"


def format_aligned(head: Row, rows: Iterable[Row]) -> Iterator[str]:
    """Yield the lines of a table in aligned columns, the first left-aligned, the others right-aligned."""
    lines = [head, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for first, *others in lines:
        yield "  ".join([first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))])


def format_records(head: Row, rows: Iterable[Row]) -> Iterator[str]:
    """Yield one line "name: cell" for each non-empty cell, and an empty line after each row."""
    for row in rows:
        yield from (f"{name}: {cell}" for name, cell in zip(head, row, strict=True) if cell)
        yield ""
