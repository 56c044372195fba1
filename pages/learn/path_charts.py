"""What is counted of all paths: their histogram, how the counts grow with the distance, and a table of all methods."""

from collections.abc import Mapping

import streamlit as st

from core.analysis.path_counts import count_corruption, count_gate_routes, list_routes
from core.analysis.path_stats import (
    EvenRoute,
    MethodRow,
    compute_method_rows,
    count_along_route,
    list_methods_of_cell,
    remove_schedules,
)
from core.dropout.methods import METHODS
from core.dropout.placement import Placement
from core.experiment.experiment import Experiment
from core.figures import path_count_charts as figures
from core.figures.number_format import format_percent, format_product
from core.figures.path_count_charts import CountGrowth
from core.figures.path_sentence import name_cell_route
from core.figures.theme import Theme
from core.i18n import _
from pages.common.escape import plain
from pages.common.live_chart import live_chart
from pages.common.widgets import controlled
from pages.learn import path_state
from pages.learn.path_network import to_distance

BARS, GATES, LINES = 178, 160, 240  # pixels


def spread(colours: Theme) -> None:
    """How many of all paths cross how many masks; those through gates apart, where they are asked for."""
    experiment, distance = path_state.shown(), _distance()
    where = (experiment.placement, experiment.layers, distance, experiment.cell)
    counts = count_corruption(*where).histogram
    st.markdown(f"## {_('Content paths between the two: {n}').format(n=f'{sum(counts):,}')}")
    live_chart(
        figures.plot_path_histogram(counts, colours, BARS), "path-histogram", figures.describe_path_histogram(counts), BARS
    )
    if path_state.gates():
        apart = count_gate_routes(*where)
        st.caption(_("Routes through at least one gate, counted apart: {n}").format(n=f"{sum(apart):,}"))
        live_chart(
            figures.plot_path_histogram(apart, colours, GATES),
            "path-gates-chart",
            figures.describe_path_histogram(apart),
            GATES,
        )


def growth(colours: Theme) -> None:
    """How the counts grow with the distance, of a few methods. Clicking at a distance goes there."""
    experiment, distance = path_state.shown(), _distance()
    lines = [_growth(name, placement, experiment) for name, placement in _compared(experiment).items()]
    st.markdown(f"## {_('Farther away, which counts grow?')}")
    clicked = live_chart(
        figures.plot_count_growth(lines, distance, colours, LINES),
        "path-growth",
        figures.describe_count_growth(lines, distance),
        LINES,
    )
    _choose_beside(experiment)
    if clicked and round(clicked["x"]) != distance:
        to_distance(round(clicked["x"]))
        st.rerun()


def table() -> None:
    """The chosen method and those beside it over this distance; all of them at a click."""
    experiment, distance = path_state.shown(), _distance()
    st.markdown(f"## {_('The methods at L = {layers}, Δ = {distance}').format(layers=experiment.layers, distance=distance)}")
    own = path_state.experiment().method
    where, names = (experiment.layers, distance, experiment.steps - 1, experiment.cell), list_methods_of_cell(experiment.cell)
    first = [name for name in dict.fromkeys([own, *path_state.page()["beside"]]) if name in names]
    with st.container(key="path-table"):
        st.markdown(_table(compute_method_rows(*where, first), experiment.cell, own))
        st.caption(
            _(
                "The masks that a path meets: at least and at most, and on each way along time; how many of "
                "them are different arrays; and the probability that all of them keep a unit: the product of $k = 1 - p$ "
                "over the different arrays, with the usual rates $p$ of the method, such as 0.5³·0.75⁷ for three masks "
                "that keep a half and seven that keep three quarters. An array that is met again drops nothing new. In "
                "the formulas H is how many of the Δ steps the path takes through the state."
            )
        )
        # Counted only where it is looked at: it is most of what a first visit would wait for.
        every = st.expander(_("All {n} methods").format(n=len(names)), key="path-all", on_change="rerun")
        if every.open:
            every.markdown(_table(compute_method_rows(*where), experiment.cell, own))


def _table(found: Mapping[str, MethodRow], cell: str, own: str | None) -> str:
    ways = {"cell": name_cell_route(cell), "state": _("through the state")}
    routes = [ways[way] for way in list_routes(cell)]
    head = [
        _("method"),
        _("formula"),
        _("min"),
        _("max"),
        *routes,
        _("different arrays"),
        *[_("kept by all, {route}").format(route=route) for route in routes],
    ]
    lines = [_cells(head), _cells(["---", "---", *["---:"] * (len(head) - 2)])]
    return "\n".join(lines + [_cells(_row(name, row, cell, name == own)) for name, row in found.items()])


def _distance() -> int:
    climbs = path_state.view().climbs
    return climbs[-1] - climbs[0]


def _compared(experiment: Experiment) -> dict[str | None, Placement]:
    """By their names, the placements that are compared: the one that is chosen first, None where it is no method."""
    own = experiment.method
    beside = [name for name in path_state.page()["beside"] if experiment.cell in METHODS[name].cells]
    return {own: experiment.placement} | {
        name: remove_schedules(METHODS[name].build_placement(cell=experiment.cell)) for name in beside if name != own
    }


def _growth(name: str | None, placement: Placement, experiment: Experiment) -> CountGrowth:
    def counts(through: str) -> tuple[int, ...]:
        if through not in list_routes(experiment.cell):
            return ()
        return count_along_route(placement, experiment.layers, experiment.steps - 1, experiment.cell, through)

    label = _(METHODS[name].label) if name else _("Your own placement")
    return CountGrowth(label, counts("cell"), counts("state"), path_state.hue(name), path_state.carry())


def _choose_beside(experiment: Experiment) -> None:
    names = [name for name, row in METHODS.items() if experiment.cell in row.cells]
    controlled(
        st.multiselect,
        _("Compared with"),
        names,
        key="path-beside",
        value=[name for name in path_state.page()["beside"] if name in names],
        tell=lambda chosen: path_state.page().update(beside=tuple(chosen)[: path_state.MOST_BESIDE]),
        max_selections=path_state.MOST_BESIDE,
        format_func=lambda name: _(METHODS[name].label),
    )


def _row(name: str, row: MethodRow, cell: str, chosen: bool) -> list[str]:
    method, reach = METHODS[name], row.counts
    formula = method.count_for.get(cell, method.count)
    routes = [getattr(row, way) for way in list_routes(cell)]
    cells = [
        plain(_(method.label)),
        formula,
        reach.least,
        reach.most,
        *map(_count, routes),
        reach.distinct,
        *map(_kept, routes),
    ]
    return [f"**{text}**" if chosen else str(text) for text in cells]


def _count(route: EvenRoute | None) -> str:
    return "–" if route is None else str(route.count)


def _kept(route: EvenRoute | None) -> str:
    if route is None:
        return "–"
    return " = ".join(filter(None, [format_product(route.keep_factors), format_percent(route.survival)]))


def _cells(texts: list[str]) -> str:
    return f"| {' | '.join(texts)} |"
