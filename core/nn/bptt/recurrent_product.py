"""The recurrent product U(m ⊙ h₋) of each step and its gradients: where most time of a recurrent layer goes.

With G gates, U is [G·H, H], or [T|1, B|1, G·H, H] where a mask on U differs by step or sample. m is the mask of the state as
columns: [T|1, H|1, B|1], one per gate [T|1, G, H|1, B|1], or None.
"""

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from core.nn.bptt.arrays import as_pointwise, choose_library, join_steps, split_mask, split_steps
from core.nn.bptt.batched_weights import multiply_batched, multiply_transposed, weight_gradient

Mask = Tensor | None
# backward_step(t) computes to = m_t ⊙ Uᵀ da_t.
BackwardStep = Callable[[int], None]


class RecurrentProduct(Protocol):
    """One implementation, over states h, [T, H, B] or longer, where h[t] is the state before step t."""

    def add(self, t: int) -> None:
        """Add U(m_t ⊙ h[t]) to into[t]."""

    def backward(self, U: Tensor, da: Tensor, to: Tensor) -> BackwardStep:
        """Return the function that writes the gradient of h[t] into `to` [H, B], step by step.

        da: [T, G·H, B], may be filled in later. U: in the order of its gates.
        """

    def gradient(self, da: Tensor) -> Tensor:
        """Return the gradient of U from da [G·H, T·B]: the sum of da ⊗ (m ⊙ h₋)."""


def make_recurrent_product(U: Tensor, mask: Mask, h: Tensor, into: Tensor) -> RecurrentProduct:
    """Return the implementation for these shapes; it adds its products to `into` [T, G·H, B]."""
    if U.ndim == 4:
        return VaryingRecurrentProduct(U, mask, h, into)
    if mask is None or mask.ndim == 3:
        return SharedRecurrentProduct(U, mask, h, into)
    return PerGateRecurrentProduct(U, mask, h, into)


class SharedRecurrentProduct:
    """One U, and one mask for all gates or none: one matrix product a step."""

    def __init__(self, U: Tensor, mask: Mask, h: Tensor, into: Tensor) -> None:
        T = len(into)
        self.U, self.into, self.xp = U, into.unbind(0), choose_library(U)
        self.h, self.mask = split_steps(h), split_mask(mask, T)
        self.masked_h = h[:T] if mask is None else torch.empty_like(h[:T])  # m ⊙ h₋
        self.masked_tensors, self.masked_arrays = self.masked_h.unbind(0), split_steps(self.masked_h)

    def add(self, t: int) -> None:
        if self.mask is not None:
            self.xp.multiply(self.mask[t], self.h[t], out=self.masked_arrays[t])
        torch.addmm(self.into[t], self.U, self.masked_tensors[t], out=self.into[t])

    def backward(self, U: Tensor, da: Tensor, to: Tensor) -> BackwardStep:
        Ut, each, arrived = U.t().contiguous(), da.unbind(0), as_pointwise(to)
        mask, multiply = self.mask, self.xp.multiply

        def backward_step(t: int) -> None:
            torch.mm(Ut, each[t], out=to)
            if mask is not None:
                multiply(arrived, mask[t], out=arrived)

        return backward_step

    def gradient(self, da: Tensor) -> Tensor:
        return da @ join_steps(self.masked_h).t()


class PerGateRecurrentProduct:
    """One U, and a mask per gate, m [T|1, G, H|1, B|1]: each gate's block of U multiplies its own m ⊙ h₋."""

    def __init__(self, U: Tensor, mask: Tensor, h: Tensor, into: Tensor) -> None:
        T, H = len(into), h.shape[1]
        self.U, self.xp = U.view(-1, H, H), choose_library(U)
        self.into = into.view(T, -1, H, into.shape[-1]).unbind(0)
        self.h, self.mask = split_steps(h), split_mask(mask, T) or []
        self.masked_h = into.new_empty(T, len(self.U), H, into.shape[-1])
        self.masked_tensors, self.masked_arrays = self.masked_h.unbind(0), split_steps(self.masked_h)

    def add(self, t: int) -> None:
        self.xp.multiply(self.mask[t], self.h[t], out=self.masked_arrays[t])
        torch.baddbmm(self.into[t], self.U, self.masked_tensors[t], out=self.into[t])

    def backward(self, U: Tensor, da: Tensor, to: Tensor) -> BackwardStep:
        Ut, each, product = (
            U.view_as(self.U).transpose(1, 2),
            da.view_as(self.masked_h).unbind(0),
            torch.empty_like(self.masked_h[0]),
        )
        mask, xp, arrived, sum_ = self.mask, self.xp, as_pointwise(product), as_pointwise(to)

        def backward_step(t: int) -> None:
            torch.bmm(Ut, each[t], out=product)
            xp.multiply(arrived, mask[t], out=arrived)
            xp.sum(arrived, 0, out=sum_)

        return backward_step

    def gradient(self, da: Tensor) -> Tensor:
        masked_h = join_steps(self.masked_h)
        return torch.bmm(da.view(len(masked_h), -1, da.shape[1]), masked_h.transpose(1, 2)).flatten(0, 1)


class VaryingRecurrentProduct:
    """A U that differs by step or sample, [T|1, B|1, G·H, H]: general, and slower than the others."""

    def __init__(self, U: Tensor, mask: Mask, h: Tensor, into: Tensor) -> None:
        T, H, B = len(into), h.shape[1], h.shape[2]
        self.U, self.into, self.h = U, into, h
        self.mask = torch.ones_like(h[:1, None]) if mask is None else mask if mask.ndim == 4 else mask[:, None]
        self.masked_h = into.new_empty(T, U.shape[2] // H, H, B)

    def add(self, t: int) -> None:
        self.masked_h[t] = self.mask[t % len(self.mask)] * self.h[t]
        self.into[t] += multiply_batched(self._weights_at(self.U, t), self.masked_h[t : t + 1])[0]

    def backward(self, U: Tensor, da: Tensor, to: Tensor) -> BackwardStep:
        def backward_step(t: int) -> None:
            arrived = multiply_transposed(self._weights_at(U, t), da[t : t + 1], self.masked_h.shape[1])[0]
            torch.sum(self.mask[t % len(self.mask)] * arrived, 0, out=to)

        return backward_step

    def gradient(self, da: Tensor) -> Tensor:
        return weight_gradient(self.U, da, self.masked_h)

    def _weights_at(self, U: Tensor, t: int) -> Tensor:
        step = t % len(U)
        return U[step : step + 1]
