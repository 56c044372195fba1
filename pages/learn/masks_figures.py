"""The figures of the Masks page: the mask grids side by side, the selected mask, its statistics, its pre-activations."""

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
from pages.common import visit
from pages.common.escape import escape_markdown
from pages.common.heavy_drawing import limit_mask_drawing
from pages.common.live_chart import draw_live_chart
from pages.common.mask_grid import draw_mask_grid
from pages.common.update_slider import draw_slider
from pages.learn import masks_state
from pages.learn.masks_view import MasksView

MAX_SAMPLES = 4  # samples of the batch shown below a grid
WIDTHS = {1: 640.0, 2: 600.0, 3: 420.0}  # of a grid, by the number of columns: texts keep their size on the screen
NOT_READ_YET = N_("At this step the mask is not read yet: what is held back in the cell shows at the next step.")


@dataclass(frozen=True)
class Column:
    """One of the placements that are compared.

    view: fitted to it. masks: as drawn. expanded: the same with the word masks expanded to steps.
    """

    name: str
    title: str
    experiment: Experiment
    view: MasksView
    masks: Masks
    expanded: Masks

    @property
    def selected(self) -> SelectedMask:
        """Return the selected mask."""
        e = self.experiment
        return SelectedMask(
            e.placement.resolve_schedules(self.view.update), e.shape, self.masks, self.view.site, self.view.layer
        )

    @property
    def mask(self) -> Array:
        """Return the array of the selected mask, a word mask expanded to steps."""
        return replace(self.selected, masks=self.expanded).drawn


def draw_figures(colors: Theme) -> None:
    """Draw all figures, one kind after the other, so that the same figures stand side by side."""
    compared = masks_state.list_compared_experiments()
    drawn = [experiment for _name, experiment in compared if not isinstance(experiment, Invalid)]
    try:
        with limit_mask_drawing(drawn, masks_state.get_view().update):
            _draw_columns(compared, colors)
    except Invalid as invalid:
        st.warning(escape_markdown(invalid))


def _draw_columns(compared: list[tuple[str, Experiment | Invalid]], colors: Theme) -> None:
    columns = [None if isinstance(experiment, Invalid) else _build_column(name, experiment) for name, experiment in compared]
    # All are rendered before the first is drawn: the grids change together, not one after the other.
    grids = [_render_grid(column, colors, WIDTHS[len(compared)]) if column else "" for column in columns]
    for (name, experiment), column, svg, place in zip(
        compared, columns, grids, st.columns(len(compared), gap="medium"), strict=True
    ):
        with place:
            st.markdown(f"## {escape_markdown(_name_method(name))}")
            if column:
                at_test = column.view.phase == "test"
                st.caption(
                    _("at test no mask is drawn")
                    if at_test
                    else escape_markdown(describe_common_sharing(column.selected.placement))
                )
                _draw_grid(column, svg)
            else:
                st.warning(escape_markdown(experiment))
    with st.container(key="masks-opened"):
        _draw_selected_masks(columns, colors)
    masked = [column for column in columns if column and column.view.site]
    if masked:
        _draw_statistics(masked)
        _draw_preactivations(masked[0], colors)


def _name_method(name: str) -> str:
    if name:
        return (
            _("Same places: {sharing}").format(sharing=get_comparison_label(name))
            if name in SHARING_VARIANTS
            else get_comparison_label(name)
        )
    method = visit.get_experiment().method
    return get_comparison_label(method) if method else _("Your own placement")


def _build_column(name: str, experiment: Experiment) -> Column:
    view = masks_state.get_view().fit_to(experiment)
    masks = draw_update_masks(experiment, view.update)
    expanded = expand_word_masks(masks, batch_at(experiment, view.update).x)
    return Column(name, _name_method(name), experiment, view, masks, expanded)


def _draw_grid(column: Column, svg: str) -> None:
    draw_mask_grid(svg, _make_grid_key(column), _open_mask)
    if column.view.phase == "train" and (notes := list_reading_hints(column.selected.placement)):
        st.caption(escape_markdown("; ".join(notes) + "."))


def _make_grid_key(column: Column) -> str:
    return f"grid-{column.name or 'first'}"


def _open_mask(site: str, layer: int, sample: int, t: int) -> None:
    masks_state.set_view(site=site, layer=layer, sample=sample, step=t)


def _render_grid(column: Column, colors: Theme, width: float) -> str:
    e, view, sample = column.experiment, column.view, masks_state.get_sample()
    placement = e.placement.resolve_schedules(view.update)
    bands = build_layer_bands(placement, column.expanded, e.shape, sample)
    if view.site:
        first = max(0, min(sample - MAX_SAMPLES + 1, masks_state.count_samples() - MAX_SAMPLES))
        samples = range(first, min(first + MAX_SAMPLES, masks_state.count_samples()))
        bands += (
            build_sample_band(
                placement,
                column.expanded,
                e.shape,
                (view.site, view.layer),
                samples,
                _("{place}: samples {first} to {last} of the batch").format(
                    place=describe_place(view.site, view.layer), first=first + 1, last=samples[-1] + 1
                ),
            ),
        )
    return render_mask_grid(
        bands,
        e.steps,
        SelectedCell(view.site, view.layer, view.step, sample),
        colors,
        _make_grid_key(column),
        test=view.phase == "test",
        width=width,
    )


def _draw_selected_masks(columns: list[Column | None], colors: Theme) -> None:
    for column, place in zip(columns, st.columns(len(columns), gap="medium"), strict=True):
        with place:
            if column and column.view.site:
                with st.container(key=f"whose-{column.name or 'first'}"):
                    st.markdown(f"**{escape_markdown(column.title)}**")  # needed when the columns are stacked
                _draw_heatmap(column, colors, WIDTHS[len(columns)])
            elif column:
                st.caption(_("No place drops here: every connection is clean."))


def _draw_heatmap(column: Column, colors: Theme, width: float) -> None:
    view, steps, sample = column.view, column.experiment.steps, masks_state.get_sample()
    if view.phase == "test":
        st.caption(escape_markdown(describe_test_value(column.selected)))
        return
    if column.selected.dropout.noise == "gaussian":
        st.caption(_("Gaussian noise drops nothing: a stripe is as long as its factor, half a step for 1."))
        return
    mask, where = column.mask, describe_place(view.site, view.layer)
    figure = plot_selected_mask(mask, sample, view.step, steps, view.site, view.layer, colors, measure_lane(steps, width))
    old = SITES[view.site].kind == "zoneout"
    sentence = describe_mask(select_units(mask), sample, (steps, select_units(mask).shape[2]), where, old)
    draw_live_chart(figure, f"heatmap-{column.name or 'first'}", sentence, figure["layout"]["height"])
    if note := describe_visible_part(column.selected.placement, view.site, column.experiment.cell):
        st.caption(note)


def _draw_statistics(masked: list[Column]) -> None:
    at_test = masked[0].view.phase == "test"
    st.markdown(f"## {_('Measured on the masks of training') if at_test else _('Measured on these masks')}")
    statistics = [
        {_("opened"): describe_place(c.view.site, c.view.layer)}
        | build_statistics_table(c.selected, c.mask, masks_state.get_sample(), c.view.step)
        for c in masked
    ]
    lines = [[_("number"), *(c.title for c in masked)], ["---"] * (len(masked) + 1)]
    lines += [[name, *(values[name] for values in statistics)] for name in statistics[0]]
    with st.container(key="numbers-table"):
        st.markdown(
            "\n".join(
                "| " + " | ".join(text if text == "---" else escape_markdown(text) for text in line) + " |" for line in lines
            )
        )
        st.caption(
            _(
                "Expected ± one standard deviation, p the rate of the opened place. Kept, mean and fate are those of the "
                "whole batch at this update; a thinned network is one choice of kept and dropped for every mask that a "
                "sample meets in its window."
            )
        )


def _draw_preactivations(column: Column, colors: Theme) -> None:
    """Draw the distribution of one unit's pre-activation under each scaling of the mask selected in the first column."""
    e, view, dropout = column.experiment, column.view, column.selected.dropout
    st.markdown(f"## {_('The same input under many masks: what the scaling does')}")
    scalings = list_scalings(dropout, view.site)
    try:
        samples = [_sample_unit(column, scaling) for scaling in scalings]
    except Invalid as invalid:
        st.info(escape_markdown(invalid))
        return
    if len(samples[0].values) == 1:
        st.caption(_(NOT_READ_YET))
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="medium", key="masks-unit"):
        output_unit = _("word") if e.task == "language-model" else _("answer")
        unit_name = output_unit if samples[0].layer > e.layers else _("unit")
        draw_slider(
            unit_name.capitalize(),
            (1, count_units(e, view.site, view.layer)),
            samples[0].unit + 1,
            "masks-unit-chosen",
            lambda n: masks_state.set_view(unit=n or 1),
        )
        about = _(
            "The network of {title}, as it is before its first update, reads the sample up to step {t}. There the mask "
            "“{place}” is drawn {n} times, all else is as at test. The bars are what one {unit} sums up, before its "
            "nonlinearity: its bias, and what no mask multiplies, are in the sum too."
        )
        if not view.unit:
            about += " " + _("This {unit} is the one whose sum “{scaling}” is farthest from the test.")
        st.caption(
            escape_markdown(
                about.format(
                    title=column.title,
                    t=view.step,
                    unit=unit_name,
                    place=describe_place(view.site, view.layer),
                    n=len(samples[0].values),
                    scaling=_(CHOICE_LABELS[scalings[-1]]),
                )
            )
        )
    for scaling, sample, place in zip(scalings, samples, st.columns(len(samples), gap="medium"), strict=True):
        with place:
            marker = _(" · this experiment's") if scaling == dropout.scaling else ""
            st.caption(f"**{escape_markdown(_(CHOICE_LABELS[scaling]) + marker)}**")
            name = name_preactivation(sample, e)
            figure = plot_preactivations(sample, name, colors, *find_axis_range(samples))
            draw_live_chart(figure, f"sums-{scaling}", describe_preactivations(sample, name), HEIGHT)
            st.caption(escape_markdown(compare_mean_with_test(sample)))


def _sample_unit(column: Column, scaling: str) -> PreactivationSample:
    e, view = column.experiment, column.view
    at = (e, view.update, view.site, view.layer, masks_state.get_sample(), view.step)
    unit = (
        min(view.unit, count_units(e, view.site, view.layer)) - 1
        if view.unit
        else find_most_shifted_unit(*at, list_scalings(column.selected.dropout, view.site)[-1])
    )
    return sample_preactivations(*at, unit, scaling)
