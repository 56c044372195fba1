"""Variants of how a task's data is cut into windows: every window starts at zero, or windows vary in length."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from core.errors import Invalid
from core.i18n import _
from core.tasks.task import Batch, Data

HALF_LENGTH_SHARE = 0.05  # the share of windows that are half as long
LENGTH_STD = 5.0  # steps
MIN_LENGTH = 5  # steps


def reset_every_window(data: Data) -> Data:
    """Return the data with every window, in training and evaluation, starting from a zero state."""

    def reset(windows: Iterator[Batch]) -> Iterator[Batch]:
        return (replace(batch, starts_sequence=True) for batch in windows)

    return replace(data, train=lambda epoch: reset(data.train(epoch)), split=lambda name: reset(data.split(name)))


def vary_window_lengths(data: Data, steps: int, seed: int) -> Data:
    """Return the data with training windows of random length, cut anew in each epoch (Merity et al. 2017).

    A length is drawn from N(T, 5), or, for one window in twenty, from N(T/2, 5), and is at least 5. Every epoch has the same
    number of windows, the expected one: lengths are drawn again until that many windows cover the epoch except for less than
    one window. Raises Invalid if the task's windows do not continue each other.
    """
    windows = list(data.train(0))
    if any(batch.starts_sequence for batch in windows[1:]) or windows[0].padded:
        raise Invalid(_("Windows of varied length need one continuous text; this task has separate sequences."), "windows")
    length = sum(len(batch.x) for batch in windows)
    count = max(1, round(length / (steps * (1 - HALF_LENGTH_SHARE / 2) - 0.5)))  # 0.5: lengths are rounded down
    return replace(
        data, updates=count, train=lambda epoch: _cut_epoch(data, epoch, _draw_lengths(length, count, steps, seed, epoch))
    )


def _draw_lengths(length: int, count: int, steps: int, seed: int, epoch: int) -> list[int]:
    random = np.random.default_rng([seed, epoch])
    while True:
        means = np.where(random.random(count) < HALF_LENGTH_SHARE, steps / 2, steps)
        lengths = np.maximum(MIN_LENGTH, random.normal(means, LENGTH_STD).astype(int))
        if length - steps < lengths.sum() <= length:
            return [int(n) for n in lengths]


def _cut_epoch(data: Data, epoch: int, lengths: list[int]) -> Iterator[Batch]:
    windows = list(data.train(epoch))
    x: Any = np.concatenate([batch.x for batch in windows])
    y: Any = np.concatenate([batch.y for batch in windows])
    start = 0
    for n in lengths:
        yield Batch(x[start : start + n], y[start : start + n], starts_sequence=start == 0)
        start += n
