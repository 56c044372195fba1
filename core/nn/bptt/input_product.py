"""The input product W(m ⊙ x) of all steps at once, and its gradients.

With G gates, W is [G·H, I], or [T|1, B|1, G·H, I] where a mask on W differs by step or sample. m is the mask of x as
columns: [T|1, I|1, B|1], one per gate [T|1, G, I|1, B|1], or None.
"""

from typing import Protocol

import torch
from torch import Tensor

from core.nn.bptt.arrays import join_steps, unjoin_steps
from core.nn.bptt.batched_weights import multiply_batched, multiply_transposed, weight_gradient

Mask = Tensor | None


class InputProduct(Protocol):
    """One implementation, over x [T, I, B]."""

    def product(self) -> Tensor:
        """Return W(m ⊙ x), [T, G·H, B]."""

    def backward(self, W: Tensor, da: Tensor) -> Tensor:
        """Return the gradient of x, m ⊙ Wᵀ da, [T, I, B], from da [G·H, T·B]; W in the order of its gates."""

    def gradient(self, da: Tensor) -> Tensor:
        """Return the gradient of W from da [G·H, T·B]: the sum of da ⊗ (m ⊙ x)."""


def make_input_product(W: Tensor, mask: Mask, x: Tensor, gates: int) -> InputProduct:
    """Return the implementation for these shapes."""
    if W.ndim == 4:
        return VaryingInputProduct(W, mask, x, gates)
    return SharedInputProduct(W, mask, x) if mask is None or mask.ndim == 3 else PerGateInputProduct(W, mask, x)


class SharedInputProduct:
    """One W, and one mask for all gates or none."""

    def __init__(self, W: Tensor, mask: Mask, x: Tensor) -> None:
        self.W, self.mask = W, mask
        self.masked_x = x if mask is None else mask * x

    def product(self) -> Tensor:
        return _multiply_each_step(self.W, self.masked_x)

    def backward(self, W: Tensor, da: Tensor) -> Tensor:
        dx = _multiply_each_step(W.t(), unjoin_steps(da, len(self.masked_x)))
        return dx if self.mask is None else dx.mul_(self.mask)

    def gradient(self, da: Tensor) -> Tensor:
        return da @ join_steps(self.masked_x).t()


class PerGateInputProduct:
    """One W, and a mask per gate, m [T|1, G, I|1, B|1]: each gate's block of W multiplies its own m ⊙ x."""

    def __init__(self, W: Tensor, mask: Tensor, x: Tensor) -> None:
        self.W, self.mask, self.steps = W, mask, len(x)
        self.masked_x = join_steps(mask * x[:, None])

    def product(self) -> Tensor:
        return unjoin_steps(torch.bmm(self._blocks(self.W), self.masked_x).flatten(0, 1), self.steps)

    def backward(self, W: Tensor, da: Tensor) -> Tensor:
        dx = torch.bmm(self._blocks(W).transpose(1, 2), self._blocks(da))
        return unjoin_steps(dx, self.steps).mul_(self.mask).sum(1)

    def gradient(self, da: Tensor) -> Tensor:
        return torch.bmm(self._blocks(da), self.masked_x.transpose(1, 2)).flatten(0, 1)

    def _blocks(self, rows: Tensor) -> Tensor:
        return rows.view(len(self.masked_x), -1, rows.shape[1])


class VaryingInputProduct:
    """A W that differs by step or sample, [T|1, B|1, G·H, I]: general, and slower than the others."""

    def __init__(self, W: Tensor, mask: Mask, x: Tensor, gates: int) -> None:
        self.W, self.gates, self.mask = W, gates, mask if mask is None or mask.ndim == 4 else mask[:, None]
        self.masked_x = (x[:, None] if self.mask is None else self.mask * x[:, None]).expand(-1, gates, -1, -1)

    def product(self) -> Tensor:
        return multiply_batched(self.W, self.masked_x)

    def backward(self, W: Tensor, da: Tensor) -> Tensor:
        dx = multiply_transposed(W, unjoin_steps(da, len(self.masked_x)), self.gates)
        return (dx if self.mask is None else self.mask * dx).sum(1)

    def gradient(self, da: Tensor) -> Tensor:
        return weight_gradient(self.W, da, self.masked_x)


def _multiply_each_step(W: Tensor, v: Tensor) -> Tensor:
    """Return W v of every step, v [T, I, B]: many small products, each on one thread, without a copy of W or v."""
    return torch.bmm(W.expand(len(v), *W.shape), v)
