"""The controls of the Masks page: method, comparison, layers, rate, phase, step, sample and update."""

import streamlit as st

from core.dropout.comparison import (
    MAX_COMPARED,
    get_comparison_label,
    get_rate_range,
    list_comparison_choices,
    list_distinct_methods,
)
from core.experiment import edits
from core.experiment.batches import count_updates
from core.i18n import N_, _
from pages.common import visit
from pages.common.experiment_choices import draw_layers_choice
from pages.common.lab_link import draw_lab_link
from pages.common.step_player import draw_step_player
from pages.common.update_slider import draw_slider
from pages.common.widgets import draw_button, draw_choice, draw_widget
from pages.learn import masks_state
from pages.learn.masks_view import PHASES

CUSTOM = "own"  # the entry in the list of methods for a placement that is no method
PHASE_LABELS = {"train": N_("Training"), "test": N_("Test")}


def draw_controls() -> None:
    """Draw the choices, and below them the sliders."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="masks-tools"):
        _draw_methods()
        _draw_sizes()
        _draw_phase()
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="masks-scrub"):
        _draw_sliders()


def _draw_methods() -> None:
    experiment = visit.get_experiment()
    name, names = experiment.method, list_distinct_methods(experiment.cell)
    draw_choice(
        st.selectbox,
        _("Method"),
        names if name else (*names, CUSTOM),
        key="masks-method",
        value=name or CUSTOM,
        tell=_set_method,
        format_func=_name_method,
        width=250,
    )
    compared = list(masks_state.list_compared())
    full = _("Compare with, on the same seeds (at most {most}: remove one to add another)").format(most=MAX_COMPARED)
    room = _("Compare with, on the same seeds")
    draw_widget(
        st.multiselect,
        full if len(compared) == MAX_COMPARED else room,
        list_comparison_choices(experiment.cell),
        key="masks-beside",
        value=compared,
        tell=lambda names: masks_state.set_view(beside=tuple(names)[:MAX_COMPARED]),
        format_func=get_comparison_label,
        max_selections=MAX_COMPARED,
        width=430,
        placeholder=_("nothing"),
    )


def _set_method(name: str) -> None:
    if name != CUSTOM:
        visit.edit("masks-method", edits.set_method, name)


def _name_method(name: str) -> str:
    return _("Your own placement") if name == CUSTOM else get_comparison_label(name)


def _draw_sizes() -> None:
    experiment, view = visit.get_experiment(), masks_state.get_view()
    draw_layers_choice(
        experiment.layers, "masks-layers", lambda layers: visit.edit("masks-layers", edits.set_layers, layers), width=80
    )
    if not view.site:
        return
    rate = experiment.placement.get_rate(view.site, view.layer, experiment.layers)
    least, most = get_rate_range(experiment.placement)
    label = _("Sets all rates p ({low}–{high})") if least < most else _("Sets all rates p")
    draw_widget(
        st.slider,
        label.format(low=f"{least:g}", high=f"{most:g}"),
        0.01,
        0.95,
        key="masks-rate",
        value=max(0.01, min(round(rate, 2), 0.95)),
        tell=lambda rate: visit.edit("rate-masks", edits.set_all_rates, rate),
        step=0.01,
        width=200,
        format="%.2f",
        help=_("It shows the rate of the selected mask. Moving it sets this rate at every site."),
    )


def _draw_phase() -> None:
    draw_choice(
        st.segmented_control,
        _("Masks as in"),
        PHASES,
        key="masks-phase",
        value=masks_state.get_view().phase,
        tell=lambda phase: masks_state.set_view(phase=phase),
        required=True,
        format_func=lambda name: _(PHASE_LABELS[name]),
    )


def _draw_sliders() -> None:
    experiment, view = visit.get_experiment(), masks_state.get_view()
    draw_step_player(view.step, experiment.steps, "masks-play", lambda step: masks_state.set_view(step=step))
    draw_button(
        _("New masks"),
        key="masks-new",
        tell=lambda: visit.edit("new-masks", edits.next_mask_seed),
        icon=":material/casino:",
        help=_("Another mask seed; data and initial weights stay."),
    )
    draw_slider(_("Time step"), (0, experiment.steps - 1), view.step, "masks-step", lambda t: masks_state.set_view(step=t or 0))
    draw_slider(
        _("Sample"),
        (1, masks_state.count_samples()),
        masks_state.get_sample() + 1,
        "masks-sample",
        lambda n: masks_state.set_view(sample=(n or 1) - 1),
    )
    draw_slider(
        _("Update"), (1, count_updates(experiment)), view.update, "masks-update", lambda n: masks_state.set_view(update=n or 1)
    )
    draw_lab_link(_("Open in the Lab"), visit.build_link())
