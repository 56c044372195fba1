"""The network with the path through it: chosen by clicking a word and a prediction, counted in a sentence."""

from dataclasses import replace
from typing import Any

import streamlit as st

from core.analysis.path_counts import CorruptionCounts, count_corruption, count_gate_routes, list_crossings, list_routes
from core.dropout.masks import expand_word_masks
from core.experiment.batches import batch_at, draw_update_masks, load_data
from core.experiment.experiment import Experiment
from core.figures.network import Scene, render_network
from core.figures.path_count_charts import format_count_equation
from core.figures.path_sentence import describe_gate_routes, explain_count, format_count_sentence
from core.figures.theme import Theme
from core.i18n import _
from pages.common import visit
from pages.common.escape import plain
from pages.common.network import network_view
from pages.common.path_view import COUNT, View, first_that_shows
from pages.common.update_slider import scrubber
from pages.common.widgets import choice, controlled
from pages.learn import path_state


def show(colours: Theme) -> None:
    """The sentence, the routes, the network, the distance."""
    experiment, view = path_state.shown(), path_state.view()
    scene = _scene(experiment, view, path_state.gates())
    with st.container(key="count"):
        _sentence(experiment, view, scene)
    network_view(render_network(scene, colours, "path-network"), "path-network", _follow, experiment.placement.is_zoneout)
    if set(view.climbs[1:-1]) & set(scene.steps):
        st.caption(_("Drag the h between two arrows to the step at which the path is to climb to the layer above."))
    _scrub(experiment, view)


def _scene(experiment: Experiment, view: View, gates: bool) -> Scene:
    data, batch = load_data(experiment), batch_at(experiment, path_state.UPDATE)
    inputs, right = data.describe_sample(batch, view.sample)
    masks = expand_word_masks(draw_update_masks(experiment, path_state.UPDATE), batch.x)
    return Scene(
        experiment.placement,
        experiment.shape,
        masks,
        view.sample,
        view.start,
        COUNT,
        inputs,
        [None] * len(inputs),
        right,
        view.climbs,
        view.through,
        gates,
    )


def _sentence(experiment: Experiment, view: View, scene: Scene) -> None:
    layers, distance = experiment.layers, view.climbs[-1] - view.climbs[0]
    path = list_crossings(experiment.placement, layers, view.climbs, view.through, experiment.cell)
    counts = count_corruption(experiment.placement, layers, distance, experiment.cell)
    word = plain(scene.inputs[view.climbs[0]])
    said = format_count_equation(path, layers, distance, view.through)
    st.markdown(
        format_count_sentence(word, distance, len(path), "")
        + (f"\u2003:orange[**{said}**]" if said else "")
        + _spared(experiment, view, len(path))
    )
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="route"):
        st.caption(explain_count(path, layers, counts, experiment.cell))
        _routes(experiment, view, counts)
    _gates(experiment, distance)


def _spared(experiment: Experiment, view: View, met: int) -> str:
    """A line on the masks that this path goes round, where it does: else a click on “the way up and h” would change nothing."""
    cell = experiment.cell
    if view.through != "cell":
        return ""
    state = list_crossings(experiment.placement, experiment.layers, view.climbs, "state", cell)
    if len(state) <= met or "state" not in {mask.site for mask in state}:
        return ""
    return "  \n" + _("{here}; {there}: **{n}**, so masking h spares what {carry} remembers.").format(
        here=_way("cell", cell), there=_way("state", cell), n=len(state), carry=path_state.carry()
    )


def _gates(experiment: Experiment, distance: int) -> None:
    """The switch of the routes through gates, and what they meet."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="gates"):
        controlled(
            st.toggle,
            _("Routes through gates"),
            key="path-gates",
            value=bool(path_state.page().get("gates")),
            tell=lambda on: path_state.page().update(gates=on),
            disabled=len(list_routes(experiment.cell)) < 2,
            width="content",
        )
        # Not behind the switch's own question mark: a click on that would switch.
        st.caption(
            _(
                "What is read also sets the gates: how much passes, not what is remembered. Such routes carry no "
                "content: they are counted apart."
            )
        )
    if path_state.gates():
        st.caption(describe_gate_routes(count_gate_routes(experiment.placement, experiment.layers, distance, experiment.cell)))


def _routes(experiment: Experiment, view: View, counts: CorruptionCounts) -> None:
    """Each route with its count, so that what a mask on h or c costs is seen without trying them all."""
    placement, layers, cell = experiment.placement, experiment.layers, experiment.cell
    met = {way: len(list_crossings(placement, layers, view.climbs, way, cell)) for way in list_routes(cell)}
    met |= {"least": counts.least, "most": counts.most}
    choice(
        st.segmented_control,
        _("Route along time"),
        list(met),
        key="path-route",
        value=path_state.page()["pick"] or path_state.view().through,
        tell=_route,
        required=True,
        label_visibility="collapsed",
        format_func=lambda way: _("{route}: {n}").format(route=_way(way, cell), n=met[way]),
    )


def _way(way: str, cell: str) -> str:
    carry = _("through the cell c") if cell == "lstm" else _("through the carry")
    names = {"cell": carry, "state": _("through the state h"), "least": _("least corrupted"), "most": _("most corrupted")}
    return names[way]


def _route(way: str) -> None:
    if way in path_state.PICKS:
        path_state.look(visit.view(), way)
    else:
        path_state.look(replace(visit.view(), through=way), "")


def _follow(did: dict[str, Any]) -> None:
    """Does what was asked for on the figure. A path whose climbs are moved is no longer the least or most corrupted one."""
    view = path_state.view()
    if "source" in did:
        path_state.look(view.with_source(int(did["source"])))
    elif "target" in did:
        path_state.look(view.with_target(int(did["target"])))
    elif "climb" in did:
        path_state.look(view.with_climb(int(did["climb"]), int(did["t"])), "")


def _scrub(experiment: Experiment, view: View) -> None:
    source, target = view.climbs[0], view.climbs[-1]
    with st.container(horizontal=True, gap="medium", key="scrub"):
        scrubber(_("Distance Δ"), (0, experiment.steps - 1 - source), target - source, "path-distance", to_distance)
        scrubber(
            _("First step"),
            (0, max(0, experiment.steps - COUNT)),
            view.start,
            "path-first-step",
            _to_step,
            jumps=_ends_out_of_sight(view, experiment.steps),
        )


def to_distance(distance: int | None) -> None:
    """Moves the target so many steps behind the source, and the window with it."""
    view = path_state.view()
    target = min(view.climbs[0] + (distance or 0), path_state.experiment().steps - 1)
    moved = view.with_target(max(target, view.climbs[0]))
    path_state.look(replace(moved, first=first_that_shows(target, view.start, path_state.experiment().steps)))


def _ends_out_of_sight(view: View, steps: int) -> dict[str, int | None]:
    """Where the window would show an end of the path; None where it shows it now. None at all where it shows every step."""
    if steps <= COUNT:
        return {}
    ends = {_("to the word"): view.climbs[0], _("to the prediction"): view.climbs[-1]}
    within = range(view.start, view.start + COUNT)
    return {name: None if t in within else first_that_shows(t, view.start, steps) for name, t in ends.items()}


def _to_step(chosen: int | None) -> None:
    path_state.look(replace(visit.view(), first=chosen or 0))
