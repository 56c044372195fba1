"""Which class was taken for which, as a heatmap: a row for each right class, a column for each answer. Pure."""

from collections.abc import Sequence
from math import radians, sin

import numpy as np
import numpy.typing as npt

from core.figures.theme import Figure, Theme, template
from core.i18n import _, ngettext
from core.tasks.task import Floats

CELL = 22  # pixels of a row
LONGEST = {"x": 14, "y": 24}  # characters of a class's name on an axis
MARGINS = {"l": 46, "r": 8, "t": 28, "b": 44}
CHARACTER = 7  # pixels of one in such a name
SLOPE = 40  # degrees, of names below that are too long to stand side by side
Matrix = Sequence[Sequence[int]]
Counts = npt.NDArray[np.int64]


def confusion_heatmap(matrix: Matrix, names: Sequence[str], theme: Theme, title: str = "") -> Figure:
    """The figure, plain data. matrix [classes][classes]: how often the right class of the row got the answer of the column;
    names: of the classes. The darker, the larger the part of its row; the count is written in. A frame is round the most
    frequent confusion. `layout.height` is that of the figure."""
    counts = np.array(matrix)
    part = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    short = {axis: [_short(name, most) for name in names] for axis, most in LONGEST.items()}
    axis = {"tickvals": list(range(len(names))), "showgrid": False, "fixedrange": True, "tickangle": 0}
    longest = {axis: max(map(len, of_it)) for axis, of_it in short.items()}
    wide = longest["x"] > 3
    left = MARGINS["l"] + CHARACTER * max(0, longest["y"] - 1)
    below = MARGINS["b"] + (round(CHARACTER * longest["x"] * sin(radians(SLOPE))) if wide else 0)
    return {
        "data": [
            {
                "type": "heatmap",
                "z": np.round(part, 4).tolist(),
                "zmin": 0,
                "zmax": 1,
                "showscale": False,
                "xgap": 1,
                "ygap": 1,
                "colorscale": [[0, theme.dropped], [1, theme.runs[0]]],
                "customdata": [
                    [[right, answer, n] for answer, n in zip(names, row, strict=True)]
                    for right, row in zip(names, matrix, strict=True)
                ],
                "hovertemplate": _("right {right}, answered {answer}: {n} times").format(
                    right="%{customdata[0]}", answer="%{customdata[1]}", n="%{customdata[2]}"
                )
                + "<extra></extra>",
            },
            _numbers(counts, part, theme),
        ],
        "layout": {
            "template": template(theme),
            "height": len(names) * CELL + MARGINS["t"] + below,
            "margin": MARGINS | {"l": left, "b": below},
            "title": {"text": title, "y": 1, "yref": "container", "yanchor": "top", "pad": {"t": 6}},
            "uirevision": "confusion",
            "xaxis": axis | {"ticktext": short["x"], "title": {"text": _("answered")}, "tickangle": -SLOPE if wide else 0},
            "yaxis": axis | {"ticktext": short["y"], "title": {"text": _("right")}, "autorange": "reversed"},
            "shapes": [_frame(*worst[:2], theme)] if (worst := worst_of(matrix)) else [],
        },
    }


def worst_of(matrix: Matrix) -> tuple[int, int, int] | None:
    """The most frequent confusion: the right class, the answer and how often; the first of several. None without any."""
    counts = np.array(matrix)
    np.fill_diagonal(counts, 0)
    right, answer = divmod(int(counts.argmax()), len(counts))
    return (right, answer, int(counts[right, answer])) if counts[right, answer] else None


def describe_confusion(matrix: Matrix, names: Sequence[str]) -> str:
    """How many answers are right, and what is confused most often."""
    counts = np.array(matrix)
    total, right = int(counts.sum()), int(np.trace(counts))
    said = ngettext("{right} of {n} answer is right.", "{right} of {n} answers are right.", total).format(right=right, n=total)
    if (worst := worst_of(matrix)) is None:
        return said
    row, answer, n = worst
    return f"{said} " + _("The most frequent confusion: {right} taken for {answer}, {n} of {all} times.").format(
        right=_quoted(names[row]), answer=_quoted(names[answer]), n=n, all=int(counts[row].sum())
    )


def _numbers(counts: Counts, part: Floats, theme: Theme) -> Figure:
    """The counts that are not 0, each in that of two colours which is read more easily on its cell."""
    right, answer = counts.nonzero()
    return {
        "type": "scatter",
        "mode": "text",
        "x": answer.tolist(),
        "y": right.tolist(),
        "hoverinfo": "skip",
        "text": [str(n) for n in counts[right, answer]],
        "textfont": {"size": 12, "color": [_on(one, theme) for one in part[right, answer]]},
    }


def _on(part: float, theme: Theme) -> str:
    """Ink or paper, on a cell that is so full."""
    empty, full, paper, ink = (_light(colour) for colour in (theme.dropped, theme.runs[0], theme.paper, theme.ink))
    cell = empty + (full - empty) * part
    return max((theme.ink, ink), (theme.paper, paper), key=lambda one: abs(one[1] - cell))[0]


def _light(colour: str) -> float:
    """How light a colour is to the eye, 0 to 1: of red, green and blue, green the most."""
    return sum(int(colour[i : i + 2], 16) / 255 * weight for i, weight in ((1, 0.3), (3, 0.59), (5, 0.11)))


def _frame(right: int, answer: int, theme: Theme) -> Figure:
    return {
        "type": "rect",
        "x0": answer - 0.5,
        "x1": answer + 0.5,
        "y0": right - 0.5,
        "y1": right + 0.5,
        "line": {"color": theme.accent, "width": 2},
    }


def _short(name: str, most: int) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"


def _quoted(name: str) -> str:
    """A name of several words, that one sees where it ends."""
    return f"“{name}”" if " " in name else name
