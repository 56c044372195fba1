"""The same input under a thousand masks: what a unit sums up before its nonlinearity, and what it sums up at test.

The network is the experiment's own before its first update; the step is that of `core.nn.cells`, read with NumPy, and
its pre-activation is overheard, not computed again. Up to the step that is looked at the network runs as at test; there,
one mask is drawn n times, by the engine's own draw, and all else stays as at test.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from core.dropout.masks import GATES, Array, Shape, draw_masks, expand_word_masks, gates_of, mask_key, scale, test_time_values
from core.dropout.placement import SCALINGS, Dropout, Placement
from core.dropout.sites import SITES, layers_of
from core.experiment.batches import batch_at, load_data
from core.experiment.experiment import Experiment
from core.nn.cells import CELLS, NUMPY, ONE, Cell, LayerMasks, Ops, State, stack, unroll
from core.nn.numpy_init import Weights, initial

DRAWS = 1000
ELEMENTS = 500_000  # of all masks of one site of weights: of large ones there are fewer draws
_FEWEST = 20
# Their units are summed up by the layer itself; those of all others by the layer above, or by the decoder.
_OWN = ("words", "input", "between", "state", "recurrent_weights", "input_weights")


@dataclass(frozen=True)
class Sums:
    """What one unit sums up. values [n]: under every draw; a single one where the mask is not yet read at this step.
    test: without any mask. layer: the unit's, L + 1 for the decoder, whose units are the classes. unit: from 0."""

    values: npt.NDArray[np.float64]
    test: float
    layer: int
    unit: int

    @property
    def mean(self) -> float:
        """The mean over the draws."""
        return float(self.values.mean())

    @property
    def error(self) -> float:
        """How far that mean may be off by chance: its standard error."""
        return float(self.values.std() / len(self.values) ** 0.5)


def reader_of(site: str, layer: int) -> int:
    """The layer that sums up what the site's mask at a layer multiplies; L + 1 is the decoder."""
    return layer + (site not in _OWN)


def units_of(experiment: Experiment, site: str, layer: int) -> int:
    """How many units that layer has; the classes, where it is the decoder."""
    reader = reader_of(site, layer)
    return load_data(experiment).classes if reader > experiment.layers else experiment.widths[reader - 1]


def scalings_of(dropout: Dropout, site: str) -> tuple[str, ...]:
    """The scalings that the site's mask can have: Zoneout and Gaussian noise have but their own."""
    return SCALINGS if SITES[site].kind != "old" and dropout.noise == "bernoulli" else (dropout.scaling,)


@lru_cache(maxsize=64)
def sums(
    experiment: Experiment,
    update: int,
    site: str,
    layer: int,
    sample: int,
    step: int,
    unit: int = 0,
    scaling: str | None = None,
) -> Sums:
    """What a unit (from 0) sums up from the units that the site's mask multiplies, at one step of one sample of update
    n's window. scaling: of that mask at that step, where it is to be another than its own; the input is the same.

    Raises Invalid where the network is too large for a page.
    """
    values, test = _values(experiment, update, (site, layer), sample, step, scaling)
    return Sums(values[:, unit].astype(np.float64), float(test[unit]), reader_of(site, layer), unit)


@lru_cache(maxsize=64)
def farthest(experiment: Experiment, update: int, site: str, layer: int, sample: int, step: int, scaling: str) -> int:
    """The unit (from 0) whose mean over the draws is the most standard errors away from its value at test; 0 where none is.

    Raises what `sums` raises.
    """
    values, test = _values(experiment, update, (site, layer), sample, step, scaling)
    apart = np.abs(values.mean(axis=0, dtype=np.float64) - test)
    error = values.std(axis=0, dtype=np.float64) / len(values) ** 0.5
    return int(np.argmax(np.divide(apart, error, out=np.zeros_like(apart), where=error > 0)))


def _values(
    experiment: Experiment, update: int, at: tuple[str, int], sample: int, step: int, scaling: str | None
) -> tuple[Array, Array]:
    """What the units sum up under every draw, [n, units], and without any mask, [units]."""
    site, layer = at
    e = replace(experiment, placement=experiment.placement.at(update))
    own = e.placement.get(site)
    assert own is not None
    scaling = scaling or own.scaling
    at_test = _of(test_time_values(_only(e, site, layer, scaling), e.shape), _names(e, site, layer))
    test = _with(replace(e, mask_seed=0), update, at, sample, step, at_test)[0]
    return _drawn(e, update, site, layer, sample, step, scaling == "inverted"), test


@lru_cache(maxsize=4)  # a few megabytes each: those of one look
def _drawn(e: Experiment, update: int, site: str, layer: int, sample: int, step: int, inverted: bool) -> Array:
    """What the units sum up under every draw: but for the factor of "inverted" all scalings drop alike, [n, units]."""
    n, only = draws_of(e, site, layer), _only(e, site, layer)
    shape = replace(e.shape, steps=1, batch=n, tokens=load_data(e).tokens)
    x = batch_at(e, update).x[step, sample]
    kept = _of(
        expand_word_masks(_kept(only, shape, e.mask_seed, update), np.repeat(x[None, None], n, axis=1)), _names(e, site, layer)
    )
    by = scale(e.placement.rate(site, layer, e.layers), "inverted")
    mine = {name: mask * by for name, mask in kept.items()} if inverted else kept
    return _with(e, update, (site, layer), sample, step, mine)


@lru_cache(maxsize=4)
def _kept(only: Placement, shape: Shape, seed: int, update: int) -> dict[str, Array]:
    """The masks of one site for one step, as often as the shape has samples: at every step the same ones."""
    return draw_masks(only, shape, seed, update)


def _with(e: Experiment, update: int, at: tuple[str, int], sample: int, step: int, mine: dict[str, Array]) -> Array:
    """What the units sum up with these masks at one place, all else as at test: [n, units]."""
    clean, names = test_time_values(e.placement, e.shape), _names(e, *at)
    others = {name: value for name, value in clean.items() if name not in names}
    states, x = _states(replace(e, mask_seed=0), update, sample)[step], batch_at(e, update).x[[step]][:, [sample]]
    return _heard(e, initial(e), x, states, others | mine, reader_of(*at))


def _only(e: Experiment, site: str, layer: int, scaling: str = "") -> Placement:
    """The placement of one site at one layer, a draw for each sample; under that scaling, or one that draws no factor."""
    dropout = e.placement.get(site)
    assert dropout is not None
    scaling = scaling or ("none" if dropout.noise == "gaussian" else "test")
    rates = tuple(e.placement.rate(site, at, e.layers) * (at == layer) for at in layers_of(SITES[site], e.layers))
    return Placement.of({site: replace(dropout, rate=rates, batch="sample", scaling=scaling)})


def _names(e: Experiment, site: str, layer: int) -> list[str]:
    dropout = e.placement.get(site)
    assert dropout is not None
    return [mask_key(site, layer, gate) for gate in gates_of(dropout, e.cell)]


def _of(masks: dict[str, Array], names: list[str]) -> dict[str, Array]:
    return {name: masks[name] for name in names if name in masks}


def draws_of(e: Experiment, site: str, layer: int) -> int:
    """How many masks are drawn: DRAWS, fewer where one has an element for each connection."""
    if SITES[site].kind != "weights":
        return DRAWS
    wide = max((e.shape.embedding, *e.widths)) * e.widths[layer - 1]
    return max(_FEWEST, min(DRAWS, ELEMENTS // wide))


@lru_cache(maxsize=8)
def _states(e: Experiment, update: int, sample: int) -> list[list[State]]:
    """The states before every step of the window, from zero, as at test. e: its placement is that of the update."""
    weights, masks = initial(e), test_time_values(e.placement, e.shape)
    layers, run = _by_layer(masks, e), _runner(e, NUMPY)
    states = [[tuple(np.zeros((1, h), np.float32) for _carry in CELLS[e.cell].carries) for h in e.widths]]
    for x in batch_at(e, update).x[:-1, sample]:
        _h, after = stack(_embedded(weights, x[None, None], masks), states[-1], weights.layers, layers, run)
        states.append(after)
    return states


def _heard(
    e: Experiment, weights: Weights, x: npt.NDArray[Any], states: list[State], masks: dict[str, Array], reader: int
) -> Array:
    """What the units of layer `reader`, or of the decoder, sum up at the one step x [1, 1], or [1, 1, F]: [n, units]."""
    ear, below = _Ear(), min(reader, e.layers)
    layers = _by_layer(masks, e)
    h = _embedded(weights, x, masks)
    h, _after = stack(h, states[: below - 1], weights.layers[: below - 1], layers[: below - 1], _runner(e, NUMPY))
    h, _after = stack(
        h,
        states[below - 1 : below],
        weights.layers[below - 1 : below],
        layers[below - 1 : below],
        _runner(e, _listening(e.cell, ear)),
    )
    if reader > e.layers:
        told = masks.get(f"output.{e.layers}", ONE) * h
        scores: Array = (told @ weights.decoder.T + weights.decoder_bias)[0]
        return scores
    candidates: Array = ear.heard
    return candidates


def _embedded(weights: Weights, x: npt.NDArray[Any], masks: dict[str, Array]) -> Any:
    return masks.get("words.1", ONE) * weights.read(x)


def _runner(e: Experiment, op: Ops) -> Callable[..., tuple[Any, State]]:
    cell: Cell = CELLS[e.cell]

    def run(x: Any, state: State, weights: tuple[Array, Array, Array], m: LayerMasks) -> tuple[Any, State]:
        W, U, b = weights
        wx = op.product(op.masked(W, m.input_weights, len(cell.gates)), m.into, x)
        return unroll(cell, wx, state, U, b, m, op)

    return run


def _by_layer(masks: dict[str, Array], e: Experiment) -> list[LayerMasks]:
    """The masks sorted by layer; a site without one is ONE, one with a mask per gate is a tuple."""
    names = [field.name for field in fields(LayerMasks) if field.name != "into"]

    def at(site: str, layer: int) -> object:
        per_gate = [masks.get(mask_key(site, layer, gate)) for gate in GATES[e.cell]]
        return tuple(per_gate) if per_gate[0] is not None else masks.get(mask_key(site, layer), ONE)

    return [
        LayerMasks(at("input" if layer == 1 else "between", layer), **{site: at(site, layer) for site in names})
        for layer in range(1, e.layers + 1)
    ]


class _Ear:
    """Keeps the first array that a function is called with."""

    heard: Any = None

    def on(self, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """The function, overheard."""

        def told(a: Any) -> Any:
            self.heard = a if self.heard is None else self.heard
            return function(a)

        return told


def _listening(cell: str, ear: _Ear) -> Ops:
    # The candidate's nonlinearity is the first tanh of every step; the logistic RNN has σ in its place.
    if cell == "rnn-logistic":
        return replace(NUMPY, sigmoid=ear.on(NUMPY.sigmoid))
    return replace(NUMPY, tanh=ear.on(NUMPY.tanh))
