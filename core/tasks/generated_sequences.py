"""Answers that are generated step by step, each step the input of the next: their rows as the metrics read them. NumPy only."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from core.tasks.task import Bools, Data, Ints, Reals

END_CLASS = 0  # the class that ends an answer
Sample = tuple[Ints | Reals, Ints]


def collect_rows(classes: npt.NDArray[Any], mask: Bools) -> Ints:
    """Return the answers of a batch as rows, [n, T], one for each sample that has any.

    classes [T, B]: targets or predictions. mask [T, B]: the steps that belong to the answer. A row holds the classes up to and
    including `END_CLASS`, then -1.
    """
    order = np.argsort(~mask, axis=0, kind="stable")
    rows = np.take_along_axis(np.where(mask, classes, -1), order, axis=0).T[mask.any(axis=0)]
    ends = rows == END_CLASS
    return np.where(np.cumsum(ends, axis=1) - ends > 0, -1, rows)


def list_first_samples(data: Data, count: int) -> list[Sample]:
    """Return the inputs x [T] or [T, F] and the target row of the first `count` validation samples."""
    return list(islice(_iterate_samples(data), count))


def _iterate_samples(data: Data) -> Iterator[Sample]:
    for batch in data.split("validation"):
        samples = np.flatnonzero(batch.target_mask.any(axis=0))
        yield from zip(batch.x.swapaxes(0, 1)[samples], collect_rows(batch.y, batch.target_mask), strict=True)
