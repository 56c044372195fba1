"""The right side, which moves: the buttons, the network, the curves, the masks. Redrawn by itself while a run goes on."""

import streamlit as st

from core.experiment import edits
from core.experiment.batches import count_updates, load_data
from core.experiment.experiment import Experiment
from core.experiment.serialization import from_plain_cached
from core.figures.change_marks import build_change_marks
from core.figures.loss_curves import plot_loss_curves
from core.figures.run_summary import RunCurve, compute_run_metrics, describe_runs, format_epoch, format_metric, name_run
from core.figures.theme import Theme, get_theme
from core.i18n import N_, _
from core.tasks import get_task
from core.tasks.metrics import METRICS
from pages.common import visit
from pages.common.address import address
from pages.common.escape import plain
from pages.common.guard import guarded_fragment
from pages.common.live_chart import live_chart
from pages.common.pace import pace
from pages.common.widgets import button, mark_assignments
from pages.lab import evaluation_outputs, generated_text, network, workbench

CHART = 370  # pixels
PLAY = 116  # pixels
REFUSED = N_("The file cannot be learned from yet: the sentence below it says why, and what helps.")
# What a run can be: its label, icon and colour.
STATES = {
    "ready": (N_("ready"), "radio_button_unchecked", "gray"),
    "queued": (N_("queued"), "hourglass_empty", "orange"),
    "starting": (N_("starting"), "hourglass_top", "orange"),
    "running": (N_("live"), "play_circle", "green"),
    "paused": (N_("live · paused"), "pause_circle", "blue"),
    "finished": (N_("finished"), "check_circle", "green"),
    "stopped": (N_("stopped"), "stop_circle", "gray"),
    "failed": (N_("failed"), "error", "red"),
    "recorded": (N_("recorded"), "history", "violet"),
    "gone": (N_("gone"), "error", "red"),
}


def show() -> None:
    """Draws all of it, and again by itself while a run goes on."""
    interval = _choose_interval()
    st.fragment(guarded_fragment(_draw), run_every=interval)(interval)


def _choose_interval() -> float | None:
    """Return the seconds until the next look at the run; None where it does not go on by itself."""
    return pace.interval if workbench.is_active() else None


def _draw(interval: float | None) -> None:
    with pace.measure():
        _draw_all()
    if _choose_interval() != interval:
        st.rerun()  # with the timer as it is now


def _draw_all() -> None:
    # Every place holds the same kind of thing in every state. When a redraw overtakes one that is not yet sent, Streamlit
    # drops the older one but for what the browser has cached, such as figures: that then lands in the places of another
    # layout, and where it finds no container, the page goes white.
    visit.poll_run()
    colours = get_theme(st.context.theme.type)
    _toolbar()
    centre, side = st.columns([2.15, 1], gap="medium")
    with centre:
        masks = network.show(colours)
    with side:
        _outcome(colours)
    generated_text.show()
    with st.container(horizontal=True, key="below", gap="medium"):
        network.heatmap(masks, colours)
        evaluation_outputs.show(colours)
    address(visit.link(), "address")
    mark_assignments("live")


def _toolbar() -> None:
    state, held = workbench.state(), workbench.is_held()
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="toolbar"):
        _play_or_pause(state, held)
        button(
            _("Step"),
            key="step",
            tell=workbench.step,
            icon=":material/skip_next:",
            disabled=held,
            help=_(REFUSED) if held else _("One update, then a pause."),
        )
        button(
            _("Reset"),
            key="reset",
            tell=workbench.clear,
            icon=":material/replay:",
            help=_("Back to an untrained network. A run of an epoch or more stays as the gray curve."),
        )
        whole = button(
            _("New masks"),
            key="new-masks",
            tell=_new_masks,
            icon=":material/casino:",
            help=_("Another mask seed; data and initial weights stay."),
        )
        whole |= _history_buttons()
        with st.container(key="hold-slot", width="content"):
            _recording_button(state)
        label, icon, color = STATES["recorded" if workbench.is_recorded() else state]
        st.badge(_(label), icon=f":material/{icon}:", color=color)  # type: ignore[arg-type]
        _progress()
    with st.container(key="news"):
        _news()
    if whole:
        st.rerun()  # the controls, which are no part of this fragment, show the experiment too


def _history_buttons() -> bool:
    """Undo and redo; whether one of them was pressed."""
    truth = visit.visit()
    undone = button(
        "",
        key="undo",
        tell=visit.undo,
        icon=":material/undo:",
        disabled=not truth["undo"],
        help=_("Take the last change of the experiment back (Ctrl+Z)."),
    )
    redone = button(
        "",
        key="redo",
        tell=visit.redo,
        icon=":material/redo:",
        disabled=not truth["redo"],
        help=_("Make the change again that was taken back (Ctrl+Shift+Z)."),
    )
    return undone or redone


def _new_masks() -> None:
    visit.edit("new-masks", edits.next_mask_seed)


def _play_or_pause(state: str, held: bool) -> None:
    # One button of one width: no other may move under the pointer while the run begins.
    if state in ("running", "starting", "queued"):
        # Never disabled, nor with a help text: the browser would make a new button, without the focus that Play had.
        button(_("Pause"), key="play", tell=workbench.tell, args=["pause"], icon=":material/pause:", type="primary", width=PLAY)
    else:
        button(
            _("Play live") if workbench.is_recorded() else _("Play"),
            key="play",
            tell=workbench.play,
            icon=":material/play_arrow:",
            type="primary",
            width=PLAY,
            disabled=held,
            help=_(REFUSED) if held else None,
        )


def _recording_button(state: str) -> None:
    """Hold the recording that plays by itself, let it go on, or play it again."""
    if workbench.is_recorded() and state in ("recorded", "paused"):
        playing = state == "recorded"
        button(
            _("Pause") if playing else _("Go on"),
            key="hold",
            tell=workbench.tell,
            args=["pause" if playing else "resume"],
            icon=":material/pause:" if playing else ":material/resume:",
            help=_("Pauses the recorded run, which was trained earlier by this program, or lets it go on."),
        )
    elif workbench.can_replay():
        button(
            _("Replay"),
            key="replay",
            tell=workbench.replay,
            icon=":material/history:",
            help=_("Plays the recorded run of these settings, which was trained earlier by this program, from its beginning."),
        )


def _progress() -> None:
    experiment = visit.experiment()
    total, per_epoch = workbench.planned_updates() or count_updates(experiment), load_data(experiment).updates
    update = workbench.newest_update()
    done = _("epoch {epoch:.1f} of {epochs} · update {update} of {total}").format(
        epoch=update / per_epoch, epochs=format_epoch(total / per_epoch), update=update, total=total
    )
    seeds = _("seeds: data {data}, weights {weights}, masks {masks}").format(
        data=experiment.data_seed, weights=experiment.weight_seed, masks=experiment.mask_seed
    )
    st.progress(min(1.0, update / total), f"{done} · {seeds}")


def _news() -> None:
    """What went wrong or holds things up, in a sentence."""
    run, kept = visit.visit()["run"], visit.visit()["kept"]
    if error := visit.visit()["notice"]:
        st.warning(plain(error))
    if kept and not workbench.is_held():
        st.caption(
            _("These settings make a new run: Play begins it. The curves are still those of: {run}.").format(
                run=plain(_name(kept))
            )
        )
    if run is None:
        return
    if run["state"] == "queued" and run["position"]:
        st.info(_("Place {n} in the queue: the run starts when a worker is free.").format(n=run["position"]))
    if run["reason"]:
        (st.error if run["state"] == "failed" else st.info)(plain(run["reason"]))


def _outcome(colours: Theme) -> None:
    run, previous = workbench.shown_run(), workbench.previous_run()
    experiment = from_plain_cached(run["began"]) if run else visit.experiment()
    row = get_task(experiment.task)
    _numbers(run, experiment)
    runs = [_curve(run, experiment, previous=False)] if run else []
    if previous:
        runs.append(_curve(previous, experiment, previous=True))
    figure = plot_loss_curves(runs, colours, _(row.unit), height=CHART, squared=METRICS[row.metric].is_squared_error)
    live_chart(figure, "curves", describe_runs(runs), CHART, tools=True)


def _curve(run: visit.Run, beside: Experiment, previous: bool) -> RunCurve:
    began = from_plain_cached(run["began"])
    epochs = count_updates(began) / load_data(began).updates
    marks = build_change_marks(began, [*visit.events_of(run, "started"), *visit.events_of(run, "changed")])
    return RunCurve(run["id"], _name(run, beside), visit.events_of(run, "record"), marks, previous, epochs)


def _name(run: visit.Run, beside: Experiment | None = None) -> str:
    began = from_plain_cached(run["began"])
    if run["recorded"]:
        return _("recorded run") if began.placement.sites else _("no dropout, recorded")
    return name_run(run["number"], began, visit.events_of(run, "changed"), beside)


def _numbers(run: visit.Run | None, experiment: Experiment) -> None:
    records, metric = visit.events_of(run, "record") if run else [], get_task(experiment.task).metric
    found = compute_run_metrics(records)
    with st.container(key="numbers"):
        now, least, gap = st.columns([1, 1.3, 1], gap="small")
    name = _(METRICS[metric].label)
    now.metric(_("validation {metric}").format(metric=name), format_metric(metric, found.value) if found else "–")
    at = _("at lowest loss, epoch {epoch}").format(epoch=format_epoch(found.best_epoch) if found else "–")
    least.metric(at, format_metric(metric, found.best) if found else "–", help=_of_least(metric))
    about = _("Validation loss - clean train loss: how much better the network knows what it has seen.")
    gap.metric(_("gap to clean train"), f"{round(found.gap, 2) + 0.0:.2f}" if found else "–", help=about)
    st.caption(_beside(experiment, visit.events_of(run, "done") if run else []))


def _of_least(metric: str) -> str:
    """What the number at the lowest loss is."""
    said = _("The {metric} at the epoch whose validation loss was the lowest so far, the diamond.").format(
        metric=_(METRICS[metric].label)
    )
    if not METRICS[metric].is_higher_better:
        return said
    return f"{said} " + _("The loss also counts how sure an answer is: where it is higher, more answers may be right.")


def _beside(experiment: Experiment, done: list[visit.Run]) -> str:
    """What an answer that needs no network reaches, and what the network did on the test part after its last update. As many
    lines before the end as after it: nothing below moves."""
    row, data = get_task(experiment.task), load_data(experiment)
    test = done[0]["test"] if done else {"baseline": data.baseline}
    validation = _("without a network ({baseline}): {value} on validation").format(
        baseline=_(row.baseline), value=format_metric(row.metric, data.baselines["validation"][row.metric])
    )
    tested = _("test {metric} at the end: {value} (without a network: {without})").format(
        metric=_(METRICS[row.metric].label),
        value=format_metric(row.metric, test[row.metric]) if done else "–",
        without=format_metric(row.metric, test["baseline"]),
    )
    return f"{plain(validation)}  \n{plain(tested)}"
