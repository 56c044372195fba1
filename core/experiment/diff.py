"""What tells one experiment from another, the most telling first."""

from collections.abc import Mapping
from typing import Any

from core.dropout.methods import name_of
from core.dropout.placement import Placement, from_data
from core.experiment.batches import have_same_validation_targets
from core.experiment.experiment import Experiment
from core.experiment.serialization import dropout_to_text
from core.i18n import _
from core.tasks import task

Told = dict[str, str]  # values as a reader says them, by the names of settings
SEEDS = ("data_seed", "weight_seed", "mask_seed")
_FIRST = ("task", "hidden", "layers", "cell")


def list_differences(theirs: Mapping[str, Any], own: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Of two experiments as `to_plain` writes them: the name of each setting in which they differ, and its value in the one and
    in the other. Task, network, dropout, seeds and the task's options come before what follows from them. Raises Invalid where
    one of them names a task or a site that this program does not have."""
    both = (theirs, own)
    parts = (
        [_fields(e, _FIRST) for e in both],
        _dropping(*both),
        _seeds(*both),
        [_texts(e["options"]) for e in both],
        [_rest(e) for e in both],
    )
    return [difference for one, other in parts for difference in _apart(one, other, _("not given"))]


def _apart(one: Told, other: Told, without: str) -> list[tuple[str, str, str]]:
    return [(n, one.get(n, without), other.get(n, without)) for n in other | one if one.get(n) != other.get(n)]


def _fields(plain: Mapping[str, Any], names: tuple[str, ...]) -> Told:
    return _texts({name: plain.get(name) for name in names})


def _seeds(*both: Mapping[str, Any]) -> list[Told]:
    seeds = [_fields(plain, SEEDS) for plain in both]
    alike = all(len(set(of_one.values())) == 1 for of_one in seeds)  # as --seed sets them
    return [{"seed": of_one[SEEDS[0]]} for of_one in seeds] if alike else seeds


def _rest(plain: Mapping[str, Any]) -> Told:
    return _texts({name: value for name, value in plain.items() if name not in (*_FIRST, *SEEDS, "placement", "options")})


def _dropping(theirs: Mapping[str, Any], own: Mapping[str, Any]) -> tuple[Told, Told]:
    """The methods; or, where these are the same, what differs at the sites and in the loss terms, as --rate takes it."""
    methods = [_method(plain) or _("of its own") for plain in (theirs, own)]
    if methods[0] != methods[1]:
        return {"method": methods[0]}, {"method": methods[1]}
    sites = [_sites(from_data(plain["placement"])) for plain in (theirs, own)]
    changed = _apart(sites[0], sites[1], without="0")
    if all(one.split("~")[1:] == other.split("~")[1:] for _name, one, other in changed):
        changed = [(name, one.split("~")[0], other.split("~")[0]) for name, one, other in changed]
    told = [" ".join(f"{row[0]}={row[at]}" for row in changed) for at in (1, 2)]
    return {"rate": told[0]}, {"rate": told[1]}


def _method(plain: Mapping[str, Any]) -> str | None:
    words = task(plain["task"]).features(plain["options"]) == 0
    return name_of(from_data(plain["placement"]), plain["cell"], words)


def _sites(placement: Placement) -> Told:
    return {name: dropout_to_text(dropout) for name, dropout in placement.sites} | _texts(dict(placement.losses))


def _texts(values: Mapping[str, Any]) -> Told:
    return {name: _text(value) for name, value in values.items() if value is not None}


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


DATA = ("task", "steps", "data_seed")  # what the data depend on, with the options; the batch only cuts them up


def have_comparable_losses(one: Experiment, other: Experiment) -> bool:
    """Whether the losses of the two can be laid beside each other: they are means over the same data, whatever learns them,
    and from however many samples."""
    if any(getattr(one, name) != getattr(other, name) for name in DATA):
        return False
    if one.options == other.options:
        return True
    amounts = {option.name for option in task(one.task).options if option.amount}
    apart = {name for name, _value in set(one.options) ^ set(other.options)}
    return apart <= amounts and have_same_validation_targets(one, other)
