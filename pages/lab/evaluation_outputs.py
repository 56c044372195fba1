"""What the run answered at its last evaluation: the forecast over its series, what was written to the first samples, or which
class was taken for which."""

import json
from typing import Any

import streamlit as st

from core.experiment.batches import load_data
from core.experiment.experiment import Experiment
from core.experiment.serialization import from_plain_cached
from core.figures.confusion_matrix import describe_confusion_matrix, plot_confusion_matrix
from core.figures.forecast_chart import describe_forecast, plot_forecast
from core.figures.generated_answers import build_answers, describe_answers, render_answers
from core.figures.theme import Theme
from core.i18n import _
from core.tasks.prediction_summary import KINDS
from core.training.events import last_update
from pages.common import visit
from pages.common.escape import plain
from pages.common.live_chart import live_chart
from pages.common.svg_drawing import drawing
from pages.lab import network, workbench

WIDEST = 1200  # pixels of the list of what is written


def show(colours: Theme) -> None:
    """Draws it, in a place that is there for every task: of one with other answers it is empty."""
    with st.container(key="answers"):
        run = workbench.shown_run()
        experiment = from_plain_cached(run["began"]) if run else visit.experiment()
        record = _evaluated(run) if run else {}
        if load_data(experiment).forecast_series is not None:
            _forecast(experiment, record, run["id"] if run else "", colours)
        elif load_data(experiment).prompt_format is not None:
            _replies(experiment, record, colours)
        elif "confusion" in record:
            _confusion(experiment, record, colours)
            _tested(experiment, record, visit.events_of(run, "done") if run else [])


def _evaluated(run: visit.Run) -> dict[str, Any]:
    """The record of the last evaluation up to the update that is shown; {} where there is none."""
    last = network.shown_update() if visit.visit()["run"] else last_update(run["events"])
    records = (r for r in reversed(visit.events_of(run, "record")) if r["update"] <= last and any(k in r for k in KINDS))
    return next(records, {})


def _at(record: dict[str, Any]) -> str:
    return _("validation · update {update}").format(update=record["update"]) if record else _("validation")


def _forecast(experiment: Experiment, record: dict[str, Any], run: str, colours: Theme) -> None:
    track = load_data(experiment).forecast_series
    assert track is not None
    ahead = json.loads(record["forecast"]) if record else []
    st.markdown(f"## {_('Forecast')}")
    sentence = describe_forecast(track, ahead)
    figure = plot_forecast(track, ahead, colours, _at(record), run)
    live_chart(figure, "forecast", sentence, figure["layout"]["height"], tools=True)
    st.caption(plain(sentence))


def _replies(experiment: Experiment, record: dict[str, Any], colours: Theme) -> None:
    data = load_data(experiment)
    assert data.prompt_format is not None
    shown = build_answers(data, json.loads(record["replies"]) if record else [])
    st.markdown(f"## {_('What the network writes')}")
    said = describe_answers(shown, record["update"], record["val"]["exact_match"]) if record else describe_answers(shown)
    st.caption(plain(said))
    drawing(render_answers(shown, data.prompt_format.separator, colours), "replies", WIDEST)


def _confusion(experiment: Experiment, record: dict[str, Any], colours: Theme) -> None:
    matrix, names = json.loads(record["confusion"]), load_data(experiment).class_names
    st.markdown(f"## {_('Confusion matrix')}")
    sentence = describe_confusion_matrix(matrix, names)
    figure = plot_confusion_matrix(matrix, names, colours, _at(record))
    live_chart(figure, "confusion", sentence, figure["layout"]["height"], tools=True)
    st.caption(plain(sentence))


def _tested(experiment: Experiment, record: dict[str, Any], done: list[dict[str, Any]]) -> None:
    """The same of the test part in a sentence, beside the evaluation after the last update."""
    if done and "test_confusion" in done[0] and record["update"] == done[0]["update"]:
        sentence = describe_confusion_matrix(done[0]["test_confusion"], load_data(experiment).class_names)
        st.caption(plain(_("Test part, at the end: {sentence}").format(sentence=sentence)))
