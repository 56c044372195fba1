"""The network of the path page: the figure with its path, the sentence with the count, the routes."""

from dataclasses import replace
from typing import Any

import streamlit as st

from core.analysis.path_counts import CorruptionCounts, count_corruption, count_gate_routes, list_crossings, list_routes
from core.errors import Invalid
from core.experiment.experiment import Experiment
from core.figures.network import Scene
from core.figures.path_count_charts import format_count_equation
from core.figures.path_sentence import describe_gate_routes, explain_count, format_count_sentence
from core.figures.theme import Theme
from core.i18n import _
from pages.common import visit
from pages.common.escape import escape_markdown
from pages.common.path_figure import build_scene, draw_first_step_slider, draw_path_figure, draw_route_choice, move_path
from pages.common.path_view import PathView, find_first_step
from pages.common.update_slider import draw_slider
from pages.common.widgets import draw_widget
from pages.learn import path_state


def draw_network(colors: Theme) -> None:
    """Draw the sentence on the path, the routes, the network and its sliders."""
    experiment, view = path_state.get_full_rate_experiment(), path_state.get_view()
    try:
        scene = build_scene(experiment, path_state.UPDATE, view, gates=path_state.has_visible_gate_routes())
    except Invalid as invalid:
        st.warning(escape_markdown(invalid))
        return
    with st.container(key="count"):
        _draw_sentence(experiment, view, scene)
    draw_path_figure(scene, colors, "path-network", _apply_action)
    if set(view.climbs[1:-1]) & set(scene.steps):
        st.caption(_("Drag the h between two arrows to the step at which the path is to climb to the layer above."))
    source, target = view.climbs[0], view.climbs[-1]
    with st.container(horizontal=True, gap="medium", key="scrub"):
        draw_slider(_("Distance Δ"), (0, experiment.steps - 1 - source), target - source, "path-distance", set_distance)
        draw_first_step_slider(view, experiment.steps, "path-first-step", reserve_buttons=True)


def _draw_sentence(experiment: Experiment, view: PathView, scene: Scene) -> None:
    layers, distance = experiment.layers, view.climbs[-1] - view.climbs[0]
    path = list_crossings(experiment.placement, layers, view.climbs, view.through, experiment.cell)
    counts = count_corruption(experiment.placement, layers, distance, experiment.cell)
    word = escape_markdown(scene.inputs[view.climbs[0]])
    equation = format_count_equation(path, layers, distance, view.through)
    st.markdown(
        format_count_sentence(word, distance, len(path), "")
        + (f"\u2003:orange[**{equation}**]" if equation else "")
        + _describe_spared_masks(experiment, view, len(path))
    )
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="route"):
        st.caption(explain_count(path, layers, counts, experiment.cell))
        _draw_routes(experiment, view, counts)
    _draw_gate_switch(experiment, distance)


def _describe_spared_masks(experiment: Experiment, view: PathView, met: int) -> str:
    """Return a line that compares with the route through h, if that route crosses more masks; else ""."""
    cell = experiment.cell
    if view.through != "cell":
        return ""
    state = list_crossings(experiment.placement, experiment.layers, view.climbs, "state", cell)
    sites = {mask.site for mask in state}
    if len(state) <= met or "state" not in sites or "whole_state" in sites:
        return ""
    return "  \n" + _("{here}; {there}: **{n}**, so masking h spares what {carry} remembers.").format(
        here=_name_route("cell", cell), there=_name_route("state", cell), n=len(state), carry=path_state.name_carry()
    )


def _draw_gate_switch(experiment: Experiment, distance: int) -> None:
    """Draw the switch of the routes through gates, and their counts."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="gates"):
        draw_widget(
            st.toggle,
            _("Routes through gates"),
            key="path-gates",
            value=bool(path_state.get_page().get("gates")),
            tell=lambda on: path_state.get_page().update(gates=on),
            disabled=len(list_routes(experiment.cell)) < 2,
            width="content",
        )
        # Not a help text of the switch: a click on its question mark would switch.
        st.caption(
            _(
                "What is read also sets the gates: how much passes, not what is remembered. Such routes carry no "
                "content: they are counted apart."
            )
        )
    if path_state.has_visible_gate_routes():
        st.caption(describe_gate_routes(count_gate_routes(experiment.placement, experiment.layers, distance, experiment.cell)))


def _draw_routes(experiment: Experiment, view: PathView, counts: CorruptionCounts) -> None:
    """Draw the choice of the route, each with its number of masks."""
    placement, layers, cell = experiment.placement, experiment.layers, experiment.cell
    met = {way: len(list_crossings(placement, layers, view.climbs, way, cell)) for way in list_routes(cell)}
    met |= {"least": counts.least, "most": counts.most}
    labels = {route: _("{route}: {n}").format(route=_name_route(route, cell), n=n) for route, n in met.items()}
    draw_route_choice(labels, path_state.get_page()["pick"] or path_state.get_view().through, "path-route", _set_route)


def _name_route(way: str, cell: str) -> str:
    carry = _("through the cell c") if cell == "lstm" else _("through the carry")
    names = {"cell": carry, "state": _("through the state h"), "least": _("least corrupted"), "most": _("most corrupted")}
    return names[way]


def _set_route(route: str) -> None:
    if route in path_state.PICKS:
        path_state.set_view(visit.get_view(), route)
    else:
        path_state.set_view(replace(visit.get_view(), through=route), "")


def _apply_action(action: dict[str, Any]) -> None:
    """Change the path as the visitor asked on the figure; with a moved climb it is no longer the least or most corrupted."""
    if moved := move_path(path_state.get_view(), action):
        path_state.set_view(moved, "" if "climb" in action else None)


def set_distance(distance: int | None) -> None:
    """Move the target to that many steps after the source, and the window with it."""
    view = path_state.get_view()
    target = min(view.climbs[0] + (distance or 0), visit.get_experiment().steps - 1)
    moved = view.with_target(max(target, view.climbs[0]))
    path_state.set_view(replace(moved, first=find_first_step(target, view.start, visit.get_experiment().steps)))
