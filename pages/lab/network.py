"""The network of the Lab: the figure and the mask heatmap of the visible update, and the sentence with the count."""

from dataclasses import replace
from typing import Any

import streamlit as st

from core.analysis.path_counts import count_corruption, list_crossings, list_routes
from core.dropout.masks import Masks, list_mask_gates, make_mask_key
from core.dropout.sites import SITES
from core.experiment.experiment import Experiment
from core.figures.mask_heatmap import describe_mask, plot_mask_heatmap, select_units
from core.figures.network import Scene
from core.figures.path_sentence import derive_formula, explain_count, format_count_sentence, name_cell_route
from core.figures.theme import Theme
from core.i18n import _
from core.training.events import RECORDED_SAMPLES, predictions_at
from pages.common import visit
from pages.common.escape import escape_markdown
from pages.common.live_chart import draw_live_chart
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


def draw_network(colors: Theme) -> Masks:
    """Draw the sentence on the path, the network and its sliders. Return the masks that are shown, those of words expanded."""
    update = get_visible_update()
    experiment = workbench.get_update_experiment(update)
    view = fit_view(experiment, update)
    run = visit.visit()["run"]
    scene = build_scene(experiment, update, view, predictions_at(run["events"], update, view.sample) if run else None)
    _draw_sentence(experiment, scene, view)
    draw_path_figure(scene, colors, "network", _apply_action)
    _draw_sliders(experiment, update, view)
    with st.container(key="about-network"):
        st.caption(
            _(
                "A small recurrent network learns while you watch. Barcodes are its dropout masks; the thick line follows one "
                "word to one prediction, and the masks on its way are counted."
            )
        )
    return scene.masks


def get_visible_update() -> int:
    """Return the update that is shown: the selected one, else the newest.

    It is the next one where none has been trained, or where the paused run was changed after the newest.
    """
    newest, chosen = workbench.get_newest_update(), visit.visit()["update"]
    if chosen is not None and chosen <= newest:
        return max(1, int(chosen))
    total = workbench.get_planned_updates() or newest + 1
    coming = newest == 0 or (workbench.get_run_state() == "paused" and workbench.has_changed_since(newest))
    return min(newest + 1, total) if coming else newest


def _name_update(update: int) -> str:
    """Return the number of the update; one that has not been trained is called the next."""
    return str(update) if update <= workbench.get_newest_update() else _("{n}, the next (preview)").format(n=update)


def draw_mask_heatmap(masks: Masks, colors: Theme) -> None:
    """Draw the mask of one site and layer, units × time, for the visible sample and update."""
    with st.container(key="masks"):
        _draw_heatmap(masks, colors)


def _draw_heatmap(masks: Masks, colors: Theme) -> None:
    update = get_visible_update()
    experiment = workbench.get_update_experiment(update)
    now = experiment.placement.resolve_schedules(update)
    active = [
        (site.name, layer, gate)
        for site, layer, dropout in now.list_active(experiment.layers)
        for gate in list_mask_gates(dropout, experiment.cell)
    ]
    st.markdown(f"## {_('Masks over time')}")
    if not active:
        st.caption(_("No site is on: every connection is clean. Switch one on at the left."))
        return
    site, layer, gate = chosen = _get_selected_mask(active)
    _draw_mask_choice(active, chosen)
    mask = select_units(masks[make_mask_key(site, layer, gate)])
    sample, size = fit_view(experiment, update).sample, (experiment.steps, mask.shape[2])
    title = _("{place} · sample {sample} · update {update}").format(
        place=_name_mask((site, layer, gate)), sample=sample + 1, update=_name_update(update)
    )
    old = SITES[site].kind == "zoneout"
    figure = plot_mask_heatmap(mask, sample, size, colors, title, old=old)
    sentence = describe_mask(mask, sample, size, _name_mask((site, layer, gate)), old)
    draw_live_chart(figure, "heatmap", sentence, figure["layout"]["height"], tools=True)


def _get_selected_mask(active: list[tuple[str, int, str]]) -> tuple[str, int, str]:
    """Return the selected mask, or the first where the selected one does not exist now."""
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


def _draw_sentence(experiment: Experiment, scene: Scene, view: PathView) -> None:
    climbs, through, layers = view.climbs, view.through, experiment.layers
    distance, cell = climbs[-1] - climbs[0], experiment.cell
    path = list_crossings(scene.placement, layers, climbs, through, cell)
    counts = count_corruption(scene.placement, layers, distance, cell)
    word = escape_markdown(scene.inputs[climbs[0]])
    symbols = _(
        "L is the number of layers, Δ the number of steps between the word and the prediction. "
        "The path runs through the barcodes that are numbered; each multiplies what it carries by a mask."
    )
    with st.container(key="count"):
        st.markdown(
            format_count_sentence(word, distance, len(path), derive_formula(path, layers, distance, through)), help=symbols
        )
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="route"):
            st.caption(explain_count(path, layers, counts, cell))
            with st.container(key="routes", width="content"):
                labels = {"cell": name_cell_route(cell), "state": _("through the state")}
                if len(list_routes(cell)) > 1:
                    draw_route_choice({name: labels[name] for name in list_routes(cell)}, through, "through", _set_route)


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


def _draw_sliders(experiment: Experiment, update: int, view: PathView) -> None:
    newest = max(workbench.get_newest_update(), update)
    coming = newest > workbench.get_newest_update()
    with st.container(horizontal=True, gap="medium", key="scrub"):
        draw_slider(
            _("Update"),
            (1, newest),
            update,
            "scrub-update",
            _set_update,
            newest=_("preview") if coming else _("newest"),
            jumps={_("to the newest"): None if update == newest else newest},
        )
        draw_first_step_slider(view, experiment.steps, "scrub-first", reserve_buttons=True)
        samples = (1, min(experiment.batch, RECORDED_SAMPLES))
        draw_slider(_("Sample"), samples, view.sample + 1, "scrub-sample", _set_sample)


def _set_update(chosen: int | None) -> None:
    visit.visit()["update"] = chosen


def _set_sample(chosen: int | None) -> None:
    visit.set_view(replace(visit.get_view(), sample=(chosen or 1) - 1))
