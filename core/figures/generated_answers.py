"""What a network wrote to the first samples of the validation part, and where it is wrong: a list, as HTML. Pure.

Right is ticked and wrong crossed; of a wrong answer the parts that differ are underlined, and the right one stands below.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby, product

from core.figures.run_summary import metric_text
from core.figures.theme import Theme
from core.i18n import _
from core.tasks.generated_sequences import END, first
from core.tasks.prediction_summary import SAMPLES
from core.tasks.task import Data, Reals

Parts = tuple[str, ...]
GOES_ON = "…"  # stands after an answer that does not end
STYLE = """<style>
.replies { list-style: none; margin: 0; padding: 0; font-size: 0.84rem; line-height: 1.35; display: grid; gap: 0.5rem 0.8rem; }
.replies li { margin: 0; padding: 0; font-size: inherit; overflow-wrap: anywhere; }
.replies p { margin: 0; font-size: inherit; }
.replies.pictures { grid-template-columns: repeat(auto-fill, minmax(6rem, 1fr)); }
.replies.texts { grid-template-columns: repeat(auto-fill, minmax(min(20rem, 100%%), 1fr)); }
.replies svg { display: block; width: 4rem; height: 4rem; margin-bottom: 0.15rem; border: 1px solid %(line)s; }
.replies small, .replies .should { color: %(muted)s; }
.replies u { font-weight: 600; text-decoration: underline 2px; text-underline-offset: 3px; }
.replies .right { color: %(good)s; font-weight: 700; }
.replies .wrong { color: %(accent)s; font-weight: 700; }
</style>"""


@dataclass(frozen=True)
class Reply:
    """A sample: what it asks, a text or the shades of a picture [rows, columns] from 0 to 1; the right answer, and what was
    written, part by part and without the end; None before anything was. is_right: whether they are the same, the end too."""

    asks: str | Reals
    right: Parts
    wrote: Parts | None = None
    is_right: bool = False


def replies_of(data: Data, rows: Sequence[Sequence[int]]) -> list[Reply]:
    """The first samples of the validation part with the rows that were written to them, as core/tasks/prediction_summary.py
    has them;
    without an answer where `rows` is empty."""
    assert data.exchange is not None
    found = []
    for n, (x, row) in enumerate(first(data, SAMPLES)):
        right, wrote = [int(one) for one in row if one >= 0], list(rows[n]) if rows else None
        found.append(
            Reply(data.exchange.asks(x), _parts(data, right), None if wrote is None else _parts(data, wrote), wrote == right)
        )
    return found


def replies(shown: Sequence[Reply], between: str, theme: Theme) -> str:
    """The list. between: what stands between the parts of an answer."""
    kind = "texts" if shown and isinstance(shown[0].asks, str) else "pictures"
    rows = "".join(f"<li>{_asked(one, between, theme)}{_answered(one, between)}</li>" for one in shown)
    name = escape(_("What the network wrote"))
    return STYLE % vars(theme) + f'<ol role="list" class="replies {kind}" aria-label="{name}">{rows}</ol>'


def describe_replies(shown: Sequence[Reply], update: int | None = None, exact: float = 0.0) -> str:
    """How many are right after an update; None: of no network yet. exact: the part of the whole validation part that is."""
    if update is None:
        return _("The first of the validation part. At every evaluation the network writes its answer to each.")
    right = sum(one.is_right for one in shown)
    return _("After update {update}, validation: {right} of the first {n} right, {exact} of all.").format(
        update=update, right=right, n=len(shown), exact=metric_text("exact_match", exact)
    )


def _parts(data: Data, row: Sequence[int]) -> Parts:
    ended = END in row
    return tuple(data.class_names[one] for one in row if one != END) + (() if ended else (GOES_ON,))


def _asked(one: Reply, between: str, theme: Theme) -> str:
    if isinstance(one.asks, str):
        return f"<p>{escape(one.asks)}</p>"
    return _picture(one.asks, _("a picture of “{name}”").format(name=between.join(one.right)), theme)


def _picture(shades: Reals, name: str, theme: Theme) -> str:
    """One path for each shade there is: a square for each pixel."""
    height, width = shades.shape
    squares: dict[float, str] = {}
    for (y, x), shade in ((at, round(float(shade), 2)) for at, shade in _pixels(shades)):
        if shade:
            squares[shade] = squares.get(shade, "") + f"M{x} {y}h1v1h-1z"
    drawn = "".join(f'<path d="{path}" fill-opacity="{shade:g}"/>' for shade, path in sorted(squares.items()))
    return (
        f'<svg role="img" aria-label="{escape(name)}" viewBox="0 0 {width} {height}" fill="{theme.ink}" '
        f'shape-rendering="crispEdges">{drawn}</svg>'
    )


def _pixels(shades: Reals) -> Iterator[tuple[tuple[int, int], float]]:
    return (((y, x), shade) for y, row in enumerate(shades.tolist()) for x, shade in enumerate(row))


def _answered(one: Reply, between: str) -> str:
    if one.wrote is None:
        return f"<p><small>{escape(_('not written yet'))}</small></p>"
    wrote, right = _compared(one.wrote, one.right, between)
    sign, said, name = ("✓", "right", _("right")) if one.is_right else ("✗", "wrong", _("wrong"))
    mark = f'<span class="{said}" role="img" aria-label="{escape(name)}">{sign}</span>'
    line = f"<p>{mark} {wrote or '<small>' + escape(_('nothing')) + '</small>'}</p>"
    if one.is_right:
        return line
    return line + f'<p class="should">{escape(_("right: {answer}")).format(answer=right)}</p>'


def _compared(wrote: Parts, right: Parts, between: str) -> tuple[str, str]:
    """Both as HTML, what the other has not underlined."""
    pairs = aligned(wrote, right)
    kept_of = ({i for i, _j in pairs}, {j for _i, j in pairs})
    first, second = (_underlined(parts, kept, between) for parts, kept in zip((wrote, right), kept_of, strict=True))
    return first, second


def _underlined(parts: Parts, kept: set[int], between: str) -> str:
    """The parts as HTML, with one line below neighbours that are not kept."""
    pieces = []
    for same, of_it in groupby(range(len(parts)), kept.__contains__):
        piece = escape(between.join(parts[i] for i in of_it))
        pieces.append(piece if same else f"<u>{piece}</u>")
    return between.join(pieces)


def aligned(one: Parts, other: Parts) -> list[tuple[int, int]]:
    """The places in both of what is the same, where the one becomes the other by the fewest edits (Levenshtein 1966)."""
    cost = [[i + j for j in range(len(other) + 1)] for i in range(len(one) + 1)]
    for i, j in product(range(1, len(one) + 1), range(1, len(other) + 1)):
        changed = cost[i - 1][j - 1] + (one[i - 1] != other[j - 1])
        cost[i][j] = min(changed, cost[i - 1][j] + 1, cost[i][j - 1] + 1)
    pairs, i, j = [], len(one), len(other)
    while i and j:
        if one[i - 1] == other[j - 1]:  # then to keep it is never worse
            pairs.append((i - 1, j - 1))
            i, j = i - 1, j - 1
        else:
            _cost, i, j = min((cost[i - 1][j - 1], i - 1, j - 1), (cost[i - 1][j], i - 1, j), (cost[i][j - 1], i, j - 1))
    return pairs[::-1]
