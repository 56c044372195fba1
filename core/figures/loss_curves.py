"""The curves of runs as one Plotly figure, fast enough to be built again at every tick.

What the lines are: curve_lines.py. The lowest validation loss of a run is a diamond; the gap between its clean training loss
and its validation loss is shaded; its changes are ticks on the upper edge. The lines are named in a legend above the figure,
which the page draws, and at their ends when the run has ended: until then the labels would cover what comes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

from core.figures.change_marks import ChangeMark, join_near_marks
from core.figures.curve_lines import (
    LOSS,
    METRIC,
    THIN,
    WHOLE_LOSS,
    CurveLine,
    CurveView,
    build_lines,
    format_end_value,
    format_record_metric,
    get_newest_start,
    get_run_color,
    get_value,
)
from core.figures.label_layout import build_end_label, spread_labels
from core.figures.run_summary import RunCurve, find_best_record, format_epoch, has_best_record, select_evaluated
from core.figures.theme import Figure, Theme, build_template
from core.i18n import _, ngettext
from core.tasks.metrics import METRICS

MARGINS = {"l": 46, "r": 10, "t": 4, "b": 38}  # pixels
STRIP = 0.06  # share of the height, above the lines, for the ticks of the changes and their labels
NARROWEST = 240  # pixels of the narrowest plot
INITIAL_EPOCHS = 30.0  # initial length of the epoch axis of a longer run
END_FRACTION = 0.26  # share of the width for the labels at the ends of the curves
LABEL_CHARACTERS = 12  # per line of an end label
LINE_HEIGHT = 15  # pixels of such a line
LABEL_GAP = 4  # pixels between two end labels
NEAR = 0.035  # share of the width: changes nearer to one another share a tick
CHARACTER = 6.6  # approximate pixels of a character in a change's label
GAP_OPACITY = 0.13


@dataclass(frozen=True)
class _VisibleRange:
    """The visible part of the plane: epochs from `start` to `end`, values from `low` to `high`, on `pixels` of height.

    reached: the end of the longest line.
    """

    start: float
    end: float
    reached: float
    low: float
    high: float
    pixels: int


def plot_loss_curves(
    runs: Sequence[RunCurve],
    theme: Theme,
    unit: str,
    height: int = 330,
    metric: str = "",
    view: CurveView = WHOLE_LOSS,
    ended: bool = False,
) -> Figure:
    """Return the figure of the runs, the current run first, `height` pixels high.

    unit: what the loss is averaged over, such as “word”. metric: name of the task's first metric. ended: whether the current
    run has come to its end. Without any point the figure shows a hint to press Play.
    """
    squared = bool(metric) and METRICS[metric].is_squared_error
    lines = build_lines(runs, theme, view)
    marks = [mark for run in runs if not run.previous for mark in run.marks]
    visible = _choose_range(runs, lines, height, view, ended)
    ticks = _plot_marks(marks, visible, theme)
    return {
        "data": [
            *(trace for line in lines for trace in _plot_line(line, lines, squared, view)),
            *(point for run in runs for point in _plot_best_point(run, theme, squared, view)),
            *ticks,
        ],
        "layout": {
            "template": build_template(theme),
            "uirevision": "|".join([runs[0].id, view.quantity, str(view.log), str(view.newest)]) if runs else "",
            "height": height,
            "margin": MARGINS,
            "hovermode": "closest",
            "hoverdistance": 30,
            "annotations": _build_end_labels(lines if ended else (), visible, view) if lines else [_empty_note(theme)],
            "xaxis": _build_axis(_("epoch"), visible.start, visible.end, bool(lines)),
            "yaxis": _build_value_axis(unit, metric, squared, visible, view, bool(lines)),
            "yaxis2": {"overlaying": "y", "range": [0, 1], "fixedrange": True, "visible": False},
            "shapes": _draw_mark_lines(ticks, theme),
        },
    }


def _plot_line(line: CurveLine, lines: Sequence[CurveLine], squared: bool, view: CurveView) -> list[Figure]:
    per_point = isinstance(line.hover, list)
    trace = {
        "type": "scatter",
        "name": line.name,
        "mode": "lines" if len(line.x) > 1 else "markers",  # a line of one point is invisible
        "x": [round(x, 3) for x in line.x],
        "y": [float(f"{y:.6g}") for y in line.y],
        "opacity": 0.6 if line.width == THIN else 1,
        "line": {"color": line.color, "width": line.width, "dash": line.dash},
        "marker": {"color": line.color, "size": 5},
        "hovertemplate": _hover_template(line.name, "%{customdata}" if per_point else str(line.hover), squared, view),
    } | ({"customdata": line.hover} if per_point else {})
    clean = [one for one in lines if one.run is line.run and one.width != THIN and one.dash == "solid"]
    if line.run.previous or line.dash == "solid" or not clean:
        return [trace]
    return [_shade_gap(clean[0], line), trace]


def _shade_gap(clean: CurveLine, validation: CurveLine) -> Figure:
    """Return the area between the clean training loss and the validation loss of a run."""
    rounded = [[round(x, 3) for x in line.x] for line in (clean, validation)]
    red, green, blue = (int(clean.color[i : i + 2], 16) for i in (1, 3, 5))
    return {
        "type": "scatter",
        "name": _("gap"),
        "mode": "lines",
        "x": [*rounded[0], *reversed(rounded[1])],
        "y": [float(f"{y:.6g}") for y in (*clean.y, *reversed(validation.y))],
        "line": {"width": 0},
        "fill": "toself",
        "fillcolor": f"rgba({red},{green},{blue},{GAP_OPACITY})",
        "hoverinfo": "skip",
    }


def _plot_best_point(run: RunCurve, theme: Theme, squared: bool, view: CurveView) -> list[Figure]:
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
            "y": [get_value(best, view)],
            "customdata": [format_record_metric(best)],
            "cliponaxis": False,
            "marker": {
                "symbol": "diamond",
                "size": 9,
                "color": theme.paper,
                "line": {"color": get_run_color(run, theme), "width": 2},
            },
            "hovertemplate": _hover_template(
                _("{run}, lowest validation loss").format(run=run.name), "%{customdata}", squared, view
            ),
        }
    ]


def _hover_template(name: str, details: str, squared: bool, view: CurveView) -> str:
    point = _("epoch {x}: {y}") if squared or view.quantity == METRIC else _("epoch {x}: {y} nats")
    return f"<b>{name}</b><br>" + point.format(x="%{x:.3~g}", y="%{y:.4~g}") + f"<br>{details}<extra></extra>"


def _choose_range(
    runs: Sequence[RunCurve], lines: Sequence[CurveLine], height: int, view: CurveView, ended: bool
) -> _VisibleRange:
    """Return the visible range.

    The value before the first update is left out once there are later ones, since it would flatten the rest.
    """
    pixels = height - MARGINS["t"] - MARGINS["b"]
    reached = max((line.x[-1] for line in lines), default=0.0)
    end = _choose_last_epoch(max((run.epochs for run in runs), default=0), reached)
    if not lines:
        return _VisibleRange(0, end, 0, 0, 1, pixels)
    current = max((line.x[-1] for line in lines if not line.run.previous), default=reached)
    start = get_newest_start(current) if view.newest else 0.0
    end = max(current, start + 1e-3) if view.newest else end
    low, high = _choose_values(lines, start, end, view)
    # Room above all lines for the ticks of the changes.
    high = high * (high / low) ** (STRIP / (1 - STRIP)) if view.log and low > 0 else high + (high - low) * STRIP / (1 - STRIP)
    if ended:
        end += (end - start) * END_FRACTION / (1 - END_FRACTION)
    return _VisibleRange(start, end, reached, low, high, pixels)


def _choose_values(lines: Sequence[CurveLine], start: float, end: float, view: CurveView) -> tuple[float, float]:
    """Return the visible values between two epochs, rounded so that the axis does not move at every tick."""
    seen = [y for line in lines for x, y in zip(line.x, line.y, strict=True) if start <= x <= end]
    seen = seen or [line.y[-1] for line in lines]
    trained = [y for line in lines for y in line.trained]
    low, high = min(seen), max(seen)
    if trained:
        tops = [y for line in lines for x, y in zip(line.x, line.y, strict=True) if start <= x <= end and y <= max(trained)]
        high = max([*tops, *(line.y[-1] for line in lines if start <= line.x[-1] <= end)], default=high)
    if view.log and low > 0:
        margin = (high / low) ** 0.05
        return low / margin, high * margin
    step = 2.0 ** math.floor(math.log2(max(high - low, 0.01))) / 8
    return (math.floor(low / step) - 0.5) * step, (math.ceil(high / step) + 0.5) * step


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


def _build_value_axis(unit: str, metric: str, squared: bool, visible: _VisibleRange, view: CurveView, drawn: bool) -> Figure:
    if view.quantity == LOSS:
        title = (_("squared error per {unit}, scaled") if squared else _("cross-entropy per {unit}")).format(unit=unit)
    else:
        title = _(METRICS[metric].label)
    axis = _build_axis(title, visible.low, visible.high, drawn)
    if view.quantity == METRIC and METRICS[metric].is_percentage:
        axis["tickformat"] = ".3~p"
    if view.log and visible.low > 0:
        axis |= {"type": "log", "tickformat": axis.get("tickformat", ".3~g")}
    return axis


def _build_end_labels(lines: Sequence[CurveLine], visible: _VisibleRange, view: CurveView) -> list[Figure]:
    """Return each curve's label right of all curves, at the height of its end, without overlaps and within the frame."""
    logarithmic = view.log and visible.low > 0
    scale = math.log10 if logarithmic else float
    low, high = scale(visible.low), scale(visible.high)
    ends = [min(max(scale(line.y[-1]), low), high) for line in lines]
    texts = [wrap(f"{line.label} {format_end_value(line, view)}", LABEL_CHARACTERS)[:3] for line in lines]
    centers = [(end - low) * visible.pixels / (high - low) for end in ends]
    sizes = [LINE_HEIGHT * len(text) + LABEL_GAP for text in texts]
    shifts = spread_labels(centers, sizes, [0] * len(lines), 0, visible.pixels)
    at = visible.end - (visible.end - visible.start) * END_FRACTION
    return [
        build_end_label(text, at, end, shift, line.color)
        for text, line, end, shift in zip(texts, lines, ends, shifts, strict=True)
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
    """Return a tick above the plot for each change, one for those that are near to one another.

    A label stands beside a tick where there is room up to the next; hovering says all of them.
    """
    span = visible.end - visible.start
    groups = join_near_marks([mark for mark in marks if visible.start <= mark.epoch <= visible.end], NEAR * span)
    if not groups:
        return []
    at = [group[0].epoch for group in groups]
    room = [NARROWEST * (later - x) / span for x, later in zip(at, [*at[1:], visible.end], strict=True)]
    return [
        {
            "type": "scatter",
            "mode": "markers+text",
            "yaxis": "y2",
            "name": _("changed"),
            "x": at,
            "y": [1 - STRIP / 2] * len(at),
            "text": [_label_group(group, width) for group, width in zip(groups, room, strict=True)],
            "textposition": ["middle right"] * len(at),
            "textfont": {"size": 13, "color": theme.accent},
            "customdata": ["<br>".join(_describe_mark(mark) for mark in group) for group in groups],
            "cliponaxis": False,
            "marker": {"symbol": "triangle-down", "size": 9, "color": theme.accent},
            "hovertemplate": f"<b>{_('changed')}</b><br>%{{customdata}}<extra></extra>",
        }
    ]


def _draw_mark_lines(ticks: Sequence[Figure], theme: Theme) -> list[Figure]:
    """Return a faint vertical line below each tick."""
    line = {"color": theme.accent, "width": 1, "dash": "dot"}
    return [
        {"type": "line", "x0": x, "x1": x, "yref": "paper", "y0": 0, "y1": 1 - STRIP, "line": line, "opacity": 0.6}
        for trace in ticks
        for x in trace["x"]
    ]


def _label_group(group: Sequence[ChangeMark], room: float) -> str:
    """Return the longest label of a tick that has room: the change, how many there are, or nothing."""
    count = ngettext("{n} change", "{n} changes", len(group)).format(n=len(group))
    labels = [group[0].label] if len(group) == 1 else [count, f"{len(group)}×"]
    return next((f" {label}" for label in labels if CHARACTER * (len(label) + 2) < room), "")


def _describe_mark(mark: ChangeMark) -> str:
    return _("{change} at epoch {epoch}").format(change=mark.label, epoch=format_epoch(mark.epoch))
