"""The live side of the Lab: toolbar, network, curves and masks, redrawn by itself while a run goes on."""

import streamlit as st

from core.errors import Invalid
from core.experiment import edits
from core.figures.theme import get_theme
from core.i18n import N_, _
from pages.common import news, visit
from pages.common.address import replace_address
from pages.common.escape import escape_markdown
from pages.common.guard import guarded_fragment
from pages.common.pace import pace
from pages.common.ticker import REDRAW, draw_ticker, mount_redraw
from pages.common.widgets import draw_button, draw_choice, mark_assignments, rerun_page_if_due
from pages.lab import evaluation_outputs, network, run_panel, workbench

# Events after which the live side is redrawn: they change the outputs of the evaluation, which is no component of a tick.
OUTPUT_EVENTS = (visit.OUTPUTS, "done")
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
    rerun_page_if_due()
    with mark_assignments("live"):
        _draw_all()


def _draw_all() -> None:
    # Every position on the page holds the same kind of element in every state. If a redraw overtakes one that is not yet
    # sent, Streamlit drops the older one except elements that the browser has cached, such as figures: these are then
    # put into the positions of another layout, and if there is no container, the page turns white.
    visit.poll_run()
    workbench.step_slowly()
    news.begin_message(mounts=True)
    colors = get_theme(st.context.theme.type)
    visible = network.load_visible_update()
    visit.visit()["drawn"] = _describe_drawn(visible)
    _draw_toolbar()
    with st.container(key="centre"):
        network.draw_network(visible, colors)
    with st.container(key="side"):
        run_panel.draw_run_panel(colors)
    with st.container(horizontal=True, key="below", gap="medium"):
        network.draw_mask_heatmap(visible, colors)
        evaluation_outputs.draw_evaluation_outputs(colors)
    replace_address(workbench.build_link(), "address")
    mount_redraw()


def _draw_tick() -> None:
    """Send the news since the last tick: the fragment within the live side that a tick runs."""
    if news.is_mounting():
        draw_ticker(_choose_interval(), {})
        return
    rerun_page_if_due()
    visit.poll_run()
    workbench.step_slowly()
    with news.collect() as parts:
        _collect_news()
    # If the live side has to be redrawn, ticks go on until that is done.
    draw_ticker(pace.interval if REDRAW in parts else _choose_interval(), parts)


def _choose_interval() -> float | None:
    """Return the seconds until the next tick; None if the run does not go on by itself."""
    return pace.interval if workbench.is_active() else None


def _collect_news() -> None:
    """Give the components of the live side their present data; redraw the live side if anything else has changed."""
    colors = get_theme(st.context.theme.type)
    visible = network.load_visible_update()
    network.collect_news(visible, colors)
    run_panel.draw_run_panel(colors)
    if _describe_drawn(visible) != visit.visit()["drawn"]:
        mount_redraw()


def _describe_drawn(visible: network.VisibleUpdate | Invalid) -> str:
    """Return all that the live side depends on, apart from the data of its components and the visitor's own actions.

    That is the state of the run, the outputs of its evaluations, the path, and which masks there are. The visitor's actions
    redraw it anyway.
    """
    run = visit.visit()["run"]
    state = [run[name] for name in ("id", "state", "reason")] if run else []
    events = [len(visit.select_run_events(run, kind)) for kind in OUTPUT_EVENTS] if run else []
    if isinstance(visible, Invalid):
        return repr((state, events, str(visible), st.context.theme.type))
    masks = [(site.name, layer) for site, layer, _dropout in visible.scene.placement.list_active(visible.experiment.layers)]
    path = (visible.view.climbs, visible.view.through, visible.experiment.placement)
    return repr((state, events, masks, path, st.context.theme.type))


def _draw_toolbar() -> None:
    state, blocked = workbench.get_run_state(), workbench.is_blocked()
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="toolbar"):
        _draw_play_button(blocked)
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
            help=_("Back to an untrained network. The curve of a run of an epoch or more stays, and can be removed."),
        )
        _draw_pace_choice()
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
        shown = (
            "recorded" if workbench.is_recorded() else "running" if visit.visit()["stepping"] and state == "paused" else state
        )
        label, icon, color = STATES[shown]
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
    """Change the mask seed. A paused run shows the next update with the new masks; a past update keeps its masks."""
    if visit.edit("new-masks", edits.next_mask_seed):
        visit.visit()["update"] = None


def _draw_pace_choice() -> None:
    labels = {workbench.FAST: _("fast"), workbench.SLOW: _("1 / s")}
    draw_choice(
        st.segmented_control,
        _("Pace"),
        list(labels),
        key="pace",
        value=visit.visit()["pace"],
        tell=workbench.set_pace,
        required=True,
        label_visibility="collapsed",
        format_func=lambda name: labels[name],
        help=_("How fast a live run goes on: as fast as it can, or about one update a second."),
    )


def _draw_play_button(blocked: bool) -> None:
    # One button of one width: no other may move under the pointer while the run begins.
    if workbench.is_going_on():
        # Never disabled, nor with a help text: the browser would make a new button, without the focus that Play had.
        draw_button(
            _("Pause"),
            key="play",
            tell=workbench.pause,
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


def _draw_messages() -> None:
    """Draw the errors, a sentence each, over the foot of the page."""
    run, notice = visit.visit()["run"], visit.visit()["notice"]
    if notice:
        st.warning(escape_markdown(notice))
    if run and run["reason"] and run["state"] == "failed":
        st.error(escape_markdown(run["reason"]))
