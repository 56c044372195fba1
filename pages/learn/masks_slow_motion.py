"""Slow motion: one update of a run of this experiment, phase by phase."""

from functools import lru_cache

import streamlit as st

from core.analysis.update_trace import UpdateTrace, check_update_reachable, make_request, parse_request
from core.dropout.masks import expand_word_masks
from core.errors import Invalid
from core.experiment.batches import batch_at, check_update_draws, draw_update_masks, load_data
from core.experiment.experiment import Experiment
from core.figures.mask_grid import MAX_STEPS, build_layer_bands, select_visible_steps
from core.figures.slow_motion import SlowMotion, SlowMotionFrame, build_frames
from core.figures.theme import Theme
from core.figures.update_phases import format_equations
from core.figures.update_timeline import render_update_timeline
from core.figures.weight_changes import render_weight_changes
from core.i18n import _
from core.runs.trace_jobs import UpdateTraceAnswer, UpdateTraceJobs
from core.tasks.file_caches import register_file_cache
from core.tasks.task import Data, Ints, Reals
from pages.common import visit
from pages.common.escape import escape_markdown
from pages.common.guard import guarded_fragment
from pages.common.service import get_owner, get_service
from pages.common.slow_motion import draw_slow_motion
from pages.common.widgets import draw_button
from pages.learn import masks_state

TICK = 0.5  # seconds


def get_trace_jobs() -> UpdateTraceJobs:
    """Return the jobs of this server that train up to an update and trace it."""
    return get_service().traces


def draw_update(colors: Theme) -> None:
    """Draw the heading and the update; while it is trained, the drawing is repeated."""
    st.markdown(f"## {_('Slow motion: one update')}")
    job = get_trace_jobs().get_answer(*_get_request())
    busy = job is not None and job.is_busy
    st.fragment(guarded_fragment(_draw), run_every=TICK if busy else None)(colors, busy)


def _get_request() -> tuple[Experiment, int, int]:
    return visit.get_experiment(), masks_state.get_view().update, masks_state.get_sample()


def _draw(colors: Theme, timed: bool) -> None:
    job = get_trace_jobs().get_answer(*_get_request())
    if (job is not None and job.is_busy) != timed:
        st.rerun()  # switch the timer on or off before anything is drawn that would be replaced at once
    if job is None or job.state == "failed":
        _draw_offer(job)
    elif job.trace is None:
        st.progress(
            job.progress,
            _("Training from the first update to update {update}, in a process of its own.").format(
                update=masks_state.get_view().update
            ),
        )
    else:
        _draw_slow_motion(colors, visit.visit().pop("bring_slow_motion", False))  # scrolled to only once


def _draw_offer(job: UpdateTraceAnswer | None) -> None:
    experiment, update, _sample = _get_request()
    if job is not None:
        st.error(escape_markdown(job.reason))
    try:
        check_update_reachable(experiment, update)
        check_update_draws([experiment], update, get_service().settings.drawn_numbers)
    except Invalid as invalid:
        st.info(escape_markdown(invalid))
        return
    draw_button(
        _("Run update {update} slowly").format(update=update),
        key="masks-slow",
        tell=_request_update,
        type="primary",
        icon=":material/slow_motion_video:",
        help=_("A run of this experiment is trained up to there; then what it does is shown."),
    )


def _request_update() -> None:
    visit.visit()["bring_slow_motion"] = True
    try:
        get_trace_jobs().submit(*_get_request(), get_owner())
    except Invalid as invalid:
        visit.set_notice(str(invalid))


def _draw_slow_motion(colors: Theme, bring: bool) -> None:
    experiment, update, sample = _get_request()
    # The same step for the same window, so that the cached drawing is used when only the step changes.
    middle = select_visible_steps(masks_state.get_view().step, experiment.steps).start + MAX_STEPS // 2
    drawn = _render_update(make_request(experiment, update, sample), colors, middle, st.context.locale or "en")
    draw_slow_motion(*drawn, key="masks-slow-motion", bring=bring)


def _describe_answers(snapshot: UpdateTrace, data: Data, x: Ints | Reals) -> dict[int, tuple[str, str]]:
    """Return, by step, the texts of target and prediction of a regression task; empty for a classification."""
    texts = {
        one.t: data.describe_answers([one.target, one.prediction], x[[one.t, one.t]])
        for one in snapshot.targets
        if data.is_regression
    }
    return {t: (target or "", prediction or "") for t, (target, prediction) in texts.items()}


@register_file_cache
@lru_cache(maxsize=16)
def _render_update(
    key: str, colors: Theme, step: int, _language: str
) -> tuple[str, str, tuple[SlowMotionFrame, ...], dict[str, str]]:
    """Return the timeline, the weight changes, the frames and the equations of a finished trace, in a language."""
    experiment, update, sample = parse_request(key)
    job = get_trace_jobs().get_answer(experiment, update, sample)
    assert job
    assert job.trace
    data, read = load_data(experiment), batch_at(experiment, update)
    bands = build_layer_bands(
        experiment.placement.resolve_schedules(update),
        expand_word_masks(draw_update_masks(experiment, update), read.x),
        experiment.shape,
        sample,
    )
    words, _right = data.describe_sample(read, sample)
    one = SlowMotion(
        job.trace, experiment, bands, words, data.class_names, step, _describe_answers(job.trace, data, read.x[:, sample])
    )
    lanes = [lane for band in bands for lane in band.lanes]
    on = {lane.site for lane in lanes}
    scalings = {dropout.scaling for site, dropout in experiment.placement if site.name in on}
    said = format_equations(
        experiment.cell,
        on,
        any(lane.gaussian for lane in lanes),
        scalings,
        data.is_regression,
        experiment.loss == "sum",
        experiment.optimiser,
    )
    return (
        render_update_timeline(one, colors, "slow-stage"),
        render_weight_changes(one, colors, "slow-weights"),
        build_frames(one),
        said,
    )
