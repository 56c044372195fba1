"""The view of the Masks page: compared placements, update, step and selected mask, read from and written to a link.

The sample is that of `pages.common.path_view`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from core.dropout.comparison import check_comparison, choose_default_comparison
from core.dropout.methods import METHODS
from core.errors import Invalid, quote
from core.experiment.batches import count_updates
from core.experiment.experiment import Experiment
from core.i18n import _
from pages.common.link_fields import (
    LinkField,
    make_choice_field,
    make_integer_field,
    make_names_field,
    read_fields,
    write_fields,
)

PHASES = ("train", "test")


@dataclass(frozen=True)
class MasksView:
    """The view of the Masks page.

    beside: names of the placements to compare with; None for the sharings that differ from the experiment's. update: from 1.
    step: from 0. site, layer: the selected mask; "" for the first with many units. unit: whose pre-activation is shown, from 1;
    0 for the one that the scaling shifts most. phase: "train" or "test".
    """

    beside: tuple[str, ...] | None = None
    update: int = 1
    step: int = 0
    site: str = ""
    layer: int = 1
    unit: int = 0
    phase: str = "train"

    def fit_to(self, experiment: Experiment) -> "MasksView":
        """Return the nearest view that this experiment allows."""
        names = choose_default_comparison(experiment.placement) if self.beside is None else self.beside
        compared = [name for name in names if name not in METHODS or experiment.cell in METHODS[name].cells]
        update = max(1, min(self.update, count_updates(experiment)))
        active = experiment.placement.resolve_schedules(update).list_active(experiment.layers)
        # The first is one with many units: a word mask, or one unit for all, is a single factor at a step.
        active.sort(key=lambda one: one[0].width == "tokens" or not one[2].is_fresh("units"))
        on = [(site.name, layer) for site, layer, _dropout in active]
        site, layer = (self.site, self.layer) if (self.site, self.layer) in on else _find_nearest_mask(self, on)
        return replace(
            self, beside=tuple(compared), update=update, step=min(self.step, experiment.steps - 1), site=site, layer=layer
        )


def masks_view_to_query(view: MasksView) -> dict[str, str]:
    """Return the part of a link that carries the view: what is not the default."""
    return write_fields(FIELDS, {**vars(view), "mask": (view.site, view.layer if view.site else 1)})


def masks_view_from_query(query: Mapping[str, str]) -> MasksView:
    """Return the view of a link. Raises Invalid for a malformed one; what is out of range is clamped by `fit_to`."""
    values, errors = read_fields(FIELDS, query)
    if errors:
        raise errors[0]
    site, layer = values.pop("mask")
    return MasksView(site=site, layer=layer, **values)


def _parse_mask(text: str) -> tuple[str, int]:
    if not text:
        return "", 1
    site, point, layer = text.partition(".")
    if not point:
        raise Invalid(
            _("mask is “{text}”; a site and a layer are expected, such as {example}.").format(
                text=quote(text), example="between.2"
            ),
            "mask",
        )
    return site, make_integer_field("mask", 1, 1).parse(layer)


FIELDS = (
    make_names_field("beside", None, check_comparison),
    make_integer_field("update", 1, 1),
    make_integer_field("step", 0),
    LinkField("mask", ("", 1), _parse_mask, lambda mask: f"{mask[0]}.{mask[1]}"),
    make_integer_field("unit", 0, 1),
    make_choice_field("phase", "train", PHASES),
)


def _find_nearest_mask(view: MasksView, on: list[tuple[str, int]]) -> tuple[str, int]:
    """Return the same site at another layer, else another site at the layer, else the first active one."""
    near = [at for at in on if at[0] == view.site] or [at for at in on if view.site and at[1] == view.layer] or on
    return near[0] if near else ("", 1)
