"""The network and the masks of the update that is shown, the path through them and the sentence that counts."""

from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from core.analysis.path_counts import corruption, crossings, routes_of
from core.dropout.masks import Masks, expand_word_masks, gates_of, mask_key
from core.dropout.sites import SITES
from core.experiment.batches import batch_at, draw_update_masks, load_data, nearest_target_step
from core.experiment.experiment import Experiment
from core.figures.mask_heatmap import describe_mask, mask_heatmap, of_units
from core.figures.network import Scene, network
from core.figures.path_sentence import count_sentence, formula, reason, through_cell
from core.figures.theme import Theme
from core.i18n import _
from core.training.events import SHOWN_SAMPLES, predictions_at
from pages.common.escape import plain
from pages.common.live_chart import live_chart
from pages.common.network import network_view
from pages.common.path_view import COUNT, View, first_that_shows
from pages.common.update_slider import scrubber
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
    network_view(network(scene, colours), "network", _follow, experiment.placement.zones)
    _scrub(experiment, update, view)
    return masks


def shown_update() -> int:
    """The update that is shown: the one that was chosen, else the newest; the coming one where there is none yet, or
    where the run waits and has been changed since the newest."""
    newest, chosen = workbench.now(), workbench.lab()["update"]
    if chosen is not None and chosen <= newest:
        return max(1, int(chosen))
    total = workbench.total() or newest + 1
    coming = newest == 0 or (workbench.state() == "paused" and workbench.changed_since(newest))
    return min(newest + 1, total) if coming else newest


def _named(update: int) -> str:
    """The number of the update; one that has not been trained is said to be the next."""
    return str(update) if update <= workbench.now() else _("{n}, the next (preview)").format(n=update)


def heatmap(masks: Masks, colours: Theme) -> None:
    """The mask of one site and layer, units × time, for the sample and update that are shown."""
    with st.container(key="masks"):
        _heatmap(masks, colours)


def _heatmap(masks: Masks, colours: Theme) -> None:
    update = shown_update()
    experiment = workbench.at(update)
    now = experiment.placement.at(update)
    active = [
        (site.name, layer, gate)
        for site, layer, dropout in now.active(experiment.layers)
        for gate in gates_of(dropout, experiment.cell)
    ]
    st.markdown(f"## {_('Masks over time')}")
    if not active:
        st.caption(_("No site is on: every connection is clean. Switch one on at the left."))
        return
    if st.session_state.get("mask") not in active:
        st.session_state["mask"] = active[0]
    _choose(active)
    site, layer, gate = st.session_state["mask"]
    mask = of_units(masks[mask_key(site, layer, gate)])
    sample, size = _look(experiment).sample, (experiment.steps, mask.shape[2])
    title = _("{place} · sample {sample} · update {update}").format(
        place=_place((site, layer, gate)), sample=sample + 1, update=_named(update)
    )
    old = SITES[site].kind == "old"
    figure = mask_heatmap(mask, sample, size, colours, title, old=old)
    said = describe_mask(mask, sample, size, _place((site, layer, gate)), old)
    live_chart(figure, "heatmap", said, figure["layout"]["height"], tools=True)


def _choose(active: list[tuple[str, int, str]]) -> None:
    # Two widgets with a state of their own: one key would lose its value where the other takes over.
    state, label = st.session_state, _("Site and layer")
    if len(active) > MANY:
        state["mask-of-many"] = state["mask"]
        state["mask"] = st.selectbox(label, active, key="mask-of-many", format_func=_place, label_visibility="collapsed")
    else:
        state["mask-of-few"] = state["mask"]
        state["mask"] = st.segmented_control(
            label, active, key="mask-of-few", format_func=_place, required=True, label_visibility="collapsed"
        )


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
    inputs, right = data.sample_text(batch, sample)
    run = workbench.lab()["run"]
    classes = predictions_at(run["events"], update, sample) if run else None
    return inputs, data.answer_text(classes or [None] * len(inputs), batch.x[:, sample]), right


def _scene(experiment: Experiment, update: int, view: View, masks: Masks) -> Scene:
    inputs, guesses, right = _words(experiment, update, view.sample)
    return Scene(
        experiment.placement.at(update),
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
    now, distance = experiment.placement.at(update), climbs[-1] - climbs[0]
    path = crossings(now, layers, climbs, through, experiment.cell)
    counts = corruption(now, layers, distance, experiment.cell)
    word = plain(scene.inputs[climbs[0]])
    st.session_state["through"] = through
    with st.container(key="count"):
        st.markdown(count_sentence(word, distance, len(path), formula(path, layers, distance, through)), help=_symbols())
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="route"):
            st.caption(reason(path, layers, counts, experiment.cell))
            with st.container(key="routes", width="content"):
                _switch(experiment.cell)


def _switch(cell: str) -> None:
    if len(routes_of(cell)) > 1:
        st.segmented_control(
            _("Route along time"),
            routes_of(cell),
            key="through",
            required=True,
            on_change=_route,
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
    return through_cell(cell)


def _route() -> None:
    workbench.look(replace(workbench.view(), through=st.session_state["through"]))


def _look(experiment: Experiment) -> View:
    return workbench.view().fitted(experiment, SHOWN_SAMPLES, partial(nearest_target_step, experiment, shown_update()))


def _follow(did: dict[str, Any]) -> None:
    """Does what was asked for on the figure."""
    experiment = workbench.at(shown_update())
    view = _look(experiment)
    if "source" in did:
        workbench.look(view.with_source(int(did["source"])))
    elif "target" in did:
        workbench.look(view.with_target(int(did["target"])))
    elif "climb" in did:
        workbench.look(view.with_climb(int(did["climb"]), int(did["t"])))
    elif "site" in did:
        st.session_state["mask"] = _first_gate(experiment, did["site"], int(did["layer"]))


def _first_gate(experiment: Experiment, site: str, layer: int) -> tuple[str, int, str]:
    dropout = experiment.placement.get(site)
    return site, layer, "g" if dropout is not None and dropout.fresh("gates") else ""


def _scrub(experiment: Experiment, update: int, view: View) -> None:
    newest = max(workbench.now(), update)
    coming = newest > workbench.now()
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
        samples = (1, min(experiment.batch, SHOWN_SAMPLES))
        scrubber(_("Sample"), samples, view.sample + 1, "scrub-sample", _to_sample)


def _ends_out_of_sight(view: View, steps: int) -> dict[str, int]:
    """Where the window would show an end of the path that it does not show now."""
    ends = ((_("to the word"), view.climbs[0]), (_("to the prediction"), view.climbs[-1]))
    return {name: first_that_shows(t, view.start, steps) for name, t in ends if not view.start <= t < view.start + COUNT}


def _to_update(chosen: int | None) -> None:
    workbench.lab()["update"] = chosen


def _to_step(chosen: int | None) -> None:
    workbench.look(replace(workbench.view(), first=chosen or 0))


def _to_sample(chosen: int | None) -> None:
    workbench.look(replace(workbench.view(), sample=(chosen or 1) - 1))
