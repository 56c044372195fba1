"""The network of the Lab: the figure and the mask heatmap of the visible update, and the sentence with the count."""

from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from core.analysis.path_counts import MaskCrossing, count_corruption, list_crossings, list_routes
from core.dropout.masks import Masks, list_mask_gates, make_mask_key
from core.dropout.sites import SITES
from core.errors import Invalid
from core.experiment.experiment import Experiment
from core.figures.dot_picture import describe_dots
from core.figures.mask_heatmap import describe_mask, plot_mask_heatmap, select_units
from core.figures.network import Scene
from core.figures.path_sentence import derive_formula, explain_count, format_count_sentence, name_cell_route
from core.figures.theme import Theme
from core.i18n import _
from core.training.events import RECORDED_SAMPLES, predictions_at
from pages.common import visit
from pages.common.escape import escape_markdown
from pages.common.live_chart import draw_live_chart
from pages.common.live_text import draw_live_text
from pages.common.path_figure import (
    build_scene,
    draw_first_step_slider,
    draw_path_figure,
    draw_route_choice,
    fit_view,
    move_path,
)
from pages.common.path_view import PathView
from pages.common.update_slider import draw_slider
from pages.common.widgets import draw_choice
from pages.lab import workbench

MAX_SEGMENTS = 8  # masks; more are offered in a list


@dataclass(frozen=True)
class VisibleUpdate:
    """The visible update: the experiment as it was then, the view fitted to it, and the content of the figure.

    masks: with word masks expanded.
    """

    update: int
    experiment: Experiment
    view: PathView
    scene: Scene

    @property
    def masks(self) -> Masks:
        """Return the masks of the update."""
        return self.scene.masks


def load_visible_update() -> VisibleUpdate | Invalid:
    """Return the visible update with its masks; or, if they are too many for a page, the error."""
    update = get_visible_update()
    experiment = workbench.get_update_experiment(update)
    view = fit_view(experiment, update)
    run = visit.visit()["run"]
    predicted = predictions_at(run["events"], update, view.sample) if run else None
    try:
        return VisibleUpdate(update, experiment, view, build_scene(experiment, update, view, predicted))
    except Invalid as invalid:
        return invalid


def draw_network(visible: VisibleUpdate | Invalid, colors: Theme) -> None:
    """Draw the sentence on the path, the network and its sliders; or the error."""
    if isinstance(visible, Invalid):
        st.warning(escape_markdown(visible))
        return
    with st.container(key="count"):
        _draw_sentence(visible)
        _draw_explanation(visible)
    draw_path_figure(visible.scene, colors, "network", _apply_action)
    with st.container(horizontal=True, gap="medium", key="scrub"):
        _draw_sliders(visible)
    with st.container(key="about-network"):
        st.caption(
            _(
                "A small recurrent network learns while you watch. Barcodes are its dropout masks; the thick line follows one "
                "word to one prediction, and the masks on its way are counted."
            )
        )


def collect_news(visible: VisibleUpdate | Invalid, colors: Theme) -> None:
    """Give the components of the network and of its masks their present data, as a tick does."""
    if isinstance(visible, Invalid):
        return
    _draw_sentence(visible)
    draw_path_figure(visible.scene, colors, "network", _apply_action)
    _draw_sliders(visible)
    if active := _list_active_masks(visible):
        _draw_heatmap(visible, _get_selected_mask(active), colors)


def get_visible_update() -> int:
    """Return the number of the visible update: the selected one, else the newest.

    It is the next one if none has been trained, or if the paused run was changed after the newest.
    """
    newest, chosen = workbench.get_newest_update(), visit.visit()["update"]
    if chosen is not None and chosen <= newest:
        return max(1, int(chosen))
    total = workbench.get_planned_updates() or newest + 1
    coming = newest == 0 or (workbench.get_run_state() == "paused" and workbench.has_changed_since(newest))
    return min(newest + 1, total) if coming else newest


def _name_update(update: int) -> str:
    """Return the number of the update; an update that has not been trained is called the next."""
    return str(update) if update <= workbench.get_newest_update() else _("{n}, the next (preview)").format(n=update)


def draw_mask_heatmap(visible: VisibleUpdate | Invalid, colors: Theme) -> None:
    """Draw the mask of one site and layer, units × time, for the visible sample and update; nothing if there is an error."""
    with st.container(key="masks"):
        if isinstance(visible, Invalid):
            return
        st.markdown(f"## {_('Masks over time')}")
        active = _list_active_masks(visible)
        if not active:
            st.caption(_("No site is on: every connection is clean. Switch one on at the left."))
            return
        chosen = _get_selected_mask(active)
        _draw_mask_choice(active, chosen)
        _draw_heatmap(visible, chosen, colors)


def _list_active_masks(visible: VisibleUpdate) -> list[tuple[str, int, str]]:
    """Return site, layer and gate of each mask of the visible update."""
    return [
        (site.name, layer, gate)
        for site, layer, dropout in visible.scene.placement.list_active(visible.experiment.layers)
        for gate in list_mask_gates(dropout, visible.experiment.cell)
    ]


def _draw_heatmap(visible: VisibleUpdate, chosen: tuple[str, int, str], colors: Theme) -> None:
    site, layer, gate = chosen
    mask = select_units(visible.masks[make_mask_key(site, layer, gate)])
    sample, size = visible.view.sample, (visible.experiment.steps, mask.shape[2])
    title = _("{place} · sample {sample} · update {update}").format(
        place=_name_mask((site, layer, gate)), sample=sample + 1, update=_name_update(visible.update)
    )
    old = SITES[site].kind == "zoneout"
    figure = plot_mask_heatmap(mask, sample, size, colors, title, old=old)
    sentence = describe_mask(mask, sample, size, _name_mask((site, layer, gate)), old)
    draw_live_chart(figure, "heatmap", sentence, figure["layout"]["height"], tools=True)


def _get_selected_mask(active: list[tuple[str, int, str]]) -> tuple[str, int, str]:
    """Return the selected mask, or the first if the selected one does not exist now."""
    opened = tuple(visit.visit()["mask"] or ())
    return next((mask for mask in active if mask == opened), active[0])


def _draw_mask_choice(active: list[tuple[str, int, str]], chosen: tuple[str, int, str]) -> None:
    # Two keys: with one, its value would be lost when the other kind of widget takes over.
    settings: dict[str, Any] = {
        "value": chosen,
        "tell": _open_mask,
        "format_func": _name_mask,
        "label_visibility": "collapsed",
    }
    if len(active) > MAX_SEGMENTS:
        draw_choice(st.selectbox, _("Site and layer"), active, key="mask-of-many", **settings)
    else:
        draw_choice(st.segmented_control, _("Site and layer"), active, key="mask-of-few", required=True, **settings)


def _open_mask(mask: tuple[str, int, str]) -> None:
    visit.visit()["mask"] = list(mask)


def _name_mask(mask: tuple[str, int, str]) -> str:
    site, layer, gate = mask
    if site == "between":
        place = _("between layers {below} and {above}").format(below=layer - 1, above=layer)
    elif site in ("words", "input", "output"):
        place = _(SITES[site].label)
    else:
        place = _("{site}, layer {layer}").format(site=_(SITES[site].label), layer=layer)
    place = _("{place}, into unit 1").format(place=place) if SITES[site].kind == "weights" else place
    return f"{place}, {gate}" if gate else place


def _draw_sentence(visible: VisibleUpdate) -> None:
    climbs, layers = visible.view.climbs, visible.experiment.layers
    distance, path = climbs[-1] - climbs[0], _list_crossings(visible)
    word = escape_markdown(visible.scene.inputs[climbs[0]])
    formula = derive_formula(path, layers, distance, visible.view.through)
    symbols = _(
        "L is the number of layers, Δ the number of steps between the word and the prediction. "
        "The path runs through the barcodes that are numbered; each multiplies what it carries by a mask."
    )
    picture = describe_dots(visible.scene.inputs[climbs[0]])
    draw_live_text(format_count_sentence(word, distance, len(path), formula), "count-sentence", symbols, picture)


def _draw_explanation(visible: VisibleUpdate) -> None:
    """Draw why the path crosses so many masks, and the choice of its route."""
    climbs, cell, layers = visible.view.climbs, visible.experiment.cell, visible.experiment.layers
    counts = count_corruption(visible.scene.placement, layers, climbs[-1] - climbs[0], cell)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="route"):
        st.caption(explain_count(_list_crossings(visible), layers, counts, cell))
        with st.container(key="routes", width="content"):
            labels = {"cell": name_cell_route(cell), "state": _("through the state")}
            if len(list_routes(cell)) > 1:
                choices = {name: labels[name] for name in list_routes(cell)}
                draw_route_choice(choices, visible.view.through, "through", _set_route)


def _list_crossings(visible: VisibleUpdate) -> list[MaskCrossing]:
    view, experiment = visible.view, visible.experiment
    return list_crossings(visible.scene.placement, experiment.layers, view.climbs, view.through, experiment.cell)


def _set_route(through: str) -> None:
    visit.set_view(replace(visit.get_view(), through=through))


def _apply_action(action: dict[str, Any]) -> None:
    """Change the path, or open a mask, as the visitor asked on the figure."""
    update = get_visible_update()
    experiment = workbench.get_update_experiment(update)
    if moved := move_path(fit_view(experiment, update), action):
        visit.set_view(moved)
    elif "site" in action:
        visit.visit()["mask"] = _find_first_gate(experiment, action["site"], int(action["layer"]))


def _find_first_gate(experiment: Experiment, site: str, layer: int) -> tuple[str, int, str]:
    dropout = experiment.placement.get(site)
    return site, layer, "g" if dropout is not None and dropout.is_fresh("gates") else ""


def _draw_sliders(visible: VisibleUpdate) -> None:
    newest = max(workbench.get_newest_update(), visible.update)
    coming = newest > workbench.get_newest_update()
    draw_slider(
        _("Update"),
        (1, newest),
        visible.update,
        "scrub-update",
        _set_update,
        newest=_("preview") if coming else _("newest"),
        jumps={_("to the newest"): None if visible.update == newest else newest},
    )
    draw_first_step_slider(visible.view, visible.experiment.steps, "scrub-first", reserve_buttons=True)
    samples = (1, min(visible.experiment.batch, RECORDED_SAMPLES))
    draw_slider(_("Sample"), samples, visible.view.sample + 1, "scrub-sample", _set_sample)


def _set_update(chosen: int | None) -> None:
    visit.visit()["update"] = chosen


def _set_sample(chosen: int | None) -> None:
    visit.set_view(replace(visit.get_view(), sample=(chosen or 1) - 1))
