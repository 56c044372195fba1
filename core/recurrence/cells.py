"""One readable step per cell, array-agnostic: torch tensors train it, NumPy arrays show it, polynomials count on it.

Symbols: x_t input, h state, c cell, i f o gates, g candidate; W, U, b weights; m.… the masks of this step. An absent
mask is `ONE`, which leaves what it multiplies as it is. Arrays are [B, H] within a step, [T, B, H] over time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


class One:
    """The mask that is not there: multiplying by it costs nothing and changes nothing."""

    def __mul__(self, other: Any) -> Any:
        return other

    __rmul__ = __mul__


ONE = One()


@dataclass(frozen=True)
class LayerMasks:
    """The masks of one layer: `into` on what comes from below, the others within the recurrence.

    Each is an array [T|1, B|1, H|1] or ONE; `into` and `state` may be a tuple with one of these per gate.
    """

    into: Any = ONE
    state: Any = ONE
    candidate: Any = ONE
    cell: Any = ONE

    def at(self, t: int) -> "LayerMasks":
        """The masks of step t; a mask that is shared over time serves every step."""
        return LayerMasks(ONE, *(_at(mask, t) for mask in (self.state, self.candidate, self.cell)))


@dataclass(frozen=True)
class Ops:
    """What a step needs beyond operators: the functions of one kind of array.

    product(weights, mask, v) is W(m ⊙ v) of all gates; gates(a) splits that into one part per gate; stack joins steps.
    """

    sigmoid: Callable[[Any], Any]
    tanh: Callable[[Any], Any]
    product: Callable[[Any, Any, Any], Any]
    gates: Callable[[Any], Sequence[Any]]
    stack: Callable[[list[Any]], Any]


def lstm(wx: Any, state: tuple[Any, Any], U: Any, m: LayerMasks, op: Ops) -> tuple[Any, Any]:
    """One step of an LSTM (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000).

    wx is W (m.into ⊙ x) + b of this step, state is (h, c) of the step before; returns the new (h, c).

        i, f, o = σ(W x + U h₋ + b)      g = tanh(W x + U h₋ + b)
        c = f ⊙ c₋ + i ⊙ g               h = o ⊙ tanh(c)
    """
    h, c = state
    i, f, g, o = op.gates(wx + op.product(U, m.state, h))
    i, f, g, o = op.sigmoid(i), op.sigmoid(f), op.tanh(g), op.sigmoid(o)
    c = m.cell * (f * c + i * (m.candidate * g))
    h = o * op.tanh(c)
    return h, c


STEPS = {"lstm": lstm}


def unroll(step: Callable[..., Any], wx: Any, state: tuple[Any, ...], U: Any, m: LayerMasks, op: Ops) -> tuple[Any, Any]:
    """Runs a step over time. wx is [T, …]; returns h of all steps [T, …] and the state after the last."""
    hs = []
    for t in range(len(wx)):
        state = step(wx[t], state, U, m.at(t), op)
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


def _at(mask: Any, t: int) -> Any:
    if isinstance(mask, tuple):
        return tuple(_at(one, t) for one in mask)
    return mask if mask is ONE else mask[t if len(mask) > 1 else 0]


def _product(weights: Any, mask: Any, v: Any) -> Any:
    # weights [4H, I]: rows gate by gate. Where each gate has a mask of its own, each block sees its own masked input.
    if not isinstance(mask, tuple):
        return (mask * v) @ weights.T
    blocks = np.split(weights, len(mask))
    return np.concatenate([(m * v) @ block.T for m, block in zip(mask, blocks, strict=True)], axis=-1)


NUMPY = Ops(
    sigmoid=lambda a: 1 / (1 + np.exp(-a)),
    tanh=np.tanh,
    product=_product,
    gates=lambda a: np.split(a, 4, axis=-1),
    stack=np.stack,
)
