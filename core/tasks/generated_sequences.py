"""Answers that are written step by step, each read again before the next: in rows, as the metrics take them. NumPy only."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from core.tasks.task import Bools, Data, Ints, Reals

END = 0  # the class that ends an answer
Sample = tuple[Ints | Reals, Ints]


def rows(said: npt.NDArray[Any], written: Bools) -> Ints:
    """What is said [T, B] at the steps that are written [T, B]: of each sample that has any, one row [T], up to its end and
    with it; -1 beyond."""
    order = np.argsort(~written, axis=0, kind="stable")
    found = np.take_along_axis(np.where(written, said, -1), order, axis=0).T[written.any(axis=0)]
    ends = found == END
    return np.where(np.cumsum(ends, axis=1) - ends > 0, -1, found)


def first(data: Data, most: int) -> list[Sample]:
    """The first samples of the validation part, in the order of its answers: x [T] or [T, F] of each, and its right row."""
    return list(islice(_samples(data), most))


def _samples(data: Data) -> Iterator[Sample]:
    for batch in data.split("validation"):
        of_it = np.flatnonzero(batch.target_mask.any(axis=0))
        yield from zip(batch.x.swapaxes(0, 1)[of_it], rows(batch.y, batch.target_mask), strict=True)
