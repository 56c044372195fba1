"""Zoneout in the loops: new = d ⊙ new + (1-d) ⊙ old, and its gradient (Krueger et al. 2017; d = 1 means the new value)."""

from typing import Any

from core.nn.bptt.arrays import choose_library, mask_to_columns, split_mask


class Zoneout:
    """Zoneout over T steps. Without a mask `is_active` is False, and no method may be called."""

    def __init__(self, mask: Any, like: Any, T: int) -> None:
        self.mask, self.xp = mask_to_columns(mask), choose_library(like)
        self.is_active = self.mask is not None
        self.mask_steps = split_mask(self.mask, T) or []

    def apply(self, t: int, new: Any, old: Any) -> None:
        """Compute new = old + d ⊙ (new - old), in place of new."""
        self.xp.subtract(new, old, out=new)
        self.xp.multiply(new, self.mask_steps[t], out=new)
        self.xp.add(new, old, out=new)

    def split_gradient(self, t: int, gradient: Any, old: Any) -> None:
        """Write (1-d) ⊙ gradient into old: the part of the gradient that bypasses the step."""
        self.xp.multiply(gradient, self.mask_steps[t], out=old)
        self.xp.subtract(gradient, old, out=old)
