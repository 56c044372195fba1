"""The data that an experiment trains on, found again without a run: the window of any update."""

from dataclasses import replace
from functools import lru_cache
from itertools import islice

import numpy as np

from core.dropout.draw import Array, draw
from core.experiment import Experiment
from core.tasks import task
from core.tasks.task import Batch, Data, Value


def data_of(experiment: Experiment) -> Data:
    """The data of an experiment. Raises Invalid where its task cannot make it."""
    return _data(experiment.task, experiment.options, experiment.steps, experiment.batch, experiment.data_seed)


def masks_of(experiment: Experiment, update: int, passing: int = 0) -> dict[str, Array]:
    """The masks of update n, as `core.dropout.draw.draw` draws them for the experiment and its data."""
    e = experiment
    shape = replace(e.shape, tokens=data_of(e).tokens) if e.placement.get("words") else e.shape
    return draw(e.placement, shape, e.mask_seed, update, passing)


def total_updates(experiment: Experiment) -> int:
    """How many updates the experiment trains for."""
    return experiment.updates or experiment.epochs * data_of(experiment).updates


def window(experiment: Experiment, update: int) -> Batch:
    """The window of update n (from 1): what the run of this experiment reads, or will read, then."""
    e = experiment
    return _window(e.task, e.options, e.steps, e.batch, e.data_seed, update)


def first_asked(experiment: Experiment, least: int) -> int:
    """The first step, from `least` on, at which the task asks for an answer; the last step where it asks no more."""
    asked = np.flatnonzero(window(experiment, 1).asked.any(axis=1))
    return int(next((t for t in asked if t >= least), experiment.steps - 1))


@lru_cache(maxsize=8)
def _data(name: str, options: tuple[tuple[str, Value], ...], steps: int, batch: int, seed: int) -> Data:
    return task(name).make(dict(options), steps, batch, seed)


@lru_cache(maxsize=32)
def _window(name: str, options: tuple[tuple[str, Value], ...], steps: int, batch: int, seed: int, update: int) -> Batch:
    data = _data(name, options, steps, batch, seed)
    epoch, place = divmod(update - 1, data.updates)
    return next(islice(data.train(epoch), place, None))
