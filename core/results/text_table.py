"""A table of texts, line by line."""

from collections.abc import Iterable, Iterator, Sequence

Row = Sequence[str]


def markdown(head: Row, rows: Iterable[Row]) -> Iterator[str]:
    """As a table in Markdown."""
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield f"| {' | '.join(row)} |"


def aligned(head: Row, rows: Iterable[Row]) -> Iterator[str]:
    """In columns, the first of which begins at the left, and the others end at the right."""
    lines = [head, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for first, *others in lines:
        yield "  ".join([first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))])


def plainly(head: Row, rows: Iterable[Row]) -> Iterator[str]:
    """A line for each cell that is not empty, and an empty one after each row."""
    for row in rows:
        yield from (f"{name}: {cell}" for name, cell in zip(head, row, strict=True) if cell)
        yield ""
