"""The same data in other windows: of varied length, or none that goes on where the one before ended."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from core.errors import Invalid
from core.i18n import _
from core.tasks.task import Batch, Data

HALVED = 0.05  # the share of windows that are half as long
SPREAD = 5.0  # steps: the standard deviation of a length
LEAST = 5  # steps


def fresh(data: Data) -> Data:
    """Every window, of training and evaluation, starts with a state of zeros."""

    def started(windows: Iterator[Batch]) -> Iterator[Batch]:
        return (replace(batch, first=True) for batch in windows)

    return replace(data, train=lambda epoch: started(data.train(epoch)), split=lambda name: started(data.split(name)))


def varied(data: Data, steps: int, seed: int) -> Data:
    """The training windows cut anew in each epoch (Merity et al. 2017): a length is a draw of N(T, 5), or, in one of twenty,
    of N(T/2, 5), and at least 5. All epochs have the same number of windows, the expected one: lengths are drawn
    until so many of them fill the epoch but for less than a window. Raises Invalid where no window goes on from another."""
    whole = list(data.train(0))
    if any(batch.first for batch in whole[1:]) or whole[0].padded:
        raise Invalid(
            _("Windows of varied length are cut from a text that goes on; the sequences of this task stand alone."), "windows"
        )
    length = sum(len(batch.x) for batch in whole)
    count = max(1, round(length / (steps * (1 - HALVED / 2) - 0.5)))  # lengths are cut off to whole numbers
    return replace(data, updates=count, train=lambda epoch: _cut(data, epoch, _lengths(length, count, steps, seed, epoch)))


def _lengths(length: int, count: int, steps: int, seed: int, epoch: int) -> list[int]:
    random = np.random.default_rng([seed, epoch])
    while True:
        middles = np.where(random.random(count) < HALVED, steps / 2, steps)
        lengths = np.maximum(LEAST, random.normal(middles, SPREAD).astype(int))
        if length - steps < lengths.sum() <= length:
            return [int(n) for n in lengths]


def _cut(data: Data, epoch: int, lengths: list[int]) -> Iterator[Batch]:
    windows = list(data.train(epoch))
    x: Any = np.concatenate([batch.x for batch in windows])
    y: Any = np.concatenate([batch.y for batch in windows])
    start = 0
    for n in lengths:
        yield Batch(x[start : start + n], y[start : start + n], first=start == 0)
        start += n
