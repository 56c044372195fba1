"""The engines that run one layer over time in torch.

"fused": PyTorch's own kernel. "bptt": loops with a backward pass written by hand (core/nn/bptt). "reference": the step, with
autograd.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from core.nn.bptt.layer import run_bptt_layer
from core.nn.cells import CELLS, ONE, Cell, LayerMasks, Ops, State, unroll

# PyTorch's fused layer of each cell that has one.
FUSED_LAYERS = {"lstm": torch.lstm, "gru": torch.gru, "rnn": torch.rnn_tanh}


def _multiply(weights: Tensor, mask: object, v: Tensor) -> Tensor:
    if isinstance(mask, tuple):
        blocks = weights.chunk(len(mask), dim=-2)
        return torch.cat([_multiply(block, m, v) for m, block in zip(mask, blocks, strict=True)], dim=-1)
    masked = mask * v  # type: ignore[operator]
    # Weights that differ by sample or step, […, nH, I], multiply one v each.
    return masked @ weights.T if weights.ndim == 2 else (weights @ masked[..., None])[..., 0]


def _mask_weights(weights: Tensor, mask: object, gates: int) -> Tensor:
    if mask is ONE:
        return weights
    gate_masks = mask if isinstance(mask, tuple) else (mask,) * gates
    blocks = zip(gate_masks, weights.chunk(gates), strict=True)
    masked = torch.cat([m * block for m, block in blocks], dim=-2)
    return masked.reshape(weights.shape) if masked.numel() == weights.numel() else masked


TORCH = Ops(
    sigmoid=torch.sigmoid,
    tanh=torch.tanh,
    masked_product=_multiply,
    split_gates=lambda a, n: a.chunk(n, dim=-1),
    one_minus=lambda z: 1 - z,
    mask_weights=_mask_weights,
    stack_steps=torch.stack,
)


@dataclass(frozen=True)
class LayerWeights:
    """The weights of one layer with n gates: W [nH, I], U [nH, H], b [nH], gates in PyTorch's order."""

    W: Tensor
    U: Tensor
    b: Tensor


def run_layer(
    x: Tensor, state: State, weights: LayerWeights, masks: LayerMasks, cell: str, engine: str
) -> tuple[Tensor, State]:
    """Run one layer over x [T, B, I] by an engine; return h of all steps [T, B, H] and the state after the last.

    state: (h, c) or (h,), [B, H] each. engine: "auto", "fused", "bptt" or "reference".
    """
    return RUN_BY_ENGINE[choose_engine(masks, cell, engine, x.device.type)](x, state, weights, masks, cell)


def choose_engine(masks: LayerMasks, cell: str, engine: str, device: str) -> str:
    """Return which of "fused", "bptt" and "reference" runs a layer.

    "fused" is replaced by "bptt" where the fused kernel cannot apply the masks. "auto" chooses "fused" where that is also
    fastest: on an accelerator always, on a CPU for the LSTM alone.
    """
    if engine in ("bptt", "reference"):
        return engine
    prefers_fused = engine == "fused" or device != "cpu" or cell == "lstm"
    return "fused" if prefers_fused and can_fuse(masks, cell) else "bptt"


def can_fuse(masks: LayerMasks, cell: str) -> bool:
    """Return whether PyTorch's fused layer of the cell can apply these masks.

    It can if the layer's input has one mask for all gates, and if every mask on the state, on weights or on the input of a
    single gate is the same for all steps and samples: such a mask is multiplied into the weights. No other site may have a
    mask.
    """
    others = [mask for site, mask in masks.recurrent if site not in ("recurrent_weights", "state")]
    per_gate_input = masks.into if isinstance(masks.into, tuple) else ONE
    in_weights = (per_gate_input, masks.state, masks.input_weights, masks.recurrent_weights)
    return cell in FUSED_LAYERS and not others and all(map(_is_shared_by_steps_and_samples, in_weights))


def _is_shared_by_steps_and_samples(mask: object) -> bool:
    arrays = mask if isinstance(mask, tuple) else (mask,)
    return all(array is ONE or array.shape[:2] == (1, 1) for array in arrays)


def _run_reference(x: Tensor, state: State, weights: LayerWeights, masks: LayerMasks, cell: str) -> tuple[Tensor, State]:
    return run_steps(x, state, weights, masks, CELLS[cell])


def run_steps(x: Tensor, state: State, weights: LayerWeights, masks: LayerMasks, cell: Cell) -> tuple[Tensor, State]:
    """Run one layer by the reference step of a cell, one step after the other; arguments and result as in `run_layer`."""
    wx = _multiply(_mask_weights(weights.W, masks.input_weights, len(cell.gates)), masks.into, x)
    return unroll(cell, wx, state, weights.U, weights.b, masks, TORCH)


def _run_bptt(x: Tensor, state: State, weights: LayerWeights, masks: LayerMasks, cell: str) -> tuple[Tensor, State]:
    gates = len(CELLS[cell].gates)
    W, U = _mask_weights(weights.W, masks.input_weights, gates), _mask_weights(weights.U, masks.recurrent_weights, gates)
    return run_bptt_layer(x, state, W, U, weights.b, masks, cell)


def _run_fused(x: Tensor, state: State, weights: LayerWeights, masks: LayerMasks, cell: str) -> tuple[Tensor, State]:
    # PyTorch has two bias vectors. The first is held at zero: in a GRU, b belongs to the recurrent product.
    # On a CPU in float32 the LSTM is oneDNN's fused kernel.
    gates, per_gate = len(CELLS[cell].gates), isinstance(masks.into, tuple)
    W = _mask_weights(weights.W, masks.input_weights, gates)
    W = _mask_weights(W, _as_weight_mask(masks.into) if per_gate else ONE, gates)
    U = _mask_weights(_mask_weights(weights.U, masks.recurrent_weights, gates), _as_weight_mask(masks.state), gates)
    flat_weights = [W, U, torch.zeros_like(weights.b), weights.b]
    initial = tuple(s.unsqueeze(0).contiguous() for s in state)
    fused: Any = FUSED_LAYERS[cell]
    masked_x = x if per_gate else masks.into * x
    hs, *last = fused(
        masked_x, initial if cell == "lstm" else initial[0], flat_weights, True, 1, 0.0, torch.is_grad_enabled(), False, False
    )
    return hs, tuple(s[0] for s in last)


def _as_weight_mask(mask: Any) -> Any:
    """Return a mask of a product's input, [1, 1, n], as a mask of the weights' columns: W(m ⊙ x) = (m ⊙ W) x."""
    if isinstance(mask, tuple):
        return tuple(map(_as_weight_mask, mask))
    return mask if mask is ONE else mask.unsqueeze(2)


RUN_BY_ENGINE = {"reference": _run_reference, "bptt": _run_bptt, "fused": _run_fused}
