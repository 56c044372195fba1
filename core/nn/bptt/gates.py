"""The order of gates in the loops, the logistic sigmoid by tanh, and masks on the values of gates.

σ(a) = ½ tanh(½ a) + ½: where the rows of W, U and b that belong to a σ are halved, one call of tanh serves all gates of a step.
So each loop has its own order of gates, with a factor each, in the forward pass; the backward pass computes the gradients of
the unscaled a.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from core.nn.bptt.arrays import choose_library, mask_to_columns, split_mask, split_steps

HALF = 0.5


@dataclass(frozen=True)
class GateOrder:
    """The order of gates in one product of a loop.

    order: the place of each gate in the weights. factor: ½ for gates with σ, else 1. at: the rows of these gates in the loop's
    array of gates.
    """

    order: tuple[int, ...]
    factor: tuple[float, ...]
    at: slice

    def reorder_and_scale(self, weights: Tensor) -> Tensor:
        """Return W or U […, G·H, n], or b [G·H, 1], in the loop's order and with its factors, for the forward pass."""
        return self._join_blocks(weights, self.order, self.factor)

    def reorder(self, weights: Tensor) -> Tensor:
        """Return the weights in the loop's order without factors, for the backward pass."""
        return self._join_blocks(weights, self.order, (1.0,) * len(self.order))

    def restore_order(self, gradient: Tensor) -> Tensor:
        """Return a gradient of the weights in the weights' own order."""
        inverse = tuple(map(self.order.index, range(len(self.order))))
        return self._join_blocks(gradient, inverse, (1.0,) * len(self.order))

    def reorder_mask(self, mask: Any) -> Tensor | None:
        """Return a mask of the product's input as columns, a mask per gate in the loop's order."""
        return mask_to_columns(tuple(mask[n] for n in self.order) if isinstance(mask, tuple) else mask)

    def _join_blocks(self, weights: Tensor, order: Sequence[int], factors: Sequence[float]) -> Tensor:
        blocks = weights.chunk(len(order), dim=-2)
        return torch.cat([blocks[n] if by == 1 else blocks[n] * by for n, by in zip(order, factors, strict=True)], dim=-2)


def finish_sigmoid(xp: Any, gates: Any) -> None:
    """Turn tanh(½ a) into σ(a), in place."""
    xp.multiply(gates, HALF, out=gates)
    xp.add(gates, HALF, out=gates)


def sigmoid_derivative(sigmoid: Tensor, out: Tensor) -> None:
    """Write σ'(a) = σ (1 - σ) into out."""
    torch.sub(1, sigmoid, out=out).mul_(sigmoid)


def tanh_derivative(tanh: Tensor, out: Tensor) -> None:
    """Write tanh'(a) = 1 - tanh² into out."""
    torch.sub(1, torch.mul(tanh, tanh, out=out), out=out)


class GateMasks:
    """The masks on the values of gates, by their row in `gates` [T, G, H, B].

    The derivative of a gate needs its value before the mask, so the masked gates are stored unmasked as well.
    """

    def __init__(self, masks: Mapping[int, Any], gates: Tensor) -> None:
        self.gates, self.xp = gates, choose_library(gates)
        self.masks = {row: columned for row, mask in masks.items() if (columned := mask_to_columns(mask)) is not None}
        self.unmasked = {row: torch.empty_like(gates[:, row]) for row in self.masks}
        self.by_step: Sequence[tuple[Any, Any, Any]] = [
            (split_steps(gates[:, row]), split_mask(mask, len(gates)), split_steps(self.unmasked[row]))
            for row, mask in self.masks.items()
        ]

    def apply(self, t: int) -> None:
        """Mask the gates of step t, in place."""
        for values, mask, unmasked in self.by_step:
            self.xp.multiply(values[t], 1, out=unmasked[t])
            self.xp.multiply(values[t], mask[t], out=values[t])

    def get_unmasked(self, row: int) -> Tensor:
        """Return the gate before its mask, [T, H, B]."""
        return self.unmasked.get(row, self.gates[:, row])

    def mask_gradients(self, gradients: Tensor) -> None:
        """Multiply the gradients [T, G, H, B] of the masked gates by their masks, in place."""
        for row, mask in self.masks.items():
            gradients[:, row] *= mask
