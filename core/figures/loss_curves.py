"""The loss curves of runs as one Plotly figure, fast enough to be built again at every tick.

Training loss is solid, validation loss dashed, the optimised loss (with masks) thin; earlier runs are grey. Each curve is
named at its end and its lowest validation loss is a diamond, so that color is never the only difference.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

import numpy as np

from core.figures.change_marks import ChangeMark
from core.figures.label_layout import assign_columns, build_end_label, spread_labels
from core.figures.run_summary import (
    RunCurve,
    find_best_record,
    format_metric,
    get_first_metric,
    has_best_record,
    select_evaluated,
)
from core.figures.theme import Figure, Theme, build_template
from core.i18n import _
from core.tasks.metrics import METRICS
from core.training.events import Event

MAX_POINTS = 200  # of the masked training loss; more updates are averaged in groups
LABEL_WIDTH = 15  # characters
LABEL_FRACTION = 0.65  # width of a label as a fraction of the narrowest figure
MARGINS = {"l": 50, "t": 10, "b": 42}
LINE_HEIGHT = 15  # pixels of a line of text
MARK_ROWS = 3
INITIAL_EPOCHS = 30.0  # initial length of the epoch axis of a longer run
MARK_CHARACTER_WIDTH = 0.036  # width of a character in a mark's label as a fraction of the narrowest figure
THIN, MIDDLE, THICK = 1, 1.5, 2.5


@dataclass(frozen=True)
class _CurveLine:
    """One curve. x: epochs. y: nats. hover: further hover text, per point or for all. ending: end label, if not the name."""

    x: list[float]
    y: list[float]
    hover: list[str] | str
    name: str
    color: str
    width: float
    dash: str = "solid"
    ending: str = ""

    @property
    def label(self) -> list[str]:
        """Return the lines of the label at the end of the curve."""
        return wrap(self.ending or self.name, LABEL_WIDTH)


@dataclass(frozen=True)
class _VisibleRange:
    """The visible part of the plane: epochs from 0 to `end`, nats from `low` to `high`, on `pixels` of height."""

    end: float
    low: float
    high: float
    pixels: int


def plot_loss_curves(runs: Sequence[RunCurve], theme: Theme, unit: str, height: int = 330, squared: bool = False) -> Figure:
    """Return the figure of the runs, the current run first, `height` pixels high.

    unit: what the loss is averaged over, such as “word”. squared: whether the loss is the squared error of scaled values
    instead of the cross-entropy. Without any point the figure shows a hint to press Play.
    """
    colors = [theme.previous if run.previous else theme.run_colors[i % len(theme.run_colors)] for i, run in enumerate(runs)]
    lines = [line for run, color in zip(runs, colors, strict=True) for line in _build_lines(run, color)]
    bests = [point for run, color in zip(runs, colors, strict=True) for point in _plot_best_point(run, color, theme, squared)]
    marks = [mark for run in runs if not run.previous for mark in run.marks]
    title = _("squared error per {unit}, scaled") if squared else _("cross-entropy per {unit}")
    visible = _choose_range(runs, lines, min(len(marks), MARK_ROWS), height)
    label_length = max((len(text) for line in lines for text in line.label), default=0)
    return {
        "data": [*(_plot_line(line, squared) for line in lines), *bests, *_plot_marks(marks, visible, theme)],
        "layout": {
            "template": build_template(theme),
            "uirevision": runs[0].id if runs else "",
            "height": height,
            "margin": MARGINS | {"r": 12 + round(6.2 * label_length)},
            "hovermode": "closest",
            "hoverdistance": 30,
            "annotations": _build_end_labels(lines, visible, theme) or [_empty_note(theme)],
            "xaxis": _build_axis(_("epoch"), 0, visible.end, bool(lines)),
            "yaxis": _build_axis(title.format(unit=unit), visible.low, visible.high, bool(lines)),
            "yaxis2": {"overlaying": "y", "range": [0, 1], "fixedrange": True, "visible": False},
        },
    }


def _build_lines(run: RunCurve, color: str) -> list[_CurveLine]:
    records = select_evaluated(run.records)
    x, y = [r["epoch"] for r in records], [r["val_loss"] for r in records]
    hover = [_format_record_metric(r) for r in records]
    if run.previous:
        name = _("{run}, validation").format(run=run.name)
        lines = [_CurveLine(x, y, hover, name, color, MIDDLE, "dash", _label_with_best(run.name, records))]
    else:
        name = _("validation")
        lines = [_build_masked_line(run, color), _build_clean_line(records, color)]
        lines.append(_CurveLine(x, y, hover, name, color, THICK, "dash", _label_with_best(name, records)))
    return [line for line in lines if line.x]


def _label_with_best(name: str, records: Sequence[Event]) -> str:
    if not has_best_record(records):
        return name
    metric, value = get_first_metric(find_best_record(records))
    # The lowest loss has the best perplexity or error, but not always the best accuracy.
    ending = _("{name}, {value} at ◇") if METRICS[metric].is_higher_better else _("{name}, best {value}")
    return ending.format(name=name, value=format_metric(metric, value))


def _build_masked_line(run: RunCurve, color: str) -> _CurveLine:
    # Each point is the mean over a group of updates. The group size is a power of two and fits the planned length of the
    # whole run, so that points that are drawn do not move later.
    points = np.array([(r["epoch"], r["train_loss"]) for r in run.records if r["train_loss"] is not None]).reshape(-1, 2)
    last = run.records[-1] if run.records else {"epoch": 0}
    planned_updates = float(run.epochs * last["update"] / last["epoch"]) if last["epoch"] else 0
    size = 1 << max(0, math.ceil(math.log2(max(1, len(points), planned_updates) / MAX_POINTS)))
    starts = np.arange(0, len(points), size)
    counts = np.diff([*starts, len(points)])
    means = np.add.reduceat(points, starts) / counts[:, None] if len(points) else points
    hover = _("each update, with masks") if size == 1 else _("with masks, mean of {n} updates").format(n=size)
    return _CurveLine(means[:, 0].tolist(), means[:, 1].tolist(), hover, _("train, masked"), color, THIN)


def _build_clean_line(records: Sequence[Event], color: str) -> _CurveLine:
    y = [r["train_loss_clean"] for r in records]
    # Records hold validation metrics only; a training metric is known where it is a function of the loss.
    metric = get_first_metric(records[0])[0] if records else "accuracy"
    from_loss = METRICS[metric].from_loss
    hover = [_format_labelled_metric(metric, from_loss(loss)) for loss in y] if from_loss else _("without masks")
    return _CurveLine([r["epoch"] for r in records], y, hover, _("train, clean"), color, THICK)


def _format_record_metric(record: Event) -> str:
    return _format_labelled_metric(*get_first_metric(record))


def _format_labelled_metric(metric: str, value: float) -> str:
    return f"{_(METRICS[metric].label)} {format_metric(metric, value)}"


def _plot_line(line: _CurveLine, squared: bool) -> Figure:
    per_point = isinstance(line.hover, list)
    return {
        "type": "scatter",
        "name": line.name,
        "mode": "lines" if len(line.x) > 1 else "markers",  # a line of one point is invisible
        "x": [round(x, 3) for x in line.x],
        "y": [round(y, 4) for y in line.y],
        "opacity": 0.7 if line.width == THIN else 1,
        "line": {"color": line.color, "width": line.width, "dash": line.dash},
        "marker": {"color": line.color, "size": 5},
        "hovertemplate": _hover_template(line.name, "%{customdata}" if per_point else str(line.hover), squared),
    } | ({"customdata": line.hover} if per_point else {})


def _plot_best_point(run: RunCurve, color: str, theme: Theme, squared: bool) -> list[Figure]:
    records = select_evaluated(run.records)
    if not has_best_record(records):
        return []
    best = find_best_record(records)
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": _("best"),
            "x": [best["epoch"]],
            "y": [best["val_loss"]],
            "customdata": [_format_record_metric(best)],
            "cliponaxis": False,
            "marker": {"symbol": "diamond", "size": 8, "color": theme.paper, "line": {"color": color, "width": 2}},
            "hovertemplate": _hover_template(_("{run}, lowest validation loss").format(run=run.name), "%{customdata}", squared),
        }
    ]


def _hover_template(name: str, details: str, squared: bool) -> str:
    point = _("epoch {x}: {y}") if squared else _("epoch {x}: {y} nats")
    return f"<b>{name}</b><br>" + point.format(x="%{x:.3~g}", y="%{y:.3f}") + f"<br>{details}<extra></extra>"


def _choose_range(runs: Sequence[RunCurve], lines: Sequence[_CurveLine], rows: int, height: int) -> _VisibleRange:
    """Return the visible range, with room for `rows` rows of mark labels at the top.

    The loss before the first update is left out once there are later ones, since it would flatten the rest.
    """
    pixels = height - MARGINS["t"] - MARGINS["b"]
    end = _choose_last_epoch(max((run.epochs for run in runs), default=0), max((line.x[-1] for line in lines), default=0))
    if not lines:
        return _VisibleRange(end, 0, 1, pixels)
    trained = [
        y
        for run in runs
        for r in select_evaluated(run.records)
        if r["update"] > 0
        for y in (r["val_loss"], *([] if run.previous else [r["train_loss_clean"]]))
    ]
    low = min(min(line.y) for line in lines)
    high = max([*trained, *(line.y[-1] for line in lines)] if trained else [y for line in lines for y in line.y])
    # Rounded to steps, so that the axis does not move with every change of the last point.
    step = 2.0 ** math.floor(math.log2(max(high - low, 0.01))) / 8
    low, high = (math.floor(low / step) - 0.5) * step, (math.ceil(high / step) + 0.5) * step
    return _VisibleRange(end, low, high + (high - low) * rows * LINE_HEIGHT / (pixels - rows * LINE_HEIGHT), pixels)


def _choose_last_epoch(planned: float, reached: float) -> float:
    """Return the end of the epoch axis: the planned epochs, or of a long run INITIAL_EPOCHS, doubled as it proceeds."""
    end = INITIAL_EPOCHS
    while end < reached:
        end *= 2
    return max(reached, min(planned, end)) or 1.0


def _build_axis(title: str, low: float, high: float, drawn: bool) -> Figure:
    # Autorange within bounds: an explicit range at every tick would undo the user's zoom.
    span = {"include": [low, high], "clipmin": low, "clipmax": high}
    bounds = {"autorange": True, "autorangeoptions": span} if drawn else {"range": [low, high], "showticklabels": False}
    return {"title": {"text": title}, "nticks": 7, "tickangle": 0, **bounds}


def _build_end_labels(lines: Sequence[_CurveLine], visible: _VisibleRange, theme: Theme) -> list[Figure]:
    """Return each curve's label at its end, without overlaps and within the frame."""
    centers = [(line.y[-1] - visible.low) * visible.pixels / (visible.high - visible.low) for line in lines]
    columns = assign_columns([line.x[-1] / visible.end for line in lines], LABEL_FRACTION)
    shifts = spread_labels(centers, [LINE_HEIGHT * len(line.label) for line in lines], columns, 0, visible.pixels)
    background = "rgba({},{},{},0.7)".format(*(int(theme.paper[i : i + 2], 16) for i in (1, 3, 5)))
    return [
        build_end_label(line.label, line.x[-1], line.y[-1], shift, line.color, 12) | {"bgcolor": background, "borderpad": 0}
        for line, shift in zip(lines, shifts, strict=True)
    ]


def _empty_note(theme: Theme) -> Figure:
    return {
        "xref": "paper",
        "yref": "paper",
        "x": 0.5,
        "y": 0.5,
        "showarrow": False,
        "align": "center",
        "text": _("Press Play:<br>the loss curves appear here."),
        "font": {"color": theme.muted, "size": 14},
    }


def _plot_marks(marks: Sequence[ChangeMark], visible: _VisibleRange, theme: Theme) -> list[Figure]:
    """Return a dotted vertical line for each change, and labels in rows so that close ones do not overlap."""
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
    rows = _assign_rows(marks, visible)
    labels = {
        "type": "scatter",
        "mode": "markers+text",
        "yaxis": "y2",
        "name": _("changed"),
        "x": [mark.epoch for mark in marks],
        "y": [1 - (0.5 + (row or 0)) * LINE_HEIGHT / visible.pixels for row in rows],
        "text": ["" if row is None else f" {mark.label} " for mark, row in zip(marks, rows, strict=True)],
        "textposition": [f"middle {'left' if _is_leftward(mark, visible) else 'right'}" for mark in marks],
        "textfont": {"size": 11, "color": theme.muted},
        "customdata": [mark.label for mark in marks],
        "cliponaxis": False,
        "marker": {"symbol": "triangle-down", "size": 7, "color": theme.muted},
        "hovertemplate": _("<b>changed</b> at epoch {x}").format(x="%{x:.3~g}") + "<br>%{customdata}<extra></extra>",
    }
    return [lines, labels]


def _assign_rows(marks: Sequence[ChangeMark], visible: _VisibleRange) -> list[int | None]:
    """Return the row of each label, the newest assigned first; None where no row has room (hovering shows these)."""
    occupied: list[list[tuple[float, float]]] = [[] for _row in range(MARK_ROWS)]
    rows: list[int | None] = []
    for mark in reversed(marks):
        left, right = _label_extent(mark, visible)
        free = [row for row, spans in enumerate(occupied) if all(right < low or left > high for low, high in spans)]
        rows.insert(0, free[0] if free else None)
        if free:
            occupied[free[0]].append((left, right))
    return rows


def _label_extent(mark: ChangeMark, visible: _VisibleRange) -> tuple[float, float]:
    at, long = mark.epoch, (len(mark.label) + 4) * MARK_CHARACTER_WIDTH * visible.end
    return (at - long, at) if _is_leftward(mark, visible) else (at, at + long)


def _is_leftward(mark: ChangeMark, visible: _VisibleRange) -> bool:
    return mark.epoch > visible.end / 2
