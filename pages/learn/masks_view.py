"""What the Masks page looks at: part of a link, so it is checked and clamped here.

The sample is that of `pages.common.path_view`; the rest has names of its own in a URL, beside those of the experiment.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from core.dropout.comparison import check_comparison, choose_default_comparison
from core.dropout.methods import METHODS
from core.errors import Invalid
from core.experiment.batches import count_updates
from core.experiment.experiment import Experiment
from core.i18n import _
from pages.common.link_fields import LinkField, names, one_of, read_fields, whole_number, write_fields

PHASES = ("train", "test")


@dataclass(frozen=True)
class Look:
    """beside: what stands beside the experiment, None for the sharings that are not its own. update: from 1. step: from 0.
    site, layer: the mask that is opened, "" for the first with many units. unit: the one whose sum is shown, from 1; 0 for
    the one on which the scaling shows most. phase: "train" or "test"."""

    beside: tuple[str, ...] | None = None
    update: int = 1
    step: int = 0
    site: str = ""
    layer: int = 1
    unit: int = 0
    phase: str = "train"

    def fitted(self, experiment: Experiment) -> "Look":
        """The nearest look that this experiment has."""
        wanted = choose_default_comparison(experiment.placement) if self.beside is None else self.beside
        shown = [name for name in wanted if name not in METHODS or experiment.cell in METHODS[name].cells]
        update = max(1, min(self.update, count_updates(experiment)))
        active = experiment.placement.resolve_schedules(update).list_active(experiment.layers)
        # At first one with many units: of words, and of a unit for all, a step is but one factor.
        active.sort(key=lambda one: one[0].width == "tokens" or not one[2].is_fresh("units"))
        on = [(site.name, layer) for site, layer, _dropout in active]
        site, layer = (self.site, self.layer) if (self.site, self.layer) in on else _nearest(self, on)
        return replace(
            self, beside=tuple(shown), update=update, step=min(self.step, experiment.steps - 1), site=site, layer=layer
        )


def look_to_query(look: Look) -> dict[str, str]:
    """Return the look as a part of a link: what is not the default."""
    return write_fields(FIELDS, {**vars(look), "mask": (look.site, look.layer if look.site else 1)})


def look_from_query(query: Mapping[str, str]) -> Look:
    """Return the look of a link. Raises Invalid for what is none; what is merely out of range is clamped later."""
    values, errors = read_fields(FIELDS, query)
    if errors:
        raise errors[0]
    site, layer = values.pop("mask")
    return Look(site=site, layer=layer, **values)


def _parse_mask(text: str) -> tuple[str, int]:
    if not text:
        return "", 1
    site, point, layer = text.partition(".")
    if not point:
        raise Invalid(
            _("mask is “{text}”; a site and a layer are expected, such as {example}.").format(text=text, example="between.2"),
            "mask",
        )
    return site, whole_number("mask", 1, 1).parse(layer)


FIELDS = (
    names("beside", None, check_comparison),
    whole_number("update", 1, 1),
    whole_number("step", 0),
    LinkField("mask", ("", 1), _parse_mask, lambda mask: f"{mask[0]}.{mask[1]}"),
    whole_number("unit", 0, 1),
    one_of("phase", "train", PHASES),
)


def _nearest(look: Look, on: list[tuple[str, int]]) -> tuple[str, int]:
    """The site at another layer, else another site at the layer, else the first there is."""
    near = [at for at in on if at[0] == look.site] or [at for at in on if look.site and at[1] == look.layer] or on
    return near[0] if near else ("", 1)
