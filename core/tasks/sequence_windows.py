"""Windows for tasks whose samples are separate sequences: each starts at zero, and every epoch shuffles them anew."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import Invalid
from core.i18n import _
from core.tasks.task import Batch

Rows = npt.NDArray[Any]
SPLIT_SIZES = {"validation": 512, "test": 1024}  # sequences of a task that can generate any number of them


def draw_splits(count: int, seed: int, draw: Callable[[np.random.Generator, int], Rows]) -> dict[str, Rows]:
    """Draw the sequences of the three splits, `count` for training, each split from a generator of its own.

    draw(random, size): draws `size` sequences.
    """
    sizes = {"train": count, **SPLIT_SIZES}
    return {name: draw(np.random.default_rng([seed, n]), size) for n, (name, size) in enumerate(sizes.items())}


def check_sequence_count(count: int, batch: int) -> None:
    """Raise Invalid if the training sequences do not fill one batch."""
    if count < batch:
        raise Invalid(
            _("{count} training sequences do not fill one batch of {batch}.").format(count=count, batch=batch), "batch"
        )


def make_windows(
    rows: Mapping[str, Rows], batch: int, seed: int, make_window: Callable[[Rows], Batch], keep_remainder: bool = False
) -> tuple[int, Callable[[int], Iterator[Batch]], Callable[[str], Iterator[Batch]]]:
    """Return `updates`, `train` and `split` of a `Data`.

    rows: the sequences by split. make_window(rows [B, …]): builds the batch of B sequences.
    keep_remainder: validation and test include every sequence; the last window is filled up with samples without targets.
    Raises Invalid if the training sequences do not fill one batch.
    """
    count = len(rows["train"])
    check_sequence_count(count, batch)

    def cut(some_rows: Rows) -> Iterator[Batch]:
        for start in range(0, len(some_rows) - batch + 1, batch):
            yield make_window(some_rows[start : start + batch])

    def train(epoch: int) -> Iterator[Batch]:
        order = np.random.default_rng([seed, len(rows), epoch]).permutation(count)
        yield from cut(rows["train"][order])

    def split(name: str) -> Iterator[Batch]:
        yield from cut(rows[name])
        if keep_remainder and name != "train" and (remainder := len(rows[name]) % batch):
            last = rows[name][-remainder:]
            filled = np.concatenate([last, np.repeat(last[-1:], batch - remainder, axis=0)])
            yield _remove_targets(make_window(filled), remainder)

    return count // batch, train, split


def _remove_targets(batch: Batch, samples: int) -> Batch:
    """Return the batch without the targets of all but the first samples."""
    y = batch.y.copy()
    y[:, samples:] = np.nan if y.dtype.kind == "f" else -1
    return Batch(batch.x, y, batch.starts_sequence, batch.padded)
