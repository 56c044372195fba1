"""The plain loop: a recurrent layer written as a Python loop over torch's own cells, with the same masks."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from core.nn.cells import ONE, LayerMasks, State
from core.nn.engines import LayerWeights, run_layer

# The steps of torch's own cells: (x, state, W, U, input bias, recurrent bias) → the new state.
CELL_STEPS: dict[str, Callable[..., Any]] = {
    "lstm": torch.lstm_cell,
    "gru": lambda x, state, *weights: (torch.gru_cell(x, state[0], *weights),),
    "rnn": lambda x, state, *weights: (torch.rnn_tanh_cell(x, state[0], *weights),),
}
# The sites whose masks can be applied outside such a cell; others need its equations written out.
SITES_AROUND_CELL = {"state", "whole_state", "zoneout_cell", "zoneout_state"}


def run_loop(x: Tensor, state: State, weights: LayerWeights, m: LayerMasks, cell: str) -> tuple[Tensor, State]:
    """Run one layer over x [T, B, I] step by step: by torch's cell where the masks allow it, else by the reference step."""
    if not can_use_torch_cell(m, cell):
        return run_layer(x, state, weights, m, cell, "reference")
    step, no_bias, hs = CELL_STEPS[cell], torch.zeros_like(weights.b), []
    for t in range(len(x)):
        now = m.at(t)
        into = m.into if m.into is ONE else m.into[t if len(m.into) > 1 else 0]
        read = (now.state * (now.whole_state * state[0]), *state[1:])
        new = step(into * x[t], read, weights.W, weights.U, no_bias, weights.b)
        zones = (now.zoneout_state, now.zoneout_cell)
        state = tuple(n if d is ONE else d * n + (1 - d) * s for d, n, s in zip(zones, new, state, strict=False))
        hs.append(state[0])
    return torch.stack(hs), state


def can_use_torch_cell(m: LayerMasks, cell: str) -> bool:
    """Return whether torch's own cell can apply these masks."""
    sites = {site for site, _mask in m.recurrent}
    per_gate = isinstance(m.into, tuple) or isinstance(m.state, tuple)
    # A GRU's cell uses h₋ twice, so a mask on the recurrent product alone cannot be applied outside it.
    around = SITES_AROUND_CELL - {"state"} if cell == "gru" else SITES_AROUND_CELL
    return cell in CELL_STEPS and not per_gate and m.input_weights is ONE and sites <= around
