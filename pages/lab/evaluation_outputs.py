"""What the run answered at its last evaluation: the forecast over its series, what was written to the first samples, or which
class was taken for which."""

import json
from typing import Any

import streamlit as st

from core.experiment.batches import load_data
from core.experiment.experiment import Experiment
from core.experiment.serialization import from_plain
from core.figures.confusion_matrix import confusion_heatmap, describe_confusion
from core.figures.forecast import describe_forecast, forecast
from core.figures.generated_answers import describe_replies, replies, replies_of
from core.figures.theme import Theme
from core.i18n import _
from core.tasks.prediction_summary import KINDS
from core.training.events import last_update, select_events
from pages.common.escape import plain
from pages.common.live_chart import live_chart
from pages.common.svg_drawing import drawing
from pages.lab import network, workbench

WIDEST = 1200  # pixels of the list of what is written


def show(colours: Theme) -> None:
    """Draws it, in a place that is there for every task: of one with other answers it is empty."""
    with st.container(key="answers"):
        run = workbench.shown()
        experiment = from_plain(run["began"], trusted=True) if run else workbench.wanted()
        record = _evaluated(run) if run else {}
        if load_data(experiment).track is not None:
            _forecast(experiment, record, run["id"] if run else "", colours)
        elif load_data(experiment).exchange is not None:
            _replies(experiment, record, colours)
        elif "confusion" in record:
            _confusion(experiment, record, colours)
            _tested(experiment, record, select_events(run["events"], "done") if run else [])


def _evaluated(run: workbench.Run) -> dict[str, Any]:
    """The record of the last evaluation up to the update that is shown; {} where there is none."""
    last = network.shown_update() if workbench.lab()["run"] else last_update(run["events"])
    records = (
        r for r in reversed(select_events(run["events"], "record")) if r["update"] <= last and any(k in r for k in KINDS)
    )
    return next(records, {})


def _at(record: dict[str, Any]) -> str:
    return _("validation · update {update}").format(update=record["update"]) if record else _("validation")


def _forecast(experiment: Experiment, record: dict[str, Any], run: str, colours: Theme) -> None:
    track = load_data(experiment).track
    assert track is not None
    ahead = json.loads(record["forecast"]) if record else []
    st.markdown(f"## {_('Forecast')}")
    sentence = describe_forecast(track, ahead)
    figure = forecast(track, ahead, colours, _at(record), run)
    live_chart(figure, "forecast", sentence, figure["layout"]["height"], tools=True)
    st.caption(plain(sentence))


def _replies(experiment: Experiment, record: dict[str, Any], colours: Theme) -> None:
    data = load_data(experiment)
    assert data.exchange is not None
    shown = replies_of(data, json.loads(record["replies"]) if record else [])
    st.markdown(f"## {_('What the network writes')}")
    said = describe_replies(shown, record["update"], record["val"]["exact_match"]) if record else describe_replies(shown)
    st.caption(plain(said))
    drawing(replies(shown, data.exchange.between, colours), "replies", WIDEST)


def _confusion(experiment: Experiment, record: dict[str, Any], colours: Theme) -> None:
    matrix, names = json.loads(record["confusion"]), load_data(experiment).class_names
    st.markdown(f"## {_('What is taken for what')}")
    sentence = describe_confusion(matrix, names)
    figure = confusion_heatmap(matrix, names, colours, _at(record))
    live_chart(figure, "confusion", sentence, figure["layout"]["height"], tools=True)
    st.caption(plain(sentence))


def _tested(experiment: Experiment, record: dict[str, Any], done: list[dict[str, Any]]) -> None:
    """The same of the test part in a sentence, beside the evaluation after the last update."""
    if done and "test_confusion" in done[0] and record["update"] == done[0]["update"]:
        sentence = describe_confusion(done[0]["test_confusion"], load_data(experiment).class_names)
        st.caption(plain(_("Test part, at the end: {sentence}").format(sentence=sentence)))
