"""The panel of the run: progress, numbers, legend, curves and generated text, as one component that is changed in place.

One message per tick carries all of it, and every part has its place before there is anything to show, so that nothing moves
while a run goes on.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from core.experiment.batches import count_updates, load_data
from core.experiment.experiment import Experiment
from core.experiment.serialization import from_plain_cached
from core.figures.change_marks import ChangeMark, build_change_marks
from core.figures.curve_lines import LOSS, METRIC, CurveView, build_legend
from core.figures.loss_curves import plot_loss_curves
from core.figures.run_summary import RunCurve, compute_run_metrics, describe_runs, format_epoch, format_metric, name_run
from core.figures.theme import Theme
from core.i18n import _, ngettext
from core.tasks import get_task
from core.tasks.metrics import METRICS
from core.tasks.task import SAMPLING_TEMPERATURE
from core.training.events import last_generated_text
from pages.common import visit
from pages.common.component import make_value_callback, mount_component
from pages.common.news import mount_or_collect
from pages.common.static_files import provide_plotly
from pages.lab import workbench

CHART_HEIGHT = 330  # pixels for which the labels are placed; the style sheet makes the chart as high as there is room
SWITCHES = ("log", "smooth", "newest")

_mount = mount_component(
    "run_panel",
    """<section class="run">
<p class="run-done"></p><div class="run-bar" aria-hidden="true"><span></span></div><p class="run-status" role="status"></p>
<ul class="run-numbers"></ul>
<ul class="run-legend"></ul><ul class="run-earlier"></ul>
<div class="live-chart" role="figure" tabindex="0"></div>
<div class="run-tools"></div>
<div class="run-text"><p class="run-text-title"></p><p class="run-text-body"></p></div>
</section>""",
)


def draw_run_panel(colors: Theme) -> None:
    """Draw the panel of the visible run, or of the next one if there is none yet."""
    run = workbench.get_visible_run()
    experiment = from_plain_cached(run["began"]) if run else visit.get_experiment()
    row, view = get_task(experiment.task), get_curve_view()
    runs = [_build_curve(run, experiment, previous=False)] if run else []
    runs += [_build_curve(one, experiment, previous=True) for one in workbench.list_earlier_runs()]
    ended = bool(run and (visit.visit()["run"] is None or run["state"] not in visit.ACTIVE))
    figure = plot_loss_curves(runs, colors, _(row.unit), CHART_HEIGHT, row.metric, view, ended)
    content = {
        "progress": _describe_progress(),
        "status": _describe_status(run),
        "numbers": _list_numbers(run, experiment),
        "legend": build_legend(runs, colors, view),
        "remove": _("Remove {run} from the curves"),
        "tools": _list_tools(experiment, view),
        "changes": _list_changes(runs[0].marks if run else ()),
        "text": _describe_text(run, experiment),
        "save": _list_files(),
    }
    # As texts: the page compares them with the last ones, and Streamlit has less to walk through.
    data = {
        "content": json.dumps(content, allow_nan=False),
        "figure": json.dumps(figure, allow_nan=False),
        "sentence": describe_runs(runs),
        "height": 0,
        "tools": False,
        "plotly": provide_plotly(),
        "missing": _("The chart's script did not load; reload the page."),
    }
    mount_or_collect(
        _mount, "curves", data, on_did_change=make_value_callback("curves", "did", _apply), on_theme_change=_nothing
    )


def _nothing() -> None:
    """Give Streamlit the callback that it needs; the rerun that follows is all that a new theme needs."""


def get_curve_view() -> CurveView:
    """Return the settings of the curves: quantity, axis, smoothing and range."""
    return CurveView(**visit.visit()["curves"])


def _apply(action: Mapping[str, Any]) -> None:
    """Apply the visitor's action on the panel: change the settings of the curves, or remove an earlier run."""
    truth = visit.visit()
    if action.get("quantity") in (LOSS, METRIC):
        truth["curves"] = truth["curves"] | {"quantity": action["quantity"]}
    elif action.get("switch") in SWITCHES:
        truth["curves"] = truth["curves"] | {action["switch"]: bool(action.get("on"))}
    elif "remove" in action:
        workbench.remove_earlier_run(str(action["remove"]))


def _build_curve(run: visit.Run, compared: Experiment, previous: bool) -> RunCurve:
    began = from_plain_cached(run["began"])
    epochs = count_updates(began) / load_data(began).updates
    marks = build_change_marks(began, [*visit.select_run_events(run, "started"), *visit.select_run_events(run, "changed")])
    name, records = name_visible_run(run, compared), visit.select_run_events(run, "record")
    return RunCurve(run["id"], name, records, marks, previous, epochs, run["color"])


def name_visible_run(run: visit.Run, compared: Experiment | None = None) -> str:
    """Return the name of a run of the visit. compared: the experiment that it is distinguished from."""
    began = from_plain_cached(run["began"])
    if run["name"]:
        return str(run["name"])
    if run["recorded"]:
        return _("recorded run") if began.placement.sites else _("no dropout, recorded")
    return name_run(run["number"], began, visit.select_run_events(run, "changed"), compared)


def _describe_progress() -> dict[str, Any]:
    experiment = visit.get_experiment()
    total, per_epoch = workbench.get_planned_updates() or count_updates(experiment), load_data(experiment).updates
    update = workbench.get_newest_update()
    text = _("epoch {epoch:.1f} of {epochs} · update {update} of {total}").format(
        epoch=update / per_epoch, epochs=format_epoch(total / per_epoch), update=update, total=total
    )
    return {"text": text, "fraction": round(min(1.0, update / total), 4)}


def _describe_status(visible: visit.Run | None) -> str:
    """Return a sentence on what the run waits for, or whose curves are shown; else the seeds."""
    run, experiment = visit.visit()["run"], visit.get_experiment()
    if run is None and visible is not None and not workbench.is_blocked():
        return _("Play begins a new run with these settings. The curves are still those of: {run}.").format(
            run=name_visible_run(visible)
        )
    if run and run["state"] == "queued" and run["position"]:
        return _("Place {n} in the queue: the run starts when a worker is free.").format(n=run["position"])
    if run and run["position"]:
        return _("Place {n} in the queue: the run goes on when there is room in memory.").format(n=run["position"])
    if run and (recovered := visit.select_run_events(run, "recovered")) and run["state"] in visit.ACTIVE:
        said = _("The process that trained this run ended. Another one went on from update {n}; no update is lost.")
        return said.format(n=recovered[-1]["update"])
    if run and run["reason"] and run["state"] != "failed":
        return str(run["reason"])
    return _("seeds: data {data}, weights {weights}, masks {masks}").format(
        data=experiment.data_seed, weights=experiment.weight_seed, masks=experiment.mask_seed
    )


def _list_numbers(run: visit.Run | None, experiment: Experiment) -> list[dict[str, str]]:
    """Return label, value and explanation of each number; a value that is not known yet is a dash."""
    row, data = get_task(experiment.task), load_data(experiment)
    metrics = compute_run_metrics(visit.select_run_events(run, "record") if run else [])
    done = visit.select_run_events(run, "done") if run else []
    test = done[0]["test"] if done else {"baseline": data.baseline}
    name, baseline = _(METRICS[row.metric].label), _(row.baseline)

    def format_value(value: float) -> str:
        return format_metric(row.metric, value)

    return [
        {
            "label": _("validation {metric}").format(metric=name),
            "value": format_value(metrics.value) if metrics else "–",
            "help": _("At the newest evaluation, on data that training does not see."),
        },
        {
            "label": _("at lowest loss, epoch {epoch}").format(epoch=format_epoch(metrics.best_epoch) if metrics else "–"),
            "value": format_value(metrics.best) if metrics else "–",
            "help": _explain_best_metric(row.metric),
        },
        {
            "label": _("gap to clean train"),
            "value": f"{round(metrics.gap, 2) + 0.0:+.2f}" if metrics else "–",
            "help": _("Validation loss - clean train loss: how much better the network knows what it has seen."),
        },
        {
            "label": _("test, at the end"),
            "value": format_value(test[row.metric]) if done else "–",
            "help": _("The {metric} on the test split after the last update. Without a network ({baseline}): {value}.").format(
                metric=name, baseline=baseline, value=format_value(test["baseline"])
            ),
        },
        {
            "label": _("without a network"),
            "value": format_value(data.baselines["validation"][row.metric]),
            "help": _("The {metric} on validation without a network: {baseline}.").format(metric=name, baseline=baseline),
        },
    ]


def _explain_best_metric(metric: str) -> str:
    sentence = _("The {metric} at the epoch whose validation loss was the lowest so far, the diamond.").format(
        metric=_(METRICS[metric].label)
    )
    if not METRICS[metric].is_higher_better:
        return sentence
    return f"{sentence} " + _("The loss also counts how sure an answer is: where it is higher, more answers may be right.")


def _list_tools(experiment: Experiment, view: CurveView) -> dict[str, Any]:
    metric = _(METRICS[get_task(experiment.task).metric].label)
    switches = (
        ("log", _("log"), view.log, _("A logarithmic vertical axis")),
        ("smooth", _("smooth"), view.smooth, _("The masked training loss as a moving average")),
        ("newest", _("newest"), view.newest, _("Only the newest part of the run")),
    )
    return {
        "quantity": view.quantity,
        "quantity_label": _("What the curves show"),
        "quantities": [{"value": LOSS, "label": _("loss")}, {"value": METRIC, "label": metric}],
        "switches": [{"name": name, "label": label, "on": on, "help": about} for name, label, on, about in switches],
    }


def _list_changes(marks: Sequence[ChangeMark]) -> dict[str, Any]:
    """Return the changes of the run, the newest first, for the list below the curves."""
    lines = [_("{change} at epoch {epoch}").format(change=mark.label, epoch=format_epoch(mark.epoch)) for mark in marks]
    title = ngettext("{n} change", "{n} changes", len(lines)).format(n=len(lines))
    return {"title": title, "lines": [*reversed(lines)]}


def _list_files() -> dict[str, Any]:
    """Return the names of the files that the curves can be saved as."""
    return {
        "label": _("Save the curves"),
        "kinds": [
            {"kind": "png", "label": _("Picture (PNG)")},
            {"kind": "svg", "label": _("Drawing (SVG)")},
            {"kind": "csv", "label": _("Points (CSV)")},
        ],
    }


def _describe_text(run: visit.Run | None, experiment: Experiment) -> dict[str, str] | None:
    """Return the newest generated text, or that of the selected update, and its title; None if the task generates none."""
    if load_data(experiment).text_decoder is None:
        return None
    chosen = visit.visit()["update"] if visit.visit()["run"] else None
    text = last_generated_text(run["events"], float("inf") if chosen is None else chosen) if run else None
    if text is None:
        return {"title": _("The text that the network generates at each evaluation appears here."), "body": ""}
    title = _("Generated after update {n}, at temperature {t}, each time with the same random numbers")
    return {"title": title.format(n=text[0], t=SAMPLING_TEMPERATURE), "body": text[1].replace("\n", "⏎ ")}
