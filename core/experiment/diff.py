"""Differences between two experiments, the most important first."""

from collections.abc import Mapping
from typing import Any

from core.dropout.methods import find_method_name
from core.dropout.placement import Placement, placement_from_plain
from core.experiment.batches import have_same_validation_targets
from core.experiment.experiment import Experiment
from core.experiment.serialization import dropout_to_text
from core.i18n import _
from core.tasks import get_task

SettingTexts = dict[str, str]  # the values of settings as text, by name
Plain = Mapping[str, Any]  # an experiment as `to_plain` writes it
SEED_FIELDS = ("data_seed", "weight_seed", "mask_seed")
DATA_FIELDS = ("task", "steps", "data_seed")  # with the options, all that the data depend on
_FIRST_FIELDS = ("task", "hidden", "layers", "cell")


def list_differences(first: Plain, second: Plain) -> list[tuple[str, str, str]]:
    """Return the name and both values of every setting in which two experiments differ, given as `to_plain` writes them.

    Task, network, dropout, seeds and task options come before the other settings. Raises Invalid for an unknown task or site.
    """
    both = (first, second)
    groups = (
        [_format_fields(e, _FIRST_FIELDS) for e in both],
        _format_dropout(*both),
        _format_seeds(*both),
        [_format_values(e["options"]) for e in both],
        [_format_other_fields(e) for e in both],
    )
    return [difference for one, other in groups for difference in _compare(one, other, _("not given"))]


def have_comparable_losses(one: Experiment, other: Experiment) -> bool:
    """Return whether the losses of two experiments are means over the same data, even if from different numbers of samples."""
    if any(getattr(one, name) != getattr(other, name) for name in DATA_FIELDS):
        return False
    if one.options == other.options:
        return True
    sample_counts = {option.name for option in get_task(one.task).options if option.is_sample_count}
    different = {name for name, _value in set(one.options) ^ set(other.options)}
    return different <= sample_counts and have_same_validation_targets(one, other)


def _compare(one: SettingTexts, other: SettingTexts, missing: str) -> list[tuple[str, str, str]]:
    return [(n, one.get(n, missing), other.get(n, missing)) for n in other | one if one.get(n) != other.get(n)]


def _format_fields(plain: Plain, names: tuple[str, ...]) -> SettingTexts:
    return _format_values({name: plain.get(name) for name in names})


def _format_seeds(first: Plain, second: Plain) -> list[SettingTexts]:
    seeds = [_format_fields(plain, SEED_FIELDS) for plain in (first, second)]
    if all(len(set(values.values())) == 1 for values in seeds):  # as --seed sets them
        return [{"seed": values[SEED_FIELDS[0]]} for values in seeds]
    return seeds


def _format_other_fields(plain: Plain) -> SettingTexts:
    formatted_before = (*_FIRST_FIELDS, *SEED_FIELDS, "placement", "options")
    return _format_values({name: value for name, value in plain.items() if name not in formatted_before})


def _format_dropout(first: Plain, second: Plain) -> tuple[SettingTexts, SettingTexts]:
    """Return both methods; or, if they are equal, the differences of sites and loss terms in the format of --rate."""
    methods = [_find_method(plain) or _("custom") for plain in (first, second)]
    if methods[0] != methods[1]:
        return {"method": methods[0]}, {"method": methods[1]}
    sites = [_format_placement(placement_from_plain(plain["placement"])) for plain in (first, second)]
    changed = _compare(sites[0], sites[1], missing="0")
    if all(one.split("~")[1:] == other.split("~")[1:] for _name, one, other in changed):
        changed = [(name, one.split("~")[0], other.split("~")[0]) for name, one, other in changed]
    texts = [" ".join(f"{row[0]}={row[column]}" for row in changed) for column in (1, 2)]
    return {"rate": texts[0]}, {"rate": texts[1]}


def _find_method(plain: Plain) -> str | None:
    has_tokens = get_task(plain["task"]).features(plain["options"]) == 0
    return find_method_name(placement_from_plain(plain["placement"]), plain["cell"], has_tokens)


def _format_placement(placement: Placement) -> SettingTexts:
    return {name: dropout_to_text(dropout) for name, dropout in placement.sites} | _format_values(dict(placement.losses))


def _format_values(values: Mapping[str, Any]) -> SettingTexts:
    return {name: _format_value(value) for name, value in values.items() if value is not None}


def _format_value(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
