"""The mask on the whole state in the loops: d ⊙ h₋ in the place of h₋ wherever a step reads it, and its gradient."""

from typing import Any

import torch
from torch import Tensor

from core.nn.bptt.arrays import choose_library, mask_to_columns, split_mask, split_steps


class WholeState:
    """The states that the steps read, over states h [T + 1, H, B], where h[t] is the state before step t.

    mask: as columns [T|1, H|1, B|1], or None. read: d ⊙ h[t] of every step, [T, H, B], filled in step by step; without a
    mask the states themselves, `is_active` is False, and no method may be called.
    """

    def __init__(self, mask: Any, h: Tensor) -> None:
        self.mask, self.xp, T = mask_to_columns(mask), choose_library(h), len(h) - 1
        self.is_active = self.mask is not None
        self.read = torch.empty_like(h[:T]) if self.is_active else h[:T]
        self.mask_steps, self.states, self.reads = split_mask(self.mask, T) or [], split_steps(h), split_steps(self.read)

    def apply(self, t: int) -> None:
        """Compute d ⊙ h[t]."""
        self.xp.multiply(self.mask_steps[t], self.states[t], out=self.reads[t])

    def mask_gradient(self, t: int, gradient: Any) -> None:
        """Multiply the gradient of what step t read by d, in place: the gradient of h[t]."""
        self.xp.multiply(gradient, self.mask_steps[t], out=gradient)
