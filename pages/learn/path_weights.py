"""Which weights are measured: those of an untrained network, or those of a run of this visit's Lab."""

from pathlib import Path
from typing import Any

import streamlit as st

from core.analysis.sensitivity_request import MAX_UNITS
from core.dropout.cells import CELL_LABELS
from core.experiment.experiment import Experiment
from core.experiment.serialization import from_plain_cached
from core.figures.run_summary import name_run
from core.i18n import _, ngettext
from core.tasks import get_task
from core.training.events import select_events
from pages.common import visit
from pages.common.escape import plain
from pages.common.service import service
from pages.common.widgets import button, choice
from pages.learn import path_state

FAR = 10**9  # events that no run has: its lease is renewed, and nothing is told again


def choose() -> None:
    """Draw the choice, where there is one."""
    runs = _runs()
    options = ["", *runs]
    if len(options) > 1:
        choice(
            st.selectbox,
            _("On the weights of"),
            options,
            key="path-weights",
            value=_run_chosen(),
            tell=lambda run: path_state.page().update(weights=run),
            width=360,
            format_func=lambda run: _name(runs[run]) if run else _("an untrained network"),
            help=_("A run's weights are those of its last evaluation, pause or end."),
        )
    else:
        st.caption(
            _("Train a network of at most {widest} units a layer in the Lab, and its weights can be measured here too.").format(
                widest=MAX_UNITS
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
    if not run or _network(began := from_plain_cached(_runs()[run]["began"])) == _network(path_state.experiment()):
        return True
    layers = ngettext("{n} layer", "{n} layers", began.layers).format(n=began.layers)
    st.info(
        _("{run} trained another network than the one above: {cell}, {layers} of {units} units, task {task}.").format(
            run=plain(name()),
            cell=_(CELL_LABELS[began.cell]),
            layers=layers,
            task=_(get_task(began.task).label),
            units=", ".join(map(str, dict.fromkeys(began.widths))),
        )
    )
    button(_("Show the network of this run"), key="path-as-run", tell=_as_run, args=[run])
    return False


def _runs() -> dict[str, dict[str, Any]]:
    """The runs whose weights are kept, by id, the newest first."""
    truth = visit.visit()
    there = [run for run in (truth["run"], truth["kept"], truth["previous"]) if run and not run["recorded"]]
    for run in there:
        service().poll(run["id"], FAR)
    return {run["id"]: run for run in there if service().weights(run["id"])}


def _run_chosen() -> str:
    run = path_state.page().get("weights", "")
    return run if run in _runs() else ""


def _name(run: dict[str, Any]) -> str:
    return name_run(run["number"], from_plain_cached(run["began"]), select_events(run["events"], "changed"))


def _network(e: Experiment) -> tuple[Any, ...]:
    """What the weights belong to: in another network they would be no weights at all."""
    return e.task, e.options, e.data_seed, e.cell, e.widths, e.shape.embedding


def _as_run(run: str) -> None:
    """Show the network of the run: its own experiment, as it began."""
    visit.open_experiment(_runs()[run]["began"])
