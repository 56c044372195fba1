"""The product with the past, U(m ⊙ h₋), of every step, and its way back: where a recurrent layer's time goes.

With G gates, U is [G·H, H], and [T|1, B|1, G·H, H] where its own mask differs by step or sample. m is the mask of the state as
columns: [T|1, H|1, B|1], one per gate [T|1, G, H|1, B|1], or None.
"""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from core.recurrence.bptt.arrays import library, mask_steps, pointwise, steps

SMALL = 128  # units
Mask = Tensor | None
# back(t, to): to = m_t ⊙ Uᵀ da_t.
Back = Callable[[int, Any], None]


class Past(Protocol):
    """One way to run it, over states h [T + 1, H, B] of which h[t] is the one before step t."""

    def add(self, t: int) -> None:
        """into_t += U(m_t ⊙ h_{t-1})."""

    def backward(self, da: Tensor) -> Back:
        """The way back, one step at a time, of da [T, G·H, B], which may be filled in later."""

    def gradient(self, da: Tensor) -> Tensor:
        """Of U, from all da [T, B, G·H]: the sum of da ⊗ (m ⊙ h₋)."""


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

    def backward(self, da: Tensor) -> Back:
        Ut, each, mask, multiply = self.U.t(), da.unbind(0), self.mask, self.xp.multiply
        product = torch.empty_like(self.all[0])
        arrived = pointwise(product)

        def back(t: int, to: Any) -> None:
            torch.mm(Ut, each[t], out=product)
            multiply(arrived, 1 if mask is None else mask[t], out=to)

        return back

    def gradient(self, da: Tensor) -> Tensor:
        seen = self.all.transpose(1, 2).flatten(0, 1)
        return da.flatten(0, 1).t() @ seen


class PerGate:
    """One U, and a mask for each gate, m [T|1, G, H|1, B|1]: every gate's block of U meets an h₋ of its own."""

    def __init__(self, U: Tensor, mask: Tensor, h: Tensor, into: Tensor) -> None:
        T, H = len(into), h.shape[1]
        self.U, self.xp = U.view(-1, H, H), library(U)
        self.into = into.view(T, -1, H, into.shape[-1]).unbind(0)
        self.h, self.mask = steps(h), mask_steps(mask, T) or []
        self.all = into.new_empty(T, len(self.U), H, into.shape[-1])
        self.seen, self.masked = self.all.unbind(0), steps(self.all)
        self.product = torch.empty_like(self.all[0])

    def add(self, t: int) -> None:
        self.xp.multiply(self.mask[t], self.h[t], out=self.masked[t])
        into = pointwise(self.into[t])
        self.xp.add(into, self._multiplied(self.U, self.seen[t]), out=into)

    def backward(self, da: Tensor) -> Back:
        Ut, each, xp = self.U.transpose(1, 2), da.view_as(self.all).unbind(0), self.xp

        def back(t: int, to: Any) -> None:
            arrived = self._multiplied(Ut, each[t])
            xp.multiply(arrived, self.mask[t], out=arrived)
            first, *others = arrived
            xp.multiply(first, 1, out=to)
            for other in others:
                xp.add(to, other, out=to)

        return back

    def gradient(self, da: Tensor) -> Tensor:
        gates, H = self.U.shape[:2]
        blocks = da.flatten(0, 1).view(-1, gates, H).permute(1, 2, 0)
        seen = self.all.permute(1, 0, 3, 2).flatten(1, 2)
        return torch.bmm(blocks, seen).flatten(0, 1)

    def _multiplied(self, blocks: Tensor, v: Tensor) -> Any:
        # Small blocks are NumPy's: its product of a batch of them is up to five times as fast as torch's.
        if self.xp is np and blocks.shape[-1] < SMALL:
            return np.matmul(pointwise(blocks), pointwise(v), out=pointwise(self.product))
        return pointwise(torch.bmm(blocks, v, out=self.product))


class Varying:
    """U differs by step or sample, [T|1, B|1, G·H, H]: general, and slower than the others."""

    def __init__(self, U: Tensor, mask: Mask, h: Tensor, into: Tensor) -> None:
        T, H, B = len(into), h.shape[1], h.shape[2]
        gates = U.shape[2] // H
        self.U = U.view(*U.shape[:2], gates, H, H)
        self.into = into.view(T, gates, H, B)
        self.h = h
        self.mask = torch.ones_like(h[:1, None]) if mask is None else mask if mask.ndim == 4 else mask[:, None]
        self.all = into.new_empty(T, gates, H, B)

    def add(self, t: int) -> None:
        self.all[t] = self.mask[t % len(self.mask)] * self.h[t]
        self.into[t] += torch.einsum("bgij,gjb->gib", self._at(t), self.all[t])

    def backward(self, da: Tensor) -> Back:
        each = da.view_as(self.all)

        def back(t: int, to: Any) -> None:
            arrived = torch.einsum("bgij,gib->gjb", self._at(t), each[t])
            to[...] = pointwise((self.mask[t % len(self.mask)] * arrived).sum(0))

        return back

    def gradient(self, da: Tensor) -> Tensor:
        T, B = self.U.shape[:2]
        axes = ("t" if T > 1 else "") + ("b" if B > 1 else "")
        blocks = da.view(*da.shape[:2], *self.U.shape[2:4])
        found = torch.einsum(f"tbgi,tgjb->{axes}gij", blocks, self.all)
        return found.reshape(self.U.shape).flatten(2, 3)

    def _at(self, t: int) -> Tensor:
        U = self.U[t % len(self.U)]
        return U.expand(self.all.shape[-1], *U.shape[1:])
