"""Changes made to an experiment while it runs."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from core.dropout.placement import from_data
from core.experiment.experiment import Experiment

CHANGEABLE = ("placement", "learning_rate", "mask_seed")


def experiment_at(began: Experiment, events: Iterable[Mapping[str, Any]], update: int) -> Experiment:
    """The experiment as it was when the masks of that update (from 1) were drawn: with the changes made before it."""
    changed = [event for event in events if event["event"] == "changed" and event["update"] < update]
    return apply_changes(began, changed)


def apply_changes(experiment: Experiment, changes: Iterable[Mapping[str, Any]]) -> Experiment:
    """The experiment after changes: "changed" events, or commands."""
    fields: dict[str, Any] = {}
    for change in changes:
        fields |= {name: change[name] for name in CHANGEABLE if name in change}
    if "placement" in fields:
        fields["placement"] = from_data(fields["placement"])
    return replace(experiment, **fields)
