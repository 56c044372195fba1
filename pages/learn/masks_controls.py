"""What is chosen on the Masks page: methods, layers and rate; the update, the sample and the step; train or test."""

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
from core.experiment.bounds import INTEGER_BOUNDS
from core.i18n import N_, _
from pages.common import visit
from pages.common.lab_link import link
from pages.common.step_player import player
from pages.common.update_slider import scrubber
from pages.common.widgets import button, choice, controlled
from pages.learn import masks_state
from pages.learn.masks_view import PHASES

OWN = "own"  # the place of a placement that is no method's
NAMES = {"train": N_("Training"), "test": N_("Test")}


def show() -> None:
    """The choices, then what scrubs."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="masks-tools"):
        _methods()
        _sizes()
        _phase()
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="masks-scrub"):
        _scrub()


def _methods() -> None:
    experiment = masks_state.experiment()
    name, names = experiment.method, list_distinct_methods(experiment.cell)
    choice(
        st.selectbox,
        _("Method"),
        names if name else (*names, OWN),
        key="masks-method",
        value=name or OWN,
        tell=_choose_method,
        format_func=_label,
        width=250,
    )
    beside = list(masks_state.compared())
    full = _("Beside it, on the same seeds (at most {most}: remove one to add another)").format(most=MAX_COMPARED)
    room = _("Beside it, on the same seeds")
    controlled(
        st.multiselect,
        full if len(beside) == MAX_COMPARED else room,
        list_comparison_choices(experiment.cell),
        key="masks-beside",
        value=beside,
        tell=lambda names: masks_state.see(beside=tuple(names)[:MAX_COMPARED]),
        format_func=get_comparison_label,
        max_selections=MAX_COMPARED,
        width=430,
        placeholder=_("nothing"),
    )


def _choose_method(name: str) -> None:
    if name != OWN:
        visit.edit("masks-method", edits.set_method, name)


def _label(name: str) -> str:
    return _("Your own placement") if name == OWN else get_comparison_label(name)


def _sizes() -> None:
    experiment, look = masks_state.experiment(), masks_state.look()
    low, high = INTEGER_BOUNDS["layers"]
    choice(
        st.selectbox,
        _("Layers L"),
        list(range(low, high + 1)),
        key="masks-layers",
        value=experiment.layers,
        tell=lambda layers: visit.edit("masks-layers", edits.set_layers, layers),
        width=80,
    )
    if not look.site:
        return
    rate = experiment.placement.get_rate(look.site, look.layer, experiment.layers)
    least, most = get_rate_range(experiment.placement)
    says = _("Sets all rates p ({low}–{high})") if least < most else _("Sets all rates p")
    controlled(
        st.slider,
        says.format(low=f"{least:g}", high=f"{most:g}"),
        0.01,
        0.95,
        key="masks-rate",
        value=max(0.01, min(round(rate, 2), 0.95)),
        tell=lambda rate: visit.edit("rate-masks", edits.set_all_rates, rate),
        step=0.01,
        width=200,
        format="%.2f",
        help=_("It stands at that of the opened place. Moving it gives every place this rate."),
    )


def _phase() -> None:
    choice(
        st.segmented_control,
        _("Masks as in"),
        PHASES,
        key="masks-phase",
        value=masks_state.look().phase,
        tell=lambda phase: masks_state.see(phase=phase),
        required=True,
        format_func=lambda name: _(NAMES[name]),
    )


def _scrub() -> None:
    experiment, look = masks_state.experiment(), masks_state.look()
    player(look.step, experiment.steps, "masks-play", lambda step: masks_state.see(step=step))
    button(
        _("New masks"),
        key="masks-new",
        tell=lambda: visit.edit("new-masks", edits.next_mask_seed),
        icon=":material/casino:",
        help=_("Another mask seed; data and initial weights stay."),
    )
    scrubber(_("Time step"), (0, experiment.steps - 1), look.step, "masks-step", lambda t: masks_state.see(step=t or 0))
    scrubber(
        _("Sample"),
        (1, masks_state.samples()),
        masks_state.sample() + 1,
        "masks-sample",
        lambda n: masks_state.see(sample=(n or 1) - 1),
    )
    scrubber(_("Update"), (1, count_updates(experiment)), look.update, "masks-update", lambda n: masks_state.see(update=n or 1))
    link(_("Open in the Lab"), visit.link())
