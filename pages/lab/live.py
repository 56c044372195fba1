"""The right side, which moves: the buttons, the network, the curves, the masks. Redrawn by itself while a run goes on."""

import streamlit as st

from core.experiment.batches import count_updates, load_data
from core.experiment.experiment import Experiment
from core.experiment.serialization import from_plain
from core.figures.change_marks import change_marks
from core.figures.curves import curves
from core.figures.run_summary import RunCurve, describe, epoch_text, metric_text, metrics, run_name
from core.figures.theme import Theme, theme
from core.i18n import N_, _, use
from core.tasks import task
from core.tasks.metrics import METRICS
from core.training.events import select_events
from pages.common.address import address
from pages.common.escape import plain
from pages.common.live_chart import live_chart
from pages.lab import evaluation_outputs, generated_text, network, workbench

TICK = 0.5  # seconds
CHART = 370  # pixels
PLAY = 116  # pixels
REFUSED = N_("The settings cannot be learned from: the sentence above them says why, and what helps.")
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
    active = workbench.active()
    st.fragment(_draw, run_every=TICK if active else None)(active)


def _draw(timed: bool) -> None:
    # Every place holds the same kind of thing in every state. When a redraw overtakes one that is not yet sent, Streamlit
    # drops the older one but for what the browser has cached, such as figures: that then lands in the places of another
    # layout, and where it finds no container, the page goes white.
    use(st.context.locale or "en")
    workbench.poll()
    colours = theme(st.context.theme.type)
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
    address(workbench.link(), "address")
    if workbench.active() != timed:
        st.rerun()  # with or without the timer, whichever it is now


def _toolbar() -> None:
    state = workbench.state()
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="toolbar"):
        _play_or_pause(state)
        st.button(
            _("Step"),
            icon=":material/skip_next:",
            key="step",
            on_click=workbench.step,
            disabled=workbench.refused(),
            help=_(REFUSED) if workbench.refused() else _("One update, then a pause."),
        )
        st.button(
            _("Reset"),
            icon=":material/replay:",
            key="reset",
            on_click=workbench.shelve,
            help=_("Back to an untrained network. A run of an epoch or more stays as the grey curve."),
        )
        if st.button(
            _("New masks"),
            icon=":material/casino:",
            key="new-masks",
            help=_("Another mask seed; data and initial weights stay."),
        ):
            st.session_state["mask-seed-next"] = True
            st.rerun()
        with st.container(key="hold-slot", width="content"):
            if workbench.recorded() and state in ("recorded", "paused"):
                _hold(state)
        label, icon, colour = STATES["recorded" if workbench.recorded() else state]
        st.badge(_(label), icon=f":material/{icon}:", color=colour)  # type: ignore[arg-type]
        _progress()
    with st.container(key="news"):
        _news()


def _play_or_pause(state: str) -> None:
    # One button of one width: no other may move under the pointer while the run begins.
    if state in ("running", "starting", "queued"):
        # Never disabled, nor with a help text: the browser would make a new button, without the focus that Play had.
        st.button(
            _("Pause"), icon=":material/pause:", type="primary", key="play", on_click=workbench.tell, args=["pause"], width=PLAY
        )
    else:
        label = _("Play live") if workbench.recorded() else _("Play")
        st.button(
            label,
            icon=":material/play_arrow:",
            type="primary",
            key="play",
            on_click=workbench.play,
            width=PLAY,
            disabled=workbench.refused(),
            help=_(REFUSED) if workbench.refused() else None,
        )


def _hold(state: str) -> None:
    """What moves by itself can be held."""
    label, icon, command = (_("Pause"), "pause", "pause") if state == "recorded" else (_("Go on"), "resume", "resume")
    st.button(
        label,
        icon=f":material/{icon}:",
        key="hold",
        on_click=workbench.tell,
        args=[command],
        help=_("Pauses the recorded run, which was trained earlier by this program, or lets it go on."),
    )


def _progress() -> None:
    experiment = workbench.wanted()
    total, per_epoch = workbench.total() or count_updates(experiment), load_data(experiment).updates
    update = workbench.now()
    done = _("epoch {epoch:.1f} of {epochs} · update {update} of {total}").format(
        epoch=update / per_epoch, epochs=epoch_text(total / per_epoch), update=update, total=total
    )
    seeds = _("seeds: data {data}, weights {weights}, masks {masks}").format(
        data=experiment.data_seed, weights=experiment.weight_seed, masks=experiment.mask_seed
    )
    st.progress(min(1.0, update / total), f"{done} · {seeds}")


def _news() -> None:
    """What went wrong or holds things up, in a sentence."""
    run, kept = workbench.lab()["run"], workbench.lab()["kept"]
    if error := workbench.lab()["error"]:
        st.warning(plain(error))
    if kept and not workbench.refused():
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
    run, previous = workbench.shown(), workbench.grey()
    experiment = from_plain(run["began"], trusted=True) if run else workbench.wanted()
    row = task(experiment.task)
    _numbers(run["events"] if run else [], experiment)
    runs = [_curve(run, experiment, previous=False)] if run else []
    if previous:
        runs.append(_curve(previous, experiment, previous=True))
    figure = curves(runs, colours, _(row.unit), height=CHART, squared=METRICS[row.metric].squared)
    live_chart(figure, "curves", describe(runs), CHART, tools=True)


def _curve(run: workbench.Run, beside: Experiment, previous: bool) -> RunCurve:
    began = from_plain(run["began"], trusted=True)
    epochs = count_updates(began) / load_data(began).updates
    marks = change_marks(began, run["events"])
    return RunCurve(run["id"], _name(run, beside), select_events(run["events"], "record"), marks, previous, epochs)


def _name(run: workbench.Run, beside: Experiment | None = None) -> str:
    began = from_plain(run["began"], trusted=True)
    if run["recorded"]:
        return _("recorded run") if began.placement.sites else _("no dropout, recorded")
    return run_name(run["number"], began, select_events(run["events"], "changed"), beside)


def _numbers(events: list[workbench.Run], experiment: Experiment) -> None:
    found, metric = metrics(select_events(events, "record")), task(experiment.task).metric
    with st.container(key="numbers"):
        now, least, gap = st.columns([1, 1.3, 1], gap="small")
    name = _(METRICS[metric].label)
    now.metric(_("validation {metric}").format(metric=name), metric_text(metric, found.value) if found else "–")
    at = _("at lowest loss, epoch {epoch}").format(epoch=epoch_text(found.best_epoch) if found else "–")
    least.metric(at, metric_text(metric, found.best) if found else "–", help=_of_least(metric))
    about = _("Validation loss - clean train loss: how much better the network knows what it has seen.")
    gap.metric(_("gap to clean train"), f"{round(found.gap, 2) + 0.0:.2f}" if found else "–", help=about)
    st.caption(_beside(experiment, select_events(events, "done")))


def _of_least(metric: str) -> str:
    """What the number at the lowest loss is."""
    said = _("The {metric} at the epoch whose validation loss was the lowest so far, the diamond.").format(
        metric=_(METRICS[metric].label)
    )
    if not METRICS[metric].higher:
        return said
    return f"{said} " + _("The loss also counts how sure an answer is: where it is higher, more answers may be right.")


def _beside(experiment: Experiment, done: list[workbench.Run]) -> str:
    """What an answer that needs no network reaches, and what the network did on the test part after its last update. As many
    lines before the end as after it: nothing below moves."""
    row, data = task(experiment.task), load_data(experiment)
    test = done[0]["test"] if done else {"baseline": data.baseline}
    validation = _("without a network ({baseline}): {value} on validation").format(
        baseline=_(row.baseline), value=metric_text(row.metric, data.baselines["validation"][row.metric])
    )
    tested = _("test {metric} at the end: {value} (without a network: {without})").format(
        metric=_(METRICS[row.metric].label),
        value=metric_text(row.metric, test[row.metric]) if done else "–",
        without=metric_text(row.metric, test["baseline"]),
    )
    return f"{plain(validation)}  \n{plain(tested)}"
