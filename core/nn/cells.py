"""One step of each recurrent cell, written once for any kind of array: torch, NumPy, dual numbers, path counts.

Symbols: x_t input, h hidden state, c cell state, h₋ and c₋ those of the step before, i f o r z gates, g candidate; W, U, b
weights; m.<site> the masks of this step. A site without a mask has `ONE`, a factor that changes nothing. Arrays are [B, H]
within a step and [T, B, H] over time.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np

from core.dropout.cells import GATES
from core.dropout.masks import make_mask_key
from core.dropout.sites import SITES


class NoMask:
    """The factor in place of an absent mask: multiplying by it returns the other factor itself, without arithmetic."""

    def __mul__(self, other: Any) -> Any:
        return other

    __rmul__ = __mul__


ONE = NoMask()


@dataclass(frozen=True)
class LayerMasks:
    """The masks of one layer: `into` multiplies the layer's input, the others carry the names of their sites.

    Each is an array [T|1, B|1, H|1], of weights [T|1, B|1, rows, columns], or ONE. `into`, `state` and the masks of weights may
    also be a tuple with one array per gate. An axis of length 1 is shared.
    """

    into: Any = ONE
    state: Any = ONE
    whole_state: Any = ONE
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
        """Return the masks within the recurrence at step t; a mask that is shared over time is returned at every step."""
        return LayerMasks(**{name: _mask_at(mask, t) for name, mask in self.recurrent}) if self.recurrent else NO_MASKS

    @cached_property
    def recurrent(self) -> tuple[tuple[str, Any], ...]:
        """Return the masks within the recurrence that are present, as (site, mask)."""
        # Cached, because `at` needs it at every step of every layer.
        return tuple((name, mask) for name in _RECURRENT_SITES if (mask := getattr(self, name)) is not ONE)


_SITES = tuple(field.name for field in fields(LayerMasks) if field.name != "into")
_RECURRENT_SITES = tuple(site.name for site in SITES.values() if site.is_recurrent)
NO_MASKS = LayerMasks()


@dataclass(frozen=True)
class Ops:
    """The functions that a step needs beside operators, for one kind of array.

    masked_product(weights, mask, v) is W(m ⊙ v), all gates side by side; split_gates(a, n) splits that into n gates;
    one_minus(z) is 1 - z; mask_weights(weights, mask, n) is M ⊙ W for n gates; stack_steps joins a list of steps.
    """

    sigmoid: Callable[[Any], Any]
    tanh: Callable[[Any], Any]
    masked_product: Callable[[Any, Any, Any], Any]
    split_gates: Callable[[Any, int], Sequence[Any]]
    one_minus: Callable[[Any], Any]
    mask_weights: Callable[[Any, Any, int], Any]
    stack_steps: Callable[[list[Any]], Any]


State = tuple[Any, ...]


def lstm_step(wx: Any, state: State, U: Any, b: Any, m: LayerMasks, op: Ops) -> State:
    """Return (h, c) after one step of an LSTM (Hochreiter and Schmidhuber 1997; forget gate of Gers et al. 2000).

        i, f, o = σ(W x + U h₋ + b)      g = tanh(W x + U h₋ + b)
        c = f ⊙ c₋ + i ⊙ g               h = o ⊙ tanh(c)

    wx: W (m.into ⊙ x) of this step, [B, 4H]. state: (h₋, c₋), [B, H] each. U [4H, H], b [4H], gates in the order i f g o.
    """
    h, c = state
    i, f, g, o = op.split_gates(wx + (op.masked_product(U, m.state, h) + b), 4)
    i, f, o = m.input_gate * op.sigmoid(i), m.forget_gate * op.sigmoid(f), m.output_gate * op.sigmoid(o)
    c = m.cell * (f * c + i * (m.candidate * op.tanh(g)))
    h = o * op.tanh(c)
    return h, c


def gru_step(wx: Any, state: State, U: Any, b: Any, m: LayerMasks, op: Ops) -> State:
    """Return (h,) after one step of a GRU (Cho et al. 2014) in PyTorch's form: r after the recurrent product, z keeps the past.

        r, z = σ(W x + U h₋ + b)         g = tanh(W x + r ⊙ (U h₋ + b))
        h = (1 - z) ⊙ g + z ⊙ h₋

    The mask on the whole state multiplies h₋ in all three equations, that on the state in the products with U alone.
    wx: W (m.into ⊙ x) of this step, [B, 3H]. state: (h₋,), [B, H]. U [3H, H], b [3H], gates in the order r z g.
    """
    h = m.whole_state * state[0]
    r, z, g = op.split_gates(wx, 3)
    r_h, z_h, g_h = op.split_gates(op.masked_product(U, m.state, h) + b, 3)
    r, z = m.reset_gate * op.sigmoid(r + r_h), m.update_gate * op.sigmoid(z + z_h)
    g = op.tanh(g + r * g_h)
    h = op.one_minus(z) * (m.candidate * g) + z * h
    return (h,)


def rnn_step(wx: Any, state: State, U: Any, b: Any, m: LayerMasks, op: Ops) -> State:
    """Return (h,) after one step of a plain RNN (Elman 1990).

        h = tanh(W x + U h₋ + b)

    wx: W (m.into ⊙ x) of this step, [B, H]. state: (h₋,), [B, H]. U [H, H], b [H].
    """
    (h,) = state
    return (op.tanh(wx + (op.masked_product(U, m.state, h) + b)),)


def logistic_rnn_step(wx: Any, state: State, U: Any, b: Any, m: LayerMasks, op: Ops) -> State:
    """Return (h,) after one step of a plain RNN with the logistic sigmoid: h = σ(W x + U h₋ + b)."""
    return rnn_step(wx, state, U, b, m, replace(op, tanh=op.sigmoid))


@dataclass(frozen=True)
class Cell:
    """A recurrent cell: its step, its gates in the order of the blocks of W, U and b, and the states that it carries."""

    step: Callable[..., State]
    gates: tuple[str, ...]
    carries: tuple[str, ...]


def with_zoneout(step: Callable[..., State]) -> Callable[..., State]:
    """Return the step with Zoneout around it (Krueger et al. 2017): where a mask is 0, the old value stays.

        h = d_h ⊙ h̃ + (1 - d_h) ⊙ h₋     c = d_c ⊙ c̃ + (1 - d_c) ⊙ c₋

    h̃ and c̃ are what the step returns; as in the paper, h̃ is computed from c̃, the cell before Zoneout. The paper's d is 1 - d
    here: 1 means the new value.
    """

    def step_with_zoneout(wx: Any, state: State, U: Any, b: Any, m: LayerMasks, op: Ops) -> State:
        new_state = step(wx, state, U, b, m, op)
        masks = (m.zoneout_state, m.zoneout_cell)
        return tuple(
            new if d is ONE else d * new + op.one_minus(d) * old for d, new, old in zip(masks, new_state, state, strict=False)
        )

    return step_with_zoneout


CELLS = {
    "lstm": Cell(with_zoneout(lstm_step), GATES["lstm"], ("h", "c")),
    "gru": Cell(with_zoneout(gru_step), GATES["gru"], ("h",)),
    "rnn": Cell(with_zoneout(rnn_step), GATES["rnn"], ("h",)),
    "rnn-logistic": Cell(with_zoneout(logistic_rnn_step), GATES["rnn-logistic"], ("h",)),
}


def unroll(cell: Cell, wx: Any, state: State, U: Any, b: Any, m: LayerMasks, op: Ops) -> tuple[Any, State]:
    """Run a cell's step over time; return h of all steps [T, B, H] and the state after the last.

    wx: W (m.into ⊙ x) of all steps, [T, B, nH] for n gates. The other arguments are those of a step.
    """
    hs, gates = [], len(cell.gates)
    shared_U = op.mask_weights(U, _mask_at(m.recurrent_weights, 0), gates)  # M ⊙ U, where one M serves all steps
    for t in range(len(wx)):
        now = m.at(t)
        U_t = op.mask_weights(U, now.recurrent_weights, gates) if _varies_over_time(m.recurrent_weights) else shared_U
        state = cell.step(wx[t], state, U_t, b, now, op)
        hs.append(state[0])
    return op.stack_steps(hs), state


def run_layers(
    x: Any, states: Sequence[Any], layers: Sequence[Any], masks: Sequence[LayerMasks], run: Callable[..., Any]
) -> Any:
    """Run layer upon layer over a whole window; return h^L of all steps and the new state of every layer.

    run(x, state, weights, masks) runs one layer; its h of all steps is the x of the layer above.
    """
    new_states = []
    for weights, state, m in zip(layers, states, masks, strict=True):
        x, state = run(x, state, weights, m)
        new_states.append(state)
    return x, new_states


def group_masks_by_layer(masks: Mapping[str, Any], layers: int, cell: str) -> list[LayerMasks]:
    """Return the masks of layers 1 to L, from masks by key (`core.dropout.masks.make_mask_key`).

    A site without a mask has ONE, a site with a mask per gate a tuple in the order of the cell's gates.
    """

    def find(site: str, layer: int) -> Any:
        per_gate = tuple(masks.get(make_mask_key(site, layer, gate)) for gate in GATES[cell])
        return per_gate if per_gate[0] is not None else masks.get(make_mask_key(site, layer), ONE)

    return [
        LayerMasks(find("input" if layer == 1 else "between", layer), **{site: find(site, layer) for site in _SITES})
        for layer in range(1, layers + 1)
    ]


def _mask_at(mask: Any, t: int) -> Any:
    if isinstance(mask, tuple):
        return tuple(_mask_at(gate_mask, t) for gate_mask in mask)
    return mask if mask is ONE else mask[t if len(mask) > 1 else 0]


def _varies_over_time(mask: Any) -> bool:
    first = mask[0] if isinstance(mask, tuple) else mask
    return first is not ONE and len(first) > 1


def _multiply(weights: Any, mask: Any, v: Any) -> Any:
    # weights [nH, I]: rows gate by gate. Where each gate has its own mask, each block multiplies its own masked input.
    if isinstance(mask, tuple):
        blocks = np.split(weights, len(mask), axis=-2)
        return np.concatenate([_multiply(block, m, v) for m, block in zip(mask, blocks, strict=True)], axis=-1)
    # Weights that differ by sample or step, […, nH, I], multiply one v each.
    return (mask * v) @ weights.T if weights.ndim == 2 else (weights @ (mask * v)[..., None])[..., 0]


def _mask_weights(weights: Any, mask: Any, gates: int) -> Any:
    if mask is ONE:
        return weights
    gate_masks = mask if isinstance(mask, tuple) else (mask,) * gates
    blocks = zip(gate_masks, np.split(weights, gates), strict=True)
    masked = np.concatenate([m * block for m, block in blocks], axis=-2)
    return masked.reshape(weights.shape) if masked.size == weights.size else masked


NUMPY = Ops(
    sigmoid=lambda a: 1 / (1 + np.exp(-a)),
    tanh=np.tanh,
    masked_product=_multiply,
    split_gates=lambda a, n: np.split(a, n, axis=-1),
    one_minus=lambda z: 1 - z,
    mask_weights=_mask_weights,
    stack_steps=np.stack,
)
