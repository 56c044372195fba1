"""The step of cells.py read once more: on numbers that carry the change that a small change of the input makes of them (torch).

A number is its value v and its tangent dv: products follow (v·w)' = dv·w + v·dw, the functions their derivatives. So one
pass gives the exact derivative of everything along one direction a sample. A value that all samples have in common is
computed once: [1, H] beside tangents [B, H].
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from core.nn.cells import CELLS, ONE, LayerMasks, Ops, State, unroll
from core.nn.engines import Weights


@dataclass(frozen=True, eq=False)
class Dual:
    """v, and dv of the same shape, but for the batch of v, which may be 1."""

    v: Tensor
    dv: Tensor

    def __mul__(self, other: Any) -> "Dual":
        if isinstance(other, Dual):
            return Dual(self.v * other.v, self.dv * other.v + self.v * other.dv)
        return Dual(self.v * other, self.dv * other)

    def __add__(self, other: Any) -> "Dual":
        return Dual(self.v + other.v, self.dv + other.dv) if isinstance(other, Dual) else Dual(self.v + other, self.dv)

    def __getitem__(self, t: int) -> "Dual":
        return Dual(self.v[t], self.dv[t])

    def __len__(self) -> int:
        return len(self.v)

    __rmul__, __radd__ = __mul__, __add__


def run_layer(x: Dual, weights: Weights, masks: LayerMasks, cell: str) -> Dual:
    """One layer over x [T, B, I] from the state zero: h of all steps [T, B, H], and its change."""
    row = CELLS[cell]
    zero = x.v.new_zeros(x.v.shape[1], weights.U.shape[1])
    state: State = (Dual(zero, zero.expand(x.dv.shape[1], -1)),) * len(row.carries)
    W = _masked(weights.W, masks.input_weights, len(row.gates))
    hs: Dual = unroll(row, _product(W, masks.into, x), state, weights.U, weights.b, masks, DUAL)[0]
    return hs


def _product(weights: Tensor, mask: Any, x: Any) -> Any:
    # Linear: the change takes the same way as the value, and weights that differ by sample are read once for both.
    if isinstance(mask, tuple):
        parts = [_product(block, m, x) for m, block in zip(mask, weights.chunk(len(mask), dim=-2), strict=True)]
        return Dual(torch.cat([one.v for one in parts], -1), torch.cat([one.dv for one in parts], -1))
    seen = mask * x
    if weights.ndim == 2:
        return Dual(seen.v @ weights.T, seen.dv @ weights.T)
    both = torch.stack((seen.v.expand_as(seen.dv), seen.dv), -1)  # […, B, I, 2]
    return Dual(*_of_samples(weights, both).unbind(-1))


def _of_samples(weights: Tensor, x: Tensor) -> Tensor:
    """x [T, B, I, n] or [B, I, n] through weights [T|1, B, H, I] or [B, H, I]."""
    if weights.ndim == 3 or len(weights) > 1:
        return weights @ x
    # The same at every step: each sample's steps are columns of one product.
    steps, batch, width, n = x.shape
    columns = x.permute(1, 2, 0, 3).reshape(batch, width, steps * n)
    return (weights[0] @ columns).reshape(batch, -1, steps, n).permute(2, 0, 1, 3)


def _masked(weights: Tensor, mask: Any, gates: int) -> Tensor:
    """M ⊙ W of all gates: [nH, I] without a mask, else [T|1, B, nH, I], or [B, nH, I] for the mask of one step."""
    if mask is ONE:
        return weights
    each = mask if isinstance(mask, tuple) else (mask,) * gates
    return torch.cat([m * block for m, block in zip(each, weights.chunk(gates), strict=True)], dim=-2)


def _sigmoid(a: Dual) -> Dual:
    s = a.v.sigmoid()
    return Dual(s, s * (1 - s) * a.dv)


def _tanh(a: Dual) -> Dual:
    h = a.v.tanh()
    return Dual(h, (1 - h * h) * a.dv)


def _gates(a: Dual, n: int) -> list[Dual]:
    return [Dual(v, dv) for v, dv in zip(a.v.chunk(n, dim=-1), a.dv.chunk(n, dim=-1), strict=True)]


DUAL = Ops(
    sigmoid=_sigmoid,
    tanh=_tanh,
    product=_product,
    gates=_gates,
    rest=lambda z: Dual(1 - z.v, -z.dv) if isinstance(z, Dual) else 1 - z,
    masked=_masked,
    stack=lambda hs: Dual(torch.stack([h.v for h in hs]), torch.stack([h.dv for h in hs])),
)
