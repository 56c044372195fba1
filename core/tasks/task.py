"""What every task offers: settings, sizes that suit it, and data made from a seed. NumPy only."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Option:
    """A whole-number setting of a task, with its range."""

    name: str
    label: str
    default: int
    low: int
    high: int


@dataclass(frozen=True)
class Batch:
    """One window: x [T, B] token numbers, y [T, B] what is right, -1 where nothing is asked.

    `first` says that the hidden state starts at zero here; elsewhere it is carried over from the window before.
    """

    x: Ints
    y: Ints
    first: bool


@dataclass(frozen=True)
class Data:
    """A task's data for one experiment: how many tokens go in and classes come out, their names, and the windows.

    `train(epoch)` gives an epoch's windows, `part(name)` those of "train", "validation" or "test" in a fixed order;
    every epoch has `updates` windows. `baseline` is the metric of the best constant answer, on the test part.
    """

    tokens: int
    classes: int
    token_names: tuple[str, ...]
    class_names: tuple[str, ...]
    updates: int
    train: Callable[[int], Iterator[Batch]]
    part: Callable[[str], Iterator[Batch]]
    baseline: float


@dataclass(frozen=True)
class Task:
    """A kind of problem. `defaults` are the fields of an experiment that suit it; `metric` is what its test reports:
    "perplexity" (lower is better) or "accuracy" (higher is better); `unit` names one step of input in a sentence.

    make(options, T, B, seed) builds the data. default_steps(options) is the window T that suits the options;
    check_steps(options, T) raises Invalid for one that they do not fit into.
    """

    name: str
    label: str
    about: str
    unit: str
    metric: str
    options: tuple[Option, ...]
    defaults: Mapping[str, Any]
    make: Callable[[Mapping[str, int], int, int, int], Data]
    default_steps: Callable[[Mapping[str, int]], int]
    check_steps: Callable[[Mapping[str, int], int], None]
