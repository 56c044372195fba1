"""What one would write without an engine: a loop over torch's own cells, with the same masks."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from core.nn.cells import ONE, LayerMasks, State
from core.nn.engines import Weights, run_layer

# A step of torch's own: (x, state, W, U, b of x, b) → the new state.
CELLS: dict[str, Callable[..., Any]] = {
    "lstm": torch.lstm_cell,
    "gru": lambda x, state, *weights: (torch.gru_cell(x, state[0], *weights),),
    "rnn": lambda x, state, *weights: (torch.rnn_tanh_cell(x, state[0], *weights),),
}
# Masks that can be put around such a cell; others need its equations written out.
AROUND = {"state", "zoneout_cell", "zoneout_state"}


def run_loop(x: Tensor, state: State, weights: Weights, m: LayerMasks, cell: str) -> tuple[Tensor, State]:
    """One layer over x [T, B, I]: by torch's cell where the masks lie around it, else by the equations, both step by step."""
    if not fits(m, cell):
        return run_layer(x, state, weights, m, cell, "reference")
    step, nothing, out = CELLS[cell], torch.zeros_like(weights.b), []
    for t in range(len(x)):
        now = m.at(t)
        into = m.into if m.into is ONE else m.into[t if len(m.into) > 1 else 0]
        new = step(into * x[t], (now.state * state[0], *state[1:]), weights.W, weights.U, nothing, weights.b)
        zones = (now.zoneout_state, now.zoneout_cell)
        state = tuple(n if d is ONE else d * n + (1 - d) * s for d, n, s in zip(zones, new, state, strict=False))
        out.append(state[0])
    return torch.stack(out), state


def fits(m: LayerMasks, cell: str) -> bool:
    """Whether torch's own cell can be used."""
    inside = {name for name, _mask in m.inside()}
    per_gate = isinstance(m.into, tuple) or isinstance(m.state, tuple)
    # A GRU's cell reads the past twice: a mask on the product's past alone is not around it.
    around = AROUND - {"state"} if cell == "gru" else AROUND
    return cell in CELLS and not per_gate and m.input_weights is ONE and inside <= around
