"""The predictions in an evaluation's record, and the figures made of them.

Oracles: scikit-learn, and the metrics of the same record, computed again from its predictions.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

from core.experiment.batches import load_data
from core.experiment.experiment import Experiment, build_experiment
from core.figures.confusion_matrix import describe_confusion_matrix, find_worst_confusion, plot_confusion_matrix
from core.figures.forecast_chart import describe_forecast, plot_forecast
from core.figures.theme import DARK, LIGHT
from core.tasks.prediction_summary import compute_confusion_matrix, has_one_of_few_classes, summarize_predictions
from core.tasks.task import ForecastSeries
from core.training.trainer import train

NAMES = tuple("0123456789")
ROWS = np.cumsum(np.random.default_rng(3).normal(size=300)).round(3)
MATRIX = [[5, 0, 2], [1, 7, 0], [3, 0, 0]]


def train_records(e: Experiment) -> list[dict[str, Any]]:
    return [event for event in train(e) if event["event"] == "record" and event["val"]]


def compute_sklearn_metrics(counts: Any) -> dict[str, float]:
    """Return scikit-learn's metrics of the answers that a confusion matrix counts."""
    targets, predicted = (np.repeat(one.ravel(), counts.ravel()) for one in np.indices(counts.shape))
    found = f1_score(targets, predicted, average="macro", zero_division=0)
    return {"accuracy": accuracy_score(targets, predicted), "macro_f1": found}


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    """Return an experiment on a series so short that its whole validation split is drawn."""
    path: Path = tmp_path_factory.mktemp("own") / "own.csv"
    path.write_text("\n".join(map(str, ROWS)))
    return build_experiment("series", {"corpus": str(path)}, batch=2, hidden=4, layers=1, epochs=2, device="cpu")


@settings(max_examples=20)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=40))
def test_the_matrix_is_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    predicted, targets = np.array(pairs).T
    found = compute_confusion_matrix(predicted, targets, 5)
    assert np.array_equal(found, confusion_matrix(targets, predicted, labels=range(5)))


def test_an_evaluation_has_the_matrix_of_its_metrics() -> None:
    """Evaluations have it for the validation split, the last one also for the test split."""
    e = build_experiment("digits", {"images": 64}, hidden=8, layers=1, epochs=2, device="cpu")
    *events, done = train(e)
    records = [(event["confusion"], event["val"]) for event in events if event["event"] == "record" and event["val"]]
    assert len(records) == 3
    for matrix, metrics in (*records, (done["test_confusion"], {name: done["test"][name] for name in records[0][1]})):
        assert np.sum(matrix) == 300, "every image of the part"
        assert metrics == pytest.approx(compute_sklearn_metrics(np.array(matrix)))
    targets = [int(n) for batch in load_data(e).split("test") for n in batch.y[batch.target_mask]]
    assert np.sum(done["test_confusion"], axis=1).tolist() == np.bincount(targets, minlength=10).tolist()


@pytest.mark.parametrize("task", ["digits", "delayed-recall", "temporal-order", "copy", "parity", "adding", "language-model"])
def test_which_tasks_have_one_target_of_a_few_classes(task: str) -> None:
    data, few = load_data(build_experiment(task)), task in ("digits", "delayed-recall", "temporal-order")
    assert has_one_of_few_classes(data) is few
    assert data.forecast_series is None
    assert set(summarize_predictions(data, np.zeros(3, np.int64), np.zeros(3, np.int64))) == ({"confusion"} if few else set())


def test_a_record_has_the_forecasts_of_its_metrics(series: Experiment) -> None:
    track = load_data(series).forecast_series
    assert track is not None
    assert np.array_equal(track.values, ROWS[track.first_position - 1 :][: len(track.values)])
    assert (track.first_position, len(track.values)) == (300 - 90 + 1, 44)
    before = np.array([np.nan, *track.values[:-1]])
    before[22] = np.nan  # where the second stream begins
    assert np.array_equal(track.naive, before, equal_nan=True)
    for record in train_records(series):
        ahead = np.array(record["forecast"], float)
        assert np.array_equal(np.isnan(ahead), np.isnan(before))
        errors = (track.values - ahead)[~np.isnan(ahead)]
        assert record["val"] == pytest.approx({"mse": np.square(errors).mean(), "mae": np.abs(errors).mean()}, rel=1e-2)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_the_forecast_is_drawn_over_the_data(series: Experiment, theme: Any) -> None:
    track = load_data(series).forecast_series
    assert track is not None
    ahead = [None if value != value else value + 1 for value in track.naive]
    data, naive, own = plot_forecast(track, ahead, theme, "title")["data"]
    assert [line["x0"] for line in (data, naive, own)] == [track.first_position] * 3
    assert data["y"] == pytest.approx(track.values, rel=1e-4)
    for line, values in ((naive, track.naive), (own, track.naive + 1)):
        assert [y for y in line["y"] if y is not None] == pytest.approx(values[~np.isnan(values)], rel=1e-4)
    assert len({(line["line"]["color"], line["line"].get("dash")) for line in (data, naive, own)}) == 3
    assert own["line"]["color"] == theme.run_colors[0]
    assert len(plot_forecast(track, [], theme, "title")["data"]) == 2


def test_the_forecast_in_a_sentence() -> None:
    track = ForecastSeries(
        11, np.array([1.0, 2.0, 4.0]), np.array([np.nan, 1.0, 2.0]), lambda predictions: predictions.astype(np.float64)
    )
    assert describe_forecast(track, [None, 2.0, 3.5]) == (
        "Values 11 to 13 of the series, the end of the validation split. Mean absolute error of the one-step forecast over 3 "
        "values: network 0.25, naive forecast 1.5."
    )
    assert "1.5. No network has forecast these values yet" in describe_forecast(track, [])


def test_the_matrix_is_drawn_with_its_numbers_and_the_worst_in_a_frame() -> None:
    figure = plot_confusion_matrix(MATRIX, ("a", "b", "c"), LIGHT)
    heatmap, numbers = figure["data"]
    assert [sum(row) for row in heatmap["z"]] == pytest.approx([1, 1, 1], abs=1e-3)
    drawn = dict(zip(zip(numbers["y"], numbers["x"], strict=True), numbers["text"], strict=True))
    assert drawn == {(y, x): str(n) for y, row in enumerate(MATRIX) for x, n in enumerate(row) if n}
    (frame,) = figure["layout"]["shapes"]
    assert [frame[name] for name in ("x0", "x1", "y0", "y1")] == [-0.5, 0.5, 1.5, 2.5]
    assert find_worst_confusion(MATRIX) == (2, 0, 3)
    assert (
        describe_confusion_matrix(MATRIX, ("a", "b", "c"))
        == "12 of 18 predictions are right. Most frequent confusion: c predicted as a, 3 of 3 times."
    )
    assert "“String Methods” predicted as a," in describe_confusion_matrix([[0, 0], [1, 0]], ("a", "String Methods"))
    assert find_worst_confusion([[2, 0], [0, 3]]) is None
    assert describe_confusion_matrix([[2, 0], [0, 3]], ("a", "b")) == "5 of 5 predictions are right."
    assert plot_confusion_matrix([[2, 0], [0, 0]], ("a", "b"), DARK)["layout"]["shapes"] == []
