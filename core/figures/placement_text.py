"""A placement in one line: where it masks, at which rates, and how the masks are shared over time."""

from core.dropout.placement import Dropout, Placement
from core.dropout.sites import SITES
from core.i18n import N_, _

_TIME = {"step": N_("a new mask at every step"), "sequence": N_("one mask a sequence")}


def describe_placement(placement: Placement) -> str:
    """Return the line: the sites with their rates, those with one setting together."""
    if not placement.sites:
        return _("no mask anywhere")
    groups: dict[tuple[str, str], list[str]] = {}
    for name, dropout in placement.sites:
        groups.setdefault((_format_rate(dropout), dropout.time), []).append(_(SITES[name].label))
    times = list(dict.fromkeys(time for _rate, time in groups))
    parts = [
        _("{sites} {rate}").format(sites=", ".join(labels), rate=rate) + (f" ({_(_TIME[time])})" if len(times) > 1 else "")
        for (rate, time), labels in groups.items()
    ]
    return "; ".join(parts) + ("" if len(times) > 1 else f" · {_(_TIME[times[0]])}")


def _format_rate(dropout: Dropout) -> str:
    rates = dropout.rate if isinstance(dropout.rate, tuple) else (dropout.rate,)
    return "/".join(f"{rate:.3g}".removeprefix("0") if 0 < rate < 1 else f"{rate:.3g}" for rate in rates)
