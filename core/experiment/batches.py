"""The data that an experiment trains on, found again without a run: the window of any update."""

from dataclasses import replace
from functools import lru_cache
from itertools import islice
from weakref import WeakValueDictionary

import numpy as np

from core.dropout.masks import Array, draw_masks
from core.errors import Invalid
from core.experiment.experiment import Experiment
from core.i18n import _
from core.tasks import task
from core.tasks.task import Batch, Data, Value
from core.tasks.window_variants import fresh, varied

# What the data depend on, and how they are cut: (task, options, T, B, seed), windows, states, decoder.
_Key = tuple[tuple[str, tuple[tuple[str, Value], ...], int, int, int], str, str, str]


def load_data(experiment: Experiment) -> Data:
    """The data of an experiment. Raises Invalid where its task cannot make it."""
    return _data(_key(experiment))


def draw_update_masks(experiment: Experiment, update: int, pass_index: int = 0) -> dict[str, Array]:
    """The masks of update n, as `core.dropout.masks.draw` draws them for the experiment and its data."""
    e = experiment
    shape = replace(e.shape, tokens=load_data(e).tokens) if e.placement.get("words") else e.shape
    if e.windows == "varied":
        shape = replace(shape, steps=len(batch_at(e, update).x))
    return draw_masks(e.placement, shape, e.mask_seed, update, pass_index)


def count_updates(experiment: Experiment) -> int:
    """How many updates the experiment trains for."""
    return experiment.updates or experiment.epochs * load_data(experiment).updates


def count_inputs(experiment: Experiment) -> int:
    """How many steps of how many samples an epoch reads, B · T of each window: of a text, its symbols in whole windows."""
    return sum(batch.x.shape[0] * batch.x.shape[1] for batch in load_data(experiment).train(0))


def count_targets(experiment: Experiment) -> dict[str, int]:
    """How many answers are asked for in an epoch of training, and in the other parts."""
    data = load_data(experiment)
    parts = {"train": data.train(0), "validation": data.split("validation"), "test": data.split("test")}
    return {name: sum(int(batch.target_mask.sum()) for batch in part) for name, part in parts.items()}


def batch_at(experiment: Experiment, update: int) -> Batch:
    """The window of update n (from 1): what the run of this experiment reads, or will read, then."""
    return _window(_key(experiment), update)


def nearest_target_step(experiment: Experiment, update: int, sample: int, t: int, chosen: bool) -> int:
    """Where a path to step t can end in that sample of an update's window: at t where that was chosen and exists, else at the
    nearest step, the later of two, at which something is asked; at t where nothing is. Where the answer may be that there is
    nothing to name, and t was not chosen: t steps into that of which there is something."""
    batch, nothing = batch_at(experiment, update), load_data(experiment).nothing
    if chosen and batch.exists[t, sample]:
        return t
    named = np.flatnonzero(batch.target_mask[:, sample] & (batch.y[:, sample] != nothing))
    if nothing is not None and len(named) and not chosen:
        return int(named[min(t, len(named) - 1)])
    asked = np.flatnonzero(batch.target_mask[:, sample])
    return int(min(asked, key=lambda step: (abs(step - t), -step), default=t))


def have_same_validation_targets(one: Experiment, other: Experiment) -> bool:
    """Whether the validation parts of the two ask the same, in the same order, and scale it alike."""
    return _same_questions(_key(one), _key(other))


@lru_cache(maxsize=32)
def _same_questions(one: _Key, other: _Key) -> bool:
    asked = [
        (data.class_names, data.centre, data.spread, [b.y[b.target_mask].tolist() for b in data.split("validation")])
        for data in map(_data, (one, other))
    ]
    return asked[0] == asked[1]


def _key(e: Experiment) -> _Key:
    return (e.task, e.options, e.steps, e.batch, e.data_seed), e.windows, e.states, e.decoder


@lru_cache(maxsize=8)
def _made(name: str, options: tuple[tuple[str, Value], ...], steps: int, batch: int, seed: int) -> Data:
    return task(name).make(dict(options), steps, batch, seed)


# Data that somebody holds, such as a run that trains on them, are found again however many others were asked for since.
_held: WeakValueDictionary[_Key, Data] = WeakValueDictionary()


@lru_cache(maxsize=8)
def _data(key: _Key) -> Data:
    data = _held.get(key) or _make_data(key)
    _held[key] = data
    return data


def _make_data(key: _Key) -> Data:
    made, windows, states, decoder = key
    data = _made(*made)
    if decoder == "tied" and data.tokens != data.classes:
        raise Invalid(
            _(
                "A tied decoder has the weights of the embedding: what is answered must be what is read. The task "
                "“{task}” reads {tokens} tokens and answers with {classes}."
            ).format(task=made[0], tokens=data.tokens, classes=data.classes),
            "decoder",
        )
    if windows == "varied":
        data = varied(data, made[2], made[4])
    return fresh(data) if states == "fresh" else data


@lru_cache(maxsize=32)
def _window(key: _Key, update: int) -> Batch:
    data = _data(key)
    epoch, place = divmod(update - 1, data.updates)
    return next(islice(data.train(epoch), place, None))
