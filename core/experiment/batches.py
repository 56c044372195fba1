"""The data of an experiment, the batch and the masks of any of its updates, without a run. Cached."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from threading import Lock
from weakref import WeakValueDictionary

import numpy as np
from cachetools import LRUCache, cached

from core.dropout.masks import Array, NetworkShape, count_mask_elements, draw_masks
from core.errors import Invalid
from core.experiment.experiment import Experiment
from core.experiment.memory_size import estimate_bytes
from core.i18n import _
from core.tasks import get_task
from core.tasks.file_caches import register_file_cache
from core.tasks.task import Batch, Data, Value
from core.tasks.window_variants import reset_every_window, vary_window_lengths

# What the data depend on: (task, options, T, B, data seed), windows, states, decoder.
_SourceKey = tuple[str, tuple[tuple[str, Value], ...], int, int, int]
_DataKey = tuple[_SourceKey, str, str, str]
DATA_MEMORY, BATCH_MEMORY = 48 * 2**20, 16 * 2**20  # bytes


def load_data(experiment: Experiment) -> Data:
    """Return the data of an experiment. Raises Invalid if its task cannot make them."""
    return _load_data(_get_key(experiment))


def draw_update_masks(experiment: Experiment, update: int, pass_index: int = 0) -> dict[str, Array]:
    """Draw the masks of an update (from 1), as the run draws them; see `core.dropout.masks.draw_masks`."""
    e = experiment
    shape = _get_mask_shape(e)
    if e.windows == "varied":
        shape = replace(shape, steps=len(batch_at(e, update).x))
    return draw_masks(e.placement, shape, e.mask_seed, update, pass_index)


def count_update_draws(experiment: Experiment, update: int) -> int:
    """Return how many random numbers the masks of an update need, those of all sites and layers together."""
    return count_mask_elements(experiment.placement.resolve_schedules(update), _get_mask_shape(experiment))


def check_update_draws(experiments: Sequence[Experiment], update: int, most: int) -> int:
    """Return how many random numbers the masks of an update of all these experiments need.

    Raises Invalid for more than `most`.
    """
    count = sum(count_update_draws(experiment, update) for experiment in experiments)
    if count > most:
        raise Invalid(
            _(
                "The masks of this update have {n:.1f} million numbers; a page draws at most {most:.1f} million at once. "
                "Choose a smaller batch, fewer steps or units, or fewer placements to compare with; the command line writes "
                "masks of any size to a file (python -m core masks)."
            ).format(n=count / 1e6, most=most / 1e6),
            "batch",
        )
    return count


def _get_mask_shape(e: Experiment) -> NetworkShape:
    return replace(e.shape, tokens=load_data(e).tokens) if e.placement.get("words") else e.shape


def count_updates(experiment: Experiment) -> int:
    """Return the number of updates that the experiment trains for."""
    return experiment.updates or experiment.epochs * load_data(experiment).updates


def count_inputs(experiment: Experiment) -> int:
    """Return the number of inputs that an epoch reads, B · T per batch (for a text: the symbols in whole windows)."""
    return _count_inputs(_get_key(experiment))


def count_targets(experiment: Experiment) -> dict[str, int]:
    """Return the number of targets in an epoch of training, in the validation split and in the test split."""
    return dict(_count_targets(_get_key(experiment)))


def batch_at(experiment: Experiment, update: int) -> Batch:
    """Return the batch that a run of the experiment reads at an update (from 1)."""
    return _load_batch(_get_key(experiment), update)


def nearest_target_step(experiment: Experiment, update: int, sample: int, t: int, chosen: bool) -> int:
    """Return the step at which a path that should end at step t ends, in one sample of an update's window.

    That is t if it was chosen and is not padding. Otherwise it is the step nearest to t that has a target, the later of two,
    or t if there is no target. If the task has a blank class and t was not chosen, it is step number t (from 0) of
    those whose target is not blank, or the last of them.
    """
    batch, blank = batch_at(experiment, update), load_data(experiment).blank_class
    if chosen and batch.step_mask[t, sample]:
        return t
    named = np.flatnonzero(batch.target_mask[:, sample] & (batch.y[:, sample] != blank))
    if blank is not None and len(named) and not chosen:
        return int(named[min(t, len(named) - 1)])
    steps = np.flatnonzero(batch.target_mask[:, sample])
    return int(min(steps, key=lambda step: (abs(step - t), -step), default=t))


def have_same_validation_targets(one: Experiment, other: Experiment) -> bool:
    """Return whether both validation splits have the same targets, in the same order and with the same scale."""
    return _have_same_targets(_get_key(one), _get_key(other))


@register_file_cache
@lru_cache(maxsize=32)
def _have_same_targets(one: _DataKey, other: _DataKey) -> bool:
    targets = [
        (data.class_names, data.target_mean, data.target_std, [b.y[b.target_mask].tolist() for b in data.split("validation")])
        for data in map(_load_data, (one, other))
    ]
    return targets[0] == targets[1]


@register_file_cache
@lru_cache(maxsize=256)
def _count_inputs(key: _DataKey) -> int:
    return sum(batch.x.shape[0] * batch.x.shape[1] for batch in _load_data(key).train(0))


@register_file_cache
@lru_cache(maxsize=256)
def _count_targets(key: _DataKey) -> tuple[tuple[str, int], ...]:
    data = _load_data(key)
    splits = {"train": data.train(0), "validation": data.split("validation"), "test": data.split("test")}
    return tuple((name, sum(int(batch.target_mask.sum()) for batch in batches)) for name, batches in splits.items())


def _get_key(e: Experiment) -> _DataKey:
    return (e.task, e.options, e.steps, e.batch, e.data_seed), e.windows, e.states, e.decoder


# Data that are still in use, such as by a run that trains on them, are reused although the cache has dropped them.
_held: WeakValueDictionary[_DataKey, Data] = WeakValueDictionary()


def _load_data(key: _DataKey) -> Data:
    data = _keep_data(key)
    _held[key] = data
    return data


# A class may use as many data sets as students choose seeds, so the caches are bounded by memory.
@register_file_cache
@cached(LRUCache(DATA_MEMORY, estimate_bytes), lock=Lock())
def _keep_data(key: _DataKey) -> Data:
    return _held.get(key) or _cut_data(key)


@register_file_cache
@cached(LRUCache(DATA_MEMORY, estimate_bytes), lock=Lock())
def _make_data(source: _SourceKey) -> Data:
    name, options, steps, batch, seed = source
    return get_task(name).make_data(dict(options), steps, batch, seed)


def _cut_data(key: _DataKey) -> Data:
    source, windows, states, decoder = key
    data = _make_data(source)
    if decoder == "tied" and data.tokens != data.classes:
        raise Invalid(
            _(
                "A tied decoder has the weights of the embedding, so inputs and targets must have the same vocabulary. "
                "The task “{task}” has {tokens} input tokens and {classes} classes."
            ).format(task=source[0], tokens=data.tokens, classes=data.classes),
            "decoder",
        )
    if windows == "varied":
        data = vary_window_lengths(data, source[2], source[4])
    return reset_every_window(data) if states == "fresh" else data


@register_file_cache
@cached(LRUCache(BATCH_MEMORY, estimate_bytes), lock=Lock())
def _load_batch(key: _DataKey, update: int) -> Batch:
    data = _load_data(key)
    epoch, index = divmod(update - 1, data.updates)
    return next(islice(data.train(epoch), index, None))
