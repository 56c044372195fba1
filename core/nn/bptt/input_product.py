"""The product with what comes from below, W(m ⊙ x), of all steps at once, and its way back.

With G gates, W is [G·H, I], and [T|1, B|1, G·H, I] where its own mask differs by step or sample. m is the mask of x as
columns: [T|1, I|1, B|1], one per gate [T|1, G, I|1, B|1], or None.
"""

from typing import Protocol

import torch
from torch import Tensor

from core.nn.bptt.arrays import across, along
from core.nn.bptt.batched_weights import add_up, come_back, go

Mask = Tensor | None


class Below(Protocol):
    """One way to run it, over x [T, I, B]."""

    def product(self) -> Tensor:
        """W(m ⊙ x), [T, G·H, B]."""

    def backward(self, W: Tensor, da: Tensor) -> Tensor:
        """The gradient of x [T, I, B], m ⊙ Wᵀ da, of da [G·H, T·B] and W in the order of its gates."""

    def gradient(self, da: Tensor) -> Tensor:
        """Of W, from all da [G·H, T·B]: the sum of da ⊗ (m ⊙ x)."""


def below(W: Tensor, mask: Mask, x: Tensor, gates: int) -> Below:
    """The way that fits."""
    if W.ndim == 4:
        return Varying(W, mask, x, gates)
    return Shared(W, mask, x) if mask is None or mask.ndim == 3 else PerGate(W, mask, x)


class Shared:
    """One W, and one mask for all gates or none."""

    def __init__(self, W: Tensor, mask: Mask, x: Tensor) -> None:
        self.W, self.mask = W, mask
        self.seen = x if mask is None else mask * x

    def product(self) -> Tensor:
        return _each(self.W, self.seen)

    def backward(self, W: Tensor, da: Tensor) -> Tensor:
        dx = _each(W.t(), along(da, len(self.seen)))
        return dx if self.mask is None else dx.mul_(self.mask)

    def gradient(self, da: Tensor) -> Tensor:
        return da @ across(self.seen).t()


class PerGate:
    """One W, and a mask for each gate, m [T|1, G, I|1, B|1]: every gate's block of W meets an x of its own."""

    def __init__(self, W: Tensor, mask: Tensor, x: Tensor) -> None:
        self.W, self.mask, self.steps = W, mask, len(x)
        self.seen = across(mask * x[:, None])

    def product(self) -> Tensor:
        return along(torch.bmm(self._blocks(self.W), self.seen).flatten(0, 1), self.steps)

    def backward(self, W: Tensor, da: Tensor) -> Tensor:
        arrived = torch.bmm(self._blocks(W).transpose(1, 2), self._blocks(da))
        return along(arrived, self.steps).mul_(self.mask).sum(1)

    def gradient(self, da: Tensor) -> Tensor:
        return torch.bmm(self._blocks(da), self.seen.transpose(1, 2)).flatten(0, 1)

    def _blocks(self, rows: Tensor) -> Tensor:
        return rows.view(len(self.seen), -1, rows.shape[1])


class Varying:
    """W differs by step or sample, [T|1, B|1, G·H, I]: general, and slower than the others."""

    def __init__(self, W: Tensor, mask: Mask, x: Tensor, gates: int) -> None:
        self.W, self.gates, self.mask = W, gates, mask if mask is None or mask.ndim == 4 else mask[:, None]
        self.seen = (x[:, None] if self.mask is None else self.mask * x[:, None]).expand(-1, gates, -1, -1)

    def product(self) -> Tensor:
        return go(self.W, self.seen)

    def backward(self, W: Tensor, da: Tensor) -> Tensor:
        arrived = come_back(W, along(da, len(self.seen)), self.gates)
        return (arrived if self.mask is None else self.mask * arrived).sum(1)

    def gradient(self, da: Tensor) -> Tensor:
        return add_up(self.W, da, self.seen)


def _each(W: Tensor, v: Tensor) -> Tensor:
    """W v of every step, v [T, I, B]: many small products, each on one thread, and no copy of either."""
    return torch.bmm(W.expand(len(v), *W.shape), v)
