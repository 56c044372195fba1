"""The charts of the papers' tables: published beside measured results, and what dropout gains over five seeds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from core.figures.dot_chart import Dot, DotChart, DotPanel, DotRow, DotSeries
from core.figures.method_colors import get_color_index
from core.figures.theme import Theme
from core.i18n import N_, _
from core.results.paper_tables import PaperTask, SetupResults, SplitValues, list_published_effects
from core.results.seed_stats import COMPARISONS, SeedGroup
from core.results.seed_table import format_interval, format_metric
from core.tasks.metrics import METRICS

# The columns of the table of five seeds with Zaremba's dropout, from the lower rate to the higher, between none and the rest.
TASK_COLUMNS = ("none", "zaremba2014 at .25", "zaremba2014")
SPLIT_LABELS = {"validation": N_("validation"), "test": N_("test, at the end")}
PUBLISHED, FULL_SIZE, SCALED, WITHOUT = range(4)  # the series of the set-ups
METHOD_LABELS = {
    "none": N_("no dropout"),
    "zaremba2014": N_("Zaremba et al., p = .5"),
    "zaremba2014 at .25": N_("Zaremba et al., p = .25"),
    "gal2016": N_("Gal & Ghahramani"),
}


def build_setup_chart(setups: Sequence[SetupResults], split: str, theme: Theme) -> DotChart:
    """Return the set-ups of the papers: published, whole and scaled-down results on one split, a panel for each metric."""
    series = (
        DotSeries(_("published"), theme.ink, "diamond"),
        DotSeries(_("whole, here"), theme.accent, "circle-open"),
        DotSeries(_("scaled down, here"), theme.method_colors[0], "circle"),
        DotSeries(_("scaled down, no dropout"), theme.previous, "x-thin"),
    )
    panels = []
    for metric, group in groupby(setups, lambda one: one.metric):
        rows = tuple(DotRow(one.label, tuple(_list_setup_dots(one, split))) for one in group)
        title = _("{metric}, {split}").format(metric=_(METRICS[metric].label), split=_(SPLIT_LABELS[split]))
        panels.append(DotPanel(title, rows, is_logarithmic=metric == "perplexity"))
    return DotChart(tuple(panels), series)


def build_published_effect_chart(kinds: Sequence[PaperTask], theme: Theme) -> DotChart:
    """Return the published results of the four tasks without and with dropout, a panel for each task."""
    panels = []
    for kind in kinds:
        dots = tuple(Dot(2 if on else 0, value, f"{value:g}") for on, value in list_published_effects(kind))
        metric, _comma, splits = _(kind.reported[-1].metric).split("; ")[-1].partition(", ")
        title = _("{metric}, {split}").format(metric=metric, split=splits.split(" / ")[-1]) if splits else metric
        panels.append(DotPanel(title, (DotRow(_(kind.data), dots),)))
    return DotChart(tuple(panels), tuple(replace(one, place=0.0) for one in _build_task_series(theme)))


def build_measured_effect_chart(kinds: Sequence[PaperTask], theme: Theme) -> DotChart:
    """Return the test results of this program at the end of training, over five seeds, a panel for each of the four tasks."""
    panels = [_build_measured_panel(kind) for kind in kinds if kind.groups]
    return DotChart(tuple(panels), _build_task_series(theme))


def build_difference_chart(tasks: Mapping[str, Mapping[str, SeedGroup]], split: str, theme: Theme) -> DotChart:
    """Return by how much each method is better than no dropout on one split: paired differences with their 95 % intervals.

    tasks: the groups of the five-seed table, by task and column. Percentages share a panel; other metrics have their own.
    """
    columns = [one.column for one in COMPARISONS if one.reference == "none"]
    middle = (len(columns) - 1) / 2
    series = tuple(_build_method_series(name, at - middle, theme) for at, name in enumerate(columns))
    rows: dict[tuple[str, str], list[DotRow]] = {}
    for task, groups in tasks.items():
        if "none" not in groups:
            continue
        metric = groups["none"].metric
        key = ("", "") if METRICS[metric].is_percentage else (task, metric)
        label = _("{task}, {metric}").format(task=task, metric=_(METRICS[metric].label))
        rows.setdefault(key, []).append(DotRow(label, tuple(_list_difference_dots(groups, columns, split))))
    ordered = sorted(rows.items(), key=lambda one: one[0] != ("", ""))
    panels = [DotPanel(_name_gain(metric), tuple(found), zero=True) for (_task, metric), found in ordered]
    return DotChart(tuple(panels), series)


def _list_setup_dots(setup: SetupResults, split: str) -> Iterator[Dot]:
    results: list[tuple[int, SplitValues | None]] = [
        *((PUBLISHED, one) for one in setup.published),
        (FULL_SIZE, setup.full_size),
        (SCALED, setup.scaled),
        (WITHOUT, setup.without),
    ]
    for series, values in results:
        value = getattr(values, split) if values else None
        if value is not None:
            yield Dot(series, value, format_metric(value, setup.metric))


def _build_measured_panel(kind: PaperTask) -> DotPanel:
    metric = next(iter(kind.groups.values())).metric
    factor = 100 if METRICS[metric].is_percentage else 1
    dots = []
    for series, column in enumerate(TASK_COLUMNS):
        if (group := kind.groups.get(column)) is not None:
            interval = group.compute_interval("test")
            text = format_interval(interval, metric)
            dots.append(Dot(series, factor * interval.mean, text, factor * interval.half_width))
    unit = _("{metric}, %") if METRICS[metric].is_percentage else "{metric}"
    return DotPanel(unit.format(metric=_(METRICS[metric].label)), (DotRow(kind.task, tuple(dots)),))


def _build_task_series(theme: Theme) -> tuple[DotSeries, ...]:
    """Return the series of `TASK_COLUMNS`. The papers had other rates: what is published has the look of the usual rate."""
    names = (_("no dropout"), _("p = .25, here"), _("with dropout, here p = .5"))
    looks = [_build_method_series(column, place, theme) for place, column in enumerate(TASK_COLUMNS, -1)]
    return tuple(replace(look, name=name) for look, name in zip(looks, names, strict=True))


def _build_method_series(column: str, place: float, theme: Theme) -> DotSeries:
    """Return the look of a column of the five-seed table: the color of its method, and a symbol of its own."""
    symbols = {"none": "x-thin", "zaremba2014": "circle", "zaremba2014 at .25": "circle-open", "gal2016": "square"}
    method = column.partition(" at ")[0]
    color = theme.previous if method == "none" else theme.method_colors[get_color_index(method) % len(theme.method_colors)]
    return DotSeries(_(METHOD_LABELS[column]), color, symbols[column], place)


def _list_difference_dots(groups: Mapping[str, SeedGroup], columns: Sequence[str], split: str) -> Iterator[Dot]:
    none = groups["none"]
    row = METRICS[none.metric]
    factor = (100 if row.is_percentage else 1) * (1 if row.is_higher_better else -1)
    for series, column in enumerate(columns):
        if column not in groups or len(groups[column].runs.keys() & none.runs.keys()) < 2:
            continue
        gain = groups[column].compute_difference(none, split)
        text = format_interval(gain, none.metric, "+")
        yield Dot(series, factor * gain.mean, text, abs(factor) * gain.half_width)


def _name_gain(metric: str) -> str:
    unit = _(METRICS[metric].label) if metric else _("percentage points")
    return _("worse ← 0 → better, {unit}").format(unit=unit)
