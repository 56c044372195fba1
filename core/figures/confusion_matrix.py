"""The confusion matrix as a heatmap: a row for each target class, a column for each predicted class."""

from collections.abc import Sequence
from math import radians, sin

import numpy as np
import numpy.typing as npt

from core.figures.theme import Figure, Theme, build_template
from core.i18n import _, ngettext
from core.tasks.task import Floats

ROW_HEIGHT = 22  # pixels
MAX_NAME_LENGTHS = {"x": 14, "y": 24}  # characters of a class's name on an axis
MARGINS = {"l": 46, "r": 8, "t": 28, "b": 44}
CHARACTER_WIDTH = 7  # pixels
LABEL_ANGLE = 40  # degrees, for names on the x axis that are too long to stand side by side
Matrix = Sequence[Sequence[int]]
Counts = npt.NDArray[np.int64]


def plot_confusion_matrix(matrix: Matrix, names: Sequence[str], theme: Theme, title: str = "") -> Figure:
    """Return the heatmap of a confusion matrix.

    matrix: counts, [target class][predicted class]. names: of the classes. A cell is the darker the larger its share of
    its row; it shows the count. A frame marks the most frequent confusion. `layout.height` is the height of the figure.
    """
    counts = np.array(matrix)
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    short = {
        axis: [name if len(name) <= most else name[: most - 1] + "…" for name in names]
        for axis, most in MAX_NAME_LENGTHS.items()
    }
    axis = {"tickvals": list(range(len(names))), "showgrid": False, "fixedrange": True, "tickangle": 0}
    longest = {axis: max(map(len, texts)) for axis, texts in short.items()}
    wide = longest["x"] > 3
    left_margin = MARGINS["l"] + CHARACTER_WIDTH * max(0, longest["y"] - 1)
    bottom_margin = MARGINS["b"] + (round(CHARACTER_WIDTH * longest["x"] * sin(radians(LABEL_ANGLE))) if wide else 0)
    return {
        "data": [
            {
                "type": "heatmap",
                "z": np.round(shares, 4).tolist(),
                "zmin": 0,
                "zmax": 1,
                "showscale": False,
                "xgap": 1,
                "ygap": 1,
                "colorscale": [[0, theme.dropped], [1, theme.run_colors[0]]],
                "customdata": [
                    [[target, prediction, n] for prediction, n in zip(names, row, strict=True)]
                    for target, row in zip(names, matrix, strict=True)
                ],
                "hovertemplate": _("target {target}, predicted {prediction}: {n} times").format(
                    target="%{customdata[0]}", prediction="%{customdata[1]}", n="%{customdata[2]}"
                )
                + "<extra></extra>",
            },
            _plot_counts(counts, shares, theme),
        ],
        "layout": {
            "template": build_template(theme),
            "height": len(names) * ROW_HEIGHT + MARGINS["t"] + bottom_margin,
            "margin": MARGINS | {"l": left_margin, "b": bottom_margin},
            "title": {"text": title, "y": 1, "yref": "container", "yanchor": "top", "pad": {"t": 6}},
            "uirevision": "confusion",
            "xaxis": axis
            | {"ticktext": short["x"], "title": {"text": _("predicted")}, "tickangle": -LABEL_ANGLE if wide else 0},
            "yaxis": axis | {"ticktext": short["y"], "title": {"text": _("target")}, "autorange": "reversed"},
            "shapes": [_build_frame(*worst[:2], theme)] if (worst := find_worst_confusion(matrix)) else [],
        },
    }


def find_worst_confusion(matrix: Matrix) -> tuple[int, int, int] | None:
    """Return the most frequent confusion as (target class, predicted class, count), the first of several; None without any."""
    counts = np.array(matrix)
    np.fill_diagonal(counts, 0)
    target, prediction = divmod(int(counts.argmax()), len(counts))
    return (target, prediction, int(counts[target, prediction])) if counts[target, prediction] else None


def describe_confusion_matrix(matrix: Matrix, names: Sequence[str]) -> str:
    """Return how many predictions are right and the most frequent confusion."""
    counts = np.array(matrix)
    total, correct = int(counts.sum()), int(np.trace(counts))
    sentence = ngettext("{right} of {n} prediction is right.", "{right} of {n} predictions are right.", total)
    sentence = sentence.format(right=correct, n=total)
    if (worst := find_worst_confusion(matrix)) is None:
        return sentence
    target, prediction, n = worst
    return f"{sentence} " + _("Most frequent confusion: {target} predicted as {prediction}, {n} of {all} times.").format(
        target=_quote_name(names[target]), prediction=_quote_name(names[prediction]), n=n, all=int(counts[target].sum())
    )


def _plot_counts(counts: Counts, shares: Floats, theme: Theme) -> Figure:
    """Return the counts that are not 0 as texts, each in the color that contrasts more with its cell."""
    target, prediction = counts.nonzero()
    return {
        "type": "scatter",
        "mode": "text",
        "x": prediction.tolist(),
        "y": target.tolist(),
        "hoverinfo": "skip",
        "text": [str(n) for n in counts[target, prediction]],
        "textfont": {"size": 12, "color": [_choose_text_color(share, theme) for share in shares[target, prediction]]},
    }


def _choose_text_color(share: float, theme: Theme) -> str:
    """Return ink or paper, whichever contrasts more with a cell of this share."""
    empty, full, paper, ink = (
        _compute_lightness(color) for color in (theme.dropped, theme.run_colors[0], theme.paper, theme.ink)
    )
    cell = empty + (full - empty) * share
    return max((theme.ink, ink), (theme.paper, paper), key=lambda one: abs(one[1] - cell))[0]


def _compute_lightness(color: str) -> float:
    """Return the perceived lightness of a color, 0 to 1: a weighted mean of red, green and blue."""
    return sum(int(color[i : i + 2], 16) / 255 * weight for i, weight in ((1, 0.3), (3, 0.59), (5, 0.11)))


def _build_frame(target: int, prediction: int, theme: Theme) -> Figure:
    return {
        "type": "rect",
        "x0": prediction - 0.5,
        "x1": prediction + 0.5,
        "y0": target - 0.5,
        "y1": target + 0.5,
        "line": {"color": theme.accent, "width": 2},
    }


def _quote_name(name: str) -> str:
    """Return a name, in quotation marks if it has several words."""
    return f"“{name}”" if " " in name else name
