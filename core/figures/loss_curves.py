"""The curves of runs as one Plotly figure. Pure, and quick: it is made anew at every tick.

Train is solid, validation dashed, the loss as it was optimised (with masks) thin; the runs before are grey. Each curve
is named at its end, the point of its least loss is a diamond: never colour alone.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

import numpy as np

from core.figures.change_marks import Mark
from core.figures.label_layout import columns_of, spread
from core.figures.run_summary import RunCurve, best, evaluated, has_best, metric_of, metric_text
from core.figures.theme import Figure, Theme, template
from core.i18n import _
from core.tasks.metrics import METRICS
from core.training.events import Event

POINTS = 200  # at most, of the loss of every update; beyond it, the mean of so many neighbours
LABEL_WIDTH = 15  # characters
LABEL_PART = 0.65  # the width of a label, as a part of the narrowest figure's
MARGINS = {"l": 50, "t": 10, "b": 42}
LINE = 15  # pixels that a line of text needs
MARK_ROWS = 3
FIRST_EPOCHS = 30.0  # that are shown of a longer run at first
MARK_CHARACTER = 0.036  # the width of a character in a mark's label, as a part of the narrowest figure's
THIN, MIDDLE, THICK = 1, 1.5, 2.5


@dataclass(frozen=True)
class _Line:
    """One curve: x (epochs), y (nats); what hovering adds, for each point or for all; `ending`: its label, if not its name."""

    x: list[float]
    y: list[float]
    hover: list[str] | str
    name: str
    colour: str
    width: float
    dash: str = "solid"
    ending: str = ""

    @property
    def label(self) -> list[str]:
        """The lines of the label at the end of the curve."""
        return wrap(self.ending or self.name, LABEL_WIDTH)


@dataclass(frozen=True)
class _Window:
    """The part of the plane that is shown: epochs from 0 to `end`, nats from `low` to `high`, on `pixels` of height."""

    end: float
    low: float
    high: float
    pixels: int


def curves(runs: Sequence[RunCurve], theme: Theme, unit: str, height: int = 330, squared: bool = False) -> Figure:
    """The figure of the runs, plain data, `height` pixels high. unit: what the loss is the mean over, such as “word”.
    squared: whether the loss is the squared error of scaled values, and not a cross-entropy.

    The run now on comes first. Without any point the figure says what to press.
    """
    colours = [theme.previous if run.previous else theme.runs[i % len(theme.runs)] for i, run in enumerate(runs)]
    lines = [line for run, colour in zip(runs, colours, strict=True) for line in _lines(run, colour)]
    bests = [point for run, colour in zip(runs, colours, strict=True) for point in _best_point(run, colour, theme, squared)]
    marks = [mark for run in runs if not run.previous for mark in run.marks]
    title = _("squared error per {unit}, scaled") if squared else _("cross-entropy per {unit}")
    window = _window(runs, lines, min(len(marks), MARK_ROWS), height)
    return {
        "data": [*(_trace(line, squared) for line in lines), *bests, *_mark_traces(marks, window, theme)],
        "layout": {
            "template": template(theme),
            "uirevision": runs[0].id if runs else "",
            "height": height,
            "margin": MARGINS | {"r": _margin(lines)},
            "hovermode": "closest",
            "hoverdistance": 30,
            "annotations": _labels(lines, window, theme) or [_invitation(theme)],
            "xaxis": _axis(_("epoch"), 0, window.end, bool(lines)),
            "yaxis": _axis(title.format(unit=unit), window.low, window.high, bool(lines)),
            "yaxis2": {"overlaying": "y", "range": [0, 1], "fixedrange": True, "visible": False},
        },
    }


def _lines(run: RunCurve, colour: str) -> list[_Line]:
    found = evaluated(run.records)
    x = [r["epoch"] for r in found]
    validation, told = [r["val_loss"] for r in found], [_told(r) for r in found]
    if run.previous:
        name = _("{run}, validation").format(run=run.name)
        lines = [_Line(x, validation, told, name, colour, MIDDLE, "dash", _with_best(run.name, found))]
    else:
        name = _("validation")
        lines = [_masked(run, colour), _clean(found, colour)]
        lines.append(_Line(x, validation, told, name, colour, THICK, "dash", _with_best(name, found)))
    return [line for line in lines if line.x]


def _with_best(name: str, found: Sequence[Event]) -> str:
    if not has_best(found):
        return name
    metric, value = metric_of(best(found))
    # The least loss is that of the best perplexity or error, but not of the best accuracy.
    ending = _("{name}, {value} at ◇") if METRICS[metric].higher else _("{name}, best {value}")
    return ending.format(name=name, value=metric_text(metric, value))


def _masked(run: RunCurve, colour: str) -> _Line:
    # Means over a power of two of neighbours, as few as the whole run will need: what is drawn stays as it is.
    points = np.array([(r["epoch"], r["train_loss"]) for r in run.records if r["train_loss"] is not None]).reshape(-1, 2)
    size = 1 << max(0, math.ceil(math.log2(max(1, len(points), _planned(run)) / POINTS)))
    starts = np.arange(0, len(points), size)
    counts = np.diff([*starts, len(points)])
    means = np.add.reduceat(points, starts) / counts[:, None] if len(points) else points
    told = _("each update, with masks") if size == 1 else _("with masks, mean of {n} updates").format(n=size)
    return _Line(means[:, 0].tolist(), means[:, 1].tolist(), told, _("train, masked"), colour, THIN)


def _planned(run: RunCurve) -> float:
    # How many updates the whole run will have; 0 where that is not known yet.
    last = run.records[-1] if run.records else {"epoch": 0}
    return float(run.epochs * last["update"] / last["epoch"]) if last["epoch"] else 0


def _clean(found: Sequence[Event], colour: str) -> _Line:
    y = [r["train_loss_clean"] for r in found]
    # Records hold the metric of validation; that of training is known where it is the loss in other words.
    metric = metric_of(found[0])[0] if found else "accuracy"
    known = METRICS[metric].of_loss
    told = [_metric(metric, known(loss)) for loss in y] if known else _("without masks")
    return _Line([r["epoch"] for r in found], y, told, _("train, clean"), colour, THICK)


def _told(record: Event) -> str:
    return _metric(*metric_of(record))


def _metric(metric: str, value: float) -> str:
    return f"{_(METRICS[metric].label)} {metric_text(metric, value)}"


def _trace(line: _Line, squared: bool) -> Figure:
    each = isinstance(line.hover, list)
    return {
        "type": "scatter",
        "name": line.name,
        "mode": "lines" if len(line.x) > 1 else "markers",  # a line of one point would not be seen
        "x": [round(x, 3) for x in line.x],
        "y": [round(y, 4) for y in line.y],
        "opacity": 0.7 if line.width == THIN else 1,
        "line": {"color": line.colour, "width": line.width, "dash": line.dash},
        "marker": {"color": line.colour, "size": 5},
        "hovertemplate": _hover(line.name, "%{customdata}" if each else str(line.hover), squared),
    } | ({"customdata": line.hover} if each else {})


def _best_point(run: RunCurve, colour: str, theme: Theme, squared: bool) -> list[Figure]:
    found = evaluated(run.records)
    if not has_best(found):
        return []
    least = best(found)
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": _("best"),
            "x": [least["epoch"]],
            "y": [least["val_loss"]],
            "customdata": [_told(least)],
            "cliponaxis": False,
            "marker": {"symbol": "diamond", "size": 8, "color": theme.paper, "line": {"color": colour, "width": 2}},
            "hovertemplate": _hover(_("{run}, lowest validation loss").format(run=run.name), "%{customdata}", squared),
        }
    ]


def _hover(name: str, told: str, squared: bool) -> str:
    where = _("epoch {x}: {y}") if squared else _("epoch {x}: {y} nats")
    return f"<b>{name}</b><br>" + where.format(x="%{x:.3~g}", y="%{y:.3f}") + f"<br>{told}<extra></extra>"


def _window(runs: Sequence[RunCurve], lines: Sequence[_Line], rows: int, height: int) -> _Window:
    """Without the untrained network's loss once there is more to see: it would press all else together. Its curves then
    come in from above. The rows of the marks' labels have their room at the top."""
    pixels = height - MARGINS["t"] - MARGINS["b"]
    end = _end(max((run.epochs for run in runs), default=0), max((line.x[-1] for line in lines), default=0))
    if not lines:
        return _Window(end, 0, 1, pixels)
    trained = [
        y
        for run in runs
        for r in evaluated(run.records)
        if r["update"] > 0
        for y in (r["val_loss"], *([] if run.previous else [r["train_loss_clean"]]))
    ]
    low = min(min(line.y) for line in lines)
    high = max([*trained, *(line.y[-1] for line in lines)] if trained else [y for line in lines for y in line.y])
    # In steps, so that the axis does not move with every wiggle of the last point.
    step = 2.0 ** math.floor(math.log2(max(high - low, 0.01))) / 8
    low, high = (math.floor(low / step) - 0.5) * step, (math.ceil(high / step) + 0.5) * step
    return _Window(end, low, high + (high - low) * rows * LINE / (pixels - rows * LINE), pixels)


def _end(planned: float, reached: float) -> float:
    """The last epoch that is shown: that of the whole run. The axis of a long one grows, each time twice as long: its first
    minutes would else be a stroke at the left."""
    end = FIRST_EPOCHS
    while end < reached:
        end *= 2
    return max(reached, min(planned, end)) or 1.0


def _axis(title: str, low: float, high: float, drawn: bool) -> Figure:
    # Autorange, held to the window: a range of its own at every tick would undo the user's zoom.
    span = {"include": [low, high], "clipmin": low, "clipmax": high}
    held = {"autorange": True, "autorangeoptions": span} if drawn else {"range": [low, high], "showticklabels": False}
    return {"title": {"text": title}, "nticks": 7, "tickangle": 0, **held}


def _labels(lines: Sequence[_Line], window: _Window, theme: Theme) -> list[Figure]:
    """Each curve's name at its end, moved apart where two would overlap, and within the frame: below it is the axis."""
    at = [(line.y[-1] - window.low) * window.pixels / (window.high - window.low) for line in lines]
    columns = columns_of([line.x[-1] / window.end for line in lines], LABEL_PART)
    shifts = spread(at, [LINE * len(line.label) for line in lines], columns, 0, window.pixels)
    return [
        {
            "x": line.x[-1],
            "y": line.y[-1],
            "xanchor": "left",
            "yanchor": "middle",
            "xshift": 5,
            "yshift": round(shift, 1),
            "text": "<br>".join(line.label),
            "align": "left",
            "showarrow": False,
            "font": {"size": 12, "color": line.colour},
            "bgcolor": _veil(theme.paper),
            "borderpad": 0,
        }
        for line, shift in zip(lines, shifts, strict=True)
    ]


def _margin(lines: Sequence[_Line]) -> int:
    return 12 + round(6.2 * max((len(part) for line in lines for part in line.label), default=0))


def _invitation(theme: Theme) -> Figure:
    return {
        "xref": "paper",
        "yref": "paper",
        "x": 0.5,
        "y": 0.5,
        "showarrow": False,
        "align": "center",
        "text": _("Press Play:<br>the curves grow here."),
        "font": {"color": theme.muted, "size": 14},
    }


def _mark_traces(marks: Sequence[Mark], window: _Window, theme: Theme) -> list[Figure]:
    """Dotted lines from top to bottom, and labels in rows, so that near ones do not overlap."""
    if not marks:
        return []
    lines = {
        "type": "scatter",
        "mode": "lines",
        "yaxis": "y2",
        "name": _("changed"),
        "hoverinfo": "skip",
        "x": [x for mark in marks for x in (mark.epoch, mark.epoch, None)],
        "y": [0, 1, None] * len(marks),
        "line": {"color": theme.wire, "width": 1.2, "dash": "dot"},
    }
    rows = _rows(marks, window)
    labels = {
        "type": "scatter",
        "mode": "markers+text",
        "yaxis": "y2",
        "name": _("changed"),
        "x": [mark.epoch for mark in marks],
        "y": [1 - (0.5 + (row or 0)) * LINE / window.pixels for row in rows],
        "text": ["" if row is None else f" {mark.label} " for mark, row in zip(marks, rows, strict=True)],
        "textposition": [f"middle {'left' if _leftward(mark, window) else 'right'}" for mark in marks],
        "textfont": {"size": 11, "color": theme.muted},
        "customdata": [mark.label for mark in marks],
        "cliponaxis": False,
        "marker": {"symbol": "triangle-down", "size": 7, "color": theme.muted},
        "hovertemplate": _("<b>changed</b> at epoch {x}").format(x="%{x:.3~g}") + "<br>%{customdata}<extra></extra>",
    }
    return [lines, labels]


def _rows(marks: Sequence[Mark], window: _Window) -> list[int | None]:
    """A row for each label, the newest first; None for those that no row has room for: hovering says them."""
    taken: list[list[tuple[float, float]]] = [[] for _row in range(MARK_ROWS)]
    rows: list[int | None] = []
    for mark in reversed(marks):
        left, right = _extent(mark, window)
        free = [row for row, spans in enumerate(taken) if all(right < low or left > high for low, high in spans)]
        rows.insert(0, free[0] if free else None)
        if free:
            taken[free[0]].append((left, right))
    return rows


def _extent(mark: Mark, window: _Window) -> tuple[float, float]:
    at, long = mark.epoch, (len(mark.label) + 4) * MARK_CHARACTER * window.end
    return (at - long, at) if _leftward(mark, window) else (at, at + long)


def _leftward(mark: Mark, window: _Window) -> bool:
    return mark.epoch > window.end / 2


def _veil(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.7)"
