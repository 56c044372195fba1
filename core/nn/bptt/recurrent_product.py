"""The product with the past, U(m ⊙ h₋), of every step, and its way back: where a recurrent layer's time goes.

With G gates, U is [G·H, H], and [T|1, B|1, G·H, H] where its own mask differs by step or sample. m is the mask of the state as
columns: [T|1, H|1, B|1], one per gate [T|1, G, H|1, B|1], or None.
"""

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from core.nn.bptt.arrays import across, library, mask_steps, pointwise, steps
from core.nn.bptt.batched_weights import add_up, come_back, go

Mask = Tensor | None
# back(t): to = m_t ⊙ Uᵀ da_t.
Back = Callable[[int], None]


class Past(Protocol):
    """One way to run it, over states h [T + 1, H, B] of which h[t] is the one before step t."""

    def add(self, t: int) -> None:
        """into_t += U(m_t ⊙ h_{t-1})."""

    def backward(self, U: Tensor, da: Tensor, to: Tensor) -> Back:
        """The way back, one step at a time, of da [T, G·H, B], which may be filled in later, into `to` [H, B]; U in the
        order of its gates."""

    def gradient(self, da: Tensor) -> Tensor:
        """Of U, from all da [G·H, T·B]: the sum of da ⊗ (m ⊙ h₋)."""


def past(U: Tensor, mask: Mask, h: Tensor, into: Tensor) -> Past:
    """The way that fits; the products are added to what stands in `into` [T, G·H, B]."""
    if U.ndim == 4:
        return Varying(U, mask, h, into)
    return Shared(U, mask, h, into) if mask is None or mask.ndim == 3 else PerGate(U, mask, h, into)


class Shared:
    """One U, and one mask for all gates or none: a single matrix product a step."""

    def __init__(self, U: Tensor, mask: Mask, h: Tensor, into: Tensor) -> None:
        T = len(into)
        self.U, self.into, self.xp = U, into.unbind(0), library(U)
        self.h, self.mask = steps(h), mask_steps(mask, T)
        self.all = h[:T] if mask is None else torch.empty_like(h[:T])  # m ⊙ h₋
        self.seen, self.masked = self.all.unbind(0), steps(self.all)

    def add(self, t: int) -> None:
        if self.mask is not None:
            self.xp.multiply(self.mask[t], self.h[t], out=self.masked[t])
        torch.addmm(self.into[t], self.U, self.seen[t], out=self.into[t])

    def backward(self, U: Tensor, da: Tensor, to: Tensor) -> Back:
        Ut, each, arrived = U.t().contiguous(), da.unbind(0), pointwise(to)
        mask, multiply = self.mask, self.xp.multiply

        def back(t: int) -> None:
            torch.mm(Ut, each[t], out=to)
            if mask is not None:
                multiply(arrived, mask[t], out=arrived)

        return back

    def gradient(self, da: Tensor) -> Tensor:
        return da @ across(self.all).t()


class PerGate:
    """One U, and a mask for each gate, m [T|1, G, H|1, B|1]: every gate's block of U meets an h₋ of its own."""

    def __init__(self, U: Tensor, mask: Tensor, h: Tensor, into: Tensor) -> None:
        T, H = len(into), h.shape[1]
        self.U, self.xp = U.view(-1, H, H), library(U)
        self.into = into.view(T, -1, H, into.shape[-1]).unbind(0)
        self.h, self.mask = steps(h), mask_steps(mask, T) or []
        self.all = into.new_empty(T, len(self.U), H, into.shape[-1])
        self.seen, self.masked = self.all.unbind(0), steps(self.all)

    def add(self, t: int) -> None:
        self.xp.multiply(self.mask[t], self.h[t], out=self.masked[t])
        torch.baddbmm(self.into[t], self.U, self.seen[t], out=self.into[t])

    def backward(self, U: Tensor, da: Tensor, to: Tensor) -> Back:
        Ut, each, product = U.view_as(self.U).transpose(1, 2), da.view_as(self.all).unbind(0), torch.empty_like(self.all[0])
        mask, xp, arrived, sum_ = self.mask, self.xp, pointwise(product), pointwise(to)

        def back(t: int) -> None:
            torch.bmm(Ut, each[t], out=product)
            xp.multiply(arrived, mask[t], out=arrived)
            xp.sum(arrived, 0, out=sum_)

        return back

    def gradient(self, da: Tensor) -> Tensor:
        seen = across(self.all)
        return torch.bmm(da.view(len(seen), -1, da.shape[1]), seen.transpose(1, 2)).flatten(0, 1)


class Varying:
    """U differs by step or sample, [T|1, B|1, G·H, H]: general, and slower than the others."""

    def __init__(self, U: Tensor, mask: Mask, h: Tensor, into: Tensor) -> None:
        T, H, B = len(into), h.shape[1], h.shape[2]
        self.U, self.into, self.h = U, into, h
        self.mask = torch.ones_like(h[:1, None]) if mask is None else mask if mask.ndim == 4 else mask[:, None]
        self.all = into.new_empty(T, U.shape[2] // H, H, B)

    def add(self, t: int) -> None:
        self.all[t] = self.mask[t % len(self.mask)] * self.h[t]
        self.into[t] += go(self._at(self.U, t), self.all[t : t + 1])[0]

    def backward(self, U: Tensor, da: Tensor, to: Tensor) -> Back:
        def back(t: int) -> None:
            arrived = come_back(self._at(U, t), da[t : t + 1], self.all.shape[1])[0]
            torch.sum(self.mask[t % len(self.mask)] * arrived, 0, out=to)

        return back

    def gradient(self, da: Tensor) -> Tensor:
        return add_up(self.U, da, self.all)

    def _at(self, U: Tensor, t: int) -> Tensor:
        at = t % len(U)
        return U[at : at + 1]
