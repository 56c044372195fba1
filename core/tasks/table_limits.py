"""How large a table of a user may be. It is measured while it is parsed, so that no more than this is ever held."""

from collections.abc import Callable

from core.errors import Invalid
from core.i18n import _

MAX_ROWS = 200_000
MAX_CELLS = 1_000_000  # rows × columns of the widest row so far: a short row counts in full, as every column has a cell in it


def make_row_check(name: str) -> Callable[[int, int], None]:
    """Return a function of the number of a row, from 1, and of its cells; it raises Invalid beyond the limits.

    name: of the file, for the sentence.
    """
    widest = 1

    def check_row(number: int, cells: int) -> None:
        nonlocal widest
        widest = max(widest, cells)
        if number > MAX_ROWS:
            raise Invalid(
                _("The file {path} has more than {most} rows. Keep a part of them: the last rows, or every tenth.").format(
                    path=name, most=MAX_ROWS
                ),
                "corpus",
            )
        if number * widest > MAX_CELLS:
            raise Invalid(
                _(
                    "The file {path} has more than {most} cells: rows times columns. Keep the columns that you need, or a "
                    "part of the rows."
                ).format(path=name, most=MAX_CELLS),
                "corpus",
            )

    return check_row
