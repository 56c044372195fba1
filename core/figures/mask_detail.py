"""A cell of the grid, opened: the mask's heatmap with the step marked, and what is measured on the mask, as rows of text."""

from dataclasses import dataclass

import numpy as np

from core.dropout.mask_stats import Measured, at_test, digits, factor, kept, overlap, thinned
from core.dropout.masks import Array, Masks, Shape, gates_of, mask_key
from core.dropout.placement import Dropout, Placement
from core.dropout.sites import SITES
from core.figures.mask_heatmap import mask_heatmap, of_units, scale_of
from core.figures.theme import Figure, Theme
from core.i18n import _

HEIGHT = 150  # pixels of the units
ALL_DIGITS = 64  # up to this power 2ⁿ is written out
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Opened:
    """One mask of one update. drawn: as drawn, [T|1, B|1, …]. rate: as it is at this update. masks: all of the update."""

    placement: Placement
    shape: Shape
    masks: Masks
    site: str
    layer: int

    @property
    def drawn(self) -> Array:
        """The mask as it was drawn; where each gate has its own, g's."""
        whole = self.masks.get(mask_key(self.site, self.layer))
        return self.masks[mask_key(self.site, self.layer, "g")] if whole is None else whole

    @property
    def rate(self) -> float:
        """p."""
        return self.placement.rate(self.site, self.layer, self.shape.layers)

    @property
    def dropout(self) -> Dropout:
        """How the site drops."""
        found = self.placement.get(self.site)
        assert found is not None
        return found

    @property
    def at_test(self) -> float:
        """What stands for the mask at test."""
        return at_test(self.dropout, self.rate)


def place(site: str, layer: int) -> str:
    """A site at a layer, in a few words."""
    if site == "between":
        return _("between layers {below} and {above}").format(below=layer - 1, above=layer)
    return _("{site}, layer {layer}").format(site=_(SITES[site].label), layer=layer)


def opened_heatmap(
    mask: Array,
    sample: int,
    step: int,
    steps: int,
    site: str,
    layer: int,
    theme: Theme,
    lane: tuple[float, float] | None = None,
) -> Figure:
    """The Lab's heatmap of one sample's mask, spelled out where it is of words, with the step framed. lane: where the steps
    begin and end, as parts of the whole width; without it as wide as there is room."""
    seen = of_units(mask)
    old = SITES[site].kind == "old"
    figure = mask_heatmap(seen, sample, (steps, seen.shape[2]), theme, place(site, layer), HEIGHT, old)
    frame = {
        "type": "rect",
        "x0": step - 0.5,
        "x1": step + 0.5,
        "y0": 0.5,
        "y1": seen.shape[2] + 0.5,
        "line": {"color": theme.accent, "width": 2},
        "fillcolor": "rgba(0,0,0,0)",
    }
    figure["layout"]["shapes"] = [frame]
    if lane:
        figure["layout"]["margin"] = figure["layout"]["margin"] | {"l": 0, "r": 0}
        figure["layout"]["xaxis"] = figure["layout"]["xaxis"] | {"domain": lane}
        figure["layout"]["title"] |= {"x": lane[0], "xref": "container", "xanchor": "left"}
    if old:  # shorter than the Lab's: three stand side by side
        kept = f"{100 * figure['layout']['meta']['kept']:.1f} %"
        figure["layout"]["title"]["text"] = _("{place} · {kept} take the new value").format(place=place(site, layer), kept=kept)
    return figure


def reading(placement: Placement) -> list[str]:
    """How lanes are read where they are not what they seem: those of Zoneout, and of words."""
    words, said = placement.get("words"), []
    if any(site.kind == "old" for site, _dropout in placement):
        said.append(_("zoneout: filled takes the new value, empty keeps the old"))
    if words and words.units == "unit":
        said.append(_("words: one draw per word of the vocabulary, so a word that comes again has the same fate"))
        if words.batch == "batch":
            said[-1] += _(", in every sample; samples differ as they read other words")
    return said


def sharing_text(placement: Placement) -> str:
    """How long a mask lasts, and for whom, where all sites have that in common; "" without sites. Words, which have no time
    axis, are spoken of where there is nothing else."""
    every = [d for site, d in placement if "time" in site.axes] or [d for _site, d in placement]
    steps = {dropout.fresh("time") for dropout in every}
    samples = {dropout.fresh("batch") for dropout in every}
    if len(steps) > 1:
        return _("some fresh at every step, some for all steps")
    if len(samples) > 1:
        return _("a new mask at every step") if True in steps else _("one mask for all steps")
    said = {
        (True, True): _("a new mask at every step, for every sample"),
        (True, False): _("a new mask at every step, for all samples"),
        (False, True): _("one mask for all steps, another for each sample"),
        (False, False): _("one mask for all steps and all samples"),
    }
    return said[steps.pop(), samples.pop()] if every else ""


def text_at_test(one: Opened) -> str:
    """What stands for the mask at test, as a sentence."""
    said = {"place": place(one.site, one.layer), "value": f"{one.at_test:g}", "rest": f"{1 - one.at_test:.3g}"}
    if SITES[one.site].kind == "old":
        return _("At test no mask is drawn: every unit at “{place}” is {value} of the new value and {rest} of the old.").format(
            **said
        )
    return _("At test no mask is drawn: every unit at “{place}” is multiplied by {value}.").format(**said)


def rows(one: Opened, mask: Array, sample: int, step: int) -> dict[str, str]:
    """What is measured, by name, each with what is expected. mask: spelled out, as the sample meets it."""
    dropout = one.dropout
    gaussian = dropout.noise == "gaussian"
    n = thinned(one.masks, one.shape.batch)
    same = overlap(one.drawn, dropout, one.rate, one.shape.steps) if one.site != "words" else None
    return {
        _("kept at step {t}").format(t=step): _("Gaussian: nothing is dropped") if gaussian else _at(one, mask, sample, step),
        _("kept in all, against 1 - p"): "–" if gaussian else _percent(kept(one.drawn, one.rate)),
        _("mean factor in training"): _mean(factor(one.drawn, dropout, one.rate)),
        _("factor at test"): _("{value}: {verdict}").format(value=f"{one.at_test:.3g}", verdict=_verdict(one)),
        _("same fate at neighbouring steps"): _percent(same) if same else "–",
        _("different thinned networks a sample may meet"): _networks(n, gaussian),
    }


def networks_text(power: int) -> str:
    """2ⁿ as a text: the power, and the number itself or how many digits it has."""
    written = f"2{str(power).translate(_RAISED)}"
    if power <= ALL_DIGITS:
        return f"{written} = {2**power:,}"
    return _("{power}, a number of {n} digits").format(power=written, n=f"{digits(power):,}")


def _networks(power: int, gaussian: bool) -> str:
    return _("a continuum: factors, not choices") if gaussian else networks_text(power)


def _at(one: Opened, mask: Array, sample: int, step: int) -> str:
    seen = of_units(mask)[step if len(mask) > 1 else 0, sample if mask.shape[1] > 1 else 0]
    if SITES[one.site].kind == "old":
        return _("{new} of {units} take the new value, the others keep the old").format(
            new=int(np.count_nonzero(seen)), units=seen.size
        )
    return _("{kept} of {units}, each × {scale}").format(
        kept=int(np.count_nonzero(seen)), units=seen.size, scale=f"{scale_of(mask):.3g}"
    )


def _percent(number: Measured) -> str:
    if not number.spread:
        return _("{value} (expected exactly {expected})").format(
            value=f"{100 * number.value:.0f} %", expected=f"{100 * number.expected:.0f} %"
        )
    return _("{value} (expected {expected} ± {spread})").format(
        value=f"{100 * number.value:.1f} %", expected=f"{100 * number.expected:.1f}", spread=f"{100 * number.spread:.1f} %"
    )


def _mean(number: Measured) -> str:
    return _("{value} (expected {expected} ± {spread})").format(
        value=f"{number.value:.3f}", expected=f"{number.expected:.3g}", spread=f"{number.spread:.3f}"
    )


def _verdict(one: Opened) -> str:
    dropout = one.dropout
    if SITES[one.site].kind == "old":
        return _("its mean, a mixture of old and new")
    trained = 1 - one.rate if dropout.noise == "bernoulli" and dropout.scaling != "inverted" else 1.0
    if abs(trained - one.at_test) < 1e-12:
        return _("in expectation the same as in training")
    return _("not the mean of training: it grows by 1/(1-p) = {by}").format(by=f"{1 / (1 - one.rate):.3g}")


def shown_text(placement: Placement, site: str, cell: str) -> str:
    """Which part of the mask is shown, where that is not all of it; else nothing."""
    dropout = placement.get(site)
    gates = dropout is not None and gates_of(dropout, cell) != ("",)
    weights = _("Of the weights, the connections into unit 1 are shown.") if SITES[site].kind == "weights" else ""
    return " ".join(filter(None, [weights, _("Each gate has a mask of its own; g's is shown.") if gates else ""]))
