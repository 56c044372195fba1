"""The state of the Masks page: the experiment, the placements that it is compared with, the selected mask."""

from dataclasses import replace
from typing import Any

from core.dropout.comparison import build_compared_placement
from core.errors import Invalid
from core.experiment.experiment import Experiment
from core.training.events import RECORDED_SAMPLES
from pages.common import visit
from pages.learn.masks_view import FIELDS, MasksView, masks_view_to_query

PAGE = "masks"  # the visit's key for this page's view


def begin() -> None:
    """Begin the visit with the link, or continue it."""
    visit.begin(FIELDS, PAGE)


def get_view() -> MasksView:
    """Return the view, fitted to the experiment."""
    return _read_view().fit_to(visit.get_experiment())


def _read_view() -> MasksView:
    """Return the view as the visit stores it, not fitted to the experiment."""
    values = dict(visit.visit()[PAGE])
    site, layer = values.pop("mask")
    beside = values.pop("beside")
    return MasksView(site=site, layer=layer, beside=None if beside is None else tuple(beside), **values)


def list_compared() -> tuple[str, ...]:
    """Return the names of the placements that the experiment is compared with."""
    return get_view().beside or ()


def get_sample() -> int:
    """Return the selected sample, from 0."""
    return min(visit.get_view().sample, count_samples() - 1)


def count_samples() -> int:
    """Return how many samples can be selected: as many as in the Lab."""
    return min(visit.get_experiment().batch, RECORDED_SAMPLES)


def set_view(**changed: Any) -> None:
    """Change fields of the view; `sample` is that of the visit."""
    sample = changed.pop("sample", None)
    view = replace(get_view(), **{"beside": _read_view().beside} | changed)
    visit.visit()[PAGE] = {field.name: getattr(view, field.name) for field in FIELDS if field.name != "mask"} | {
        "mask": (view.site, view.layer)
    }
    if sample is not None:
        visit.set_view(replace(visit.get_view(), sample=sample))


def list_compared_experiments() -> list[tuple[str, Experiment | Invalid]]:
    """Return the experiment, named "", and those that differ from it in the placement only, by name.

    If a placement is not possible, the reason takes the place of its experiment.
    """
    first = visit.get_experiment()
    experiments: list[tuple[str, Experiment | Invalid]] = [("", first)]
    for name in list_compared():
        try:
            experiments.append((name, replace(first, placement=build_compared_placement(first.placement, name, first.cell))))
        except Invalid as invalid:
            experiments.append((name, invalid))
    return experiments


def build_query() -> dict[str, str]:
    """Return the query of the link to this page as it is."""
    return visit.build_link() | masks_view_to_query(replace(get_view(), beside=_read_view().beside))
