"""Slow motion: the update that the page is at, as a run of this experiment makes it, phase by phase."""

from functools import lru_cache

import streamlit as st

from core.analysis.update_trace import UpdateTrace, check_update_reachable, make_request, parse_request
from core.dropout.masks import expand_word_masks
from core.errors import Invalid
from core.experiment.batches import batch_at, draw_update_masks, load_data
from core.experiment.experiment import Experiment
from core.figures.mask_grid import MAX_STEPS, build_layer_bands, select_visible_steps
from core.figures.slow_motion import SlowMotion, SlowMotionFrame, build_frames
from core.figures.theme import Theme
from core.figures.update_phases import format_equations
from core.figures.update_timeline import render_update_timeline
from core.figures.weight_changes import render_weight_changes
from core.i18n import _
from core.runs.trace_jobs import Slowed, Snapshots
from core.tasks.task import Data, Ints, Reals
from pages.common import visit
from pages.common.escape import plain
from pages.common.guard import guarded_fragment
from pages.common.service import owner, service
from pages.common.slow_motion import slow_motion
from pages.common.widgets import button
from pages.learn import masks_state

TICK = 0.5  # seconds


def snapshots() -> Snapshots:
    """Those of this server."""
    return service().traces


def show(colours: Theme) -> None:
    """The heading, and the update; while it is trained, redrawn by itself."""
    st.markdown(f"## {_('Slow motion: one update')}")
    found = snapshots().look(*_asked())
    busy = found is not None and found.busy
    st.fragment(guarded_fragment(_draw), run_every=TICK if busy else None)(colours, busy)


def _asked() -> tuple[Experiment, int, int]:
    return masks_state.experiment(), masks_state.look().update, masks_state.sample()


def _draw(colours: Theme, timed: bool) -> None:
    found = snapshots().look(*_asked())
    if (found is not None and found.busy) != timed:
        st.rerun()  # with or without the timer, whichever it is now; what is drawn before would be replaced at once
    if found is None or found.state == "failed":
        _offer(found)
    elif found.snapshot is None:
        st.progress(
            found.part,
            _("Training from the first update to update {update}, in a process of its own.").format(
                update=masks_state.look().update
            ),
        )
    else:
        _play(colours, visit.visit().pop("bring_slow_motion", False))  # brought into view once


def _offer(found: Slowed | None) -> None:
    experiment, update, _sample = _asked()
    if found is not None:
        st.error(plain(found.reason))
    try:
        check_update_reachable(experiment, update)
    except Invalid as invalid:
        st.info(plain(invalid))
        return
    button(
        _("Run update {update} slowly").format(update=update),
        key="masks-slow",
        tell=_ask,
        type="primary",
        icon=":material/slow_motion_video:",
        help=_("A run of this experiment is trained up to there; then what it does is shown."),
    )


def _ask() -> None:
    visit.visit()["bring_slow_motion"] = True
    try:
        snapshots().ask(*_asked(), owner())
    except Invalid as invalid:
        visit.complain(str(invalid))


def _play(colours: Theme, bring: bool) -> None:
    experiment, update, sample = _asked()
    # Always the same step for the same window: another step alone draws nothing anew.
    middle = select_visible_steps(masks_state.look().step, experiment.steps).start + MAX_STEPS // 2
    drawn = _drawn(make_request(experiment, update, sample), colours, middle, st.context.locale or "en")
    slow_motion(*drawn, key="masks-slow-motion", bring=bring)


def _told(snapshot: UpdateTrace, data: Data, x: Ints | Reals) -> dict[int, tuple[str, str]]:
    """What is right and what is guessed, by step, where values are asked for."""
    every = {
        one.t: data.describe_answers([one.target, one.prediction], x[[one.t, one.t]])
        for one in snapshot.targets
        if data.is_regression
    }
    return {t: (right or "", guess or "") for t, (right, guess) in every.items()}


@lru_cache(maxsize=16)
def _drawn(key: str, colours: Theme, step: int, _language: str) -> tuple[str, str, tuple[SlowMotionFrame, ...], dict[str, str]]:
    """The figures, frames and equations of a snapshot that is there, in a language."""
    experiment, update, sample = parse_request(key)
    found = snapshots().look(experiment, update, sample)
    assert found
    assert found.snapshot
    data, read = load_data(experiment), batch_at(experiment, update)
    bands = build_layer_bands(
        experiment.placement.resolve_schedules(update),
        expand_word_masks(draw_update_masks(experiment, update), read.x),
        experiment.shape,
        sample,
    )
    words, _right = data.describe_sample(read, sample)
    one = SlowMotion(
        found.snapshot, experiment, bands, words, data.class_names, step, _told(found.snapshot, data, read.x[:, sample])
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
        render_update_timeline(one, colours, "slow-stage"),
        render_weight_changes(one, colours, "slow-weights"),
        build_frames(one),
        said,
    )
