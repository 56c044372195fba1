"""Runs one layer over a window of time in torch: the library's fused kernel where it can, the reference step elsewhere."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from core.recurrence.cells import CELLS, ONE, LayerMasks, Ops, State, unroll

ENGINES = ("auto", "reference")
# The library's fused layer of a cell; a cell without one runs by the reference step.
FUSED = {"lstm": torch.lstm, "gru": torch.gru, "rnn": torch.rnn_tanh}


def _product(weights: Tensor, mask: object, v: Tensor) -> Tensor:
    if isinstance(mask, tuple):
        blocks = weights.chunk(len(mask), dim=-2)
        return torch.cat([_product(block, m, v) for m, block in zip(mask, blocks, strict=True)], dim=-1)
    seen = mask * v  # type: ignore[operator]
    # Weights that differ by sample or step, […, 4H, I], meet a v of their own each.
    return seen @ weights.T if weights.ndim == 2 else (weights @ seen[..., None])[..., 0]


def _masked(weights: Tensor, mask: object, gates: int) -> Tensor:
    if mask is ONE:
        return weights
    one_per_gate = mask if isinstance(mask, tuple) else (mask,) * gates
    blocks = zip(one_per_gate, weights.chunk(gates), strict=True)
    masked = torch.cat([m * block for m, block in blocks], dim=-2)
    return masked.reshape(weights.shape) if masked.numel() == weights.numel() else masked


TORCH = Ops(
    sigmoid=torch.sigmoid,
    tanh=torch.tanh,
    product=_product,
    gates=lambda a, n: a.chunk(n, dim=-1),
    rest=lambda z: 1 - z,
    masked=_masked,
    stack=torch.stack,
)


@dataclass(frozen=True)
class Weights:
    """One layer of n gates: W [nH, I], U [nH, H], b [nH], gates in the cell's order (PyTorch's)."""

    W: Tensor
    U: Tensor
    b: Tensor


def run_layer(x: Tensor, state: State, weights: Weights, masks: LayerMasks, cell: str, engine: str) -> tuple[Tensor, State]:
    """One layer over x [T, B, I] from state (h, c) or (h,), [B, H] each; returns h of all steps [T, B, H], and the state."""
    run = _fused if engine == "auto" and fusible(masks, cell) else _reference
    return run(x, state, weights, masks, cell)


def fusible(masks: LayerMasks, cell: str) -> bool:
    """Whether the library's fused layer of the cell can express these masks: on what comes in, one for all gates, and on
    weights, one for all steps and samples."""
    inside = [mask for name, mask in masks.inside() if name != "recurrent_weights"]
    weights = (masks.input_weights, masks.recurrent_weights)
    return cell in FUSED and not inside and not isinstance(masks.into, tuple) and all(_one_for_all(m) for m in weights)


def _one_for_all(mask: object) -> bool:
    every = mask if isinstance(mask, tuple) else (mask,)
    return all(one is ONE or one.shape[:2] == (1, 1) for one in every)


def _reference(x: Tensor, state: State, weights: Weights, masks: LayerMasks, cell: str) -> tuple[Tensor, State]:
    row = CELLS[cell]
    wx = _product(_masked(weights.W, masks.input_weights, len(row.gates)), masks.into, x)
    return unroll(row, wx, state, weights.U, weights.b, masks, TORCH)


def _fused(x: Tensor, state: State, weights: Weights, masks: LayerMasks, cell: str) -> tuple[Tensor, State]:
    # The library has two bias vectors; the first is held at zero: in a GRU, b belongs to the recurrent product.
    # On a CPU in float32 the LSTM is oneDNN's fused kernel.
    gates = len(CELLS[cell].gates)
    W, U = _masked(weights.W, masks.input_weights, gates), _masked(weights.U, masks.recurrent_weights, gates)
    flat = [W, U, torch.zeros_like(weights.b), weights.b]
    begin = tuple(s.unsqueeze(0).contiguous() for s in state)
    run: Any = FUSED[cell]
    first = begin if cell == "lstm" else begin[0]
    hs, *last = run(masks.into * x, first, flat, True, 1, 0.0, torch.is_grad_enabled(), False, False)
    return hs, tuple(s[0] for s in last)
