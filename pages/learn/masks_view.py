"""What the Masks page looks at: part of a link, so it is checked and clamped here.

The sample is that of `pages.common.path_view`; the rest has names of its own in a URL, beside those of the experiment.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from core.dropout.comparison import check_beside, usual_beside
from core.dropout.methods import METHODS
from core.errors import Invalid
from core.experiment.batches import count_updates
from core.experiment.experiment import Experiment
from core.i18n import _

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
        wanted = usual_beside(experiment.placement) if self.beside is None else self.beside
        names = [name for name in wanted if name not in METHODS or experiment.cell in METHODS[name].cells]
        update = max(1, min(self.update, count_updates(experiment)))
        active = experiment.placement.at(update).active(experiment.layers)
        # At first one with many units: of words, and of a unit for all, a step is but one factor.
        active.sort(key=lambda one: one[0].width == "tokens" or not one[2].fresh("units"))
        on = [(site.name, layer) for site, layer, _dropout in active]
        site, layer = (self.site, self.layer) if (self.site, self.layer) in on else _nearest(self, on)
        return replace(
            self, beside=tuple(names), update=update, step=min(self.step, experiment.steps - 1), site=site, layer=layer
        )


def look_query(look: Look) -> dict[str, str]:
    """The look as a part of a URL's query: what is not the default."""
    query = {} if look.beside is None else {"beside": ",".join(look.beside)}
    query |= {"mask": f"{look.site}.{look.layer}"} if look.site else {}
    default = Look()
    names = [name for name in ("update", "step", "unit", "phase") if getattr(look, name) != getattr(default, name)]
    return query | {name: str(getattr(look, name)) for name in names}


def look_of(query: Mapping[str, str]) -> Look:
    """The look of a URL's query. Raises Invalid for what is none; what is merely out of range is clamped later."""
    names = query.get("beside")
    beside = None if names is None else check_beside(tuple(names.split(",")) if names else ())
    site, layer = _mask(query.get("mask", ""))
    phase = query.get("phase", "train")
    if phase not in PHASES:
        raise Invalid(_("phase is “{phase}”; it must be one of {all}.").format(phase=phase, all=", ".join(PHASES)), "phase")
    numbers = {
        name: _whole(name, query[name], least) for name, least in (("update", 1), ("step", 0), ("unit", 1)) if name in query
    }
    return Look(beside=beside, site=site, layer=layer, phase=phase, **numbers)


def _mask(text: str) -> tuple[str, int]:
    if not text:
        return "", 1
    site, point, layer = text.partition(".")
    if not point:
        raise Invalid(
            _("mask is “{text}”; a site and a layer are expected, such as {example}.").format(text=text, example="between.2"),
            "mask",
        )
    return site, _whole("mask", layer, 1)


def _nearest(look: Look, on: list[tuple[str, int]]) -> tuple[str, int]:
    """The site at another layer, else another site at the layer, else the first there is."""
    near = [at for at in on if at[0] == look.site] or [at for at in on if look.site and at[1] == look.layer] or on
    return near[0] if near else ("", 1)


def _whole(name: str, text: str, least: int) -> int:
    if not (text.isascii() and text.isdecimal()) or len(text) > 9 or int(text) < least:
        raise Invalid(
            _("{name} is “{text}”; a whole number from {least} on is expected.").format(name=name, text=text, least=least), name
        )
    return int(text)
