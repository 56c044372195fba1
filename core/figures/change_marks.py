"""What was changed while a run trained, as short marks for its curves: “input .5 → .2”."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from core.dropout.methods import METHODS, name_of
from core.dropout.penalties import LOSSES
from core.dropout.placement import WORDS, Dropout, Placement, from_data
from core.dropout.schedule import KINDS
from core.dropout.sites import SITES
from core.experiment.experiment import Experiment
from core.i18n import _, ngettext
from core.training.events import Event

SITES_NAMED = 2  # more than that, and the label is the method's


@dataclass(frozen=True)
class Mark:
    """A change: the epoch from which on it holds, counted as records count it, and a label of a few words."""

    epoch: float
    label: str


def change_marks(began: Experiment, events: Iterable[Event]) -> list[Mark]:
    """The marks of a run that began as `began`, of all its events so far ("started" and "changed" are what counts)."""
    placement, rate, per_epoch = began.placement, began.learning_rate, 1
    marks = []
    for event in events:
        if event["event"] == "started":
            per_epoch = event["updates_per_epoch"]
        elif event["event"] == "changed":
            after = from_data(event["placement"]) if "placement" in event else placement
            label = _label(placement, after, rate, event, began)
            placement, rate = after, event.get("learning_rate", rate)
            marks += [Mark(event["update"] / per_epoch, label)] if label else []
    return marks


def _label(before: Placement, after: Placement, rate: float, event: Mapping[str, Any], began: Experiment) -> str:
    parts = [_placement_label(before, after, began), _losses_label(before, after)]
    if event.get("learning_rate", rate) != rate:
        parts.append(_("learning rate {before} → {after}").format(before=_short(rate), after=_short(event["learning_rate"])))
    if "mask_seed" in event:
        parts.append(_("new masks"))
    return ", ".join(filter(None, parts))


def _losses_label(before: Placement, after: Placement) -> str:
    old, new = dict(before.losses), dict(after.losses)
    changed = [name for name in LOSSES if old.get(name) != new.get(name)]
    weights = [(name, *(_short(all_of[name]) if name in all_of else _("off") for all_of in (old, new))) for name in changed]
    return ", ".join(f"{name} {was} → {now}" for name, was, now in weights)


def _placement_label(before: Placement, after: Placement, began: Experiment) -> str:
    changed = [name for name in SITES if before.get(name) != after.get(name)]
    if len(changed) <= SITES_NAMED:
        return ", ".join(_site_label(name, before.get(name), after.get(name)) for name in changed)
    was, method = (name_of(one, began.cell, began.words) for one in (before, after))
    if method and method != was:
        return _(METHODS[method].label)
    moves = {(_rate_of(before.get(name)), _rate_of(after.get(name))) for name in changed}
    rates = " {} → {}".format(*moves.pop()) if len(moves) == 1 else ""
    return ngettext("{n} site", "{n} sites", len(changed)).format(n=len(changed)) + rates


def _site_label(name: str, before: Dropout | None, after: Dropout | None) -> str:
    site, old, new = _(SITES[name].label), _rate_of(before), _rate_of(after)
    if old != new or after is None:
        return f"{site} {old} → {new}"
    changed = [f.name for f in fields(Dropout) if getattr(before, f.name) != getattr(after, f.name)]
    words = [_(KINDS[after.schedule.kind] if name == "schedule" else WORDS[getattr(after, name)]) for name in changed]
    return f"{site}: {', '.join(words)}"


def _rate_of(dropout: Dropout | None) -> str:
    if dropout is None:
        return _("off")
    each = dropout.rate if isinstance(dropout.rate, tuple) else (dropout.rate,)
    return "/".join(map(_short, each))


def _short(value: float) -> str:
    return f"{value:g}".removeprefix("0") if 0 < value < 1 else f"{value:g}"
