"""The pre-activations of a unit under many draws of one mask, and its pre-activation at test (NumPy).

The network is the experiment's own before its first update, and its step is that of `core.nn.cells`. Up to the chosen step the
network runs as at test; there, one mask is drawn n times, as in training, and everything else stays as at test.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from core.dropout.masks import (
    Array,
    NetworkShape,
    compute_kept_scale,
    draw_masks,
    expand_word_masks,
    get_test_time_values,
    list_mask_gates,
    make_mask_key,
)
from core.dropout.placement import SCALINGS, Dropout, Placement
from core.dropout.sites import SITES, get_site_layers
from core.experiment.batches import batch_at, load_data
from core.experiment.experiment import Experiment
from core.nn.cells import CELLS, NUMPY, ONE, Cell, LayerMasks, Ops, State, group_masks_by_layer, run_layers, unroll
from core.nn.numpy_init import NetworkWeights, draw_initial_weights
from core.tasks.file_caches import register_file_cache

DRAWS = 1000
MAX_ELEMENTS = 500_000  # most numbers in all draws of a weight mask together
_MIN_DRAWS = 20
# Masks at these sites change the pre-activations of their own layer, those at other sites those of the layer above.
_READ_BY_OWN_LAYER = ("words", "input", "between", "state", "whole_state", "recurrent_weights", "input_weights")


@dataclass(frozen=True)
class PreactivationSample:
    """The pre-activations of one unit.

    values: under every draw, [n]; a single one where the mask is not used at this step. test: without masks. layer: the
    unit's layer; L + 1 is the decoder, whose units are the classes. unit: from 0.
    """

    values: npt.NDArray[np.float64]
    test: float
    layer: int
    unit: int

    @property
    def mean(self) -> float:
        """Return the mean over the draws."""
        return float(self.values.mean())

    @property
    def error(self) -> float:
        """Return the standard error of the mean."""
        return float(self.values.std() / len(self.values) ** 0.5)


def find_reading_layer(site: str, layer: int) -> int:
    """Return the layer whose pre-activations a mask of the site at this layer changes; L + 1 is the decoder."""
    return layer + (site not in _READ_BY_OWN_LAYER)


def count_units(experiment: Experiment, site: str, layer: int) -> int:
    """Return the number of units of the layer that reads the mask; of the decoder, the number of classes."""
    reader = find_reading_layer(site, layer)
    return load_data(experiment).classes if reader > experiment.layers else experiment.widths[reader - 1]


def list_scalings(dropout: Dropout, site: str) -> tuple[str, ...]:
    """Return the scalings that the site's mask can have; Zoneout and Gaussian noise have one."""
    return SCALINGS if SITES[site].kind != "zoneout" and dropout.noise == "bernoulli" else (dropout.scaling,)


@register_file_cache
@lru_cache(maxsize=64)
def sample_preactivations(
    experiment: Experiment,
    update: int,
    site: str,
    layer: int,
    sample: int,
    step: int,
    unit: int = 0,
    scaling: str | None = None,
) -> PreactivationSample:
    """Return the pre-activations of a unit (from 0) under draws of one mask, at one step of one sample of an update's window.

    scaling: of that mask, where it is to differ from the experiment's; the input stays the same. Raises Invalid if the
    network is too large for a page.
    """
    values, test = _sample_values(experiment, update, (site, layer), sample, step, scaling)
    return PreactivationSample(values[:, unit].astype(np.float64), float(test[unit]), find_reading_layer(site, layer), unit)


@register_file_cache
@lru_cache(maxsize=64)
def find_most_shifted_unit(
    experiment: Experiment, update: int, site: str, layer: int, sample: int, step: int, scaling: str
) -> int:
    """Return the unit (from 0) whose mean is the most standard errors away from its value at test; 0 if none is.

    Raises Invalid as `sample_preactivations` does.
    """
    values, test = _sample_values(experiment, update, (site, layer), sample, step, scaling)
    shift = np.abs(values.mean(axis=0, dtype=np.float64) - test)
    error = values.std(axis=0, dtype=np.float64) / len(values) ** 0.5
    return int(np.argmax(np.divide(shift, error, out=np.zeros_like(shift), where=error > 0)))


def _sample_values(
    experiment: Experiment, update: int, at: tuple[str, int], sample: int, step: int, scaling: str | None
) -> tuple[Array, Array]:
    """Return the pre-activations of all units under every draw, [n, units], and at test, [units]."""
    site, layer = at
    e = replace(experiment, placement=experiment.placement.resolve_schedules(update))
    dropout = e.placement.get(site)
    assert dropout is not None
    scaling = scaling or dropout.scaling
    at_test = _select_masks(get_test_time_values(_isolate_site(e, site, layer, scaling), e.shape), _mask_names(e, site, layer))
    test = _run_with_masks(replace(e, mask_seed=0), update, at, sample, step, at_test)[0]
    return _draw_values(e, update, site, layer, sample, step, scaling == "inverted"), test


@register_file_cache
@lru_cache(maxsize=4)  # a few megabytes each: enough for one view of the page
def _draw_values(e: Experiment, update: int, site: str, layer: int, sample: int, step: int, inverted: bool) -> Array:
    """Return the pre-activations under every draw, [n, units]. The scalings drop the same units and differ in a factor."""
    n, placement = count_draws(e, site, layer), _isolate_site(e, site, layer)
    shape = replace(e.shape, steps=1, batch=n, tokens=load_data(e).tokens)
    x = batch_at(e, update).x[step, sample]
    masks = _select_masks(
        expand_word_masks(_draw_site_masks(placement, shape, e.mask_seed, update), np.repeat(x[None, None], n, axis=1)),
        _mask_names(e, site, layer),
    )
    scale = compute_kept_scale(e.placement.get_rate(site, layer, e.layers), "inverted")
    scaled = {name: mask * scale for name, mask in masks.items()} if inverted else masks
    return _run_with_masks(e, update, (site, layer), sample, step, scaled)


@lru_cache(maxsize=4)
def _draw_site_masks(placement: Placement, shape: NetworkShape, seed: int, update: int) -> dict[str, Array]:
    """Draw the masks of one site for one step, one for each sample of the shape; the same for every step."""
    return draw_masks(placement, shape, seed, update)


def _run_with_masks(e: Experiment, update: int, at: tuple[str, int], sample: int, step: int, masks: dict[str, Array]) -> Array:
    """Return the pre-activations with these masks at one site and everything else as at test, [n, units]."""
    at_test, names = get_test_time_values(e.placement, e.shape), _mask_names(e, *at)
    others = {name: value for name, value in at_test.items() if name not in names}
    states, x = _states_before_steps(replace(e, mask_seed=0), update, sample)[step], batch_at(e, update).x[[step]][:, [sample]]
    return _capture_preactivations(e, draw_initial_weights(e), x, states, others | masks, find_reading_layer(*at))


def _isolate_site(e: Experiment, site: str, layer: int, scaling: str = "") -> Placement:
    """Return the placement of one site at one layer, with a draw per sample; scaling "" is one without a factor in training."""
    dropout = e.placement.get(site)
    assert dropout is not None
    scaling = scaling or ("none" if dropout.noise == "gaussian" else "test")
    rates = tuple(e.placement.get_rate(site, at, e.layers) * (at == layer) for at in get_site_layers(SITES[site], e.layers))
    return Placement.from_sites({site: replace(dropout, rate=rates, batch="sample", scaling=scaling)})


def _mask_names(e: Experiment, site: str, layer: int) -> list[str]:
    dropout = e.placement.get(site)
    assert dropout is not None
    return [make_mask_key(site, layer, gate) for gate in list_mask_gates(dropout, e.cell)]


def _select_masks(masks: dict[str, Array], names: list[str]) -> dict[str, Array]:
    return {name: masks[name] for name in names if name in masks}


def count_draws(e: Experiment, site: str, layer: int) -> int:
    """Return how many masks are drawn: DRAWS, or fewer if a mask has an element for each weight."""
    if SITES[site].kind != "weights":
        return DRAWS
    elements = max((e.shape.embedding, *e.widths)) * e.widths[layer - 1]
    return max(_MIN_DRAWS, min(DRAWS, MAX_ELEMENTS // elements))


@register_file_cache
@lru_cache(maxsize=8)
def _states_before_steps(e: Experiment, update: int, sample: int) -> list[list[State]]:
    """Return the states before every step of the window, from zero, as at test. e: with the placement of the update."""
    weights, masks = draw_initial_weights(e), get_test_time_values(e.placement, e.shape)
    layers, run = group_masks_by_layer(masks, e.layers, e.cell), _make_runner(e, NUMPY)
    states = [[tuple(np.zeros((1, h), np.float32) for _carry in CELLS[e.cell].carries) for h in e.widths]]
    for x in batch_at(e, update).x[:-1, sample]:
        _h, after = run_layers(_embed_input(weights, x[None, None], masks), states[-1], weights.layers, layers, run)
        states.append(after)
    return states


def _capture_preactivations(
    e: Experiment, weights: NetworkWeights, x: npt.NDArray[Any], states: list[State], masks: dict[str, Array], reader: int
) -> Array:
    """Return the pre-activations of layer `reader`, or of the decoder, at one step x [1, 1] or [1, 1, F], as [n, units]."""
    capture, below = _InputCapture(), min(reader, e.layers)
    layers = group_masks_by_layer(masks, e.layers, e.cell)
    h = _embed_input(weights, x, masks)
    h, _after = run_layers(h, states[: below - 1], weights.layers[: below - 1], layers[: below - 1], _make_runner(e, NUMPY))
    h, _after = run_layers(
        h,
        states[below - 1 : below],
        weights.layers[below - 1 : below],
        layers[below - 1 : below],
        _make_runner(e, _capturing_ops(e.cell, capture)),
    )
    if reader > e.layers:
        decoder_input = masks.get(f"output.{e.layers}", ONE) * h
        scores: Array = (decoder_input @ weights.decoder.T + weights.decoder_bias)[0]
        return scores
    candidates: Array = capture.value
    return candidates


def _embed_input(weights: NetworkWeights, x: npt.NDArray[Any], masks: dict[str, Array]) -> Any:
    return masks.get("words.1", ONE) * weights.embed(x)


def _make_runner(e: Experiment, op: Ops) -> Callable[..., tuple[Any, State]]:
    cell: Cell = CELLS[e.cell]

    def run(x: Any, state: State, weights: tuple[Array, Array, Array], m: LayerMasks) -> tuple[Any, State]:
        W, U, b = weights
        wx = op.masked_product(op.mask_weights(W, m.input_weights, len(cell.gates)), m.into, x)
        return unroll(cell, wx, state, U, b, m, op)

    return run


class _InputCapture:
    """A wrapper that keeps the first argument with which a function is called."""

    value: Any = None

    def wrap(self, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return the function, with its first argument kept in `value`."""

        def captured(a: Any) -> Any:
            self.value = a if self.value is None else self.value
            return function(a)

        return captured


def _capturing_ops(cell: str, capture: _InputCapture) -> Ops:
    # The first tanh of every step is that of the candidate; the logistic RNN has σ in its place.
    if cell == "rnn-logistic":
        return replace(NUMPY, sigmoid=capture.wrap(NUMPY.sigmoid))
    return replace(NUMPY, tanh=capture.wrap(NUMPY.tanh))
