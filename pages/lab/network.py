"""The network and the masks of the update that is shown, the path through them and the sentence that counts."""

from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from core.analysis.path_counts import count_corruption, list_crossings, list_routes
from core.dropout.masks import Masks, expand_word_masks, list_mask_gates, make_mask_key
from core.dropout.sites import SITES
from core.experiment.batches import batch_at, draw_update_masks, load_data, nearest_target_step
from core.experiment.experiment import Experiment
from core.figures.mask_heatmap import describe_mask, plot_mask_heatmap, select_units
from core.figures.network import Scene, render_network
from core.figures.path_sentence import derive_formula, explain_count, format_count_sentence, name_cell_route
from core.figures.theme import Theme
from core.i18n import _
from core.training.events import RECORDED_SAMPLES, predictions_at
from pages.common import visit
from pages.common.escape import plain
from pages.common.live_chart import live_chart
from pages.common.network import network_view
from pages.common.path_view import COUNT, View, first_that_shows
from pages.common.update_slider import scrubber
from pages.common.widgets import choice
from pages.lab import workbench

MANY = 8  # masks: more are chosen from a list


def show(colours: Theme) -> Masks:
    """The sentence, the network, and what scrubs through it. Returns the masks that are shown."""
    update = shown_update()
    experiment = workbench.at(update)
    masks = expand_word_masks(draw_update_masks(experiment, update), batch_at(experiment, update).x)
    view = _look(experiment)
    scene = _scene(experiment, update, view, masks)
    _sentence(experiment, scene, update, view)
    network_view(render_network(scene, colours), "network", _follow, experiment.placement.is_zoneout)
    _scrub(experiment, update, view)
    return masks


def shown_update() -> int:
    """The update that is shown: the one that was chosen, else the newest; the coming one where there is none yet, or
    where the run waits and has been changed since the newest."""
    newest, chosen = workbench.newest_update(), visit.visit()["update"]
    if chosen is not None and chosen <= newest:
        return max(1, int(chosen))
    total = workbench.planned_updates() or newest + 1
    coming = newest == 0 or (workbench.state() == "paused" and workbench.changed_since(newest))
    return min(newest + 1, total) if coming else newest


def _named(update: int) -> str:
    """The number of the update; one that has not been trained is said to be the next."""
    return str(update) if update <= workbench.newest_update() else _("{n}, the next (preview)").format(n=update)


def heatmap(masks: Masks, colours: Theme) -> None:
    """The mask of one site and layer, units × time, for the sample and update that are shown."""
    with st.container(key="masks"):
        _heatmap(masks, colours)


def _heatmap(masks: Masks, colours: Theme) -> None:
    update = shown_update()
    experiment = workbench.at(update)
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
    site, layer, gate = chosen = _chosen_mask(active)
    _choose(active, chosen)
    mask = select_units(masks[make_mask_key(site, layer, gate)])
    sample, size = _look(experiment).sample, (experiment.steps, mask.shape[2])
    title = _("{place} · sample {sample} · update {update}").format(
        place=_place((site, layer, gate)), sample=sample + 1, update=_named(update)
    )
    old = SITES[site].kind == "zoneout"
    figure = plot_mask_heatmap(mask, sample, size, colours, title, old=old)
    said = describe_mask(mask, sample, size, _place((site, layer, gate)), old)
    live_chart(figure, "heatmap", said, figure["layout"]["height"], tools=True)


def _chosen_mask(active: list[tuple[str, int, str]]) -> tuple[str, int, str]:
    """Return the mask that was opened, or the first where that is not there now."""
    opened = tuple(visit.visit()["mask"] or ())
    return next((mask for mask in active if mask == opened), active[0])


def _choose(active: list[tuple[str, int, str]], chosen: tuple[str, int, str]) -> None:
    # Two widgets with a key of their own: one key would lose its value where the other takes over.
    named: dict[str, Any] = {
        "value": chosen,
        "tell": _open_mask,
        "format_func": _place,
        "label_visibility": "collapsed",
    }
    if len(active) > MANY:
        choice(st.selectbox, _("Site and layer"), active, key="mask-of-many", **named)
    else:
        choice(st.segmented_control, _("Site and layer"), active, key="mask-of-few", required=True, **named)


def _open_mask(mask: tuple[str, int, str]) -> None:
    visit.visit()["mask"] = list(mask)


def _place(mask: tuple[str, int, str]) -> str:
    site, layer, gate = mask
    if site == "between":
        place = _("between layers {below} and {above}").format(below=layer - 1, above=layer)
    elif site in ("words", "input", "output"):
        place = _(SITES[site].label)
    else:
        place = _("{site}, layer {layer}").format(site=_(SITES[site].label), layer=layer)
    place = _("{place}, into unit 1").format(place=place) if SITES[site].kind == "weights" else place
    return f"{place}, {gate}" if gate else place


def _words(experiment: Experiment, update: int, sample: int) -> tuple[list[str], list[str | None], list[str | None]]:
    """The texts of x_t, of what was predicted and of what is right, for every step."""
    data, batch = load_data(experiment), batch_at(experiment, update)
    inputs, right = data.describe_sample(batch, sample)
    run = visit.visit()["run"]
    classes = predictions_at(run["events"], update, sample) if run else None
    return inputs, data.describe_answers(classes or [None] * len(inputs), batch.x[:, sample]), right


def _scene(experiment: Experiment, update: int, view: View, masks: Masks) -> Scene:
    inputs, guesses, right = _words(experiment, update, view.sample)
    return Scene(
        experiment.placement.resolve_schedules(update),
        experiment.shape,
        masks,
        view.sample,
        view.start,
        COUNT,
        inputs,
        guesses,
        right,
        view.climbs,
        view.through,
    )


def _sentence(experiment: Experiment, scene: Scene, update: int, view: View) -> None:
    climbs, through, layers = view.climbs, view.through, experiment.layers
    now, distance = experiment.placement.resolve_schedules(update), climbs[-1] - climbs[0]
    path = list_crossings(now, layers, climbs, through, experiment.cell)
    counts = count_corruption(now, layers, distance, experiment.cell)
    word = plain(scene.inputs[climbs[0]])
    with st.container(key="count"):
        st.markdown(
            format_count_sentence(word, distance, len(path), derive_formula(path, layers, distance, through)), help=_symbols()
        )
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="route"):
            st.caption(explain_count(path, layers, counts, experiment.cell))
            with st.container(key="routes", width="content"):
                _switch(experiment.cell, through)


def _switch(cell: str, through: str) -> None:
    if len(list_routes(cell)) > 1:
        choice(
            st.segmented_control,
            _("Route along time"),
            list(list_routes(cell)),
            key="through",
            value=through,
            tell=_route,
            required=True,
            label_visibility="collapsed",
            format_func=lambda route: _route_label(route, cell),
        )


def _symbols() -> str:
    return _(
        "L is the number of layers, Δ the number of steps between the word and the prediction. "
        "The path runs through the barcodes that are numbered; each multiplies what it carries by a mask."
    )


def _route_label(route: str, cell: str) -> str:
    if route == "state":
        return _("through the state")
    return name_cell_route(cell)


def _route(through: str) -> None:
    visit.look(replace(visit.view(), through=through))


def _look(experiment: Experiment) -> View:
    return visit.view().fitted(experiment, RECORDED_SAMPLES, partial(nearest_target_step, experiment, shown_update()))


def _follow(did: dict[str, Any]) -> None:
    """Does what was asked for on the figure."""
    experiment = workbench.at(shown_update())
    view = _look(experiment)
    if "source" in did:
        visit.look(view.with_source(int(did["source"])))
    elif "target" in did:
        visit.look(view.with_target(int(did["target"])))
    elif "climb" in did:
        visit.look(view.with_climb(int(did["climb"]), int(did["t"])))
    elif "site" in did:
        visit.visit()["mask"] = _first_gate(experiment, did["site"], int(did["layer"]))


def _first_gate(experiment: Experiment, site: str, layer: int) -> tuple[str, int, str]:
    dropout = experiment.placement.get(site)
    return site, layer, "g" if dropout is not None and dropout.is_fresh("gates") else ""


def _scrub(experiment: Experiment, update: int, view: View) -> None:
    newest = max(workbench.newest_update(), update)
    coming = newest > workbench.newest_update()
    with st.container(horizontal=True, gap="medium", key="scrub"):
        scrubber(
            _("Update"),
            (1, newest),
            update,
            "scrub-update",
            _to_update,
            newest=_("preview") if coming else _("newest"),
            jumps={} if update == newest else {_("to the newest"): newest},
        )
        scrubber(
            _("First step"),
            (0, max(0, experiment.steps - COUNT)),
            view.start,
            "scrub-first",
            _to_step,
            jumps=_ends_out_of_sight(view, experiment.steps),
        )
        samples = (1, min(experiment.batch, RECORDED_SAMPLES))
        scrubber(_("Sample"), samples, view.sample + 1, "scrub-sample", _to_sample)


def _ends_out_of_sight(view: View, steps: int) -> dict[str, int]:
    """Where the window would show an end of the path that it does not show now."""
    ends = ((_("to the word"), view.climbs[0]), (_("to the prediction"), view.climbs[-1]))
    return {name: first_that_shows(t, view.start, steps) for name, t in ends if not view.start <= t < view.start + COUNT}


def _to_update(chosen: int | None) -> None:
    visit.visit()["update"] = chosen


def _to_step(chosen: int | None) -> None:
    visit.look(replace(visit.view(), first=chosen or 0))


def _to_sample(chosen: int | None) -> None:
    visit.look(replace(visit.view(), sample=(chosen or 1) - 1))
