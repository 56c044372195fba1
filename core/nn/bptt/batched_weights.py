"""Products with weights that differ by step or sample, [T|1, B|1, G·H, I]."""

import torch
from torch import Tensor


def multiply_batched(W: Tensor, v: Tensor) -> Tensor:
    """Return W v, [T, G·H, B], of v [T, G, I, B]: a v for each gate."""
    blocks = _split_gates(W, v.shape[1])
    return torch.einsum("tbgij,tgjb->tgib", _expand(blocks, v), v).flatten(1, 2)


def multiply_transposed(W: Tensor, da: Tensor, gates: int) -> Tensor:
    """Return Wᵀ da of each gate, [T, G, I, B], of da [T, G·H, B]."""
    d = da.reshape(len(da), gates, -1, da.shape[-1])
    return torch.einsum("tbgij,tgib->tgjb", _expand(_split_gates(W, gates), d), d)


def weight_gradient(W: Tensor, da: Tensor, v: Tensor) -> Tensor:
    """Return the gradient of W, in the shape of W, from da [G·H, T·B] and v [T, G, I, B]."""
    T, gates, _I, B = v.shape
    axes = "".join(axis for axis, size in zip("tb", W.shape[:2], strict=True) if size > 1)
    d = da.view(gates, -1, T, B)
    return torch.einsum(f"gitb,tgjb->{axes}gij", d, v).reshape(W.shape)


def _expand(blocks: Tensor, v: Tensor) -> Tensor:
    return blocks.expand(len(v), v.shape[-1], *blocks.shape[2:])


def _split_gates(W: Tensor, gates: int) -> Tensor:
    return W.reshape(*W.shape[:2], gates, -1, W.shape[-1])
