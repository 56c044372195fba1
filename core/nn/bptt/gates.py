"""From the weights' order of gates to the loops' own and back; σ by tanh; masks on the gates' own values.

σ(a) = ½ tanh(½ a) + ½: one call of tanh serves all gates of a step, when the rows of those that are σ come in halved. So
each loop has its own order of gates, with a factor each, for the way forward; the way back has the plain gradients of a.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from core.nn.bptt.arrays import library, mask_columns, mask_steps, steps

HALF = 0.5


@dataclass(frozen=True)
class Rows:
    """The gates of a product as a loop wants them: order: where each stands in the weights; factor: ½ for those that are
    σ, else 1; at: where the loop's array of gates has them."""

    order: tuple[int, ...]
    factor: tuple[float, ...]
    at: slice

    def turned(self, weights: Tensor) -> Tensor:
        """W or U […, G·H, n], or b [G·H, 1], in the loop's order and factors: for the way forward."""
        return self._joined(weights, self.order, self.factor)

    def ordered(self, weights: Tensor) -> Tensor:
        """The same in the loop's order alone: for the way back."""
        return self._joined(weights, self.order, (1.0,) * len(self.order))

    def back(self, gradient: Tensor) -> Tensor:
        """A gradient in the weights' order again."""
        return self._joined(gradient, tuple(map(self.order.index, range(len(self.order)))), (1.0,) * len(self.order))

    def mask(self, mask: Any) -> Tensor | None:
        """A mask of what comes in, as columns; one per gate in the loop's order."""
        return mask_columns(tuple(mask[n] for n in self.order) if isinstance(mask, tuple) else mask)

    def _joined(self, weights: Tensor, order: Sequence[int], factors: Sequence[float]) -> Tensor:
        blocks = weights.chunk(len(order), dim=-2)
        return torch.cat([blocks[n] if by == 1 else blocks[n] * by for n, by in zip(order, factors, strict=True)], dim=-2)


def squash(xp: Any, gates: Any) -> None:
    """What is tanh(½ a) becomes σ(a)."""
    xp.multiply(gates, HALF, out=gates)
    xp.add(gates, HALF, out=gates)


def slope(sigmoid: Tensor, out: Tensor) -> None:
    """σ'(a) = σ (1 - σ)."""
    torch.sub(1, sigmoid, out=out).mul_(sigmoid)


def tanh_slope(tanh: Tensor, out: Tensor) -> None:
    """tanh'(a) = 1 - tanh²."""
    torch.sub(1, torch.mul(tanh, tanh, out=out), out=out)


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
