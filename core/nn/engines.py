"""Runs one layer over a window of time in torch: the library's fused kernel where it can, backpropagation through time by
hand elsewhere; the reference step, which proves both, where it is asked for."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from core.nn.bptt.layer import run_by_hand
from core.nn.cells import CELLS, ONE, Cell, LayerMasks, Ops, State, unroll

# The library's fused layer of a cell, where it has one.
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
    return RUN[chosen(masks, cell, engine, x.device.type)](x, state, weights, masks, cell)


def chosen(masks: LayerMasks, cell: str, engine: str, device: str) -> str:
    """Which of "fused", "bptt" and "reference" runs a layer. The library's fused layer only where it can express the
    masks; "auto" takes it where it is also the fastest: of its kernels on a CPU that of the LSTM alone."""
    if engine in ("bptt", "reference"):
        return engine
    wanted = engine == "fused" or device != "cpu" or cell == "lstm"
    return "fused" if wanted and fusible(masks, cell) else "bptt"


def fusible(masks: LayerMasks, cell: str) -> bool:
    """Whether the library's fused layer of the cell can express these masks: on what comes in, one for all gates; on the
    state, on weights and on what comes into a single gate, one for all steps and samples, which then masks weights."""
    inside = [mask for name, mask in masks.inside() if name not in ("recurrent_weights", "state")]
    folded = (masks.state, masks.input_weights, masks.recurrent_weights)
    into = masks.into if isinstance(masks.into, tuple) else ONE
    return cell in FUSED and not inside and all(map(_one_for_all, (into, *folded)))


def _one_for_all(mask: object) -> bool:
    every = mask if isinstance(mask, tuple) else (mask,)
    return all(one is ONE or one.shape[:2] == (1, 1) for one in every)


def _reference(x: Tensor, state: State, weights: Weights, masks: LayerMasks, cell: str) -> tuple[Tensor, State]:
    return run_steps(x, state, weights, masks, CELLS[cell])


def run_steps(x: Tensor, state: State, weights: Weights, masks: LayerMasks, row: Cell) -> tuple[Tensor, State]:
    """One layer by the readable step of a cell, one step after the other; what goes in and comes out as of `run_layer`."""
    wx = _product(_masked(weights.W, masks.input_weights, len(row.gates)), masks.into, x)
    return unroll(row, wx, state, weights.U, weights.b, masks, TORCH)


def _bptt(x: Tensor, state: State, weights: Weights, masks: LayerMasks, cell: str) -> tuple[Tensor, State]:
    gates = len(CELLS[cell].gates)
    W, U = _masked(weights.W, masks.input_weights, gates), _masked(weights.U, masks.recurrent_weights, gates)
    return run_by_hand(x, state, W, U, weights.b, masks, cell)


def _fused(x: Tensor, state: State, weights: Weights, masks: LayerMasks, cell: str) -> tuple[Tensor, State]:
    # The library has two bias vectors; the first is held at zero: in a GRU, b belongs to the recurrent product.
    # On a CPU in float32 the LSTM is oneDNN's fused kernel.
    gates, per_gate = len(CELLS[cell].gates), isinstance(masks.into, tuple)
    W = _masked(_masked(weights.W, masks.input_weights, gates), _columns(masks.into) if per_gate else ONE, gates)
    U = _masked(_masked(weights.U, masks.recurrent_weights, gates), _columns(masks.state), gates)
    flat = [W, U, torch.zeros_like(weights.b), weights.b]
    begin = tuple(s.unsqueeze(0).contiguous() for s in state)
    run: Any = FUSED[cell]
    first = begin if cell == "lstm" else begin[0]
    seen = x if per_gate else masks.into * x
    hs, *last = run(seen, first, flat, True, 1, 0.0, torch.is_grad_enabled(), False, False)
    return hs, tuple(s[0] for s in last)


def _columns(mask: Any) -> Any:
    """A mask on what a product sees, [1, 1, n], as the mask of the weights' columns: W(m ⊙ x) = (m ⊙ W) x."""
    if isinstance(mask, tuple):
        return tuple(map(_columns, mask))
    return mask if mask is ONE else mask.unsqueeze(2)


RUN = {"reference": _reference, "bptt": _bptt, "fused": _fused}
