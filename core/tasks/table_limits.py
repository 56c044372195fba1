"""How large a table of a user may be. It is measured while it is parsed, so that no more than this is ever held."""

from collections.abc import Iterable, Iterator

from core.errors import Invalid
from core.i18n import _

MAX_ROWS = 200_000
MAX_CELLS = 1_000_000  # rows × columns of the widest row so far: a short row counts in full, as every column has a cell in it


def limit_rows(rows: Iterable[list[str]], name: str) -> Iterator[list[str]]:
    """Yield the rows as long as they are within the limits. name: of the file, for the sentence. Raises Invalid beyond them."""
    widest = 1
    for n, row in enumerate(rows, start=1):
        widest = max(widest, len(row))
        if n > MAX_ROWS:
            raise Invalid(
                _("The file {path} has more than {most} rows. Keep a part of them: the last rows, or every tenth.").format(
                    path=name, most=MAX_ROWS
                ),
                "corpus",
            )
        if n * widest > MAX_CELLS:
            raise Invalid(
                _(
                    "The file {path} has more than {most} cells: rows times columns. Keep the columns that you need, or a "
                    "part of the rows."
                ).format(path=name, most=MAX_CELLS),
                "corpus",
            )
        yield row
