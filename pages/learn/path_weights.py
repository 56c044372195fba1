"""The choice of the weights to measure: those of an untrained network, or those of a run of this visit."""

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
from pages.common.escape import escape_markdown
from pages.common.service import get_service
from pages.common.widgets import draw_button, draw_choice
from pages.learn import path_state

BEYOND_ALL_EVENTS = 10**9  # this poll only renews the run's lease: it returns no events


def draw_weights_choice() -> None:
    """Draw the choice; if there is no run to choose, a hint."""
    runs = _list_runs()
    options = ["", *runs]
    if len(options) > 1:
        draw_choice(
            st.selectbox,
            _("On the weights of"),
            options,
            key="path-weights",
            value=_get_run(),
            tell=lambda run: path_state.get_page().update(weights=run),
            width=360,
            format_func=lambda run: _name_run(runs[run]) if run else _("an untrained network"),
            help=_("A run's weights are those of its last evaluation, pause or end."),
        )
    else:
        st.caption(
            _("Train a network of at most {widest} units a layer in the Lab, and its weights can be measured here too.").format(
                widest=MAX_UNITS
            )
        )


def get_weights_file() -> Path | None:
    """Return the file with the weights of the selected run; None for the untrained network."""
    run = _get_run()
    return get_service().weights(run) if run else None


def get_run_name() -> str:
    """Return the name of the selected run; "" for the untrained network."""
    run = _get_run()
    return _name_run(_list_runs()[run]) if run else ""


def check_network() -> bool:
    """Return whether the selected run, if any, has the network of this page; if not, say so and draw a button that opens it."""
    run = _get_run()
    if not run or _get_network_key(began := from_plain_cached(_list_runs()[run]["began"])) == _get_network_key(
        visit.get_experiment()
    ):
        return True
    layers = ngettext("{n} layer", "{n} layers", began.layers).format(n=began.layers)
    st.info(
        _("{run} trained another network than the one above: {cell}, {layers} of {units} units, task {task}.").format(
            run=escape_markdown(get_run_name()),
            cell=_(CELL_LABELS[began.cell]),
            layers=layers,
            task=_(get_task(began.task).label),
            units=", ".join(map(str, dict.fromkeys(began.widths))),
        )
    )
    draw_button(_("Show the network of this run"), key="path-as-run", tell=_open_run_experiment, args=[run])
    return False


def _list_runs() -> dict[str, dict[str, Any]]:
    """Return the runs with a weights file, by id, the newest first."""
    truth = visit.visit()
    there = [run for run in (truth["run"], truth["previous_run"], *truth["earlier"]) if run and not run["recorded"]]
    for run in there:
        get_service().poll(run["id"], BEYOND_ALL_EVENTS)
    return {run["id"]: run for run in there if get_service().weights(run["id"])}


def _get_run() -> str:
    run = path_state.get_page().get("weights", "")
    return run if run in _list_runs() else ""


def _name_run(run: dict[str, Any]) -> str:
    return name_run(run["number"], from_plain_cached(run["began"]), select_events(run["events"], "changed"))


def _get_network_key(e: Experiment) -> tuple[Any, ...]:
    """Return all that two networks must share for the weights of one to fit into the other."""
    return e.task, e.options, e.data_seed, e.cell, e.widths, e.shape.embedding


def _open_run_experiment(run: str) -> None:
    """Open the experiment that the run began with."""
    visit.open_experiment(_list_runs()[run]["began"])
