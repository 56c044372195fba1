"""Changes that are made to an experiment during its run."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from core.dropout.placement import placement_from_plain
from core.experiment.experiment import Experiment

CHANGEABLE_FIELDS = ("placement", "learning_rate", "mask_seed")


def get_experiment_at(initial: Experiment, events: Iterable[Mapping[str, Any]], update: int) -> Experiment:
    """Return the experiment at an update (from 1): the initial one with the changes of earlier "changed" events."""
    earlier = [event for event in events if event["event"] == "changed" and event["update"] < update]
    return apply_changes(initial, earlier)


def apply_changes(experiment: Experiment, changes: Iterable[Mapping[str, Any]]) -> Experiment:
    """Return the experiment after changes, which are "changed" events or commands."""
    fields: dict[str, Any] = {}
    for change in changes:
        fields |= {name: change[name] for name in CHANGEABLE_FIELDS if name in change}
    if "placement" in fields:
        fields["placement"] = placement_from_plain(fields["placement"])
    return replace(experiment, **fields)
