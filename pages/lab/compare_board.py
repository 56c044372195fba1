"""What the Compare page shows of its study: cards with small networks, curves, differences, verdicts and the table.

Three components, each changed in place; a tick sends the data of those that have changed.
"""

import json
from collections.abc import Callable, Hashable, Mapping
from typing import Any

from core.analysis.path_counts import list_crossings, list_routes, make_even_climbs
from core.dropout.masks import expand_word_masks
from core.errors import Invalid
from core.experiment import study_edits as edits
from core.experiment.batches import batch_at, draw_update_masks
from core.experiment.experiment import Experiment
from core.experiment.serialization import to_query
from core.experiment.study import Study
from core.figures.network.small import SmallScene, render_small_network
from core.figures.path_sentence import derive_formula
from core.figures.placement_text import describe_placement
from core.figures.study_curves import QUANTITIES, ExperimentCurves, SeedCurve, plot_study_curves
from core.figures.study_differences import render_differences
from core.figures.study_overview import (
    HEAD,
    build_overview,
    describe_evidence,
    explain_overview,
    list_differences,
    list_verdicts,
)
from core.figures.study_style import get_slot_color, get_slot_dash
from core.figures.theme import Theme
from core.i18n import _, ngettext
from core.results.study_progress import get_metric
from core.results.study_table import describe_intervals
from core.tasks import get_task
from core.tasks.metrics import METRICS
from pages.common import visit
from pages.common.component import make_value_callback, mount_component
from pages.common.heavy_drawing import limit_mask_drawing
from pages.common.lab_link import format_lab_anchor
from pages.common.news import mount_or_collect
from pages.common.static_files import provide_plotly
from pages.lab import compare_state as state

SHOWN_STEPS, DISTANCE = 7, 5  # of the small networks: steps in the window, steps of the path
CHART_HEIGHT = 330  # pixels

_mount_cards = mount_component("compare_cards", '<div class="cards"></div>')
_mount_chart = mount_component(
    "compare_chart",
    '<section class="study-chart"><header><h2></h2><div class="study-quantities"></div></header>'
    '<div class="live-chart" role="figure" tabindex="0"></div></section>',
)
_mount_results = mount_component(
    "compare_results",
    '<section class="study-results"><h2></h2><div class="study-differences"></div><div class="study-verdicts"></div></section>',
)
_mount_table = mount_component("compare_table", '<div class="study-table"></div>')


def draw_cards(colors: Theme) -> None:
    """Draw a card for each experiment: name, placement, small network, count, and a button that removes it."""
    study, update = state.get_study(), state.select_update()
    signature = study, tuple(map(state.get_slot, study.names)), update, colors.name
    data = _remember("cards", signature, lambda: {"cards": json.dumps(_build_cards(study, update, colors))})
    mount_or_collect(_mount_cards, "cards", data, on_did_change=make_value_callback("cards", "did", _apply))


def draw_chart(colors: Theme) -> None:
    """Draw the curves of all experiments."""
    study, quantity = state.get_study(), visit.visit()[state.PAGE]["curves"]
    signature = study, _list_slots(study), quantity, colors.name, _count_points()
    data = _remember("chart", signature, lambda: _build_chart(study, quantity, colors))
    mount_or_collect(
        _mount_chart, "chart", data, on_did_change=make_value_callback("chart", "did", _apply), on_theme_change=_nothing
    )


def draw_results(colors: Theme) -> None:
    """Draw the differences to the first experiment, and the verdicts."""
    study = state.get_study()
    signature = study, _list_slots(study), colors.name, _count_points(), state.get_statistics_failure()
    data = _remember("results", signature, lambda: _build_results(study, colors))
    mount_or_collect(_mount_results, "results", data)


def draw_table(colors: Theme) -> None:
    """Draw the table of the experiments."""
    study = state.get_study()
    signature = study, _list_slots(study), colors.name, _count_points()
    data = _remember("table", signature, lambda: _build_table(study, colors))
    mount_or_collect(_mount_table, "study-table", data)


def _nothing() -> None:
    """Give Streamlit the callback that it needs; the rerun that follows is all that a new theme needs."""


def _apply(action: Mapping[str, Any]) -> None:
    """Apply the visitor's action on a component: remove an experiment, or change what the curves show."""
    if "remove" in action:
        state.edit("cards", edits.remove_experiment, str(action["remove"]))
    elif action.get("curves") in QUANTITIES:
        visit.visit()[state.PAGE]["curves"] = action["curves"]


def _remember(name: str, signature: Hashable, build: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return the data of a component, the last ones if nothing that they depend on has changed."""
    drawn = state.get_state().setdefault("drawn", {})
    text = repr(hash(signature))
    if name not in drawn or drawn[name][0] != text:
        drawn[name] = text, build()
    data: dict[str, Any] = drawn[name][1]
    return data


def _count_points() -> tuple[int, bool, int]:
    """Return what changes whenever the runs of the page have news."""
    page = state.get_state()
    return page["news"], page["shows_recorded"], len(page["runs"])


def _list_slots(study: Study) -> tuple[int, ...]:
    return tuple(state.get_slot(name) for name in study.names)


def _build_cards(study: Study, update: int, colors: Theme) -> list[dict[str, Any]]:
    return [_build_card(study, name, experiment, update, colors) for name, experiment in study.experiments]


def _build_card(study: Study, name: str, experiment: Experiment, update: int, colors: Theme) -> dict[str, Any]:
    slot = state.get_slot(name)
    is_first = name == study.names[0]
    differences = "" if is_first else edits.describe_difference(study, name)
    svg, count = draw_small_network(experiment, update, colors, f"small-{slot}")
    return {
        "name": name,
        "slot": slot,
        "color": get_slot_color(colors, slot),
        "dash": get_slot_dash(slot),
        "line": describe_placement(experiment.placement),
        "help": _("the others are compared with this one") if is_first else differences,
        "svg": svg,
        "count": count,
        "lab": format_lab_anchor(_("Lab"), to_query(experiment)),
        "remove": _("Remove {name}").format(name=name) if len(study.names) > 1 else "",
    }


def draw_small_network(experiment: Experiment, update: int, colors: Theme, name: str) -> tuple[str, str]:
    """Return the small network with the masks of the update, and the count of masks on its path; or the error."""
    try:
        with limit_mask_drawing([experiment], update):
            masks = expand_word_masks(draw_update_masks(experiment, update), batch_at(experiment, update).x)
    except Invalid as invalid:
        return "", str(invalid)
    steps, distance = experiment.steps, min(DISTANCE, experiment.steps - 1)
    climbs, nothing = make_even_climbs(experiment.layers, 0, distance), [None] * steps
    scene = SmallScene(
        placement=experiment.placement.resolve_schedules(update),
        shape=experiment.shape,
        masks=masks,
        sample=0,
        first=0,
        count=SHOWN_STEPS,
        inputs=[""] * steps,
        predictions=nothing,
        targets=nothing,
        climbs=climbs,
        through=list_routes(experiment.cell)[0],
    )
    path = list_crossings(scene.placement, experiment.layers, climbs, scene.through, experiment.cell)
    masks_text = ngettext("{n} mask on the path", "{n} masks on the path", len(path)).format(n=len(path))
    formula = derive_formula(path, experiment.layers, distance, scene.through)
    count = f"{masks_text} = {formula}" if formula and path else masks_text
    return render_small_network(scene, colors, name, count), count


def _build_chart(study: Study, quantity: str, colors: Theme) -> dict[str, Any]:
    row = get_task(study.experiments[0][1].task)
    experiments = list_curves(study)
    figure = plot_study_curves(experiments, colors, quantity, row.unit, row.metric, CHART_HEIGHT, "study")
    labels = {"validation": _("validation"), "training": _("training"), "metric": _(METRICS[row.metric].label)}
    content = {
        "title": _title_chart(study, experiments),
        "quantity": quantity,
        "label": _("What the curves show"),
        "quantities": [{"value": value, "label": labels[value]} for value in QUANTITIES],
    }
    return {
        "content": json.dumps(content),
        "figure": json.dumps(figure, allow_nan=False),
        "sentence": " ".join(
            f"{one.name}: {one.best}." for one in build_overview(study, state.get_runs(), state.get_results())
        ),
        "height": 0,
        "tools": False,
        "plotly": provide_plotly(),
        "missing": _("The chart's script did not load; reload the page."),
    }


def list_curves(study: Study) -> list[ExperimentCurves]:
    """Return the curves of all runs of the study."""
    runs = state.get_runs()
    return [
        ExperimentCurves(
            name,
            state.get_slot(name),
            [SeedCurve(seed, runs[name, seed]["points"], runs[name, seed]["state"] == "finished") for seed in study.seeds],
        )
        for name in study.names
    ]


def _title_chart(study: Study, experiments: list[ExperimentCurves]) -> str:
    seeds = min(sum(one.has_ended for one in curves.seeds) for curves in experiments)
    if seeds < 2:
        return _("Curves of all experiments")
    return _("Curves: median and range of {n} seeds, each seed faint").format(n=seeds)


def _build_results(study: Study, colors: Theme) -> dict[str, Any]:
    runs, results, metric = state.get_runs(), state.get_results(), get_metric(study)
    slots = {name: state.get_slot(name) for name in study.names}
    differences = list_differences(study, runs, results, slots)
    scale = 100.0 if METRICS[metric].is_percentage else 1.0
    title = _("Against {name}, seed by seed: best validation {metric}").format(
        name=study.names[0], metric=_(METRICS[metric].label)
    )
    has_values = any(row.values for row in differences)
    is_higher = METRICS[metric].is_higher_better
    verdicts = list_verdicts(study, results) if len(study.seeds) > 1 else []
    content = {
        "title": title if len(study.names) > 1 else "",
        "differences": render_differences(differences, colors, is_higher, scale) if has_values else "",
        "evidence": describe_evidence(study, runs),
        "verdicts": [
            {"slot": slots[one.name], "color": get_slot_color(colors, slots[one.name]), "kind": one.kind, "word": one.word}
            | {"sentence": one.sentence}
            for one in verdicts
        ],
        "failure": state.get_statistics_failure(),
        "question": _("What the intervals mean"),
        "explanation": describe_intervals(len(verdicts)) if verdicts else "",
    }
    return {"content": json.dumps(content, allow_nan=False)}


def _build_table(study: Study, colors: Theme) -> dict[str, Any]:
    slots = {name: state.get_slot(name) for name in study.names}
    content = {
        "explanation": explain_overview(get_metric(study)),
        "head": [_("experiment"), *map(_, HEAD)],
        "rows": [
            {"slot": slots[row.name], "color": get_slot_color(colors, slots[row.name]), "dash": get_slot_dash(slots[row.name])}
            | {"name": row.name, "runs": row.runs, "cells": row.list_cells()}
            for row in build_overview(study, state.get_runs(), state.get_results())
        ],
    }
    return {"content": json.dumps(content, allow_nan=False)}
