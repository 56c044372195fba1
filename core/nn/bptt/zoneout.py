"""Zoneout within the loops: new = d ⊙ new + (1-d) ⊙ old, and its way back (Krueger et al. 2017, in the form 1 = new)."""

from typing import Any

from core.nn.bptt.arrays import library, mask_columns, mask_steps


class Zoneout:
    """Over T steps. `there` says whether there is any; without it nothing else may be called."""

    def __init__(self, mask: Any, like: Any, T: int) -> None:
        self.mask, self.xp = mask_columns(mask), library(like)
        self.there = self.mask is not None
        self.new = mask_steps(self.mask, T) or []

    def hold(self, t: int, new: Any, old: Any) -> None:
        """new = old + d (new - old)."""
        self.xp.subtract(new, old, out=new)
        self.xp.multiply(new, self.new[t], out=new)
        self.xp.add(new, old, out=new)

    def part(self, t: int, gradient: Any, old: Any) -> None:
        """old = (1-d) ⊙ gradient, what goes past the step."""
        self.xp.multiply(gradient, self.new[t], out=old)
        self.xp.subtract(gradient, old, out=old)
