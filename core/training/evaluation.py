"""What a network answered in an evaluation, and how good that is (torch)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from core.tasks.metrics import measure
from core.tasks.prediction_summary import confused, shown
from core.tasks.task import Batch, Data


class Predictions:
    """All that was asked in an evaluation, window after window: what the network said, and what is right."""

    def __init__(self) -> None:
        self.total, self.target_mask = 0.0, 0  # the losses of all that was asked, how much that was
        self.said: list[npt.NDArray[Any]] = []
        self.right: list[npt.NDArray[Any]] = []

    def add(self, loss: float, said: npt.NDArray[Any], right: npt.NDArray[Any]) -> None:
        """A window: the mean loss of its answers, and these, or rows of them (core/tasks/generated_sequences.py)."""
        asked = len(right) if right.ndim == 1 else int((right >= 0).sum())
        self.total, self.target_mask = self.total + loss * asked, self.target_mask + asked
        self.said.append(said)
        self.right.append(right)

    def metrics(self, names: Sequence[str], data: Data) -> dict[str, Any]:
        """The mean loss, and the metrics of these names."""
        loss = self.total / self.target_mask
        return {"loss": loss} | measure(names, loss, np.concatenate(self.said), np.concatenate(self.right), data)

    def shown(self, data: Data, part: str) -> dict[str, Any]:
        """What a figure shows of all answers of the validation part; of the test part which class was taken for which."""
        of = {"validation": shown, "test": confused}.get(part)
        return of(data, np.concatenate(self.said), np.concatenate(self.right)) if of else {}


def said_by(scores: Tensor) -> npt.NDArray[Any]:
    """The class of the greatest score, or the value itself, of each answer."""
    said = scores[:, 0] if scores.shape[-1] == 1 else scores.argmax(-1)
    array: npt.NDArray[Any] = said.detach().cpu().numpy()
    return array


def predicted_by(scores: Tensor, batch: Batch, show: int) -> list[list[int | float | None]]:
    """The same of the first samples, [show][T]: -1, or None for real values, where nothing is asked."""
    every = np.full(batch.y.shape, np.nan if batch.y.dtype.kind == "f" else -1, batch.y.dtype)
    every[batch.target_mask] = said_by(scores)
    return [[None if v != v else v for v in row] for row in every[:, :show].T.tolist()]
