"""One readable step per cell, array-agnostic: torch tensors train it, NumPy arrays show it, polynomials count on it.

Symbols: x_t input, h state, c cell, i f o r z gates, g candidate; W, U, b weights; m.… the masks of this step. An absent
mask is `ONE`, which leaves what it multiplies as it is. Arrays are [B, H] within a step, [T, B, H] over time.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from core.dropout.masks import GATES
from core.dropout.sites import SITES


class One:
    """The mask that is not there: multiplying by it costs nothing and changes nothing."""

    def __mul__(self, other: Any) -> Any:
        return other

    __rmul__ = __mul__


ONE = One()


@dataclass(frozen=True)
class LayerMasks:
    """The masks of one layer: `into` on what comes from below, the others by the names of their sites.

    Each is an array [T|1, B|1, H|1] or ONE; `into`, `state` and the masks of weights [T|1, B|1, rows, columns] may be a
    tuple with one of these per gate.
    """

    into: Any = ONE
    state: Any = ONE
    candidate: Any = ONE
    cell: Any = ONE
    input_gate: Any = ONE
    forget_gate: Any = ONE
    output_gate: Any = ONE
    reset_gate: Any = ONE
    update_gate: Any = ONE
    recurrent_weights: Any = ONE
    input_weights: Any = ONE
    zoneout_cell: Any = ONE
    zoneout_state: Any = ONE

    def at(self, t: int) -> "LayerMasks":
        """The masks within the recurrence at step t; a mask that is shared over time serves every step."""
        return LayerMasks(**{name: _at(mask, t) for name, mask in self._inside}) if self._inside else NO_MASKS

    def inside(self) -> Iterable[tuple[str, Any]]:
        """The masks within the recurrence that are there, by site."""
        return self._inside

    @cached_property
    def _inside(self) -> tuple[tuple[str, Any], ...]:
        # Asked for at every step of every layer: looked for once.
        return tuple((name, mask) for name in _INSIDE if (mask := getattr(self, name)) is not ONE)


_INSIDE = tuple(site.name for site in SITES.values() if site.inside)
NO_MASKS = LayerMasks()


@dataclass(frozen=True)
class Ops:
    """What a step needs beyond operators: the functions of one kind of array.

    product(weights, mask, v) is W(m ⊙ v) of all gates; gates(a, n) splits that into one part for each of the n gates;
    rest(z) is 1 - z; masked(weights, mask, n) is M ⊙ W, of n gates; stack joins steps.
    """

    sigmoid: Callable[[Any], Any]
    tanh: Callable[[Any], Any]
    product: Callable[[Any, Any, Any], Any]
    gates: Callable[[Any, int], Sequence[Any]]
    rest: Callable[[Any], Any]
    masked: Callable[[Any, Any, int], Any]
    stack: Callable[[list[Any]], Any]


State = tuple[Any, ...]


def lstm(wx: Any, state: State, U: Any, b: Any, m: LayerMasks, op: Ops) -> State:
    """One step of an LSTM (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000).

    wx is W (m.into ⊙ x) of this step, state is (h, c) of the step before; returns the new (h, c).

        i, f, o = σ(W x + U h₋ + b)      g = tanh(W x + U h₋ + b)
        c = f ⊙ c₋ + i ⊙ g               h = o ⊙ tanh(c)
    """
    h, c = state
    i, f, g, o = op.gates(wx + (op.product(U, m.state, h) + b), 4)
    i, f, o = m.input_gate * op.sigmoid(i), m.forget_gate * op.sigmoid(f), m.output_gate * op.sigmoid(o)
    c = m.cell * (f * c + i * (m.candidate * op.tanh(g)))
    h = o * op.tanh(c)
    return h, c


def gru(wx: Any, state: State, U: Any, b: Any, m: LayerMasks, op: Ops) -> State:
    """One step of a GRU in PyTorch's form: r after the recurrent product, z carries the past (Cho et al. 2014).

    wx is W (m.into ⊙ x) of this step, state is (h,) of the step before; returns the new (h,).

        r, z = σ(W x + U h₋ + b)         g = tanh(W x + r ⊙ (U h₋ + b))
        h = (1 - z) ⊙ g + z ⊙ h₋
    """
    (h,) = state
    r, z, g = op.gates(wx, 3)
    r_h, z_h, g_h = op.gates(op.product(U, m.state, h) + b, 3)
    r, z = m.reset_gate * op.sigmoid(r + r_h), m.update_gate * op.sigmoid(z + z_h)
    g = op.tanh(g + r * g_h)
    h = op.rest(z) * (m.candidate * g) + z * h
    return (h,)


def rnn(wx: Any, state: State, U: Any, b: Any, m: LayerMasks, op: Ops) -> State:
    """One step of a plain RNN (Elman 1990).

    wx is W (m.into ⊙ x) of this step, state is (h,) of the step before; returns the new (h,).

        h = tanh(W x + U h₋ + b)
    """
    (h,) = state
    return (op.tanh(wx + (op.product(U, m.state, h) + b)),)


def logistic(wx: Any, state: State, U: Any, b: Any, m: LayerMasks, op: Ops) -> State:
    """The plain RNN with σ in the place of tanh."""
    return rnn(wx, state, U, b, m, replace(op, tanh=op.sigmoid))


@dataclass(frozen=True)
class Cell:
    """A kind of cell: its step, its gates in the order of the blocks of W, U and b, and what it carries along time."""

    step: Callable[..., State]
    gates: tuple[str, ...]
    carries: tuple[str, ...]


def zoned(step: Callable[..., State]) -> Callable[..., State]:
    """Zoneout around a step: where the mask is 0, the old value stays (Krueger et al. 2017, in the form 1 = new).

    The new h is that of the un-zoned cell, as in the paper: h = d ⊙ h̃ + (1 - d) ⊙ h₋, c = d ⊙ c̃ + (1 - d) ⊙ c₋.
    """

    def run(wx: Any, state: State, U: Any, b: Any, m: LayerMasks, op: Ops) -> State:
        new = step(wx, state, U, b, m, op)
        masks = (m.zoneout_state, m.zoneout_cell)
        return tuple(_chosen(d, one, old, op) for d, one, old in zip(masks, new, state, strict=False))

    return run


CELLS = {
    "lstm": Cell(zoned(lstm), GATES["lstm"], ("h", "c")),
    "gru": Cell(zoned(gru), GATES["gru"], ("h",)),
    "rnn": Cell(zoned(rnn), GATES["rnn"], ("h",)),
    "rnn-logistic": Cell(zoned(logistic), GATES["rnn-logistic"], ("h",)),
}


def unroll(cell: Cell, wx: Any, state: State, U: Any, b: Any, m: LayerMasks, op: Ops) -> tuple[Any, State]:
    """Runs a step over time. wx is [T, …]; returns h of all steps [T, …] and the state after the last."""
    hs, gates = [], len(cell.gates)
    fixed = op.masked(U, _at(m.recurrent_weights, 0), gates)  # M ⊙ U, where M is one for all steps
    for t in range(len(wx)):
        now = m.at(t)
        U_t = op.masked(U, now.recurrent_weights, gates) if _fresh(m.recurrent_weights) else fixed
        state = cell.step(wx[t], state, U_t, b, now, op)
        hs.append(state[0])
    return op.stack(hs), state


def stack(x: Any, states: Sequence[Any], layers: Sequence[Any], masks: Sequence[LayerMasks], run: Callable[..., Any]) -> Any:
    """Runs layer upon layer over a whole window: h^l of all steps is the x of layer l + 1.

    run(x, state, weights, masks) runs one layer. Returns h^L of all steps and the new state of every layer.
    """
    after = []
    for weights, state, m in zip(layers, states, masks, strict=True):
        x, state = run(x, state, weights, m)
        after.append(state)
    return x, after


def _chosen(d: Any, new: Any, old: Any, op: Ops) -> Any:
    return new if d is ONE else d * new + op.rest(d) * old


def _at(mask: Any, t: int) -> Any:
    if isinstance(mask, tuple):
        return tuple(_at(one, t) for one in mask)
    return mask if mask is ONE else mask[t if len(mask) > 1 else 0]


def _fresh(mask: Any) -> bool:
    one = mask[0] if isinstance(mask, tuple) else mask
    return one is not ONE and len(one) > 1


def _product(weights: Any, mask: Any, v: Any) -> Any:
    # weights [4H, I]: rows gate by gate. Where each gate has a mask of its own, each block sees its own masked input.
    if isinstance(mask, tuple):
        blocks = np.split(weights, len(mask), axis=-2)
        return np.concatenate([_product(block, m, v) for m, block in zip(mask, blocks, strict=True)], axis=-1)
    # Weights that differ by sample or step, […, 4H, I], meet a v of their own each.
    return (mask * v) @ weights.T if weights.ndim == 2 else (weights @ (mask * v)[..., None])[..., 0]


def _masked(weights: Any, mask: Any, gates: int) -> Any:
    if mask is ONE:
        return weights
    one_per_gate = mask if isinstance(mask, tuple) else (mask,) * gates
    blocks = zip(one_per_gate, np.split(weights, gates), strict=True)
    masked = np.concatenate([m * block for m, block in blocks], axis=-2)
    return masked.reshape(weights.shape) if masked.size == weights.size else masked


NUMPY = Ops(
    sigmoid=lambda a: 1 / (1 + np.exp(-a)),
    tanh=np.tanh,
    product=_product,
    gates=lambda a, n: np.split(a, n, axis=-1),
    rest=lambda z: 1 - z,
    masked=_masked,
    stack=np.stack,
)
