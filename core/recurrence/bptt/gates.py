"""From the weights' order of gates to the loops' own and back; σ by tanh; masks on the gates' own values.

σ(a) = ½ tanh(½ a) + ½: one call of tanh serves all gates of a step, when the rows of those that are σ come in halved. So
each loop has its own order of gates, with a factor each, and works on the halved pre-activations and their gradients.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from core.recurrence.bptt.arrays import library, mask_columns, mask_steps, steps

HALF = 0.5


@dataclass(frozen=True)
class Rows:
    """order: where each of the loop's gates stands in the weights; factor: ½ for those that are σ, else 1."""

    order: tuple[int, ...]
    factor: tuple[float, ...]

    def weights(self, U: Tensor) -> Tensor:
        """[…, G·H, n] of the weights, in the loop's order and factors."""
        blocks = U.chunk(len(self.order), dim=-2)
        return torch.cat([blocks[n] * by for n, by in zip(self.order, self.factor, strict=True)], dim=-2)

    def enter(self, wx: Tensor, b: Tensor, out: Tensor) -> None:
        """out [T, G, H, B] = factor ⊙ (wx + b), of wx [T, B, G·H] and b [G·H]."""
        blocks, bias = wx.chunk(len(self.order), dim=-1), b.chunk(len(self.order))
        for at, (n, by) in enumerate(zip(self.order, self.factor, strict=True)):
            torch.add(bias[n][:, None] * by, blocks[n].transpose(1, 2), alpha=by, out=out[:, at])

    def leave(self, d: Tensor) -> Tensor:
        """The gradient [T, B, G·H] of wx, from that of the halved pre-activations, d [T, G, H, B]."""
        T, G, H, B = d.shape
        natural = d.new_empty(T, B, G * H)
        blocks = natural.chunk(G, dim=-1)
        for at, (n, by) in enumerate(zip(self.order, self.factor, strict=True)):
            torch.mul(d[:, at].transpose(1, 2), by, out=blocks[n])
        return natural


def squash(xp: Any, gates: Any) -> None:
    """What is tanh(½ a) becomes σ(a)."""
    xp.multiply(gates, HALF, out=gates)
    xp.add(gates, HALF, out=gates)


def slope(sigmoid: Tensor) -> Tensor:
    """dσ by the halved pre-activation: 2 σ (1 - σ)."""
    return torch.sub(1, sigmoid).mul_(sigmoid).mul_(2)


class GateMasks:
    """The masks on values of gates, by their row in `gates` [T, G, H, B]. A masked value no longer tells its slope, so
    the unmasked one is kept beside."""

    def __init__(self, masks: Mapping[int, Any], gates: Tensor) -> None:
        self.gates, self.xp = gates, library(gates)
        self.masks = {row: columned for row, mask in masks.items() if (columned := mask_columns(mask)) is not None}
        self.kept = {row: torch.empty_like(gates[:, row]) for row in self.masks}
        self.hot: Sequence[tuple[Any, Any, Any]] = [
            (steps(gates[:, row]), mask_steps(mask, len(gates)), steps(self.kept[row])) for row, mask in self.masks.items()
        ]

    def apply(self, t: int) -> None:
        """Masks the gates of step t."""
        for values, mask, kept in self.hot:
            self.xp.multiply(values[t], 1, out=kept[t])
            self.xp.multiply(values[t], mask[t], out=values[t])

    def plain(self, row: int) -> Tensor:
        """The gate before its mask, of all steps."""
        return self.kept.get(row, self.gates[:, row])

    def back(self, slopes: Tensor) -> None:
        """Multiplies what goes back into each masked gate, slopes [T, G, H, B], by its mask."""
        for row, mask in self.masks.items():
            slopes[:, row] *= mask
