"""The live side of the Lab: toolbar, network, curves and masks, redrawn by itself while a run goes on."""

import streamlit as st

from core.errors import Invalid
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
from pages.common import news, visit
from pages.common.address import replace_address
from pages.common.escape import escape_markdown
from pages.common.guard import guarded_fragment
from pages.common.live_chart import draw_live_chart
from pages.common.pace import pace
from pages.common.ticker import REDRAW, draw_ticker, mount_redraw
from pages.common.widgets import draw_button, mark_assignments
from pages.lab import evaluation_outputs, generated_text, network, workbench

CHART_HEIGHT = 370  # pixels
# Events of a run that change more than the curves, the network and the masks.
NATIVE_EVENTS = ("started", "changed", "averaging", "recovered", "done", "stopped", "failed", "state", visit.EVALUATED)
PLAY_WIDTH = 116  # pixels
UNUSABLE_FILE = N_("The file cannot be used for training yet; the message below it says why and what to do.")
# Label, icon and color by state of a run.
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


def draw_live_side() -> None:
    """Draw the live side, which follows a run by its ticks."""
    st.fragment(guarded_fragment(_draw))()


def _draw() -> None:
    with pace.measure():
        _draw_all()


def _draw_all() -> None:
    # Every place holds the same kind of thing in every state. When a redraw overtakes one that is not yet sent, Streamlit
    # drops the older one but for what the browser has cached, such as figures: that then lands in the places of another
    # layout, and where it finds no container, the page goes white.
    visit.poll_run()
    news.begin_message(mounts=True)
    colors = get_theme(st.context.theme.type)
    visible = network.load_visible_update()
    visit.visit()["drawn"] = _describe_drawn(visible)
    _draw_toolbar()
    centre, side = st.columns([2.15, 1], gap="medium")
    with centre:
        network.draw_network(visible, colors)
    with side:
        _draw_curves(colors)
    generated_text.draw_generated_text()
    with st.container(horizontal=True, key="below", gap="medium"):
        network.draw_mask_heatmap(visible, colors)
        evaluation_outputs.draw_evaluation_outputs(colors)
    replace_address(visit.build_link(), "address")
    mount_redraw()
    mark_assignments("live")


def _draw_tick() -> None:
    """Draw the progress, and send what is new since the last tick: the fragment within the live side that a tick runs."""
    if news.is_mounting():
        _draw_progress()
        draw_ticker(_choose_interval(), {})
        return
    with pace.measure():
        visit.poll_run()
        with news.collect() as parts:
            _collect_news()
        _draw_progress()
        # Where the side is to be drawn anew, ticks go on until that has come.
        draw_ticker(pace.interval if REDRAW in parts else _choose_interval(), parts)


def _choose_interval() -> float | None:
    """Return the seconds until the next tick; None where the run does not go on by itself."""
    return pace.interval if workbench.is_active() else None


def _collect_news() -> None:
    """Give the components of the live side what they show now, and have it drawn anew where something else has changed."""
    colors = get_theme(st.context.theme.type)
    visible = network.load_visible_update()
    network.collect_news(visible, colors)
    _draw_curve_chart(colors)
    if _describe_drawn(visible) != visit.visit()["drawn"]:
        mount_redraw()


def _describe_drawn(visible: network.VisibleUpdate | Invalid) -> str:
    """Return what the live side depends on, but for its components that take news: beside what the visitor does, which draws
    it anyway, the state of the run, its events but for records without an evaluation, and which masks there are."""
    run = visit.visit()["run"]
    state = [run[name] for name in ("id", "state", "position", "reason")] if run else []
    events = [len(visit.select_run_events(run, kind)) for kind in NATIVE_EVENTS] if run else []
    if isinstance(visible, Invalid):
        return repr((state, events, str(visible), st.context.theme.type))
    masks = [(site.name, layer) for site, layer, _dropout in visible.scene.placement.list_active(visible.experiment.layers)]
    path = (visible.view.climbs, visible.view.through, visible.experiment.placement)
    return repr((state, events, masks, path, st.context.theme.type))


def _draw_toolbar() -> None:
    state, blocked = workbench.get_run_state(), workbench.is_blocked()
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="toolbar"):
        _draw_play_button(state, blocked)
        draw_button(
            _("Step"),
            key="step",
            tell=workbench.step,
            icon=":material/skip_next:",
            disabled=blocked,
            help=_(UNUSABLE_FILE) if blocked else _("One update, then a pause."),
        )
        draw_button(
            _("Reset"),
            key="reset",
            tell=workbench.clear_run,
            icon=":material/replay:",
            help=_("Back to an untrained network. A run of an epoch or more stays as the gray curve."),
        )
        changed = draw_button(
            _("New masks"),
            key="new-masks",
            tell=_change_mask_seed,
            icon=":material/casino:",
            help=_("Another mask seed; data and initial weights stay."),
        )
        changed |= _draw_history_buttons()
        with st.container(key="hold-slot", width="content"):
            _draw_recording_button(state)
        label, icon, color = STATES["recorded" if workbench.is_recorded() else state]
        st.badge(_(label), icon=f":material/{icon}:", color=color)  # type: ignore[arg-type]
        st.fragment(guarded_fragment(_draw_tick))()
    with st.container(key="news"):
        _draw_messages()
    if changed:
        st.rerun()  # the controls, which are no part of this fragment, show the experiment too


def _draw_history_buttons() -> bool:
    """Draw undo and redo. Return whether one of them was pressed."""
    truth = visit.visit()
    undone = draw_button(
        "",
        key="undo",
        tell=visit.undo,
        icon=":material/undo:",
        disabled=not truth["undo"],
        help=_("Take the last change of the experiment back (Ctrl+Z)."),
    )
    redone = draw_button(
        "",
        key="redo",
        tell=visit.redo,
        icon=":material/redo:",
        disabled=not truth["redo"],
        help=_("Make the change again that was taken back (Ctrl+Shift+Z)."),
    )
    return undone or redone


def _change_mask_seed() -> None:
    visit.edit("new-masks", edits.next_mask_seed)


def _draw_play_button(state: str, blocked: bool) -> None:
    # One button of one width: no other may move under the pointer while the run begins.
    if state in ("running", "starting", "queued"):
        # Never disabled, nor with a help text: the browser would make a new button, without the focus that Play had.
        draw_button(
            _("Pause"),
            key="play",
            tell=workbench.send_command,
            args=["pause"],
            icon=":material/pause:",
            type="primary",
            width=PLAY_WIDTH,
        )
    else:
        draw_button(
            _("Play live") if workbench.is_recorded() else _("Play"),
            key="play",
            tell=workbench.play,
            icon=":material/play_arrow:",
            type="primary",
            width=PLAY_WIDTH,
            disabled=blocked,
            help=_(UNUSABLE_FILE) if blocked else None,
        )


def _draw_recording_button(state: str) -> None:
    """Draw the button that pauses, resumes or replays the recorded run."""
    if workbench.is_recorded() and state in ("recorded", "paused"):
        playing = state == "recorded"
        draw_button(
            _("Pause") if playing else _("Go on"),
            key="hold",
            tell=workbench.send_command,
            args=["pause" if playing else "resume"],
            icon=":material/pause:" if playing else ":material/resume:",
            help=_("Pauses the recorded run, which was trained earlier by this program, or lets it go on."),
        )
    elif workbench.can_replay():
        draw_button(
            _("Replay"),
            key="replay",
            tell=workbench.replay,
            icon=":material/history:",
            help=_("Plays the recorded run of these settings, which was trained earlier by this program, from its beginning."),
        )


def _draw_progress() -> None:
    experiment = visit.get_experiment()
    total, per_epoch = workbench.get_planned_updates() or count_updates(experiment), load_data(experiment).updates
    update = workbench.get_newest_update()
    done = _("epoch {epoch:.1f} of {epochs} · update {update} of {total}").format(
        epoch=update / per_epoch, epochs=format_epoch(total / per_epoch), update=update, total=total
    )
    seeds = _("seeds: data {data}, weights {weights}, masks {masks}").format(
        data=experiment.data_seed, weights=experiment.weight_seed, masks=experiment.mask_seed
    )
    st.progress(min(1.0, update / total), f"{done} · {seeds}")


def _draw_messages() -> None:
    """Draw what went wrong, or what the run is waiting for, in a sentence each."""
    run, kept = visit.visit()["run"], visit.visit()["kept"]
    if error := visit.visit()["notice"]:
        st.warning(escape_markdown(error))
    if kept and not workbench.is_blocked():
        st.caption(
            _("These settings make a new run: Play begins it. The curves are still those of: {run}.").format(
                run=escape_markdown(_name_run(kept))
            )
        )
    if run is None:
        return
    if run["state"] == "queued" and run["position"]:
        st.info(_("Place {n} in the queue: the run starts when a worker is free.").format(n=run["position"]))
    elif run["position"]:
        st.info(_("Place {n} in the queue: the run goes on when there is room in memory.").format(n=run["position"]))
    if (recovered := visit.select_run_events(run, "recovered")) and run["state"] in visit.ACTIVE:
        said = _("The process that trained this run ended. Another one went on from update {n}; no update is lost.")
        st.caption(said.format(n=recovered[-1]["update"]))
    if run["reason"]:
        (st.error if run["state"] == "failed" else st.info)(escape_markdown(run["reason"]))


def _draw_curves(colors: Theme) -> None:
    run = workbench.get_visible_run()
    _draw_metrics(run, _get_compared(run))
    _draw_curve_chart(colors)


def _get_compared(run: visit.Run | None) -> Experiment:
    """Return the experiment that the run began with; without a run, that of the visit."""
    return from_plain_cached(run["began"]) if run else visit.get_experiment()


def _draw_curve_chart(colors: Theme) -> None:
    run, previous = workbench.get_visible_run(), workbench.get_previous_run()
    experiment = _get_compared(run)
    row = get_task(experiment.task)
    runs = [_build_curve(run, experiment, previous=False)] if run else []
    if previous:
        runs.append(_build_curve(previous, experiment, previous=True))
    figure = plot_loss_curves(runs, colors, _(row.unit), height=CHART_HEIGHT, squared=METRICS[row.metric].is_squared_error)
    draw_live_chart(figure, "curves", describe_runs(runs), CHART_HEIGHT, tools=True)


def _build_curve(run: visit.Run, compared: Experiment, previous: bool) -> RunCurve:
    began = from_plain_cached(run["began"])
    epochs = count_updates(began) / load_data(began).updates
    marks = build_change_marks(began, [*visit.select_run_events(run, "started"), *visit.select_run_events(run, "changed")])
    return RunCurve(run["id"], _name_run(run, compared), visit.select_run_events(run, "record"), marks, previous, epochs)


def _name_run(run: visit.Run, compared: Experiment | None = None) -> str:
    began = from_plain_cached(run["began"])
    if run["recorded"]:
        return _("recorded run") if began.placement.sites else _("no dropout, recorded")
    return name_run(run["number"], began, visit.select_run_events(run, "changed"), compared)


def _draw_metrics(run: visit.Run | None, experiment: Experiment) -> None:
    records, metric = visit.select_run_events(run, "record") if run else [], get_task(experiment.task).metric
    metrics = compute_run_metrics(records)
    with st.container(key="numbers"):
        now, least, gap = st.columns([1, 1.3, 1], gap="small")
    name = _(METRICS[metric].label)
    now.metric(_("validation {metric}").format(metric=name), format_metric(metric, metrics.value) if metrics else "–")
    at = _("at lowest loss, epoch {epoch}").format(epoch=format_epoch(metrics.best_epoch) if metrics else "–")
    least.metric(at, format_metric(metric, metrics.best) if metrics else "–", help=_explain_best_metric(metric))
    about = _("Validation loss - clean train loss: how much better the network knows what it has seen.")
    gap.metric(_("gap to clean train"), f"{round(metrics.gap, 2) + 0.0:.2f}" if metrics else "–", help=about)
    st.caption(_describe_baseline(experiment, visit.select_run_events(run, "done") if run else []))


def _explain_best_metric(metric: str) -> str:
    """Return the help text of the metric at the lowest loss."""
    sentence = _("The {metric} at the epoch whose validation loss was the lowest so far, the diamond.").format(
        metric=_(METRICS[metric].label)
    )
    if not METRICS[metric].is_higher_better:
        return sentence
    return f"{sentence} " + _("The loss also counts how sure an answer is: where it is higher, more answers may be right.")


def _describe_baseline(experiment: Experiment, done: list[visit.Run]) -> str:
    """Return two lines: the metric of the baseline, and the network's on the test split after the last update.

    The second line has a dash before the end of the run, so that nothing below moves.
    """
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
    return f"{escape_markdown(validation)}  \n{escape_markdown(tested)}"
