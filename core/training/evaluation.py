"""The predictions of an evaluation and their metrics (torch)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from core.tasks.metrics import compute_metrics
from core.tasks.prediction_summary import summarize_confusion, summarize_predictions
from core.tasks.task import Batch, Data


class Predictions:
    """The predictions and targets of an evaluation, collected window after window."""

    def __init__(self) -> None:
        self.total, self.target_count = 0.0, 0  # the summed loss of all targets, and their number
        self.predictions: list[npt.NDArray[Any]] = []
        self.targets: list[npt.NDArray[Any]] = []

    def add(self, loss: float, predictions: npt.NDArray[Any], targets: npt.NDArray[Any]) -> None:
        """Add a window: its mean loss, its predictions and its targets, [N], or rows of generated answers (`collect_rows`)."""
        count = len(targets) if targets.ndim == 1 else int((targets >= 0).sum())
        self.total, self.target_count = self.total + loss * count, self.target_count + count
        self.predictions.append(predictions)
        self.targets.append(targets)

    def metrics(self, names: Sequence[str], data: Data) -> dict[str, Any]:
        """Return the mean loss and the metrics of these names."""
        loss = self.total / self.target_count
        return {"loss": loss} | compute_metrics(
            names, loss, np.concatenate(self.predictions), np.concatenate(self.targets), data
        )

    def summarize(self, data: Data, split: str) -> dict[str, Any]:
        """Return what figures need of the predictions: of the validation split all, of the test split the confusion matrix."""
        summarize = {"validation": summarize_predictions, "test": summarize_confusion}.get(split)
        return summarize(data, np.concatenate(self.predictions), np.concatenate(self.targets)) if summarize else {}


def compute_predictions(scores: Tensor) -> npt.NDArray[Any]:
    """Return the class of the greatest score, or the value itself where there is one score, [N], of scores [N, classes]."""
    predictions = scores[:, 0] if scores.shape[-1] == 1 else scores.argmax(-1)
    array: npt.NDArray[Any] = predictions.detach().cpu().numpy()
    return array


def list_sample_predictions(scores: Tensor, batch: Batch, samples: int) -> list[list[int | float | None]]:
    """Return the predictions of the first samples, [samples][T]; a step without a target has -1, or None for real values."""
    every = np.full(batch.y.shape, np.nan if batch.y.dtype.kind == "f" else -1, batch.y.dtype)
    every[batch.target_mask] = compute_predictions(scores)
    return [[None if v != v else v for v in row] for row in every[:, :samples].T.tolist()]
