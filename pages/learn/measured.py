"""Measured, not only counted: how much of a small change arrives, on an untrained model of these sizes."""

import streamlit as st

from core.dropout.methods import METHODS
from core.errors import Invalid
from core.experiment import Experiment
from core.figures.measured import QUANTITIES, describe_measured, measured_curves
from core.figures.theme import theme
from core.language import _, use
from core.runs.measuring import DRAWS, INVERTED, WIDEST, Measurement, Measurements, candidates
from pages.common.chart import live_chart
from pages.common.texts import plain
from pages.learn import bench

TICK = 0.5  # seconds
HEIGHT = 330  # pixels


@st.cache_resource(on_release=Measurements.close)
def measurements() -> Measurements:
    """Those of this server."""
    return Measurements()


def show() -> None:
    """The heading, and what was measured, redrawn by itself while it is being measured."""
    st.markdown(f"## {_('Measured, not only counted')}")
    found = measurements().look(bench.experiment())
    busy = found is not None and found.state in ("waiting", "running")
    st.fragment(_draw, run_every=TICK if busy else None)(busy)


def _draw(timed: bool) -> None:
    use(st.context.locale or "en")
    experiment = bench.experiment()
    found = measurements().look(experiment)
    st.caption(_("A count says how many masks there are, not what they do. Here a small change of xₛ is followed through an "
                 "untrained network of these sizes (at most {widest} units), over {draws} draws of all masks, and compared "
                 "with the same network without masks.").format(widest=WIDEST, draws=DRAWS))  # fmt: skip
    if found is None or found.state == "failed":
        _offer(found)
    elif found.state == "waiting":
        st.progress(0.0, _("A process starts, or others measure before you."))
    else:
        if found.state == "running":
            st.progress(found.part, _("{n} of {all} methods are measured.").format(
                n=len(found.curves), all=len(candidates(experiment))))  # fmt: skip
        _results(experiment, found)
    if (found is not None and found.state in ("waiting", "running")) != timed:
        st.rerun()  # with or without the timer, whichever it is now


def _offer(found: Measurement | None) -> None:
    if found is not None:
        st.error(plain(found.reason))
    st.button(_("Measure now"), key="path-measure", type="primary", icon=":material/science:", on_click=_ask,
              help=_("It takes some seconds, in a process of its own."))  # fmt: skip
    if refused := bench.bench().pop("refused", ""):
        st.error(plain(refused))


def _ask() -> None:
    use(st.context.locale or "en")
    try:
        measurements().ask(bench.experiment())
    except Invalid as invalid:
        bench.bench()["refused"] = str(invalid)


def _results(experiment: Experiment, found: Measurement) -> None:
    names = [name for name in candidates(experiment) if name in found.curves]
    curves = {_label(name): found.curves[name] for name in names}
    if not curves:
        return
    quantity = st.segmented_control(_("What is measured"), QUANTITIES, key="path-quantity", default="correlation",
                                    required=True, label_visibility="collapsed",
                                    format_func=lambda name: _(QUANTITIES[name]))  # fmt: skip
    st.caption(_about(quantity))
    figure = measured_curves(curves, quantity, theme(st.context.theme.type), HEIGHT, list(map(bench.hue, names)))
    live_chart(figure, "path-measured", describe_measured(curves, quantity), HEIGHT)


def _about(quantity: str) -> str:
    return {
        "correlation": _("1: what arrives points exactly where it would without masks; 0: nothing of it can be told any more. "
                         "Flat: the distance does not matter. Over the first steps a curve may rise where L ≥ 2: content "
                         "climbs at several steps, and the noise of their masks averages out."),
        "signal_to_noise": _("The power of what arrives along the unmasked response, over the power of all else that the masks "
                             "make of it. 1: as much noise as signal."),
        "gradient": _("How strongly yₜ answers to xₛ, over the same without masks. 1: as without. Scaled masks make single "
                      "draws larger, to keep the mean; where it grows with every step, training explodes."),
    }[quantity]  # fmt: skip


def _label(name: str) -> str:
    if name == "own":
        return _("chosen above")
    label = _(METHODS[name].label)
    return _("{method}, inverted scaling").format(method=label) if name == INVERTED else label
