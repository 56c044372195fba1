"""Builds the marks for changes that were made while a run trained, with short labels such as “input .5 → .2”."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from core.dropout.methods import METHODS, find_method_name
from core.dropout.penalties import LOSS_TERMS
from core.dropout.placement import CHOICE_LABELS, Dropout, Placement, placement_from_plain
from core.dropout.schedule import SCHEDULE_KINDS
from core.dropout.sites import SITES
from core.experiment.experiment import Experiment
from core.i18n import _, ngettext
from core.training.events import Event

MAX_NAMED_SITES = 2  # changes of more sites are labelled by their method or their number


@dataclass(frozen=True)
class ChangeMark:
    """A change of a run. epoch: from where on it holds, a fraction as in the records. label: a few words."""

    epoch: float
    label: str


def build_change_marks(began: Experiment, events: Iterable[Event]) -> list[ChangeMark]:
    """Return the marks of a run.

    began: the experiment with which the run began. events: all events of the run so far; only "started" and "changed"
    events count. Changes that alter nothing have no mark.
    """
    placement, rate, per_epoch = began.placement, began.learning_rate, 1
    marks = []
    for event in events:
        if event["event"] == "started":
            per_epoch = event["updates_per_epoch"]
        elif event["event"] == "changed":
            after = placement_from_plain(event["placement"]) if "placement" in event else placement
            label = _format_change(placement, after, rate, event, began)
            placement, rate = after, event.get("learning_rate", rate)
            marks += [ChangeMark(event["update"] / per_epoch, label)] if label else []
    return marks


def join_near_marks(marks: Iterable[ChangeMark], distance: float) -> list[list[ChangeMark]]:
    """Return the marks in groups: each mark that is at most `distance` epochs behind the one before it is in its group."""
    groups: list[list[ChangeMark]] = []
    for mark in sorted(marks, key=lambda mark: mark.epoch):
        if groups and mark.epoch - groups[-1][-1].epoch <= distance:
            groups[-1].append(mark)
        else:
            groups.append([mark])
    return groups


def _format_change(before: Placement, after: Placement, rate: float, event: Mapping[str, Any], began: Experiment) -> str:
    parts = [_format_placement_change(before, after, began), _format_loss_changes(before, after)]
    if event.get("learning_rate", rate) != rate:
        parts.append(
            _("learning rate {before} → {after}").format(
                before=_format_value(rate), after=_format_value(event["learning_rate"])
            )
        )
    if "mask_seed" in event:
        parts.append(_("new masks"))
    return ", ".join(filter(None, parts))


def _format_loss_changes(before: Placement, after: Placement) -> str:
    old, new = dict(before.losses), dict(after.losses)
    changed = [name for name in LOSS_TERMS if old.get(name) != new.get(name)]

    def format_weight(losses: Mapping[str, float], name: str) -> str:
        return _format_value(losses[name]) if name in losses else _("off")

    return ", ".join(f"{name} {format_weight(old, name)} → {format_weight(new, name)}" for name in changed)


def _format_placement_change(before: Placement, after: Placement, began: Experiment) -> str:
    changed = [name for name in SITES if before.get(name) != after.get(name)]
    if len(changed) <= MAX_NAMED_SITES:
        return ", ".join(_format_site_change(name, before.get(name), after.get(name)) for name in changed)
    was, method = (find_method_name(one, began.cell, began.has_tokens) for one in (before, after))
    if method and method != was:
        return _(METHODS[method].label)
    moves = {(_format_rate(before.get(name)), _format_rate(after.get(name))) for name in changed}
    rates = " {} → {}".format(*moves.pop()) if len(moves) == 1 else ""
    return ngettext("{n} site", "{n} sites", len(changed)).format(n=len(changed)) + rates


def _format_site_change(name: str, before: Dropout | None, after: Dropout | None) -> str:
    site, old, new = _(SITES[name].label), _format_rate(before), _format_rate(after)
    if old != new or after is None:
        return f"{site} {old} → {new}"
    changed = [f.name for f in fields(Dropout) if getattr(before, f.name) != getattr(after, f.name)]
    words = [
        _(SCHEDULE_KINDS[after.schedule.kind] if name == "schedule" else CHOICE_LABELS[getattr(after, name)])
        for name in changed
    ]
    return f"{site}: {', '.join(words)}"


def _format_rate(dropout: Dropout | None) -> str:
    if dropout is None:
        return _("off")
    rates = dropout.rate if isinstance(dropout.rate, tuple) else (dropout.rate,)
    return "/".join(map(_format_value, rates))


def _format_value(value: float) -> str:
    return f"{value:g}".removeprefix("0") if 0 < value < 1 else f"{value:g}"
