"""What the Masks page shows: the grids side by side, the mask that is opened, its numbers, and its sum at test."""

from dataclasses import dataclass, replace

import streamlit as st

from core.analysis.preactivations import (
    PreactivationSample,
    count_units,
    find_most_shifted_unit,
    list_scalings,
    sample_preactivations,
)
from core.dropout.comparison import SHARING_VARIANTS, get_comparison_label
from core.dropout.masks import Array, Masks, expand_word_masks
from core.dropout.placement import CHOICE_LABELS
from core.dropout.sites import SITES
from core.errors import Invalid
from core.experiment.batches import batch_at, draw_update_masks
from core.experiment.experiment import Experiment
from core.figures.mask_detail import (
    SelectedMask,
    build_statistics_table,
    describe_common_sharing,
    describe_place,
    describe_test_value,
    describe_visible_part,
    list_reading_hints,
    plot_selected_mask,
)
from core.figures.mask_grid import SelectedCell, build_layer_bands, build_sample_band, measure_lane, render_mask_grid
from core.figures.mask_heatmap import describe_mask, select_units
from core.figures.preactivation_chart import (
    HEIGHT,
    compare_mean_with_test,
    describe_preactivations,
    find_axis_range,
    name_preactivation,
    plot_preactivations,
)
from core.figures.theme import Theme
from core.i18n import N_, _
from pages.common.escape import plain
from pages.common.live_chart import live_chart
from pages.common.mask_grid import mask_grid
from pages.common.update_slider import scrubber
from pages.learn import masks_state
from pages.learn.masks_view import Look

SAMPLES = 4  # of the batch, one below the other
WIDTHS = {1: 640.0, 2: 600.0, 3: 420.0}  # of a grid, by how many stand side by side: so that texts are equally large
OUT_OF_REACH = N_("At this step the mask is not read yet: what is held back in the cell shows at the next step.")


@dataclass(frozen=True)
class Column:
    """One of those that stand side by side. look: fitted to it. drawn: the masks as drawn; met: those of words spelled out."""

    name: str
    title: str
    experiment: Experiment
    look: Look
    drawn: Masks
    met: Masks

    @property
    def opened(self) -> SelectedMask:
        """The mask that is opened."""
        e = self.experiment
        return SelectedMask(
            e.placement.resolve_schedules(self.look.update), e.shape, self.drawn, self.look.site, self.look.layer
        )

    @property
    def mask(self) -> Array:
        """That mask as the sample meets it."""
        return replace(self.opened, masks=self.met).drawn


def show(colours: Theme) -> None:
    """All of it, part by part, so that what is compared stands side by side."""
    every = masks_state.columns()
    found = [None if isinstance(experiment, Invalid) else _column(name, experiment) for name, experiment in every]
    # All are drawn before the first is shown: what is compared changes at once, not one after the other.
    grids = [_grid(column, colours, WIDTHS[len(every)]) if column else "" for column in found]
    for (name, experiment), column, drawn, place_ in zip(
        every, found, grids, st.columns(len(every), gap="medium"), strict=True
    ):
        with place_:
            st.markdown(f"## {plain(_title(name))}")
            if column:
                at_test = column.look.phase == "test"
                st.caption(
                    _("at test no mask is drawn") if at_test else plain(describe_common_sharing(column.opened.placement))
                )
                _shown(column, drawn)
            else:
                st.warning(plain(experiment))
    with st.container(key="masks-opened"):
        _opened(found, colours)
    there = [column for column in found if column and column.look.site]
    if there:
        _numbers(there)
        _sums(there[0], colours)


def _title(name: str) -> str:
    if name:
        return (
            _("Same places: {sharing}").format(sharing=get_comparison_label(name))
            if name in SHARING_VARIANTS
            else get_comparison_label(name)
        )
    first = masks_state.experiment()
    own = first.method
    return get_comparison_label(own) if own else _("Your own placement")


def _column(name: str, experiment: Experiment) -> Column:
    look = masks_state.look().fitted(experiment)
    drawn = draw_update_masks(experiment, look.update)
    met = expand_word_masks(drawn, batch_at(experiment, look.update).x)
    return Column(name, _title(name), experiment, look, drawn, met)


def _shown(column: Column, drawn: str) -> None:
    mask_grid(drawn, _key(column), _open)
    if column.look.phase == "train" and (notes := list_reading_hints(column.opened.placement)):
        st.caption(plain("; ".join(notes) + "."))


def _key(column: Column) -> str:
    return f"grid-{column.name or 'first'}"


def _open(site: str, layer: int, sample: int, t: int) -> None:
    masks_state.see(site=site, layer=layer, sample=sample, step=t)


def _grid(column: Column, colours: Theme, width: float) -> str:
    e, look, sample = column.experiment, column.look, masks_state.sample()
    now = e.placement.resolve_schedules(look.update)
    bands = build_layer_bands(now, column.met, e.shape, sample)
    if look.site:
        first = max(0, min(sample - SAMPLES + 1, masks_state.samples() - SAMPLES))
        shown = range(first, min(first + SAMPLES, masks_state.samples()))
        bands += (
            build_sample_band(
                now,
                column.met,
                e.shape,
                (look.site, look.layer),
                shown,
                _("{place}: samples {first} to {last} of the batch").format(
                    place=describe_place(look.site, look.layer), first=first + 1, last=shown[-1] + 1
                ),
            ),
        )
    return render_mask_grid(
        bands,
        e.steps,
        SelectedCell(look.site, look.layer, look.step, sample),
        colours,
        _key(column),
        test=look.phase == "test",
        width=width,
    )


def _opened(found: list[Column | None], colours: Theme) -> None:
    for column, place_ in zip(found, st.columns(len(found), gap="medium"), strict=True):
        with place_:
            if column and column.look.site:
                with st.container(key=f"whose-{column.name or 'first'}"):
                    st.markdown(f"**{plain(column.title)}**")  # where they stand below each other
                _heatmap(column, colours, WIDTHS[len(found)])
            elif column:
                st.caption(_("No place drops here: every connection is clean."))


def _heatmap(column: Column, colours: Theme, width: float) -> None:
    look, steps, sample = column.look, column.experiment.steps, masks_state.sample()
    if look.phase == "test":
        st.caption(plain(describe_test_value(column.opened)))
        return
    if column.opened.dropout.noise == "gaussian":
        st.caption(_("Gaussian noise drops nothing: a stripe is as long as its factor, half a step for 1."))
        return
    mask, where = column.mask, describe_place(look.site, look.layer)
    figure = plot_selected_mask(mask, sample, look.step, steps, look.site, look.layer, colours, measure_lane(steps, width))
    old = SITES[look.site].kind == "zoneout"
    says = describe_mask(select_units(mask), sample, (steps, select_units(mask).shape[2]), where, old)
    live_chart(figure, f"heatmap-{column.name or 'first'}", says, figure["layout"]["height"])
    if note := describe_visible_part(column.opened.placement, look.site, column.experiment.cell):
        st.caption(note)


def _numbers(there: list[Column]) -> None:
    at_test = there[0].look.phase == "test"
    st.markdown(f"## {_('Measured on the masks of training') if at_test else _('Measured on these masks')}")
    every = [
        {_("opened"): describe_place(c.look.site, c.look.layer)}
        | build_statistics_table(c.opened, c.mask, masks_state.sample(), c.look.step)
        for c in there
    ]
    lines = [[_("number"), *(c.title for c in there)], ["---"] * (len(there) + 1)]
    lines += [[name, *(one[name] for one in every)] for name in every[0]]
    with st.container(key="numbers-table"):
        st.markdown("\n".join("| " + " | ".join(_cells(line)) + " |" for line in lines))
        st.caption(
            _(
                "Expected ± one standard deviation, p the rate of the opened place. Kept, mean and fate are those of the "
                "whole batch at this update; a thinned network is one choice of kept and dropped for every mask that a "
                "sample meets in its window."
            )
        )


def _cells(line: list[str]) -> list[str]:
    return [text if text == "---" else plain(text) for text in line]


def _sums(column: Column, colours: Theme) -> None:
    """What each scaling makes of the mask that is opened in the first column."""
    e, look, dropout = column.experiment, column.look, column.opened.dropout
    st.markdown(f"## {_('The same input under many masks: what the scaling does')}")
    scalings = list_scalings(dropout, look.site)
    try:
        found = [_sum(column, scaling) for scaling in scalings]
    except Invalid as invalid:
        st.info(plain(invalid))
        return
    if len(found[0].values) == 1:
        st.caption(_(OUT_OF_REACH))
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="medium", key="masks-unit"):
        answers = found[0].layer > e.layers
        whose_sum = [_("unit"), _("word") if e.task == "language-model" else _("answer")][answers]
        scrubber(
            whose_sum.capitalize(),
            (1, count_units(e, look.site, look.layer)),
            found[0].unit + 1,
            "masks-unit-chosen",
            lambda n: masks_state.see(unit=n or 1),
        )
        about = _(
            "The network of {title}, as it is before its first update, reads the sample up to step {t}. There the mask "
            "“{place}” is drawn {n} times, all else is as at test. The bars are what one {unit} sums up, before its "
            "nonlinearity: its bias, and what no mask multiplies, are in the sum too."
        )
        if not look.unit:
            about += " " + _("This {unit} is the one whose sum “{scaling}” is farthest from the test.")
        st.caption(
            plain(
                about.format(
                    title=column.title,
                    t=look.step,
                    unit=whose_sum,
                    place=describe_place(look.site, look.layer),
                    n=len(found[0].values),
                    scaling=_(CHOICE_LABELS[scalings[-1]]),
                )
            )
        )
    for scaling, one, place_ in zip(scalings, found, st.columns(len(found), gap="medium"), strict=True):
        with place_:
            own = _(" · this experiment's") if scaling == dropout.scaling else ""
            st.caption(f"**{plain(_(CHOICE_LABELS[scaling]) + own)}**")
            whose = name_preactivation(one, e)
            figure = plot_preactivations(one, whose, colours, *find_axis_range(found))
            live_chart(figure, f"sums-{scaling}", describe_preactivations(one, whose), HEIGHT)
            st.caption(plain(compare_mean_with_test(one)))


def _sum(column: Column, scaling: str) -> PreactivationSample:
    e, look = column.experiment, column.look
    at = (e, look.update, look.site, look.layer, masks_state.sample(), look.step)
    unit = (
        min(look.unit, count_units(e, look.site, look.layer)) - 1
        if look.unit
        else find_most_shifted_unit(*at, list_scalings(column.opened.dropout, look.site)[-1])
    )
    return sample_preactivations(*at, unit, scaling)
