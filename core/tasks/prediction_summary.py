"""What an evaluation records of its predictions besides the metrics: small plain data for a figure or a table. NumPy only.

The confusion matrix equals scikit-learn's `confusion_matrix`, which the tests compare it with.
"""

from typing import Any

import numpy as np

from core.tasks.metrics import Answers
from core.tasks.task import Data

MAX_CLASSES = 12  # of a confusion matrix that can be read
MAX_ANSWERS = 8  # generated answers to keep, the first ones
KINDS = ("forecast", "confusion", "replies")


def summarize_predictions(data: Data, predictions: Answers, targets: Answers) -> dict[str, Any]:
    """Return the plain data to show of all predictions [N] of the validation split, as the network gives them.

    "forecast": the values in the units of the data, None where there is none, if the answers are forecasts.
    "replies": the first rows of classes up to `END_CLASS`, if answers are generated step by step.
    "confusion": see `summarize_confusion`; otherwise nothing.
    """
    if data.forecast_series is not None:
        forecast = data.forecast_series.compute_forecast(np.asarray(predictions, np.float32)).tolist()
        return {"forecast": [float(f"{value:.5g}") if np.isfinite(value) else None for value in forecast]}
    if data.feedback is not None:
        return {"replies": [[int(number) for number in row if number >= 0] for row in predictions[:MAX_ANSWERS]]}
    return summarize_confusion(data, predictions, targets)


def summarize_confusion(data: Data, predictions: Answers, targets: Answers) -> dict[str, Any]:
    """Return "confusion", the confusion matrix of predictions [N], if each sequence has one target of a few classes."""
    if not has_one_of_few_classes(data):
        return {}
    return {"confusion": compute_confusion_matrix(predictions, targets, data.classes)}


def compute_confusion_matrix(predictions: Answers, targets: Answers, classes: int) -> list[list[int]]:
    """Return the confusion matrix: a row for each target class, a column for each predicted class."""
    counts = np.bincount(targets * classes + predictions, minlength=classes**2)
    matrix: list[list[int]] = counts.reshape(classes, classes).tolist()
    return matrix


def has_one_of_few_classes(data: Data) -> bool:
    """Return whether each sequence has one target of at most `MAX_CLASSES` classes."""
    return 1 < data.classes <= MAX_CLASSES and int(next(data.split("validation")).target_mask.sum(axis=0).max()) == 1
