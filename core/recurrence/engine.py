"""Runs one layer over a window of time in torch: the library's fused kernel where it can, the reference step elsewhere."""

from dataclasses import dataclass

import torch
from torch import Tensor

from core.recurrence.cells import ONE, STEPS, LayerMasks, Ops, unroll

ENGINES = ("auto", "reference")


def _product(weights: Tensor, mask: object, v: Tensor) -> Tensor:
    if not isinstance(mask, tuple):
        return (mask * v) @ weights.T  # type: ignore[operator]
    blocks = weights.chunk(len(mask))
    return torch.cat([(m * v) @ block.T for m, block in zip(mask, blocks, strict=True)], dim=-1)


TORCH = Ops(
    sigmoid=torch.sigmoid,
    tanh=torch.tanh,
    product=_product,
    gates=lambda a: a.chunk(4, dim=-1),
    stack=torch.stack,
)


@dataclass(frozen=True)
class Weights:
    """One layer: W [4H, I], U [4H, H], b [4H], gates in the order i f g o (PyTorch's)."""

    W: Tensor
    U: Tensor
    b: Tensor


State = tuple[Tensor, Tensor]


def run_layer(x: Tensor, state: State, weights: Weights, masks: LayerMasks, cell: str, engine: str) -> tuple[Tensor, State]:
    """One layer over x [T, B, I] from state (h, c), each [B, H]; returns h of all steps [T, B, H] and the last state."""
    run = _fused if engine == "auto" and fusible(masks) else _reference
    return run(x, state, weights, masks, cell)


def fusible(masks: LayerMasks) -> bool:
    """Whether the fused kernel can express these masks: none within the recurrence, and one for all gates."""
    inside = (masks.state, masks.candidate, masks.cell)
    return all(mask is ONE for mask in inside) and not isinstance(masks.into, tuple)


def _reference(x: Tensor, state: State, weights: Weights, masks: LayerMasks, cell: str) -> tuple[Tensor, State]:
    wx = _product(weights.W, masks.into, x) + weights.b
    return unroll(STEPS[cell], wx, state, weights.U, masks, TORCH)


def _fused(x: Tensor, state: State, weights: Weights, masks: LayerMasks, cell: str) -> tuple[Tensor, State]:
    # The library has two bias vectors; the second is held at zero. On a CPU in float32 this is oneDNN's fused kernel.
    flat = [weights.W, weights.U, weights.b, torch.zeros_like(weights.b)]
    h, c = (s.unsqueeze(0).contiguous() for s in state)
    hs, h, c = torch.lstm(masks.into * x, (h, c), flat, True, 1, 0.0, torch.is_grad_enabled(), False, False)
    return hs, (h[0], c[0])
