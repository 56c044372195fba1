"""What an evaluation says of its answers beside the metrics: small plain data, for a figure or a table. NumPy only.

The confusion matrix is scikit-learn's (`confusion_matrix`), which the tests compare it with: the app needs no more of it.
"""

from typing import Any

import numpy as np

from core.tasks.metrics import Answers
from core.tasks.task import Data

CLASSES = 12  # at most, of a matrix that can be read
SAMPLES = 8  # of the answers that are written step by step: the first ones
KINDS = ("forecast", "confusion", "replies")


def shown(data: Data, predicted: Answers, right: Answers) -> dict[str, Any]:
    """Of all answers [N] of the validation part, as the network gives them: "forecast", in the units of the data, null where
    there is none, where the data have a track; "replies", the first rows of classes, END with them, where answers are written
    step by step; else as `confused`."""
    if data.track is not None:
        ahead = data.track.ahead(np.asarray(predicted, np.float32)).tolist()
        return {"forecast": [float(f"{value:.5g}") if np.isfinite(value) else None for value in ahead]}
    if data.feedback is not None:
        return {"replies": [[int(one) for one in row if one >= 0] for row in predicted[:SAMPLES]]}
    return confused(data, predicted, right)


def confused(data: Data, predicted: Answers, right: Answers) -> dict[str, Any]:
    """Of all answers [N] of a part: "confusion", where each sequence gets one answer of a few classes; else nothing."""
    return {"confusion": confusion(predicted, right, data.classes)} if one_of_few(data) else {}


def confusion(predicted: Answers, right: Answers, classes: int) -> list[list[int]]:
    """How often each right class, a row, got each answer, a column."""
    found: list[list[int]] = np.bincount(right * classes + predicted, minlength=classes**2).reshape(classes, classes).tolist()
    return found


def one_of_few(data: Data) -> bool:
    """Whether the answer to a sequence is one of a few classes."""
    return 1 < data.classes <= CLASSES and int(next(data.split("validation")).target_mask.sum(axis=0).max()) == 1
