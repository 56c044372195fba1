"""The network figure with one path through it, as the Lab and the path page show it: its content, clicks and window."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from core.dropout.masks import Array, expand_word_masks
from core.experiment.batches import batch_at, draw_update_masks, load_data, nearest_target_step
from core.experiment.experiment import Experiment
from core.figures.network import Scene, render_network
from core.figures.theme import Theme
from core.i18n import _
from core.training.events import RECORDED_SAMPLES
from pages.common import visit
from pages.common.heavy_drawing import limit_mask_drawing
from pages.common.network import draw_network_figure
from pages.common.path_view import WINDOW_STEPS, PathView, find_first_step
from pages.common.update_slider import draw_slider
from pages.common.widgets import draw_choice


def fit_view(experiment: Experiment, update: int) -> PathView:
    """Return the view of the visit, fitted to the experiment and to the window that it reads at an update."""
    return visit.get_view().fit_to(experiment, RECORDED_SAMPLES, partial(nearest_target_step, experiment, update))


def build_scene(
    experiment: Experiment, update: int, view: PathView, classes: Sequence[Any] | None = None, gates: bool = False
) -> Scene:
    """Return the content of the figure at an update. Raises Invalid if the masks are too many for a page.

    view: fitted. classes: the prediction at each step of the sample; None if nothing is known. gates: whether the routes
    through gates are shown.
    """
    data, batch = load_data(experiment), batch_at(experiment, update)
    with limit_mask_drawing([experiment], update) as are_many:
        masks = expand_word_masks(draw_update_masks(experiment, update), batch.x)
        masks = {name: _cut_mask(mask) for name, mask in masks.items()} if are_many else masks
    inputs, targets = data.describe_sample(batch, view.sample)
    return Scene(
        placement=experiment.placement.resolve_schedules(update),
        shape=experiment.shape,
        masks=masks,
        sample=view.sample,
        first=view.start,
        count=WINDOW_STEPS,
        inputs=inputs,
        predictions=data.describe_answers(classes or [None] * len(inputs), batch.x[:, view.sample]),
        targets=targets,
        climbs=view.climbs,
        through=view.through,
        gates=gates,
    )


def _cut_mask(mask: Array) -> Array:
    """Return the part of a mask that can be shown: the first samples, and of a weight mask the connections into unit 1."""
    return (mask[:, :RECORDED_SAMPLES, :1] if mask.ndim == 4 else mask[:, :RECORDED_SAMPLES]).copy()


def draw_path_figure(scene: Scene, colors: Theme, key: str, on_action: Callable[[dict[str, Any]], None]) -> None:
    """Draw the figure. on_action: is called with the visitor's action, see `draw_network_figure`."""
    draw_network_figure(render_network(scene, colors, key), key, on_action, scene.placement.is_zoneout)


def move_path(view: PathView, action: Mapping[str, Any]) -> PathView | None:
    """Return the view with the path that a click or drag on the figure asks for; None for any other action."""
    if "source" in action:
        return view.with_source(int(action["source"]))
    if "target" in action:
        return view.with_target(int(action["target"]))
    if "climb" in action:
        return view.with_climb(int(action["climb"]), int(action["t"]))
    return None


def draw_route_choice(labels: Mapping[str, str], route: str, key: str, on_change: Callable[[str], None]) -> None:
    """Draw the choice of the path's route along time. labels: by route."""
    draw_choice(
        st.segmented_control,
        _("Route along time"),
        list(labels),
        key=key,
        value=route,
        tell=on_change,
        required=True,
        label_visibility="collapsed",
        format_func=lambda name: labels[name],
    )


def draw_first_step_slider(view: PathView, steps: int, key: str, reserve_buttons: bool = False) -> None:
    """Draw the slider that moves the window over the steps, with a button for each end of the path outside the window.

    reserve_buttons: whether a button that is not needed keeps its room, so that the slider keeps its length.
    """
    jumps = {name: t for name, t in _find_jumps(view, steps).items() if t is not None or reserve_buttons}
    draw_slider(_("First step"), (0, max(0, steps - WINDOW_STEPS)), view.start, key, _set_first_step, jumps=jumps)


def _find_jumps(view: PathView, steps: int) -> dict[str, int | None]:
    """Return, for each end of the path, the first step of the nearest window that shows it; None if it is in the window.

    Empty if the window shows every step.
    """
    if steps <= WINDOW_STEPS:
        return {}
    ends = {_("to the word"): view.climbs[0], _("to the prediction"): view.climbs[-1]}
    window = range(view.start, view.start + WINDOW_STEPS)
    return {name: None if t in window else find_first_step(t, view.start, steps) for name, t in ends.items()}


def _set_first_step(step: int | None) -> None:
    visit.set_view(replace(visit.get_view(), first=step or 0))
