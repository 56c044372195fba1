"""The live side of the Lab: toolbar, network, curves and masks, redrawn by itself while a run goes on."""

import streamlit as st

from core.experiment import edits
from core.figures.theme import get_theme
from core.i18n import N_, _
from pages.common import visit
from pages.common.address import replace_address
from pages.common.escape import escape_markdown
from pages.common.guard import guarded_fragment
from pages.common.pace import pace
from pages.common.widgets import draw_button, mark_assignments
from pages.lab import evaluation_outputs, network, run_panel, workbench

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
    """Draw the live side, and again by itself while a run goes on."""
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
    colors = get_theme(st.context.theme.type)
    _draw_toolbar()
    with st.container(key="centre"):
        masks = network.draw_network(colors)
    with st.container(key="side"):
        run_panel.draw_run_panel(colors)
    with st.container(horizontal=True, key="below", gap="medium"):
        network.draw_mask_heatmap(masks, colors)
        evaluation_outputs.draw_evaluation_outputs(colors)
    replace_address(visit.build_link(), "address")
    mark_assignments("live")


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
            help=_("Back to an untrained network. The curve of a run of an epoch or more stays, and can be removed."),
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


def _draw_messages() -> None:
    """Draw what went wrong, in a sentence each, over the foot of the page."""
    run, notice = visit.visit()["run"], visit.visit()["notice"]
    if notice:
        st.warning(escape_markdown(notice))
    if run and run["reason"] and run["state"] == "failed":
        st.error(escape_markdown(run["reason"]))
