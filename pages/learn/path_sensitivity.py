"""The measured sensitivity: how much of a small input change reaches the output, in an untrained network or a run's."""

import streamlit as st

from core.analysis.sensitivity_request import DRAWS, MAX_UNITS, RESCALED_METHOD, collect_placements, is_small_enough
from core.dropout.methods import METHODS
from core.errors import Invalid
from core.experiment.experiment import Experiment
from core.figures.method_colors import get_color_index
from core.figures.sensitivity_chart import QUANTITIES, describe_sensitivity, plot_sensitivity
from core.figures.sensitivity_summary import classify_trend, describe_trend, explain_trend
from core.figures.theme import get_theme
from core.i18n import _
from core.runs.sensitivity_jobs import SensitivityAnswer, SensitivityJobs, is_outdated
from pages.common import visit
from pages.common.escape import escape_markdown
from pages.common.guard import guarded_fragment
from pages.common.live_chart import draw_live_chart
from pages.common.service import get_owner, get_service
from pages.common.widgets import draw_button
from pages.learn import path_state, path_weights

TICK = 0.5  # seconds
HEIGHT = 330  # pixels


def get_sensitivity_jobs() -> SensitivityJobs:
    """Return the sensitivity jobs of this server."""
    return get_service().measurements


def draw_sensitivity() -> None:
    """Draw the heading and the results; while they are being measured, the drawing is repeated."""
    st.markdown(f"## {_('Measured, not only counted')}")
    path_weights.draw_weights_choice()
    if not path_weights.check_network():
        return
    measurement = get_sensitivity_jobs().get_answer(visit.get_experiment(), path_weights.get_weights_file())
    busy = measurement is not None and measurement.state in ("waiting", "running")
    st.fragment(guarded_fragment(_draw), run_every=TICK if busy else None)(busy)


def _draw(timed: bool) -> None:
    experiment, file = visit.get_experiment(), path_weights.get_weights_file()
    measurement = get_sensitivity_jobs().get_answer(experiment, file)
    st.caption(
        _(
            "A count says how many masks there are, not what they do. Here a small change of xₛ, the word read at step s, "
            "is followed through {model} to yₜ, what is told at step t = s + Δ, over {draws} draws of all masks, and "
            "compared with the same network without masks."
        ).format(model=_name_network(measurement), draws=DRAWS)
    )
    if measurement is None or measurement.state == "failed":
        _draw_offer(_("Measure now"), measurement)
    elif measurement.state == "waiting":
        st.progress(0.0, _("A process starts, or others measure before you."))
    else:
        if measurement.state == "running":
            st.progress(
                measurement.progress,
                _("{n} of {all} methods are measured.").format(
                    n=len(measurement.curves), all=len(collect_placements(experiment))
                ),
            )
        elif is_outdated(measurement, file):
            _draw_offer(_("The run has gone on: measure again"))
        _draw_results(experiment, measurement)
    if (measurement is not None and measurement.state in ("waiting", "running")) != timed:
        st.rerun()  # switch the timer on or off


def _name_network(measurement: SensitivityAnswer | None) -> str:
    """Return the name of the measured network and of its weights."""
    if name := path_weights.get_run_name():
        if measurement is None or measurement.state in ("waiting", "failed"):
            return _("the network of {run}, with the weights that it has now").format(run=escape_markdown(name))
        return _("the network of {run}, with its weights after update {n}").format(
            run=escape_markdown(name), n=measurement.update
        )
    if is_small_enough(visit.get_experiment()):
        return _("an untrained network of these sizes")
    return _("an untrained network like this one, with {widest} units a layer").format(widest=MAX_UNITS)


def _draw_offer(words: str, measurement: SensitivityAnswer | None = None) -> None:
    if measurement is not None:
        st.error(escape_markdown(measurement.reason))
    draw_button(
        words,
        key="path-measure",
        tell=_request_measurement,
        type="primary",
        icon=":material/science:",
        help=_("It takes some seconds, in a process of its own."),
    )
    if refused := path_state.get_page().pop("refused", ""):
        st.error(escape_markdown(refused))


def _request_measurement() -> None:
    try:
        get_sensitivity_jobs().submit(visit.get_experiment(), path_weights.get_weights_file(), get_owner())
    except Invalid as invalid:
        path_state.get_page()["refused"] = str(invalid)


def _draw_results(experiment: Experiment, measurement: SensitivityAnswer) -> None:
    names = [name for name in collect_placements(experiment) if name in measurement.curves]
    curves = {_name_method(name): measurement.curves[name] for name in names}
    if not curves:
        return
    quantity = st.segmented_control(
        _("What is measured"),
        QUANTITIES,
        key="path-quantity",
        default="correlation",
        required=True,
        label_visibility="collapsed",
        format_func=lambda name: _(QUANTITIES[name]),
    )
    st.caption(_explain_quantity(quantity) + _describe_draws(names, measurement))
    of = (
        _("weights of {run} after update {n}").format(run=path_weights.get_run_name(), n=measurement.update)
        if path_weights.get_run_name()
        else _("untrained")
    )
    figure = plot_sensitivity(curves, quantity, get_theme(st.context.theme.type), HEIGHT, of, list(map(get_color_index, names)))
    draw_live_chart(figure, "path-measured", describe_sensitivity(curves, quantity, of), HEIGHT)
    _draw_trends(experiment, measurement, names, quantity)


def _draw_trends(experiment: Experiment, measurement: SensitivityAnswer, names: list[str], quantity: str) -> None:
    """Draw the trend of each curve, its numbers and its reason, and a note on the method with inverted scaling."""
    placements = collect_placements(experiment)
    said = {name: describe_trend(measurement.curves[name], quantity) for name in names}
    why = {
        name: explain_trend(placements[name], experiment.cell, quantity, classify_trend(measurement.curves[name], quantity))
        for name in names
    }
    lines = [f"- **{escape_markdown(_name_method(name))}** {says} {why[name]}" for name, says in said.items() if says]
    st.markdown("\n".join(lines))
    if RESCALED_METHOD in names:
        st.caption(
            _(
                "“{method}” is drawn with inverted scaling on purpose, and with its mask on c alone: it shows why a mask "
                "that is kept for a whole sequence must not be scaled like that. Its usual form leaves it unscaled: "
                "choose it above, and it is measured too."
            ).format(method=escape_markdown(_(METHODS[RESCALED_METHOD].label)))
        )


def _explain_quantity(quantity: str) -> str:
    return {
        "correlation": _(
            "1: what arrives points exactly where it would without masks; 0: nothing of it can be told any more. "
            "Flat: the distance does not matter. Over the first steps a curve may rise where L ≥ 2: content "
            "climbs at several steps, and the noise of their masks averages out."
        ),
        "signal_to_noise": _(
            "The power of what arrives along the unmasked response, over the power of all else that the masks "
            "make of it. 1: as much noise as signal."
        ),
        "gradient": _(
            "How strongly yₜ answers to xₛ, over the same without masks. 1: as without. Scaled masks make single "
            "draws larger, to keep the mean. A growth by a factor a step is one over long distances: how large, each "
            "line below says."
        ),
    }[quantity]


def _describe_draws(names: list[str], measurement: SensitivityAnswer) -> str:
    """Return the sentences on the error bars and on curves with fewer draws than the others."""
    few = {_name_method(name): measurement.curves[name].draws for name in names if measurement.curves[name].draws < DRAWS}
    said = [
        _("“{method}” draws very many masks: it is measured over {n} draws.").format(method=escape_markdown(name), n=n)
        for name, n in few.items()
    ]
    return " ".join(["", _("Whiskers: one standard error."), *said])


def _name_method(name: str) -> str:
    if name == "own":
        return _("chosen above")
    label = _(METHODS[name].label)
    return _("{method}, inverted scaling").format(method=label) if name == RESCALED_METHOD else label
