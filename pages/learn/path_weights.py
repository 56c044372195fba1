"""Which weights are measured: those of an untrained network, or those of a run of this visit's Lab."""

from pathlib import Path
from typing import Any

import streamlit as st

from core.analysis.sensitivity_request import WIDEST
from core.experiment.experiment import Experiment
from core.experiment.serialization import from_plain
from core.figures.run_summary import run_name
from core.i18n import _, ngettext
from core.tasks import task
from core.training.events import select_events
from pages.common.escape import plain
from pages.common.service import service
from pages.learn import path_state
from pages.learn.path_controls import CELL_NAMES

FAR = 10**9  # events that no run has: its lease is renewed, and nothing is told again


def choose() -> None:
    """The choice, where there is one."""
    state, runs = st.session_state, _runs()
    state["path-weights"] = _run_chosen()
    options = ["", *runs]
    if len(options) > 1:
        st.selectbox(
            _("On the weights of"),
            options,
            key="path-weights",
            width=360,
            on_change=_chosen,
            format_func=lambda run: _name(runs[run]) if run else _("an untrained network"),
            help=_("A run's weights are those of its last evaluation, pause or end."),
        )
    else:
        st.caption(
            _("Train a network of at most {widest} units a layer in the Lab, and its weights can be measured here too.").format(
                widest=WIDEST
            )
        )


def chosen() -> Path | None:
    """The file with the weights of the run that is chosen; None for the untrained network."""
    run = _run_chosen()
    return service().weights(run) if run else None


def name() -> str:
    """The name of the run that is chosen; "" for the untrained network."""
    run = _run_chosen()
    return _name(_runs()[run]) if run else ""


def of_these_sizes() -> bool:
    """Whether the run that is chosen, if any, has the network that this page shows. If not, the page says so, and offers it."""
    run = _run_chosen()
    if not run or _network(began := from_plain(_runs()[run]["began"], trusted=True)) == _network(path_state.experiment()):
        return True
    layers = ngettext("{n} layer", "{n} layers", began.layers).format(n=began.layers)
    st.info(
        _("{run} trained another network than the one above: {cell}, {layers} of {units} units, task {task}.").format(
            run=plain(name()),
            cell=_(CELL_NAMES[began.cell]),
            layers=layers,
            task=_(task(began.task).label),
            units=", ".join(map(str, dict.fromkeys(began.widths))),
        )
    )
    st.button(_("Show the network of this run"), key="path-as-run", on_click=_as_run, args=[run])
    return False


def _runs() -> dict[str, dict[str, Any]]:
    """The runs whose weights are kept, by id, the newest first."""
    lab = st.session_state.get("lab", {})
    there = [run for run in (lab.get("run"), lab.get("kept"), lab.get("previous")) if run and not run["recorded"]]
    for run in there:
        service().poll(run["id"], FAR)
    return {run["id"]: run for run in there if service().weights(run["id"])}


def _run_chosen() -> str:
    run = path_state.bench().get("weights", "")
    return run if run in _runs() else ""


def _chosen() -> None:
    path_state.bench()["weights"] = st.session_state["path-weights"]


def _name(run: dict[str, Any]) -> str:
    return run_name(run["number"], from_plain(run["began"], trusted=True), select_events(run["events"], "changed"))


def _network(e: Experiment) -> tuple[Any, ...]:
    """What the weights belong to: in another network they would be no weights at all."""
    return e.task, e.options, e.data_seed, e.cell, e.widths, e.shape.embedding


def _as_run(run: str) -> None:
    path_state.change(**vars(from_plain(_runs()[run]["began"], trusted=True)))
