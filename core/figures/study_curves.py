"""The curves of a study in one chart: for each experiment the median of its seeds, their range as a band, each seed faint.

Only seeds that have come to their end count for the median and the band, so that the lines do not jump when another seed
begins; before the first end, the seeds that go on.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from core.figures.study_style import fade_color, get_slot_color, get_slot_dash
from core.figures.theme import Figure, Theme, build_template
from core.i18n import N_, _
from core.tasks.metrics import METRICS

VALIDATION, TRAINING, METRIC = "validation", "training", "metric"
QUANTITIES = {VALIDATION: N_("validation loss"), TRAINING: N_("training loss"), METRIC: N_("validation metric")}
_COLUMNS = {TRAINING: 2, VALIDATION: 3, METRIC: 4}  # of a point: update, epoch, clean training loss, validation loss, metric
BAND_OPACITY, FAINT_OPACITY = 0.13, 0.32
MARGINS = {"l": 46, "r": 10, "t": 6, "b": 38}  # pixels


@dataclass(frozen=True)
class SeedCurve:
    """The evaluations of one run. points: update, epoch, clean training loss, validation loss, metric of each."""

    seed: int
    points: Sequence[tuple[Any, ...]]
    has_ended: bool


@dataclass(frozen=True)
class ExperimentCurves:
    """The curves of one experiment over its seeds. slot: its place among colors and dashes."""

    name: str
    slot: int
    seeds: Sequence[SeedCurve]


@dataclass(frozen=True)
class Summary:
    """The median of several curves and their range, at the epochs that all of them have reached."""

    epochs: Sequence[float]
    middle: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    seeds: int


def summarize_seeds(curves: ExperimentCurves, quantity: str) -> Summary:
    """Return median and range of the seeds that have ended; without any, of those that go on."""
    chosen = [one for one in curves.seeds if one.has_ended] or [one for one in curves.seeds if one.points]
    rows = [dict(list_values(one, quantity)) for one in chosen]
    epochs = [epoch for epoch in rows[0] if all(epoch in row for row in rows)] if rows else []
    columns = [[row[epoch] for row in rows] for epoch in epochs]
    return Summary(epochs, [median(c) for c in columns], [min(c) for c in columns], [max(c) for c in columns], len(rows))


def list_values(curve: SeedCurve, quantity: str) -> Iterator[tuple[float, float]]:
    """Yield epoch and value of each evaluation that has a finite value."""
    column = _COLUMNS[quantity]
    yield from ((point[1], point[column]) for point in curve.points if point[column] is not None)


def plot_study_curves(
    experiments: Sequence[ExperimentCurves], theme: Theme, quantity: str, unit: str, metric: str, height: int, lasting_id: str
) -> Figure:
    """Return the figure as plain data for Plotly. Each trace says in `meta` whose it is: {"experiment": slot}.

    unit: what the loss is averaged over, such as “word”. metric: name of the task's main metric. lasting_id: the visitor's zoom
    is kept as long as it stays.
    """
    traces = [trace for one in experiments for trace in _plot_experiment(one, theme, quantity)]
    low, high = choose_range(experiments, quantity)
    return {
        "data": traces,
        "layout": {
            "template": build_template(theme),
            "uirevision": f"{lasting_id}|{quantity}",
            "height": height,
            "margin": MARGINS,
            "hovermode": "closest",
            "hoverdistance": 30,
            "annotations": [] if traces else [_build_hint(theme)],
            "xaxis": {"title": {"text": _("epoch")}, "rangemode": "tozero", "visible": bool(traces)},
            "yaxis": {
                "title": {"text": name_quantity(quantity, unit, metric)},
                "range": [low, high],
                "visible": bool(traces),
            },
        },
    }


def name_quantity(quantity: str, unit: str, metric: str) -> str:
    """Return what the vertical axis shows."""
    if quantity == METRIC:
        return _("validation {metric}").format(metric=_(METRICS[metric].label))
    if METRICS[metric].is_squared_error:
        return _(QUANTITIES[quantity])
    if quantity == TRAINING:
        return _("training loss without masks, nats per {unit}").format(unit=_(unit))
    return _("validation loss, nats per {unit}").format(unit=_(unit))


def choose_range(experiments: Sequence[ExperimentCurves], quantity: str) -> tuple[float, float]:
    """Return the range of the vertical axis: all values of trained networks; those before would flatten the rest."""
    column = _COLUMNS[quantity]
    values = [
        point[column]
        for one in experiments
        for seed in one.seeds
        for point in seed.points
        if point[column] is not None and point[0] > 0
    ]
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    margin = 0.05 * (high - low) or 0.05 * max(1.0, abs(high))
    return low - margin, high + margin


def _plot_experiment(curves: ExperimentCurves, theme: Theme, quantity: str) -> Iterator[Figure]:
    summary, color = summarize_seeds(curves, quantity), get_slot_color(theme, curves.slot)
    meta = {"experiment": curves.slot}
    faint = [one for one in curves.seeds if one.points]
    if len(faint) > 1:
        yield _plot_seeds(faint, quantity, color, curves.name, meta)
    if summary.seeds > 1:
        yield {
            "type": "scatter",
            "mode": "lines",
            "meta": meta,
            "x": [*summary.epochs, *reversed(summary.epochs)],
            "y": [_round(y) for y in (*summary.high, *reversed(summary.low))],
            "line": {"width": 0},
            "fill": "toself",
            "fillcolor": fade_color(color, BAND_OPACITY),
            "hoverinfo": "skip",
        }
    if summary.epochs:
        dash = ",".join(f"{length}px" for length in get_slot_dash(curves.slot).split()) or "solid"
        yield {
            "type": "scatter",
            "mode": "lines" if len(summary.epochs) > 1 else "markers",
            "name": curves.name,
            "meta": meta,
            "x": list(summary.epochs),
            "y": [_round(y) for y in summary.middle],
            "customdata": [[_round(low), _round(high)] for low, high in zip(summary.low, summary.high, strict=True)],
            "line": {"color": color, "width": 2.6, "dash": dash},
            "marker": {"color": color, "size": 6},
            "hovertemplate": _hover_template(summary.seeds),
        }


def _plot_seeds(seeds: Sequence[SeedCurve], quantity: str, color: str, name: str, meta: dict[str, int]) -> Figure:
    """Return all seeds of an experiment as one trace with gaps."""
    x: list[float | None] = []
    y: list[float | None] = []
    for seed in seeds:
        values = list(list_values(seed, quantity))
        x += [*(epoch for epoch, _value in values), None]
        y += [*(_round(value) for _epoch, value in values), None]
    line = {"color": fade_color(color, FAINT_OPACITY), "width": 1}
    return {"type": "scatter", "mode": "lines", "name": name, "meta": meta, "x": x, "y": y, "line": line, "hoverinfo": "skip"}


def _hover_template(seeds: int) -> str:
    several = _("median %{y:.4g} of {n} seeds<br>from %{customdata[0]:.4g} to %{customdata[1]:.4g}").replace("{n}", str(seeds))
    return f"<b>%{{fullData.name}}</b><br>{_('epoch')} %{{x:.3g}}<br>{several if seeds > 1 else '%{y:.4g}'}<extra></extra>"


def _build_hint(theme: Theme) -> Figure:
    return {
        "xref": "paper",
        "yref": "paper",
        "x": 0.5,
        "y": 0.5,
        "showarrow": False,
        "align": "center",
        "text": _("Press Play:<br>the curves of all experiments appear here."),
        "font": {"color": theme.muted, "size": 14},
    }


def _round(value: float) -> float | None:
    return float(f"{value:.5g}") if math.isfinite(value) else None
