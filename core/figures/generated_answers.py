"""The list of generated answers to the first validation samples, as HTML, with the differences from the targets marked.

Correct answers have a tick and wrong ones a cross; in a wrong answer the parts that differ are underlined, and the
target stands below.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby, product

from core.figures.run_summary import format_metric
from core.figures.theme import Theme
from core.i18n import _
from core.tasks.generated_sequences import END_CLASS, list_first_samples
from core.tasks.prediction_summary import MAX_ANSWERS
from core.tasks.task import Data, Reals

Parts = tuple[str, ...]
UNFINISHED = "…"  # after an answer without the end symbol
STYLE = """<style>
.replies { list-style: none; margin: 0; padding: 0; font-size: 0.84rem; line-height: 1.35; display: grid; gap: 0.5rem 0.8rem; }
.replies li { margin: 0; padding: 0; font-size: inherit; overflow-wrap: anywhere; }
.replies p { margin: 0; font-size: inherit; }
.replies.pictures { grid-template-columns: repeat(auto-fill, minmax(6rem, 1fr)); }
.replies.texts { grid-template-columns: repeat(auto-fill, minmax(min(20rem, 100%%), 1fr)); }
.replies svg { display: block; width: 4rem; height: 4rem; margin-bottom: 0.15rem; border: 1px solid %(line)s; }
.replies small, .replies .target { color: %(muted)s; }
.replies u { font-weight: 600; text-decoration: underline 2px; text-underline-offset: 3px; }
.replies .right { color: %(good)s; font-weight: 700; }
.replies .wrong { color: %(accent)s; font-weight: 700; }
</style>"""


@dataclass(frozen=True)
class GeneratedAnswer:
    """A sample with its generated answer.

    prompt: a text, or the gray values of a picture, [rows, columns], 0 to 1. target, prediction: the parts of the right
    and of the generated answer without the end symbol; prediction is None before the first evaluation. is_correct:
    whether both are equal, the end symbol included.
    """

    prompt: str | Reals
    target: Parts
    prediction: Parts | None = None
    is_correct: bool = False


def build_answers(data: Data, rows: Sequence[Sequence[int]]) -> list[GeneratedAnswer]:
    """Return the first validation samples with their generated answers.

    rows: the generated class numbers of each sample, as core/tasks/prediction_summary.py makes them; [] before the first
    evaluation.
    """
    assert data.prompt_format is not None
    answers = []
    for n, (x, row) in enumerate(list_first_samples(data, MAX_ANSWERS)):
        target, prediction = [int(number) for number in row if number >= 0], list(rows[n]) if rows else None
        answers.append(
            GeneratedAnswer(
                data.prompt_format.format_prompt(x),
                _decode_parts(data, target),
                None if prediction is None else _decode_parts(data, prediction),
                prediction == target,
            )
        )
    return answers


def render_answers(answers: Sequence[GeneratedAnswer], between: str, theme: Theme) -> str:
    """Return the list of answers as HTML. between: the separator between the parts of an answer."""
    kind = "texts" if answers and isinstance(answers[0].prompt, str) else "pictures"
    rows = "".join(f"<li>{_render_prompt(one, between, theme)}{_render_answer(one, between)}</li>" for one in answers)
    name = escape(_("Generated answers"))
    return STYLE % vars(theme) + f'<ol role="list" class="replies {kind}" aria-label="{name}">{rows}</ol>'


def describe_answers(answers: Sequence[GeneratedAnswer], update: int | None = None, exact: float = 0.0) -> str:
    """Return how many answers are correct.

    update: after which they were generated; None before the first evaluation. exact: exact match on the whole validation
    split, 0 to 1.
    """
    if update is None:
        return _("The first samples of the validation split. At every evaluation the network generates an answer to each.")
    correct = sum(one.is_correct for one in answers)
    return _("After update {update}, validation: {right} of the first {n} right, {exact} of all.").format(
        update=update, right=correct, n=len(answers), exact=format_metric("exact_match", exact)
    )


def _decode_parts(data: Data, row: Sequence[int]) -> Parts:
    parts = tuple(data.class_names[number] for number in row if number != END_CLASS)
    return parts if END_CLASS in row else (*parts, UNFINISHED)


def _render_prompt(one: GeneratedAnswer, between: str, theme: Theme) -> str:
    if isinstance(one.prompt, str):
        return f"<p>{escape(one.prompt)}</p>"
    return _render_picture(one.prompt, _("a picture of “{name}”").format(name=between.join(one.target)), theme)


def _render_picture(shades: Reals, name: str, theme: Theme) -> str:
    """Return a picture with one path for each gray value and a square for each pixel."""
    height, width = shades.shape
    squares: dict[float, str] = {}
    for y, row in enumerate(shades.tolist()):
        for x, value in enumerate(row):
            if shade := round(float(value), 2):
                squares[shade] = squares.get(shade, "") + f"M{x} {y}h1v1h-1z"
    drawn = "".join(f'<path d="{path}" fill-opacity="{shade:g}"/>' for shade, path in sorted(squares.items()))
    return (
        f'<svg role="img" aria-label="{escape(name)}" viewBox="0 0 {width} {height}" fill="{theme.ink}" '
        f'shape-rendering="crispEdges">{drawn}</svg>'
    )


def _render_answer(one: GeneratedAnswer, between: str) -> str:
    if one.prediction is None:
        return f"<p><small>{escape(_('no answer yet'))}</small></p>"
    pairs = align_parts(one.prediction, one.target)
    prediction = _underline_unmatched(one.prediction, {i for i, _j in pairs}, between)
    target = _underline_unmatched(one.target, {j for _i, j in pairs}, between)
    sign, class_, name = ("✓", "right", _("right")) if one.is_correct else ("✗", "wrong", _("wrong"))
    mark = f'<span class="{class_}" role="img" aria-label="{escape(name)}">{sign}</span>'
    line = f"<p>{mark} {prediction or '<small>' + escape(_('nothing')) + '</small>'}</p>"
    if one.is_correct:
        return line
    return line + f'<p class="target">{escape(_("right: {answer}")).format(answer=target)}</p>'


def _underline_unmatched(parts: Parts, matched: set[int], between: str) -> str:
    """Return the parts as HTML; each run of parts that are not matched is underlined."""
    pieces = []
    for is_matched, numbers in groupby(range(len(parts)), matched.__contains__):
        piece = escape(between.join(parts[i] for i in numbers))
        pieces.append(piece if is_matched else f"<u>{piece}</u>")
    return between.join(pieces)


def align_parts(one: Parts, other: Parts) -> list[tuple[int, int]]:
    """Return the pairs of positions with equal parts in an alignment with the fewest edits (Levenshtein 1966)."""
    cost = [[i + j for j in range(len(other) + 1)] for i in range(len(one) + 1)]
    for i, j in product(range(1, len(one) + 1), range(1, len(other) + 1)):
        changed = cost[i - 1][j - 1] + (one[i - 1] != other[j - 1])
        cost[i][j] = min(changed, cost[i - 1][j] + 1, cost[i][j - 1] + 1)
    pairs, i, j = [], len(one), len(other)
    while i and j:
        if one[i - 1] == other[j - 1]:  # matching equal parts is never worse
            pairs.append((i - 1, j - 1))
            i, j = i - 1, j - 1
        else:
            _cost, i, j = min((cost[i - 1][j - 1], i - 1, j - 1), (cost[i - 1][j], i - 1, j), (cost[i][j - 1], i, j - 1))
    return pairs[::-1]
