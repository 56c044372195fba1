"""Captions of what the masks of one update do at a step, forward and backward."""

from collections.abc import Sequence

import numpy as np

from core.dropout.sites import SITES
from core.figures.mask_grid import Band, MaskLane
from core.i18n import _

# The symbol that each site's mask multiplies, as in the equations.
SYMBOLS = {
    "words": "x",
    "input": "x",
    "between": "x",
    "output": "h",
    "state": "h₋",
    "whole_state": "h₋",
    "candidate": "g",
    "cell": "c",
    "input_gate": "i",
    "forget_gate": "f",
    "output_gate": "o",
    "reset_gate": "r",
    "update_gate": "z",
    "recurrent_weights": "U",
    "input_weights": "W",
    "zoneout_cell": "c",
    "zoneout_state": "h",
}


def list_mask_effects(bands: Sequence[Band], t: int) -> list[str]:
    """Return a line for each layer with masks, layer 1 first: what they do to the visible units at step t."""
    return [
        _("layer {l}, mask d: {does}.").format(
            l=band.lanes[0].layer, does="; ".join(_describe_mask_effect(lane, t) for lane in band.lanes)
        )
        for band in reversed(bands)
        if band.lanes
    ]


def describe_gradient_masks(bands: Sequence[Band]) -> str:
    """Return what the masks do to the gradient; "" without masks."""
    effects = []
    for lane in (lane for band in bands for lane in band.lanes):
        if lane.gaussian:
            effects.append(_("The factors of the forward pass multiply the gradient too."))
        elif SITES[lane.site].kind == "zoneout":
            effects.append(_("The same masks: where the old value was kept, the gradient passes unchanged to the step before."))
        else:
            effects.append(_("The same masks multiply the gradient: where a mask is 0, no gradient flows back."))
    return " ".join(dict.fromkeys(effects))


def _describe_mask_effect(lane: MaskLane, t: int) -> str:
    factors = lane.factors[t]
    numbers = {"symbol": SYMBOLS[lane.site], "n": int(np.count_nonzero(factors == 0)), "units": factors.size}
    if lane.gaussian:
        return _("multiplies {symbol} by {low} to {high}").format(
            symbol=SYMBOLS[lane.site], low=f"{factors.min():.2f}", high=f"{factors.max():.2f}"
        )
    if factors.size == 1:
        return _describe_shared_factor(lane, bool(numbers["n"]))
    if SITES[lane.site].kind == "zoneout":
        return _("{n} of {units} units of {symbol} keep their old value").format(**numbers)
    if SITES[lane.site].kind == "weights":
        return _("drops {n} of {units} weights of {symbol} into unit 1").format(**numbers)
    if lane.site == "output":
        return _("drops {n} of {units} units of {symbol} before the decoder").format(**numbers)
    return _("drops {n} of {units} units of {symbol}").format(**numbers)


def _describe_shared_factor(lane: MaskLane, zero: bool) -> str:
    """Return what a single factor does: to a word, or to all units at once."""
    if SITES[lane.site].kind == "zoneout":
        text = _("all units of {symbol} keep their old value") if zero else _("all units of {symbol} take the new value")
    elif lane.site == "words":
        text = _("drops the word") if zero else _("keeps the word")
    else:
        text = _("drops all units of {symbol}") if zero else _("drops no unit of {symbol}")
    return text.format(symbol=SYMBOLS[lane.site])
