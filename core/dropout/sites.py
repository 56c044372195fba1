"""The sites, which are the places in a recurrent network where dropout can act: one row per site.

The command line, the Lab, the figures and the tests iterate over `SITES`; nothing else lists them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.dropout.cells import CELLS
from core.errors import Invalid, quote
from core.i18n import N_, _

AXES = ("time", "batch", "gates", "units")
GATED_CELLS = ("lstm", "gru")
_AXES_WITHOUT_GATES = ("time", "batch", "units")
_WEIGHT_DEFAULTS = {"time": "sequence", "batch": "batch", "gates": "separate"}
_ZONEOUT_DEFAULTS = {"scaling": "test"}


@dataclass(frozen=True)
class Site:
    """A place in the network where dropout can act.

    multiplies, memory: a phrase and a sentence for the screen, what is masked and what that does to the stored content.
    layers: the layers that have the site, "first", "upper" (2 to L), "last" or "every".
    width: whose units are masked, "below" (the layer below), "own" (this layer) or "tokens" (the vocabulary).
    axes: the axes over which a draw may be shared or fresh; without the axis "gates" there is one mask for all gates.
    is_recurrent: whether the mask acts within the recurrence.
    kind: "units" and "weights" are multiplied by the mask (a mask of weights has one element per connection); "zoneout"
    takes the new value where the mask is 1 and keeps the old one where it is 0.
    defaults: the settings of `Dropout` whose default at this site differs from that of the class.
    """

    name: str
    label: str
    symbol: str
    multiplies: str
    memory: str
    layers: str
    width: str
    axes: tuple[str, ...]
    is_recurrent: bool
    cells: tuple[str, ...] = CELLS
    kind: str = "units"
    defaults: Mapping[str, str] = field(default_factory=dict)


def _build_gate_site(name: str, label: str, symbol: str, multiplies: str, memory: str, cell: str) -> Site:
    return Site(name, label, symbol, multiplies, memory, "every", "own", _AXES_WITHOUT_GATES, True, (cell,))


SITES: dict[str, Site] = {
    site.name: site
    for site in (
        Site(
            "words",
            N_("words"),
            "xₜ",
            N_("whole words of the vocabulary: every occurrence of a dropped word is zero"),
            N_("Some words cannot be read at all; what is stored stays."),
            "first",
            "tokens",
            ("batch", "units"),
            False,
            defaults={"time": "sequence"},
        ),
        Site(
            "input",
            N_("input"),
            "xₜ",
            N_("xₜ on its way into layer 1"),
            N_("Noise on what is read; what is stored stays."),
            "first",
            "below",
            AXES,
            False,
        ),
        Site(
            "between",
            N_("between"),
            "hₜ⁽ˡ⁻¹⁾",
            N_("hₜ of the layer below on its way up"),
            N_("Noise on the way up; what is stored stays."),
            "upper",
            "below",
            AXES,
            False,
        ),
        Site(
            "output",
            N_("output"),
            "hₜ⁽ᴸ⁾",
            N_("hₜ of the top layer on its way to the prediction"),
            N_("Noise on the output; what is stored stays."),
            "last",
            "own",
            _AXES_WITHOUT_GATES,
            False,
        ),
        Site(
            "state",
            N_("state"),
            "hₜ₋₁",
            N_("hₜ₋₁ on its way into the recurrent product"),
            N_(
                "Disturbs what the gates and the candidate see of the past; an LSTM's cell keeps its content, and a GRU's "
                "carry too; a plain RNN has no other memory and forgets."
            ),
            "every",
            "own",
            AXES,
            True,
        ),
        Site(
            "whole_state",
            N_("whole state"),
            "hₜ₋₁",
            N_("hₜ₋₁ wherever the step reads it: in the recurrent product, and in what z carries on"),
            N_("Erases memory: the carry is masked too, so content survives Δ steps only where every mask kept it."),
            "every",
            "own",
            _AXES_WITHOUT_GATES,
            True,
            ("gru",),
        ),
        Site(
            "candidate",
            N_("candidate"),
            "gₜ",
            N_("gₜ, the new content, as it is written into the memory"),
            N_("Some units are not written at this step; what is already stored stays."),
            "every",
            "own",
            _AXES_WITHOUT_GATES,
            True,
            GATED_CELLS,
        ),
        Site(
            "cell",
            N_("cell"),
            "cₜ",
            N_("cₜ itself, the memory"),
            N_("Erases memory: content survives Δ steps only where every mask kept it."),
            "every",
            "own",
            _AXES_WITHOUT_GATES,
            True,
            ("lstm",),
        ),
        _build_gate_site(
            "input_gate",
            N_("input gate"),
            "iₜ",
            N_("iₜ, how much is written"),
            N_("A closed input gate writes nothing: the same as a mask on gₜ."),
            "lstm",
        ),
        _build_gate_site(
            "forget_gate",
            N_("forget gate"),
            "fₜ",
            N_("fₜ, how much is kept"),
            N_("Erases memory: a dropped forget gate is 0 and empties the cell."),
            "lstm",
        ),
        _build_gate_site(
            "output_gate",
            N_("output gate"),
            "oₜ",
            N_("oₜ, how much of the cell is output"),
            N_("Hides the cell at this step, from above and from the next step; its content stays."),
            "lstm",
        ),
        _build_gate_site(
            "reset_gate",
            N_("reset gate"),
            "rₜ",
            N_("rₜ, how much of the past the candidate sees"),
            N_("The candidate forgets the past at this step; what is carried stays."),
            "gru",
        ),
        _build_gate_site(
            "update_gate",
            N_("update gate"),
            "zₜ",
            N_("zₜ, how much of the past is carried on"),
            N_(
                "Erases memory in this form of the GRU, where z carries the past; in the papers' form, where 1-z does, "
                "the same mask freezes it."
            ),
            "gru",
        ),
        Site(
            "recurrent_weights",
            N_("recurrent weights"),
            "U",
            N_("single connections of U, from hₜ₋₁"),
            N_("Other connections along time are missing in each draw; no unit is ever silent as a whole."),
            "every",
            "own",
            AXES,
            True,
            kind="weights",
            defaults=_WEIGHT_DEFAULTS,
        ),
        Site(
            "input_weights",
            N_("input weights"),
            "W",
            N_("single connections of W, from below"),
            N_("Other connections on the way up are missing in each draw; what is stored stays."),
            "every",
            "below",
            AXES,
            False,
            kind="weights",
            defaults=_WEIGHT_DEFAULTS,
        ),
        Site(
            "zoneout_cell",
            N_("zoneout of the cell"),
            "cₜ",
            N_("the change of cₜ: a dropped unit keeps its old value"),
            N_("Erases nothing: old content stays where the new is held back."),
            "every",
            "own",
            _AXES_WITHOUT_GATES,
            True,
            ("lstm",),
            "zoneout",
            _ZONEOUT_DEFAULTS,
        ),
        Site(
            "zoneout_state",
            N_("zoneout of the state"),
            "hₜ",
            N_("the change of hₜ: a dropped unit keeps its old value"),
            N_("Erases nothing: the old state stays where the new is held back."),
            "every",
            "own",
            _AXES_WITHOUT_GATES,
            True,
            kind="zoneout",
            defaults=_ZONEOUT_DEFAULTS,
        ),
    )
}


def get_site_layers(site: Site, layers: int) -> range:
    """Return the layers that have the site, in a stack of `layers` counted from 1."""
    first, last = {"first": (1, 1), "upper": (2, layers), "last": (layers, layers), "every": (1, layers)}[site.layers]
    return range(first, last + 1)


def get_mask_width(site: Site, layer: int, embedding: int, hidden: Sequence[int], tokens: int = 0) -> int:
    """Return the number of units of the site's mask at `layer` (from 1): E or H of the layer below, the layer's H, or V."""
    if site.width == "tokens":
        return tokens
    if site.width == "own":
        return hidden[layer - 1]
    return embedding if layer == 1 else hidden[layer - 2]


def check_site(name: str, cell: str | None = None) -> None:
    """Raise Invalid unless the site exists and, if a cell is given, the cell has it."""
    if name not in SITES:
        raise Invalid(_("There is no site “{name}”; the sites are {all}.").format(name=quote(name), all=", ".join(SITES)), name)
    if cell is not None and cell not in SITES[name].cells:
        have = ", ".join(site.name for site in SITES.values() if cell in site.cells)
        raise Invalid(
            _("The site “{name}” does not exist in the cell “{cell}”, but in {cells}; “{cell}” has {have}.").format(
                name=name, cell=cell, cells=", ".join(SITES[name].cells), have=have
            ),
            name,
        )
