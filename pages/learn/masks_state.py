"""What the Masks page shows: the experiment of the visit, what stands beside it, what is opened."""

from dataclasses import replace
from typing import Any

from core.dropout.comparison import build_compared_placement
from core.errors import Invalid
from core.experiment.experiment import Experiment
from core.training.events import RECORDED_SAMPLES
from pages.common import visit
from pages.learn.masks_view import FIELDS, Look, look_to_query

PAGE = "masks"  # where the visit keeps what this page looks at


def begin() -> None:
    """Begin the visit with the link, or go on with it."""
    visit.begin(FIELDS, PAGE)


def experiment() -> Experiment:
    """Return the experiment, whose masks stand first."""
    return visit.experiment()


def look() -> Look:
    """Return what is looked at, as far as the experiment has it."""
    return _asked().fitted(experiment())


def _asked() -> Look:
    """Return what was asked for, whether the experiment has it or not."""
    values = dict(visit.visit()[PAGE])
    site, layer = values.pop("mask")
    beside = values.pop("beside")
    return Look(site=site, layer=layer, beside=None if beside is None else tuple(beside), **values)


def compared() -> tuple[str, ...]:
    """What stands beside the experiment."""
    return look().beside or ()


def sample() -> int:
    """Return the sample, from 0."""
    return min(visit.view().sample, samples() - 1)


def samples() -> int:
    """Return how many samples can be looked at: as many as in the Lab."""
    return min(experiment().batch, RECORDED_SAMPLES)


def see(**changed: Any) -> None:
    """Look at something else."""
    chosen = changed.pop("sample", None)
    now = replace(look(), **{"beside": _asked().beside} | changed)
    visit.visit()[PAGE] = {field.name: getattr(now, field.name) for field in FIELDS if field.name != "mask"} | {
        "mask": (now.site, now.layer)
    }
    if chosen is not None:
        visit.look(replace(visit.view(), sample=chosen))


def columns() -> list[tuple[str, Experiment | Invalid]]:
    """The experiment and those beside it, by name ("" the first): the same in everything but the placement; the reason
    where one cannot be."""
    first = experiment()
    found: list[tuple[str, Experiment | Invalid]] = [("", first)]
    for name in compared():
        try:
            found.append((name, replace(first, placement=build_compared_placement(first.placement, name, first.cell))))
        except Invalid as invalid:
            found.append((name, invalid))
    return found


def query() -> dict[str, str]:
    """Return the query of the link to this page as it is."""
    return visit.link() | look_to_query(replace(look(), beside=_asked().beside))
