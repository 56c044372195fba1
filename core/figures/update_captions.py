"""What the masks of one update do at one step, in words: forward they drop, and backward the same ones cut."""

from collections.abc import Iterator, Sequence

import numpy as np

from core.dropout.sites import SITES
from core.figures.mask_grid import Band, Lane
from core.i18n import _

# What each mask multiplies, in the letters of the equations.
SYMBOLS = {
    "words": "x",
    "input": "x",
    "between": "x",
    "output": "h",
    "state": "h₋",
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


def acting(bands: Sequence[Band], t: int) -> list[str]:
    """A line for each layer that has masks, the first layer first: what they do at step t, of the units that are shown."""
    return [
        _("layer {l}, mask d: {does}.").format(l=band.lanes[0].layer, does="; ".join(_does(lane, t) for lane in band.lanes))
        for band in reversed(bands)
        if band.lanes
    ]


def cutting(bands: Sequence[Band]) -> str:
    """What the masks do to the gradient; nothing where there are none."""
    return " ".join(dict.fromkeys(_cuts(bands)))


def _cuts(bands: Sequence[Band]) -> Iterator[str]:
    for lane in (lane for band in bands for lane in band.lanes):
        if lane.gaussian:
            yield _("The factors of the way forward multiply the gradient too.")
        elif SITES[lane.site].kind == "old":
            yield _("The same masks: where the old value stayed, the gradient goes straight on to the step before.")
        else:
            yield _("The same masks cut the gradient: where one was 0, nothing flows back through it.")


def _does(lane: Lane, t: int) -> str:
    factors = lane.factors[t]
    said = {"symbol": SYMBOLS[lane.site], "n": int(np.count_nonzero(factors == 0)), "units": factors.size}
    if lane.gaussian:
        return _("multiplies {symbol} by {low} to {high}").format(
            symbol=SYMBOLS[lane.site], low=f"{factors.min():.2f}", high=f"{factors.max():.2f}"
        )
    if factors.size == 1:
        return _of_one(lane, bool(said["n"]))
    if SITES[lane.site].kind == "old":
        return _("{n} of {units} units of {symbol} keep their old value").format(**said)
    if SITES[lane.site].kind == "weights":
        return _("drops {n} of {units} weights of {symbol} into unit 1").format(**said)
    if lane.site == "output":
        return _("drops {n} of {units} units of {symbol} on its way to the answer").format(**said)
    return _("drops {n} of {units} units of {symbol}").format(**said)


def _of_one(lane: Lane, zero: bool) -> str:
    """What a single factor does: to a word, or to all units at once."""
    if SITES[lane.site].kind == "old":
        text = _("all units of {symbol} keep their old value") if zero else _("all units of {symbol} take the new value")
    elif lane.site == "words":
        text = _("drops the word") if zero else _("keeps the word")
    else:
        text = _("drops all units of {symbol}") if zero else _("drops no unit of {symbol}")
    return text.format(symbol=SYMBOLS[lane.site])
