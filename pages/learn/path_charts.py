"""The charts and the table of the path page: counts of all paths, counts by distance, counts by method."""

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
from core.figures.method_colors import get_color_index
from core.figures.number_format import format_percent, format_product
from core.figures.path_count_charts import CountGrowth
from core.figures.path_sentence import name_cell_route
from core.figures.theme import Theme
from core.i18n import _
from pages.common import visit
from pages.common.escape import escape_markdown
from pages.common.live_chart import draw_live_chart
from pages.common.widgets import draw_widget
from pages.learn import path_state
from pages.learn.path_network import set_distance

HISTOGRAM_HEIGHT, GATE_HISTOGRAM_HEIGHT, GROWTH_HEIGHT = 178, 160, 240  # pixels


def draw_path_histogram(colors: Theme) -> None:
    """Draw the histogram of all content paths by the masks they cross; below it, if shown, that of routes through gates."""
    experiment, distance = path_state.get_full_rate_experiment(), _get_distance()
    where = (experiment.placement, experiment.layers, distance, experiment.cell)
    counts = count_corruption(*where).histogram
    st.markdown(f"## {_('Content paths between the two: {n}').format(n=f'{sum(counts):,}')}")
    draw_live_chart(
        figures.plot_path_histogram(counts, colors, HISTOGRAM_HEIGHT),
        "path-histogram",
        figures.describe_path_histogram(counts),
        HISTOGRAM_HEIGHT,
    )
    if path_state.has_visible_gate_routes():
        gate_counts = count_gate_routes(*where)
        st.caption(_("Routes through at least one gate, counted apart: {n}").format(n=f"{sum(gate_counts):,}"))
        draw_live_chart(
            figures.plot_path_histogram(gate_counts, colors, GATE_HISTOGRAM_HEIGHT),
            "path-gates-chart",
            figures.describe_path_histogram(gate_counts),
            GATE_HISTOGRAM_HEIGHT,
        )


def draw_count_growth(colors: Theme) -> None:
    """Draw how the counts of a few methods grow with the distance. A click at a distance selects it."""
    experiment, distance = path_state.get_full_rate_experiment(), _get_distance()
    lines = [_build_growth(name, placement, experiment) for name, placement in _list_compared_placements(experiment).items()]
    st.markdown(f"## {_('Farther away, which counts grow?')}")
    clicked = draw_live_chart(
        figures.plot_count_growth(lines, distance, colors, GROWTH_HEIGHT),
        "path-growth",
        figures.describe_count_growth(lines, distance),
        GROWTH_HEIGHT,
    )
    _draw_comparison_choice(experiment)
    if clicked and round(clicked["x"]) != distance:
        set_distance(round(clicked["x"]))
        st.rerun()


def draw_method_table() -> None:
    """Draw the table of the method and those it is compared with; all methods in an expander."""
    experiment, distance = path_state.get_full_rate_experiment(), _get_distance()
    st.markdown(f"## {_('The methods at L = {layers}, Δ = {distance}').format(layers=experiment.layers, distance=distance)}")
    method = visit.get_experiment().method
    where, names = (experiment.layers, distance, experiment.steps - 1, experiment.cell), list_methods_of_cell(experiment.cell)
    first = [name for name in dict.fromkeys([method, *path_state.get_page()["beside"]]) if name in names]
    with st.container(key="path-table"):
        st.markdown(_format_table(compute_method_rows(*where, first), experiment.cell, method))
        st.caption(
            _(
                "The masks that a path meets: at least and at most, and on each way along time; how many of "
                "them are different arrays; and the probability that all of them keep a unit: the product of $k = 1 - p$ "
                "over the different arrays, with the usual rates $p$ of the method, such as 0.5³·0.75⁷ for three masks "
                "that keep a half and seven that keep three quarters. An array that is met again drops nothing new. In "
                "the formulas H is not the number of units, but how many of the Δ steps the path takes through the state."
            )
        )
        # Computed only when opened: otherwise it is most of the time of a first visit.
        expander = st.expander(_("All {n} methods").format(n=len(names)), key="path-all", on_change="rerun")
        if expander.open:
            expander.markdown(_format_table(compute_method_rows(*where), experiment.cell, method))


def _format_table(rows: Mapping[str, MethodRow], cell: str, method: str | None) -> str:
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
    lines = [_format_line(head), _format_line(["---", "---", *["---:"] * (len(head) - 2)])]
    return "\n".join(lines + [_format_line(_format_row(name, row, cell, name == method)) for name, row in rows.items()])


def _get_distance() -> int:
    climbs = path_state.get_view().climbs
    return climbs[-1] - climbs[0]


def _list_compared_placements(experiment: Experiment) -> dict[str | None, Placement]:
    """Return the compared placements by method; that of the experiment first, under None if it is no method."""
    method = experiment.method
    compared = [name for name in path_state.get_page()["beside"] if experiment.cell in METHODS[name].cells]
    return {method: experiment.placement} | {
        name: remove_schedules(METHODS[name].build_placement(cell=experiment.cell)) for name in compared if name != method
    }


def _build_growth(name: str | None, placement: Placement, experiment: Experiment) -> CountGrowth:
    def counts(through: str) -> tuple[int, ...]:
        if through not in list_routes(experiment.cell):
            return ()
        return count_along_route(placement, experiment.layers, experiment.steps - 1, experiment.cell, through)

    label = _(METHODS[name].label) if name else _("Your own placement")
    return CountGrowth(label, counts("cell"), counts("state"), get_color_index(name), path_state.name_carry())


def _draw_comparison_choice(experiment: Experiment) -> None:
    names = [name for name, row in METHODS.items() if experiment.cell in row.cells]
    draw_widget(
        st.multiselect,
        _("Compared with"),
        names,
        key="path-beside",
        value=[name for name in path_state.get_page()["beside"] if name in names],
        tell=lambda chosen: path_state.get_page().update(beside=tuple(chosen)[: path_state.MAX_COMPARED]),
        max_selections=path_state.MAX_COMPARED,
        format_func=lambda name: _(METHODS[name].label),
    )


def _format_row(name: str, row: MethodRow, cell: str, chosen: bool) -> list[str]:
    method, counts = METHODS[name], row.counts
    formula = method.count_for.get(cell, method.count)
    routes = [getattr(row, way) for way in list_routes(cell)]
    cells = [
        escape_markdown(_(method.label)),
        formula,
        counts.least,
        counts.most,
        *map(_format_count, routes),
        counts.distinct,
        *map(_format_survival, routes),
    ]
    return [f"**{text}**" if chosen else str(text) for text in cells]


def _format_count(route: EvenRoute | None) -> str:
    return "–" if route is None else str(route.count)


def _format_survival(route: EvenRoute | None) -> str:
    if route is None:
        return "–"
    return " = ".join(filter(None, [format_product(route.keep_factors), format_percent(route.survival)]))


def _format_line(texts: list[str]) -> str:
    return f"| {' | '.join(texts)} |"
