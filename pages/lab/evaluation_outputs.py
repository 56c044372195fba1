"""The outputs of the last evaluation: the forecast, the generated answers or the confusion matrix."""

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
from core.training.events import last_update
from pages.common import visit
from pages.common.escape import escape_markdown
from pages.common.live_chart import draw_live_chart
from pages.common.svg_drawing import draw_svg
from pages.lab import network, workbench

MAX_WIDTH = 1200  # pixels, of the list of generated answers


def draw_evaluation_outputs(colors: Theme) -> None:
    """Draw the outputs. The container exists for every task; it is empty for a task with other outputs."""
    with st.container(key="answers"):
        run = workbench.get_visible_run()
        experiment = from_plain_cached(run["began"]) if run else visit.get_experiment()
        record = _find_last_evaluation(run) if run else {}
        if load_data(experiment).forecast_series is not None:
            _draw_forecast(experiment, record, run["id"] if run else "", colors)
        elif load_data(experiment).prompt_format is not None:
            _draw_generated_answers(experiment, record, colors)
        elif "confusion" in record:
            _draw_confusion_matrix(experiment, record, colors)
            _draw_test_sentence(experiment, record, visit.select_run_events(run, "done") if run else [])


def _find_last_evaluation(run: visit.Run) -> dict[str, Any]:
    """Return the record of the last evaluation up to the visible update; {} if there is none."""
    last = network.get_visible_update() if visit.visit()["run"] else last_update(run["events"])
    return next((record for record in reversed(visit.select_run_events(run, visit.OUTPUTS)) if record["update"] <= last), {})


def _describe_update(record: dict[str, Any]) -> str:
    return _("validation · update {update}").format(update=record["update"]) if record else _("validation")


def _draw_forecast(experiment: Experiment, record: dict[str, Any], run: str, colors: Theme) -> None:
    series = load_data(experiment).forecast_series
    assert series is not None
    forecasts = json.loads(record["forecast"]) if record else []
    st.markdown(f"## {_('Forecast')}")
    sentence = describe_forecast(series, forecasts)
    figure = plot_forecast(series, forecasts, colors, _describe_update(record), run)
    draw_live_chart(figure, "forecast", sentence, figure["layout"]["height"], tools=True)
    st.caption(escape_markdown(sentence))


def _draw_generated_answers(experiment: Experiment, record: dict[str, Any], colors: Theme) -> None:
    data = load_data(experiment)
    assert data.prompt_format is not None
    answers = build_answers(data, json.loads(record["replies"]) if record else [])
    st.markdown(f"## {_('Generated answers')}")
    sentence = (
        describe_answers(answers, record["update"], record["val"]["exact_match"]) if record else describe_answers(answers)
    )
    st.caption(escape_markdown(sentence))
    draw_svg(render_answers(answers, data.prompt_format.separator, colors), "replies", MAX_WIDTH)


def _draw_confusion_matrix(experiment: Experiment, record: dict[str, Any], colors: Theme) -> None:
    matrix, names = json.loads(record["confusion"]), load_data(experiment).class_names
    st.markdown(f"## {_('Confusion matrix')}")
    sentence = describe_confusion_matrix(matrix, names)
    figure = plot_confusion_matrix(matrix, names, colors, _describe_update(record))
    draw_live_chart(figure, "confusion", sentence, figure["layout"]["height"], tools=True)
    st.caption(escape_markdown(sentence))


def _draw_test_sentence(experiment: Experiment, record: dict[str, Any], done: list[dict[str, Any]]) -> None:
    """Draw the sentence about the test split, below the evaluation after the last update."""
    if done and "test_confusion" in done[0] and record["update"] == done[0]["update"]:
        sentence = describe_confusion_matrix(done[0]["test_confusion"], load_data(experiment).class_names)
        st.caption(escape_markdown(_("Test split, at the end: {sentence}").format(sentence=sentence)))
