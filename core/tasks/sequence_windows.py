"""Windows for tasks whose samples are sequences of their own: each starts at zero, and every epoch has another order."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import Invalid
from core.i18n import _
from core.tasks.task import Batch

Rows = npt.NDArray[Any]
PARTS = {"validation": 512, "test": 1024}  # sequences of a task that can make as many as it likes


def made(count: int, seed: int, draw: Callable[[np.random.Generator, int], Rows]) -> dict[str, Rows]:
    """The three parts, each from a generator of its own; draw(random, size) makes `size` rows."""
    sizes = {"train": count, **PARTS}
    return {name: draw(np.random.default_rng([seed, n]), size) for n, (name, size) in enumerate(sizes.items())}


def check_count(count: int, batch: int) -> None:
    """Raises Invalid where the training sequences do not fill one batch."""
    if count < batch:
        raise Invalid(
            _("{count} training sequences do not fill one batch of {batch}.").format(count=count, batch=batch), "batch"
        )


def windows(
    rows: Mapping[str, Rows], batch: int, seed: int, window: Callable[[Rows], Batch], whole: bool = False
) -> tuple[int, Callable[[int], Iterator[Batch]], Callable[[str], Iterator[Batch]]]:
    """`updates`, `train` and `part` of a `Data`. window(rows [B, …]) makes the batch of some rows.

    whole: validation and test lose no row: the last window of the two is filled up with samples that nothing is asked of.
    """
    count = len(rows["train"])
    check_count(count, batch)

    def cut(some: Rows) -> Iterator[Batch]:
        for start in range(0, len(some) - batch + 1, batch):
            yield window(some[start : start + batch])

    def train(epoch: int) -> Iterator[Batch]:
        order = np.random.default_rng([seed, len(rows), epoch]).permutation(count)
        yield from cut(rows["train"][order])

    def part(name: str) -> Iterator[Batch]:
        yield from cut(rows[name])
        if whole and name != "train" and (rest := len(rows[name]) % batch):
            last = rows[name][-rest:]
            yield _alone(window(np.concatenate([last, np.repeat(last[-1:], batch - rest, axis=0)])), rest)

    return count // batch, train, part


def _alone(batch: Batch, samples: int) -> Batch:
    """The batch, with nothing asked of any but the first samples."""
    y = batch.y.copy()
    y[:, samples:] = np.nan if y.dtype.kind == "f" else -1
    return Batch(batch.x, y, batch.first, batch.padded)
