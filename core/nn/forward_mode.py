"""Forward-mode differentiation of the cells' steps, by dual numbers (torch).

A dual number is a value v and its tangent dv, the change of v along one direction of the input: products follow
(v·w)' = dv·w + v·dw, functions their derivatives. One pass gives the exact derivative of every step along one direction for
each sample. A value that all samples share is computed once: v [1, H] with tangents dv [B, H].
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from core.nn.cells import CELLS, ONE, LayerMasks, Ops, State, unroll
from core.nn.engines import LayerWeights


@dataclass(frozen=True, eq=False)
class Dual:
    """A value v and its tangent dv, of the same shape except that the batch axis of v may have length 1."""

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


def run_dual_layer(x: Dual, weights: LayerWeights, masks: LayerMasks, cell: str) -> Dual:
    """Run one layer over x [T, B, I] from zero states; return h of all steps [T, B, H] with its tangent."""
    row = CELLS[cell]
    zero = x.v.new_zeros(x.v.shape[1], weights.U.shape[1])
    state: State = (Dual(zero, zero.expand(x.dv.shape[1], -1)),) * len(row.carries)
    W = _mask_weights(weights.W, masks.input_weights, len(row.gates))
    hs: Dual = unroll(row, _multiply(W, masks.into, x), state, weights.U, weights.b, masks, DUAL)[0]
    return hs


def _multiply(weights: Tensor, mask: Any, x: Any) -> Any:
    # The product is linear, so value and tangent are multiplied alike; weights that differ by sample are read once for both.
    if isinstance(mask, tuple):
        parts = [_multiply(block, m, x) for m, block in zip(mask, weights.chunk(len(mask), dim=-2), strict=True)]
        return Dual(torch.cat([part.v for part in parts], -1), torch.cat([part.dv for part in parts], -1))
    masked = mask * x
    if weights.ndim == 2:
        return Dual(masked.v @ weights.T, masked.dv @ weights.T)
    both = torch.stack((masked.v.expand_as(masked.dv), masked.dv), -1)  # […, B, I, 2]
    return Dual(*_multiply_per_sample(weights, both).unbind(-1))


def _multiply_per_sample(weights: Tensor, x: Tensor) -> Tensor:
    """Multiply x [T, B, I, n] or [B, I, n] by weights that differ by sample, [T|1, B, H, I] or [B, H, I]."""
    if weights.ndim == 3 or len(weights) > 1:
        return weights @ x
    # Weights that are the same at every step: the steps of a sample are columns of one product.
    steps, batch, width, n = x.shape
    columns = x.permute(1, 2, 0, 3).reshape(batch, width, steps * n)
    return (weights[0] @ columns).reshape(batch, -1, steps, n).permute(2, 0, 1, 3)


def _mask_weights(weights: Tensor, mask: Any, gates: int) -> Tensor:
    """Return M ⊙ W of all n gates: [nH, I] without a mask, else [T|1, B, nH, I], or [B, nH, I] for the mask of one step."""
    if mask is ONE:
        return weights
    gate_masks = mask if isinstance(mask, tuple) else (mask,) * gates
    return torch.cat([m * block for m, block in zip(gate_masks, weights.chunk(gates), strict=True)], dim=-2)


def _sigmoid(a: Dual) -> Dual:
    s = a.v.sigmoid()
    return Dual(s, s * (1 - s) * a.dv)


def _tanh(a: Dual) -> Dual:
    h = a.v.tanh()
    return Dual(h, (1 - h * h) * a.dv)


def _split_gates(a: Dual, n: int) -> list[Dual]:
    return [Dual(v, dv) for v, dv in zip(a.v.chunk(n, dim=-1), a.dv.chunk(n, dim=-1), strict=True)]


DUAL = Ops(
    sigmoid=_sigmoid,
    tanh=_tanh,
    masked_product=_multiply,
    split_gates=_split_gates,
    one_minus=lambda z: Dual(1 - z.v, -z.dv) if isinstance(z, Dual) else 1 - z,
    mask_weights=_mask_weights,
    stack_steps=lambda hs: Dual(torch.stack([h.v for h in hs]), torch.stack([h.dv for h in hs])),
)
