"""The lines of the curves of runs: what each shows of the records, its look, and its entry in the legend.

Training loss is solid, validation loss dashed, the optimised loss (with masks) thin. Each run has a color of its own, which it
keeps when it has become an earlier one; of an earlier run only the validation is drawn.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from core.figures.run_summary import (
    RunCurve,
    find_best_record,
    format_metric,
    get_first_metric,
    select_evaluated,
)
from core.figures.theme import Theme
from core.i18n import _
from core.tasks.metrics import METRICS
from core.training.events import Event

LOSS, METRIC = "loss", "metric"
MAX_POINTS = 200  # most points of the masked training loss; more updates are averaged in groups
SMOOTHING = 0.85  # decay of the exponential moving average per point
NEWEST_FRACTION = 0.25  # share of the epochs so far that the zoom to the newest shows
MIN_NEWEST_EPOCHS = 1.0
THIN, MIDDLE, THICK = 1.2, 1.8, 2.5


@dataclass(frozen=True)
class CurveView:
    """The settings of the curves.

    quantity: the loss, or the task's first metric. log: whether the vertical axis is logarithmic. smooth: whether the masked
    training loss is smoothed. newest: whether only the newest part of the run is shown.
    """

    quantity: str = LOSS
    log: bool = False
    smooth: bool = False
    newest: bool = False


WHOLE_LOSS = CurveView()


@dataclass(frozen=True)
class CurveLine:
    """One curve. x: epochs. y: nats, or the metric. hover: further hover text, per point or for all. name: in full.

    label: a word or two, for the legend and the end of the line. run: its run. trained: the values after the first update, of
    the masked loss after the first epoch, by which the visible range is chosen; those before would flatten the rest.
    """

    x: list[float]
    y: list[float]
    hover: list[str] | str
    name: str
    label: str
    color: str
    width: float
    run: RunCurve
    dash: str = "solid"
    trained: list[float] = field(default_factory=list)


def build_lines(runs: Sequence[RunCurve], theme: Theme, view: CurveView) -> list[CurveLine]:
    """Return the lines that have a point, those of the current run first."""
    return [line for run in runs for line in _build_run_lines(run, get_run_color(run, theme), view) if line.x]


def get_run_color(run: RunCurve, theme: Theme) -> str:
    """Return the color of a run; gray for one that has none."""
    return theme.previous if run.color is None else theme.method_colors[run.color % len(theme.method_colors)]


def build_legend(runs: Sequence[RunCurve], theme: Theme, view: CurveView) -> list[dict[str, str | float]]:
    """Return the entries of the legend: run, name, value at the newest point, color, dash and width of each line.

    Before the first point the lines of the current run are listed too, with a dash as value.
    """
    lines = build_lines(runs, theme, view)
    return [
        {
            "run": line.run.id if line.run.previous else "",
            "name": line.label,
            "value": format_end_value(line, view),
            "color": line.color,
            "dash": line.dash,
            "width": line.width,
        }
        for line in sorted(lines, key=lambda line: line.run.previous)
    ]


def format_end_value(line: CurveLine, view: CurveView) -> str:
    """Return the value at the newest point of a line; of an earlier run, the metric at its lowest loss."""
    evaluated = select_evaluated(line.run.records)
    if line.run.previous and evaluated:
        return format_metric(*get_first_metric(find_best_record(evaluated)))
    return format_quantity(line.y[-1], line.run, view)


def format_quantity(value: float, run: RunCurve, view: CurveView) -> str:
    """Return a value on the vertical axis as a text."""
    if view.quantity == METRIC:
        return format_metric(_get_metric(run.records), value)
    return f"{value:.3f}" if abs(value) < 1 else f"{value:.2f}"


def format_record_metric(record: Event) -> str:
    """Return the name and the value of the first metric of a record that holds an evaluation."""
    return _format_labelled_metric(*get_first_metric(record))


def get_value(record: Event, view: CurveView) -> float:
    """Return the validation value of a record that holds an evaluation."""
    return float(record["val_loss"]) if view.quantity == LOSS else get_first_metric(record)[1]


def get_newest_start(reached: float) -> float:
    """Return the epoch from which on a run that has reached an epoch is shown by the zoom to the newest."""
    return max(0.0, reached - max(MIN_NEWEST_EPOCHS, NEWEST_FRACTION * reached))


def _build_run_lines(run: RunCurve, color: str, view: CurveView) -> list[CurveLine]:
    records = select_evaluated(run.records)
    x, y = [r["epoch"] for r in records], [get_value(r, view) for r in records]
    hover = [format_record_metric(r) for r in records]
    trained = [value for value, r in zip(y, records, strict=True) if r["update"] > 0]
    if run.previous:
        name = _("{run}, validation").format(run=run.name)
        return [CurveLine(x, y, hover, name, run.name, color, MIDDLE, run, "dash", trained)]
    name = _("validation")
    validation = CurveLine(x, y, hover, name, name, color, THICK, run, "dash", trained)
    return [*_build_masked_line(run, color, view), *_build_clean_line(run, color, view), validation]


def _get_metric(records: Sequence[Event]) -> str:
    evaluated = select_evaluated(records)
    return get_first_metric(evaluated[0])[0] if evaluated else "accuracy"


def _convert(values: Sequence[float], records: Sequence[Event], view: CurveView) -> list[float] | None:
    """Return training losses as what the view shows; None if that is a metric which the loss does not determine."""
    if view.quantity == LOSS:
        return list(values)
    from_loss = METRICS[_get_metric(records)].from_loss
    return [from_loss(value) for value in values] if from_loss else None


def _build_masked_line(run: RunCurve, color: str, view: CurveView) -> list[CurveLine]:
    # Each point is the mean over a group of updates. The group size is a power of two and fits the planned length of the
    # whole run, so that points that are drawn do not move later.
    points = np.array([(r["epoch"], r["train_loss"]) for r in run.records if r["train_loss"] is not None]).reshape(-1, 2)
    last = run.records[-1] if run.records else {"epoch": 0}
    planned_updates = float(run.epochs * last["update"] / last["epoch"]) if last["epoch"] else 0
    size = 1 << max(0, math.ceil(math.log2(max(1, len(points), planned_updates) / MAX_POINTS)))
    starts = np.arange(0, len(points), size)
    counts = np.diff([*starts, len(points)])
    means = np.add.reduceat(points, starts) / counts[:, None] if len(points) else points
    losses = means[:, 1].tolist()
    y = _convert(smooth_values(losses) if view.smooth else losses, run.records, view)
    if y is None:
        return []
    hover = _("each update, with masks") if size == 1 else _("with masks, mean of {n} updates").format(n=size)
    name, x = _("train, masked"), means[:, 0].tolist()
    trained = [value for epoch, value in zip(x, y, strict=True) if epoch >= 1]
    return [CurveLine(x, y, hover, name, name, color, THIN, run, trained=trained)]


def smooth_values(values: Sequence[float]) -> list[float]:
    """Return the exponential moving averages of values, free of the bias towards the first."""
    smoothed, mean, weight = [], 0.0, 0.0
    for value in values:
        mean, weight = SMOOTHING * mean + (1 - SMOOTHING) * value, SMOOTHING * weight + (1 - SMOOTHING)
        smoothed.append(mean / weight)
    return smoothed


def _build_clean_line(run: RunCurve, color: str, view: CurveView) -> list[CurveLine]:
    records = select_evaluated(run.records)
    losses = [r["train_loss_clean"] for r in records]
    y = _convert(losses, run.records, view)
    if y is None:
        return []
    # Records hold validation metrics only; a training metric is known where it is a function of the loss.
    metric = _get_metric(run.records)
    from_loss = METRICS[metric].from_loss
    hover = [_format_labelled_metric(metric, from_loss(loss)) for loss in losses] if from_loss else _("without masks")
    trained = [value for value, r in zip(y, records, strict=True) if r["update"] > 0]
    name = _("train, clean")
    return [CurveLine([r["epoch"] for r in records], y, hover, name, name, color, THICK, run, trained=trained)]


def _format_labelled_metric(metric: str, value: float) -> str:
    return f"{_(METRICS[metric].label)} {format_metric(metric, value)}"
