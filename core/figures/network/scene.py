"""What the network figure shows, as data."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from core.analysis.path_counts import Mask, crossings, routes_of
from core.dropout.masks import Array, Masks, Shape, mask_key
from core.dropout.placement import Placement
from core.errors import Invalid
from core.figures.mask_heatmap import of_units
from core.figures.network.layout import Layout
from core.i18n import _

UNITS = 24  # as many units as a barcode can show and still be read


@dataclass(frozen=True)
class Scene:
    """One window of one sample at one update. Steps, samples and sequences count from 0, layers and units from 1.

    placement, shape: the network, as it is at the update that is shown. masks: what `core.dropout.masks.draw` returned for
    them, those of words spelled out. sample: 0 to B-1.
    first, count: the window of steps; it ends with the last step, T-1, where `count` would go beyond.
    inputs: text of x_t for all T steps. predicted, right: texts at y_t for all T steps; `right` is None where nothing
    is asked, `predicted` is None there and where nothing is known yet.
    climbs: the L+1 steps of the path: entering layer 1, entering layer 2, …, leaving at the top. through: "cell" or
    "state", its route along time. gates: whether the routes through the gates are shown as well. Raises Invalid for a
    window, sample or path that cannot be.
    """

    placement: Placement
    shape: Shape
    masks: Masks
    sample: int
    first: int
    count: int
    inputs: Sequence[str]
    predicted: Sequence[str | None]
    right: Sequence[str | None]
    climbs: Sequence[int]
    through: str = "cell"
    gates: bool = False

    def __post_init__(self) -> None:
        steps = self.shape.steps
        if not (0 <= self.first < steps and self.count > 0 and 0 <= self.sample < self.shape.batch):
            raise Invalid(
                _("The window starts at one of the {steps} steps and shows one of the {batch} samples.").format(
                    steps=steps, batch=self.shape.batch
                ),
                "window",
            )
        if max(self.climbs) >= steps:
            raise Invalid(_("The path ends at one of the {steps} steps.").format(steps=steps), "path")
        if not len(self.inputs) == len(self.predicted) == len(self.right) == steps:
            raise Invalid(_("Each of the {steps} steps needs its word.").format(steps=steps), "window")

    @property
    def layers(self) -> int:
        """L."""
        return self.shape.layers

    @cached_property
    def layout(self) -> Layout:
        """Where everything lies."""
        return Layout(self.layers, self.first, min(self.count, self.shape.steps - self.first), frozenset(self.on))

    @property
    def steps(self) -> range:
        """The steps of the window."""
        return range(self.first, self.layout.last + 1)

    @cached_property
    def crossed(self) -> dict[tuple[str, int, int], int]:
        """The number of each mask on the path, from 1, in the order in which they are crossed; by site, layer, step."""
        return {(m.site, m.layer, m.t): n for n, m in enumerate(self._crossings, 1)}

    @property
    def _crossings(self) -> list[Mask]:
        return crossings(self.placement, self.layers, self.climbs, self.through, self.shape.cell)

    @cached_property
    def on(self) -> dict[tuple[str, int], float]:
        """The rate of every (site, layer) that drops, as it is at the update that is shown."""
        now = self.placement
        return {
            (site.name, layer): now.rate(site.name, layer, self.layers) for site, layer, _dropout in now.active(self.layers)
        }

    @property
    def carries(self) -> bool:
        """Whether the cell has a lane of memory beside the state: a plain RNN has not."""
        return "cell" in routes_of(self.shape.cell)

    def units(self, site: str, layer: int) -> int:
        """How many units the site's mask has: 1 where all units share one draw."""
        return int(self._mask(site, layer).shape[2])

    def kept(self, site: str, layer: int, t: int) -> list[int]:
        """The units kept at step t of the sample, of the first `UNITS`, counted from 0."""
        return [int(u) for u in self.factors(site, layer, t).nonzero()[0]]

    def factors(self, site: str, layer: int, t: int) -> Array:
        """What the first `UNITS` units are multiplied by at step t of the sample."""
        mask = self._mask(site, layer)
        return mask[t if len(mask) > 1 else 0, self.sample if mask.shape[1] > 1 else 0, :UNITS]

    def _mask(self, site: str, layer: int) -> Array:
        # Where each gate has its own mask, content meets the one of g.
        whole = self.masks.get(mask_key(site, layer))
        return of_units(self.masks[mask_key(site, layer, "g")] if whole is None else whole)
