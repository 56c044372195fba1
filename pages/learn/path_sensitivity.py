"""Measured, not only counted: how much of a small change arrives, on an untrained model of these sizes, or a run's."""

import streamlit as st

from core.analysis.sensitivity_request import DRAWS, MAX_UNITS, RESCALED_METHOD, collect_placements, is_small_enough
from core.dropout.methods import METHODS
from core.errors import Invalid
from core.experiment.experiment import Experiment
from core.figures.sensitivity_chart import QUANTITIES, describe_sensitivity, plot_sensitivity
from core.figures.sensitivity_summary import classify_trend, describe_trend, explain_trend
from core.figures.theme import get_theme
from core.i18n import _
from core.runs.sensitivity_jobs import Measurement, Measurements, outdated
from pages.common.escape import plain
from pages.common.guard import guarded_fragment
from pages.common.live_chart import live_chart
from pages.common.service import owner, service
from pages.common.widgets import button
from pages.learn import path_state, path_weights

TICK = 0.5  # seconds
HEIGHT = 330  # pixels


def measurements() -> Measurements:
    """Those of this server."""
    return service().measurements


def show() -> None:
    """The heading, and what was measured, redrawn by itself while it is being measured."""
    st.markdown(f"## {_('Measured, not only counted')}")
    path_weights.choose()
    if not path_weights.of_these_sizes():
        return
    found = measurements().look(path_state.experiment(), path_weights.chosen())
    busy = found is not None and found.state in ("waiting", "running")
    st.fragment(guarded_fragment(_draw), run_every=TICK if busy else None)(busy)


def _draw(timed: bool) -> None:
    experiment, file = path_state.experiment(), path_weights.chosen()
    found = measurements().look(experiment, file)
    st.caption(
        _(
            "A count says how many masks there are, not what they do. Here a small change of xₛ, the word read at step s, "
            "is followed through {model} to yₜ, what is told at step t = s + Δ, over {draws} draws of all masks, and "
            "compared with the same network without masks."
        ).format(model=_model(found), draws=DRAWS)
    )
    if found is None or found.state == "failed":
        _offer(_("Measure now"), found)
    elif found.state == "waiting":
        st.progress(0.0, _("A process starts, or others measure before you."))
    else:
        if found.state == "running":
            st.progress(
                found.part,
                _("{n} of {all} methods are measured.").format(n=len(found.curves), all=len(collect_placements(experiment))),
            )
        elif outdated(found, file):
            _offer(_("The run has gone on: measure again"))
        _results(experiment, found)
    if (found is not None and found.state in ("waiting", "running")) != timed:
        st.rerun()  # with or without the timer, whichever it is now


def _model(found: Measurement | None) -> str:
    """Which network it is, with which weights."""
    if name := path_weights.name():
        if found is None or found.state in ("waiting", "failed"):
            return _("the network of {run}, with the weights that it has now").format(run=plain(name))
        return _("the network of {run}, with its weights after update {n}").format(run=plain(name), n=found.update)
    if is_small_enough(path_state.experiment()):
        return _("an untrained network of these sizes")
    return _("an untrained network like this one, with {widest} units a layer").format(widest=MAX_UNITS)


def _offer(words: str, found: Measurement | None = None) -> None:
    if found is not None:
        st.error(plain(found.reason))
    button(
        words,
        key="path-measure",
        tell=_ask,
        type="primary",
        icon=":material/science:",
        help=_("It takes some seconds, in a process of its own."),
    )
    if refused := path_state.page().pop("refused", ""):
        st.error(plain(refused))


def _ask() -> None:
    try:
        measurements().ask(path_state.experiment(), path_weights.chosen(), owner())
    except Invalid as invalid:
        path_state.page()["refused"] = str(invalid)


def _results(experiment: Experiment, found: Measurement) -> None:
    names = [name for name in collect_placements(experiment) if name in found.curves]
    curves = {_label(name): found.curves[name] for name in names}
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
    st.caption(_about(quantity) + _fewer(names, found))
    of = (
        _("weights of {run} after update {n}").format(run=path_weights.name(), n=found.update)
        if path_weights.name()
        else _("untrained")
    )
    figure = plot_sensitivity(curves, quantity, get_theme(st.context.theme.type), HEIGHT, of, list(map(path_state.hue, names)))
    live_chart(figure, "path-measured", describe_sensitivity(curves, quantity, of), HEIGHT)
    _say(experiment, found, names, quantity)


def _say(experiment: Experiment, found: Measurement, names: list[str], quantity: str) -> None:
    """Below the figure: what each curve does, in its numbers, and why; and why Moon's is drawn as it is."""
    placements = collect_placements(experiment)
    said = {name: describe_trend(found.curves[name], quantity) for name in names}
    why = {
        name: explain_trend(placements[name], experiment.cell, quantity, classify_trend(found.curves[name], quantity))
        for name in names
    }
    lines = [f"- **{plain(_label(name))}** {says} {why[name]}" for name, says in said.items() if says]
    st.markdown("\n".join(lines))
    if RESCALED_METHOD in names:
        st.caption(
            _(
                "“{method}” is drawn with inverted scaling on purpose, and with its mask on c alone: it shows why a mask "
                "that is kept for a whole sequence must not be scaled like that. Its usual form leaves it unscaled: "
                "choose it above, and it is measured too."
            ).format(method=plain(_(METHODS[RESCALED_METHOD].label)))
        )


def _about(quantity: str) -> str:
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


def _fewer(names: list[str], found: Measurement) -> str:
    """What is said of curves with fewer draws than the others."""
    few = {_label(name): found.curves[name].draws for name in names if found.curves[name].draws < DRAWS}
    said = [
        _("“{method}” draws very many masks: it is measured over {n} draws.").format(method=plain(name), n=n)
        for name, n in few.items()
    ]
    return " ".join(["", _("Whiskers: one standard error."), *said])


def _label(name: str) -> str:
    if name == "own":
        return _("chosen above")
    label = _(METHODS[name].label)
    return _("{method}, inverted scaling").format(method=label) if name == RESCALED_METHOD else label
