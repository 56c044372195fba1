"""The places in a recurrent network where dropout can act: one row a site.

The command line, the Lab, the figures and the tests iterate over `SITES`; nothing else lists them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from core.language import N_

AXES = ("time", "batch", "gates", "units")


@dataclass(frozen=True)
class Site:
    """One place. `axes` are those over which a draw may be shared or fresh; a site without the axis "gates" has one
    mask for all gates. `layers` is "first", "upper" (2 to L), "last" or "every"; `width` names whose units are
    masked: those coming from "below", or the layer's "own". `inside` says that the mask acts within the recurrence."""

    name: str
    label: str
    symbol: str
    multiplies: str
    memory: str
    layers: str
    width: str
    axes: tuple[str, ...]
    inside: bool
    cells: tuple[str, ...] = ("lstm",)


SITES: dict[str, Site] = {
    site.name: site
    for site in (
        Site("input", N_("input"), "xₜ", N_("xₜ on its way into layer 1"),
             N_("Noise on what is read; what is stored stays."), "first", "below", AXES, False),
        Site("between", N_("between"), "hₜ⁽ˡ⁻¹⁾", N_("hₜ of the layer below on its way up"),
             N_("Noise on the way up; what is stored stays."), "upper", "below", AXES, False),
        Site("output", N_("output"), "hₜ⁽ᴸ⁾", N_("hₜ of the top layer on its way to the prediction"),
             N_("Noise on what is told; what is stored stays."), "last", "own", ("time", "batch", "units"), False),
        Site("state", N_("state"), "hₜ₋₁", N_("hₜ₋₁ on its way into the recurrent product"),
             N_("Disturbs what the gates and the candidate see of the past; the cell keeps its content."),
             "every", "own", AXES, True),
        Site("candidate", N_("candidate"), "gₜ", N_("gₜ, the new content, as it is written into the cell"),
             N_("Some units are not written at this step; what is already in the cell stays."),
             "every", "own", ("time", "batch", "units"), True),
        Site("cell", N_("cell"), "cₜ", N_("cₜ itself, the memory"),
             N_("Erases memory: content survives Δ steps only where every mask kept it."),
             "every", "own", ("time", "batch", "units"), True),
    )
}  # fmt: skip


def layers_of(site: Site, layers: int) -> range:
    """The layers (1 to `layers`) at which the site exists."""
    first, last = {"first": (1, 1), "upper": (2, layers), "last": (layers, layers), "every": (1, layers)}[site.layers]
    return range(first, last + 1)


def width_of(site: Site, layer: int, embedding: int, hidden: Sequence[int]) -> int:
    """How many units the site's mask has at `layer` (from 1): E or H of the layer below, or the layer's own H."""
    if site.width == "own":
        return hidden[layer - 1]
    return embedding if layer == 1 else hidden[layer - 2]
