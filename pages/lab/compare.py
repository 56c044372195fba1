"""The Compare page: up to eight experiments on the same data, weights and batches, over several seeds, live or recorded."""

import streamlit as st

from core.figures.theme import get_theme
from core.i18n import N_, _
from core.tasks import get_task
from pages.common import news, visit
from pages.common.address import replace_address
from pages.common.escape import escape_markdown
from pages.common.guard import guarded_fragment
from pages.common.live_text import draw_live_text
from pages.common.pace import pace
from pages.common.page_title import draw_page_title
from pages.common.service import get_service
from pages.common.ticker import REDRAW, draw_ticker, mount_redraw
from pages.common.update_slider import draw_slider
from pages.common.widgets import draw_button, mark_assignments, rerun_page_if_due
from pages.lab import compare_board, compare_export, compare_setup
from pages.lab import compare_state as state

PLAY_WIDTH = 116  # pixels
# Label, icon and color by state of the study.
STATES = {
    "ready": (N_("ready"), "radio_button_unchecked", "gray"),
    "running": (N_("live"), "play_circle", "green"),
    "paused": (N_("live · paused"), "pause_circle", "blue"),
    "done": (N_("finished"), "check_circle", "green"),
    "recorded": (N_("recorded"), "history", "violet"),
}


def draw_page() -> None:
    """Draw the page."""
    get_service()
    state.begin()
    with st.container(key="compare-title"):
        draw_page_title(
            _("Compare"),
            _("The same data, initial weights and batches for all, and several seeds: one run proves nothing."),
        )
    with st.container(key="compare"):
        st.fragment(guarded_fragment(_draw))()


def _draw() -> None:
    rerun_page_if_due()
    with mark_assignments("live"):
        _draw_all()


def _draw_all() -> None:
    state.poll()
    news.begin_message(mounts=True)
    colors = get_theme(st.context.theme.type)
    state.get_state()["drawn_state"] = _describe_drawn()
    _draw_toolbar()
    with st.container(key="compare-cards"):
        compare_board.draw_cards(colors)
        _draw_update_slider()
    with st.container(key="compare-chart"):
        compare_board.draw_chart(colors)
        compare_board.draw_table(colors)
    with st.container(key="compare-results"):
        compare_board.draw_results(colors)
    replace_address(state.build_query(), "address")
    mount_redraw()


def _draw_tick() -> None:
    """Send the news since the last tick: the fragment within the page that a tick runs."""
    if news.is_mounting():
        draw_ticker(_choose_interval(), {})
        return
    rerun_page_if_due()
    state.poll()
    with news.collect() as parts:
        _collect_news()
    # If the page has to be redrawn, ticks go on until that is done.
    draw_ticker(pace.interval if REDRAW in parts else _choose_interval(), parts)


def _choose_interval() -> float | None:
    """Return the seconds until the next tick; None if nothing changes by itself."""
    return pace.interval if state.is_active() else None


def _collect_news() -> None:
    colors = get_theme(st.context.theme.type)
    _draw_status()
    compare_board.draw_cards(colors)
    _draw_update_slider()
    compare_board.draw_chart(colors)
    compare_board.draw_table(colors)
    compare_board.draw_results(colors)
    if _describe_drawn() != state.get_state()["drawn_state"]:
        mount_redraw()


def _describe_drawn() -> str:
    """Return all that Streamlit draws of the page, apart from its components: the state of the study, and the notice."""
    return repr((state.get_live_state(), visit.visit()[state.PAGE]["study"], visit.visit()["notice"], st.context.theme.type))


def _draw_toolbar() -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="compare-toolbar"):
        _draw_play_button()
        draw_button(
            _("Reset"),
            key="compare-reset",
            tell=state.reset,
            icon=":material/replay:",
            help=_("Forgets the runs that were trained here; recorded ones are shown again."),
        )
        compare_setup.draw_popovers()
        compare_export.draw_export_popover()
        label, icon, color = STATES[state.get_live_state()]
        st.badge(_(label), icon=f":material/{icon}:", color=color)  # type: ignore[arg-type]
        with st.container(key="compare-status", width="stretch"):
            _draw_status()
        st.fragment(guarded_fragment(_draw_tick))()
    with st.container(key="news"):
        if visit.visit()["notice"]:
            st.warning(escape_markdown(visit.visit()["notice"]))
        if refusal := state.get_refusal("cards"):
            st.error(escape_markdown(refusal))


def _draw_play_button() -> None:
    if state.get_live_state() == "running":
        draw_button(
            _("Pause all"), key="compare-play", tell=state.pause, icon=":material/pause:", type="primary", width=PLAY_WIDTH
        )
        return
    draw_button(
        _("Play all"),
        key="compare-play",
        tell=state.play,
        icon=":material/play_arrow:",
        type="primary",
        width=PLAY_WIDTH,
        disabled=state.is_complete(),
        help=_("All runs have ended. Reset trains them anew.") if state.is_complete() else None,
    )


def _draw_status() -> None:
    draw_live_text(escape_markdown(_describe_status()), "study-status", _explain_fairness())


def _describe_status() -> str:
    """Return the task of the study, and how far it is."""
    live, runs = state.get_state()["live"], state.get_runs().values()
    ended = sum(run["state"] in ("finished", "failed") for run in runs)
    task = _(get_task(state.get_study().experiments[0][1].task).label)
    count = _("{task}: {n} of {total} runs").format(task=task, n=ended, total=len(runs))
    if live:
        parts = [count, _("{n} at work").format(n=live["at_work"])]
        if live["left"] is not None:
            parts.append(_format_time_left(live["left"]))
        return " · ".join(parts)
    recording = state.load_recording()
    if state.is_recorded() and recording:
        made = _("trained on {date}, {machine}, commit {commit}").format(**recording.made)
        return f"{count}, {made}"
    if state.is_computing():
        return _("{count} · statistics are being computed").format(count=count)
    return count


def _format_time_left(seconds: float) -> str:
    if seconds < 90:
        return _("about {n} s left").format(n=max(1, round(seconds / 5) * 5))
    return _("about {n} min left").format(n=round(seconds / 60))


def _explain_fairness() -> str:
    recording = state.load_recording()
    fair = _(
        "The runs of one seed have the same data, batches and initial weights, and the same masks where their sites are set "
        "alike. What differs is what the cards say, and nothing else."
    )
    if state.is_recorded() and recording:
        return fair + " " + _("Recorded by: {command}").format(command=recording.made["command"])
    return fair


def _draw_update_slider() -> None:
    newest = state.get_newest_update()
    draw_slider(
        _("Masks of update"),
        (1, max(1, newest)),
        state.select_update(),
        "compare-update",
        _set_update,
        newest=_("newest") if newest else _("preview"),
    )


def _set_update(chosen: int | None) -> None:
    state.get_state()["update"] = chosen


draw_page()
