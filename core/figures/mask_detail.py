"""The selected mask of the mask grid: its heatmap with the step marked, its statistics as table rows, and sentences."""

from dataclasses import dataclass

import numpy as np

from core.dropout.mask_stats import (
    MaskStatistic,
    count_digits,
    count_independent_draws,
    get_test_factor,
    measure_kept_share,
    measure_mean_factor,
    measure_step_overlap,
)
from core.dropout.masks import Array, Masks, NetworkShape, list_mask_gates, make_mask_key
from core.dropout.placement import Dropout, Placement
from core.dropout.sites import SITES
from core.figures.mask_heatmap import get_scale, plot_mask_heatmap, select_units
from core.figures.number_format import format_exponent
from core.figures.theme import Figure, Theme
from core.i18n import _

HEIGHT = 150  # pixels for all units
MAX_WRITTEN_POWER = 64  # up to this power 2ⁿ is written out


@dataclass(frozen=True)
class SelectedMask:
    """One mask of one update. placement: with the rates of this update. masks: all masks of the update, as drawn."""

    placement: Placement
    shape: NetworkShape
    masks: Masks
    site: str
    layer: int

    @property
    def drawn(self) -> Array:
        """Return the mask as it was drawn, [T|1, B|1, …]; where each gate has its own, that of g."""
        shared = self.masks.get(make_mask_key(self.site, self.layer))
        return self.masks[make_mask_key(self.site, self.layer, "g")] if shared is None else shared

    @property
    def rate(self) -> float:
        """Return the probability of dropping at this update."""
        return self.placement.get_rate(self.site, self.layer, self.shape.layers)

    @property
    def dropout(self) -> Dropout:
        """Return the dropout settings of the site."""
        dropout = self.placement.get(self.site)
        assert dropout is not None
        return dropout

    @property
    def test_value(self) -> float:
        """Return the number that replaces the mask at test time."""
        return get_test_factor(self.dropout, self.rate)


def describe_place(site: str, layer: int) -> str:
    """Return where the mask of a site and layer acts, such as “between layers 1 and 2”."""
    if site == "between":
        return _("between layers {below} and {above}").format(below=layer - 1, above=layer)
    return _("{site}, layer {layer}").format(site=_(SITES[site].label), layer=layer)


def plot_selected_mask(
    mask: Array,
    sample: int,
    step: int,
    steps: int,
    site: str,
    layer: int,
    theme: Theme,
    lane: tuple[float, float] | None = None,
) -> Figure:
    """Return the heatmap of one sample's mask with a frame around the step.

    mask: word masks expanded. lane: where the steps begin and end, as fractions of the figure's width; None for the
    whole width.
    """
    unit_mask = select_units(mask)
    old = SITES[site].kind == "zoneout"
    figure = plot_mask_heatmap(unit_mask, sample, (steps, unit_mask.shape[2]), theme, describe_place(site, layer), HEIGHT, old)
    frame = {
        "type": "rect",
        "x0": step - 0.5,
        "x1": step + 0.5,
        "y0": 0.5,
        "y1": unit_mask.shape[2] + 0.5,
        "line": {"color": theme.accent, "width": 2},
        "fillcolor": "rgba(0,0,0,0)",
    }
    figure["layout"]["shapes"] = [frame]
    if lane:
        figure["layout"]["margin"] = figure["layout"]["margin"] | {"l": 0, "r": 0}
        figure["layout"]["xaxis"] = figure["layout"]["xaxis"] | {"domain": lane}
        figure["layout"]["title"] |= {"x": lane[0], "xref": "container", "xanchor": "left"}
    if old:  # a shorter title than in the Lab, since up to three heatmaps stand side by side
        kept = f"{100 * figure['layout']['meta']['kept']:.1f} %"
        figure["layout"]["title"]["text"] = _("{place} · {kept} take the new value").format(
            place=describe_place(site, layer), kept=kept
        )
    return figure


def list_reading_hints(placement: Placement) -> list[str]:
    """Return how to read the lanes of Zoneout and of word masks, if the placement has any."""
    words, hints = placement.get("words"), []
    if any(site.kind == "zoneout" for site, _dropout in placement):
        hints.append(_("zoneout: filled takes the new value, empty keeps the old"))
    if words and words.units == "unit" and words.batch == "batch":
        hints.append(
            _(
                "words: one draw per word of the vocabulary, the same in every sample, so a repeated word is dropped again; "
                "samples differ because they read different words"
            )
        )
    elif words and words.units == "unit":
        hints.append(_("words: one draw per word of the vocabulary, so a repeated word is dropped again"))
    return hints


def describe_common_sharing(placement: Placement) -> str:
    """Return how all masks of the placement are shared over time and batch; "" without sites.

    Word masks, which have no time axis, count only where there are no others.
    """
    dropouts = [d for site, d in placement if "time" in site.axes] or [d for _site, d in placement]
    steps = {dropout.is_fresh("time") for dropout in dropouts}
    samples = {dropout.is_fresh("batch") for dropout in dropouts}
    if len(steps) > 1:
        return _("some fresh at every step, some for all steps")
    if len(samples) > 1:
        return _("a new mask at every step") if True in steps else _("one mask for all steps")
    texts = {
        (True, True): _("a new mask at every step, for every sample"),
        (True, False): _("a new mask at every step, for all samples"),
        (False, True): _("one mask for all steps, another for each sample"),
        (False, False): _("one mask for all steps and all samples"),
    }
    return texts[steps.pop(), samples.pop()] if dropouts else ""


def describe_test_value(selected: SelectedMask) -> str:
    """Return a sentence about what replaces the mask at test time."""
    if SITES[selected.site].kind == "zoneout":
        text = _("At test time no mask is drawn: every unit at “{place}” is {value} of the new value and {rest} of the old.")
    else:
        text = _("At test time no mask is drawn: every unit at “{place}” is multiplied by {value}.")
    place = describe_place(selected.site, selected.layer)
    return text.format(place=place, value=f"{selected.test_value:g}", rest=f"{1 - selected.test_value:.3g}")


def build_statistics_table(selected: SelectedMask, mask: Array, sample: int, step: int) -> dict[str, str]:
    """Return the statistics of the mask by name, each with its expected value. mask: word masks expanded."""
    dropout = selected.dropout
    gaussian = dropout.noise == "gaussian"
    n = count_independent_draws(selected.masks, selected.shape.batch)
    same = (
        measure_step_overlap(selected.drawn, dropout, selected.rate, selected.shape.steps) if selected.site != "words" else None
    )
    return {
        _("kept at step {t}").format(t=step): (
            _("Gaussian: nothing is dropped") if gaussian else _count_kept(selected, mask, sample, step)
        ),
        _("kept fraction, expected 1 - p"): "–"
        if gaussian
        else _format_percent(measure_kept_share(selected.drawn, selected.rate)),
        _("mean factor in training"): _format_mean(measure_mean_factor(selected.drawn, dropout, selected.rate)),
        _("factor at test"): f"{selected.test_value:.3g}: {_compare_with_training(selected)}",
        _("units kept or dropped alike at two neighboring steps"): _format_percent(same) if same else "–",
        _("possible thinned networks per sample"): (
            _("a continuum: the factors are real numbers") if gaussian else format_network_count(n)
        ),
    }


def format_network_count(power: int) -> str:
    """Return 2ⁿ as a text: the power, and the number itself or its number of digits."""
    text = f"2{format_exponent(power)}"
    if power <= MAX_WRITTEN_POWER:
        return f"{text} = {2**power:,}"
    return _("{power}, a number of {n} digits").format(power=text, n=f"{count_digits(power):,}")


def _count_kept(selected: SelectedMask, mask: Array, sample: int, step: int) -> str:
    factors = select_units(mask)[step if len(mask) > 1 else 0, sample if mask.shape[1] > 1 else 0]
    if SITES[selected.site].kind == "zoneout":
        text = _("{kept} of {units} take the new value, the others keep the old")
    else:
        text = _("{kept} of {units}, each × {scale}")
    return text.format(kept=int(np.count_nonzero(factors)), units=factors.size, scale=f"{get_scale(mask):.3g}")


def _format_percent(number: MaskStatistic) -> str:
    if not number.std:
        return _("{value} (expected exactly {expected})").format(
            value=f"{100 * number.value:.0f} %", expected=f"{100 * number.expected:.0f} %"
        )
    return _("{value} (expected {expected} ± {spread})").format(
        value=f"{100 * number.value:.1f} %", expected=f"{100 * number.expected:.1f}", spread=f"{100 * number.std:.1f} %"
    )


def _format_mean(number: MaskStatistic) -> str:
    return _("{value} (expected {expected} ± {spread})").format(
        value=f"{number.value:.3f}", expected=f"{number.expected:.3g}", spread=f"{number.std:.3f}"
    )


def _compare_with_training(selected: SelectedMask) -> str:
    dropout = selected.dropout
    if SITES[selected.site].kind == "zoneout":
        return _("its mean, which mixes the old and the new value")
    trained = 1 - selected.rate if dropout.noise == "bernoulli" and dropout.scaling != "inverted" else 1.0
    if abs(trained - selected.test_value) < 1e-12:
        return _("equals the mean factor in training")
    return _("larger than the mean factor in training, by 1/(1-p) = {ratio}").format(ratio=f"{1 / (1 - selected.rate):.3g}")


def describe_visible_part(placement: Placement, site: str, cell: str) -> str:
    """Return which part of the mask is shown; "" if all of it is."""
    dropout = placement.get(site)
    separate = dropout is not None and list_mask_gates(dropout, cell) != ("",)
    weights = _("Of the weights, the connections into unit 1 are shown.") if SITES[site].kind == "weights" else ""
    return " ".join(filter(None, [weights, _("Each gate has its own mask; that of g is shown.") if separate else ""]))
