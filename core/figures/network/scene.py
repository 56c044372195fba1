"""The content of the network figure as data."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from core.analysis.path_counts import list_crossings, list_routes
from core.dropout.masks import Array, Masks, NetworkShape, make_mask_key
from core.dropout.placement import Placement
from core.errors import Invalid
from core.figures.mask_heatmap import select_units
from core.figures.network.layout import Layout
from core.i18n import _

MAX_UNITS = 24  # the most units that a readable barcode can show


@dataclass(frozen=True)
class Scene:
    """One window of one sample at one update. Steps and samples count from 0, layers and units from 1.

    placement, shape: the network at this update. masks: the result of `core.dropout.masks.draw_masks` for them, word masks
    expanded. sample: 0 to B-1. first, count: the window of steps; it ends at the last step T-1 at the latest.
    inputs: text of x_t for all T steps. predictions, targets: texts at y_t for all T steps; None if there is no target,
    and a prediction also where none is known yet. climbs: the L+1 steps of the path: entering layer 1, entering layer 2, …,
    leaving at the top. through: its route along time, "cell" or "state". gates: whether the routes through the gates are
    shown. Raises Invalid for an impossible window, sample or path.
    """

    placement: Placement
    shape: NetworkShape
    masks: Masks
    sample: int
    first: int
    count: int
    inputs: Sequence[str]
    predictions: Sequence[str | None]
    targets: Sequence[str | None]
    climbs: Sequence[int]
    through: str = "cell"
    gates: bool = False

    def __post_init__(self) -> None:
        steps = self.shape.steps
        if not (0 <= self.first < steps and self.count > 0 and 0 <= self.sample < self.shape.batch):
            raise Invalid(
                _("The window must start within the {steps} steps and show one of the {batch} samples.").format(
                    steps=steps, batch=self.shape.batch
                ),
                "window",
            )
        if max(self.climbs) >= steps:
            raise Invalid(_("The path must end within the {steps} steps.").format(steps=steps), "path")
        if not len(self.inputs) == len(self.predictions) == len(self.targets) == steps:
            raise Invalid(
                _("Inputs, predictions and targets need one text for each of the {steps} steps.").format(steps=steps), "window"
            )

    @property
    def layers(self) -> int:
        """Return the number of layers, L."""
        return self.shape.layers

    @cached_property
    def layout(self) -> Layout:
        """Return the layout of the figure."""
        return Layout(self.layers, self.first, min(self.count, self.shape.steps - self.first), frozenset(self.active_rates))

    @property
    def steps(self) -> range:
        """Return the steps of the window."""
        return range(self.first, self.layout.last + 1)

    @cached_property
    def crossing_numbers(self) -> dict[tuple[str, int, int], int]:
        """Return the number of each mask on the path, from 1 in the order of the path, by (site, layer, step)."""
        crossings = list_crossings(self.placement, self.layers, self.climbs, self.through, self.shape.cell)
        return {(mask.site, mask.layer, mask.t): n for n, mask in enumerate(crossings, 1)}

    @cached_property
    def active_rates(self) -> dict[tuple[str, int], float]:
        """Return the rate of every active (site, layer) at this update."""
        return {
            (site.name, layer): self.placement.get_rate(site.name, layer, self.layers)
            for site, layer, _dropout in self.placement.list_active(self.layers)
        }

    @property
    def has_carry(self) -> bool:
        """Return whether the cell has a carry beside the recurrent product; a plain RNN has none."""
        return "cell" in list_routes(self.shape.cell)

    def units(self, site: str, layer: int) -> int:
        """Return how many units the site's mask has: 1 where all units share one draw."""
        return int(self._mask(site, layer).shape[2])

    def select_window(self, site: str, layer: int) -> Array:
        """Return the factors of the first MAX_UNITS units at the steps of the window, [steps, units]."""
        mask = self._mask(site, layer)
        factors = mask[:, self.sample if mask.shape[1] > 1 else 0, :MAX_UNITS]
        return factors[self.steps] if len(mask) > 1 else factors.repeat(len(self.steps), axis=0)

    def _mask(self, site: str, layer: int) -> Array:
        # Where each gate has its own mask, the content path crosses that of g.
        shared = self.masks.get(make_mask_key(site, layer))
        return select_units(self.masks[make_mask_key(site, layer, "g")] if shared is None else shared)
