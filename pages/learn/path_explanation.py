"""The explanation of the count on the path page: the paper's claim with the numbers of this case, and its equations."""

import streamlit as st

from core.analysis.path_counts import list_routes
from core.analysis.path_stats import count_along_route, count_by_distance, describe_even_route
from core.dropout.methods import METHODS
from core.dropout.placement import Placement
from core.experiment.experiment import Experiment
from core.figures.number_format import format_percent, format_product
from core.i18n import _
from pages.common import visit
from pages.common.escape import escape_markdown
from pages.learn import path_state

FAR_DISTANCE = 100  # steps
# One LSTM step with the paper's masks: D is the mask, on the input from below and on the output of the top layer.
LSTM_GATES = (
    r"\begin{pmatrix} i \\ f \\ o \\ g \end{pmatrix} = \begin{pmatrix} \sigma \\ \sigma \\ \sigma \\ \tanh \end{pmatrix}"
    r"\left( W^l\, {\color{COLOUR} D}(h_t^{l-1}) + U^l\, h_{t-1}^l + b^l \right)"
)
LSTM_STATES = (  # line by line, so that a phone shows it whole
    r"\begin{aligned} c_t^l &= f \odot c_{t-1}^l + i \odot g \qquad & h_t^l &= o \odot \tanh(c_t^l) \\"
    r" h_t^0 &= x_t & y_t &= W_y\, {\color{COLOUR} D}(h_t^L) \end{aligned}"
)
_ENDS = r"h_t^0 &= x_t \qquad y_t = W_y\, {\color{COLOUR} D}(h_t^L) \end{aligned}"
_BELOW = r"W^l\, {\color{COLOUR} D}(h_t^{l-1})"
_PLAIN = r"\begin{aligned} h_t^l &= SQUASH\left( " + _BELOW + r" + U^l\, h_{t-1}^l + b^l \right) \\ " + _ENDS
STEP_EQUATIONS = {  # the equations of one step, by cell
    "lstm": (LSTM_GATES, LSTM_STATES),
    "gru": (
        r"\begin{aligned} a &= " + _BELOW + r" \qquad u = U^l\, h_{t-1}^l + b^l \\ r, z &= \sigma(a + u) \qquad "
        r"g = \tanh(a + r \odot u) \\ h_t^l &= (1 - z) \odot g + z \odot h_{t-1}^l \\ " + _ENDS,
    ),
    "rnn": (_PLAIN.replace("SQUASH", r"\tanh"),),
    "rnn-logistic": (_PLAIN.replace("SQUASH", r"\sigma"),),
}


def draw_explanation(color: str) -> None:
    """Draw the statement at the left, the equations at the right."""
    st.markdown(f"## {_('Why L + 1, and what changes when h or c is masked')}")
    with st.container(key="path-paper"):
        words, equations = st.columns([1.15, 1], gap="medium")
        with words:
            _draw_statement()
        with equations:
            cell = visit.get_experiment().cell
            st.caption(_describe_step(cell))
            for equation in STEP_EQUATIONS[cell]:
                st.latex(equation.replace("COLOUR", color))
        _draw_method_equation()


def _describe_step(cell: str) -> str:
    if cell == "lstm":
        return _(
            "One step of layer l of the paper's LSTM. D is a fresh mask, at two places only: on what comes from below, "
            "and on what the top layer tells. The two ways along time, h and c of the step before, have none."
        )
    if "cell" in list_routes(cell):
        return _(
            "The same masks in layer l of a GRU. D is a fresh mask, at two places only: on what comes from below, and "
            "on what the top layer tells. The two ways along time, h carried on by z and h read by g, have none."
        )
    return _(
        "The same masks in layer l of a plain RNN. D is a fresh mask, at two places only: on what comes from below, and "
        "on what the top layer tells. The only way along time, h of the step before, has none."
    )


def _draw_statement() -> None:
    experiment = path_state.get_full_rate_experiment()
    climbs = path_state.get_view().climbs
    layers, distance, cell = experiment.layers, climbs[-1] - climbs[0], experiment.cell
    papers = count_by_distance(METHODS["zaremba2014"].build_placement(cell=cell), layers, max(distance, FAR_DISTANCE), cell)
    up, far = papers[distance], papers[FAR_DISTANCE]
    st.markdown(
        _(
            "**Zaremba, Sutskever and Vinyals (2014)** mask only the connections that lead upwards: into layer 1, from "
            "layer to layer, and out of the top. Content may stay in a layer for many steps, but it climbs each layer "
            "once. With L = {layers} that is {layers} + 1 = **{n} masks** over these {distance} steps, and over {far} "
            "steps it is {again}."
        ).format(layers=layers, n=up.least, distance=distance, far=FAR_DISTANCE, again=far.most)
    )
    parts = [_describe_counts("naive-state", experiment, distance, _("**Mask h as well**"))]
    if cell in METHODS["naive-cell"].cells:
        parts.append(_describe_counts("naive-cell", experiment, distance, _("**Mask c instead of h**")))
    st.markdown("\n".join(f"- {part}" for part in parts))


def _describe_counts(name: str, experiment: Experiment, distance: int, which: str) -> str:
    """Return how one more mask along time changes the counts over this distance."""
    placement = METHODS[name].build_placement(cell=experiment.cell)
    where = (placement, experiment.layers, experiment.steps - 1, experiment.cell)  # as counted for the table and the lines
    counts = count_by_distance(*where)[distance]
    ways = {way: count_along_route(*where, way)[distance] for way in list_routes(experiment.cell)}
    values = {"which": which, "least": counts.least, "most": counts.most, "state": ways["state"]}
    if "cell" not in ways:
        return _("{which}: there is no other way along time, and every step costs a mask. Here {state}.").format(**values)
    if counts.least == counts.most:
        return _describe_cell_mask(which, placement, experiment, distance)
    return _(
        "{which}: a path through h pays a mask more at every step. Here {state}. A path through {carry} pays nothing: "
        "still {cell}. Memory has a way round the masks."
    ).format(**values, cell=ways["cell"], carry=path_state.name_carry())


def _describe_cell_mask(which: str, placement: Placement, experiment: Experiment, distance: int) -> str:
    """Return how a mask on the cell, without one on the state, changes the counts and the survival of a unit."""
    layers, k = experiment.layers, 1 - placement.get_rate("cell", 1, experiment.layers)
    way = describe_even_route(placement, layers, distance, experiment.cell, "cell")
    counted = _(
        "{which}: now every content path pays at each cell that it visits, on every route along time: once for "
        "each of the Δ steps and once for entering each of the L layers, so Δ + L more than L + 1. Here {up} + "
        "{distance} + {layers} = {n}."
    ).format(which=which, up=layers + 1, distance=distance, layers=layers, n=way.count)
    fades = _(
        "One mask on c keeps a unit with $k = 1 - p$ = {k:g}, so Δ of them keep it with $k^Δ$: after {distance} steps "
        "{fades} of the units are left. All {n} masks keep a unit with {product} = {left}, as the table below says. Many "
        "units together tell more, as is measured further down."
    ).format(
        k=k,
        distance=distance,
        fades=f"{format_product([(k, distance)])} = {format_percent(k**distance)}",
        n=way.count,
        product=format_product(way.keep_factors),
        left=format_percent(way.survival),
    )
    return f"{counted} {fades}"


def _draw_method_equation() -> None:
    name = visit.get_experiment().method
    if name in (None, "zaremba2014") or not METHODS[str(name)].equation:
        return
    st.caption(_("{method}, chosen above, puts its masks here:").format(method=escape_markdown(_(METHODS[str(name)].label))))
    st.latex(METHODS[str(name)].get_equation(visit.get_experiment().cell))
