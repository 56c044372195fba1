"""From the weights' order of gates to the loops' own and back; σ by tanh; masks on the gates' own values.

σ(a) = ½ tanh(½ a) + ½: one call of tanh serves all gates of a step, when the rows of those that are σ come in halved. So
each loop has its own order of gates, with a factor each: the weights are turned so before it, by operations that autograd
knows, and the loop works on halved pre-activations and their gradients.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from core.recurrence.bptt.arrays import library, mask_columns, mask_steps, steps
from core.recurrence.cells import LayerMasks

HALF = 0.5


@dataclass(frozen=True)
class Rows:
    """order: where each of the loop's gates stands in the weights; factor: ½ for those that are σ, else 1."""

    order: tuple[int, ...]
    factor: tuple[float, ...]

    def turned(self, weights: Tensor, dim: int = -2) -> Tensor:
        """W or U […, G·H, n], or with dim -1 b [G·H], in the loop's order and factors. A small copy, which autograd undoes."""
        blocks = weights.chunk(len(self.order), dim=dim)
        return torch.cat([blocks[n] * by for n, by in zip(self.order, self.factor, strict=True)], dim=dim)

    def masks(self, m: LayerMasks) -> LayerMasks:
        """Those that are one per gate, in the loop's order."""
        per_gate = {name: mask for name in ("into", "state") if isinstance(mask := getattr(m, name), tuple)}
        return replace(m, **{name: tuple(mask[n] for n in self.order) for name, mask in per_gate.items()})


def enter(wx: Tensor, b: Tensor, out: Tensor) -> None:
    """out [T, G, H, B] = wx + b, of wx [T, B, G·H] and b [G·H]."""
    torch.add(b[:, None], wx.transpose(1, 2), out=out.flatten(1, 2))


def leave(d: Tensor) -> Tensor:
    """[T, G, H, B] as [T, B, G·H], contiguous."""
    return d.flatten(1, 2).transpose(1, 2).contiguous()


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
