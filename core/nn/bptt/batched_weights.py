"""Products with weights that differ by step or sample, [T|1, B|1, G·H, I]: every sample meets weights of its own."""

import torch
from torch import Tensor


def go(W: Tensor, v: Tensor) -> Tensor:
    """W v: of v [T, G, I, B], each gate's own, [T, G·H, B]."""
    blocks = _blocks(W, v.shape[1])
    return torch.einsum("tbgij,tgjb->tgib", _full(blocks, v), v).flatten(1, 2)


def come_back(W: Tensor, da: Tensor, gates: int) -> Tensor:
    """Wᵀ da of each gate: of da [T, G·H, B], [T, G, I, B]."""
    d = da.reshape(len(da), gates, -1, da.shape[-1])
    return torch.einsum("tbgij,tgib->tgjb", _full(_blocks(W, gates), d), d)


def add_up(W: Tensor, da: Tensor, seen: Tensor) -> Tensor:
    """The gradient of W in its shape, from da [G·H, T·B] and seen [T, G, I, B]."""
    T, gates, _I, B = seen.shape
    axes = "".join(axis for axis, size in zip("tb", W.shape[:2], strict=True) if size > 1)
    d = da.view(gates, -1, T, B)
    return torch.einsum(f"gitb,tgjb->{axes}gij", d, seen).reshape(W.shape)


def _full(blocks: Tensor, v: Tensor) -> Tensor:
    return blocks.expand(len(v), v.shape[-1], *blocks.shape[2:])


def _blocks(W: Tensor, gates: int) -> Tensor:
    return W.reshape(*W.shape[:2], gates, -1, W.shape[-1])
