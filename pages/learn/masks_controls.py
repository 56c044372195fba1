"""What is chosen on the Masks page: methods, layers and rate; the update, the sample and the step; train or test."""

import streamlit as st

from core.dropout.comparison import MOST, choices, label, methods_of, rates
from core.experiment.batches import count_updates
from core.experiment.experiment import BOUNDS
from core.i18n import N_, _
from pages.common.lab_link import link
from pages.common.step_player import player
from pages.common.update_slider import scrubber
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
    experiment, state = masks_state.experiment(), st.session_state
    own, names = experiment.method, methods_of(experiment.cell)
    state["masks-method"] = own or OWN
    st.selectbox(
        _("Method"),
        names if own else [*names, OWN],
        key="masks-method",
        format_func=_label,
        width=250,
        on_change=lambda: _method(state["masks-method"]),
    )
    beside = state["masks-beside"] = list(masks_state.compared())
    full = _("Beside it, on the same seeds (at most {most}: remove one to add another)").format(most=MOST)
    room = _("Beside it, on the same seeds")
    st.multiselect(
        full if len(beside) == MOST else room,
        choices(experiment.cell),
        key="masks-beside",
        format_func=label,
        max_selections=MOST,
        width=430,
        placeholder=_("nothing"),
        on_change=lambda: masks_state.see(beside=tuple(state["masks-beside"])),
    )


def _label(name: str) -> str:
    return _("Your own placement") if name == OWN else label(name)


def _method(name: str) -> None:
    if name != OWN:
        masks_state.choose_method(name)


def _sizes() -> None:
    experiment, look, state = masks_state.experiment(), masks_state.look(), st.session_state
    low, high = BOUNDS["layers"]
    state["masks-layers"] = experiment.layers
    st.selectbox(
        _("Layers L"),
        range(low, high + 1),
        key="masks-layers",
        width=80,
        on_change=lambda: masks_state.choose_layers(state["masks-layers"]),
    )
    if not look.site:
        return
    rate = experiment.placement.rate(look.site, look.layer, experiment.layers)
    state["masks-rate"] = max(0.01, min(round(rate, 2), 0.95))
    least, most = rates(experiment.placement)
    says = _("Sets all rates p ({low}–{high})") if least < most else _("Sets all rates p")
    st.slider(
        says.format(low=f"{least:g}", high=f"{most:g}"),
        0.01,
        0.95,
        step=0.01,
        key="masks-rate",
        width=200,
        format="%.2f",
        help=_("It stands at that of the opened place. Moving it gives every place this rate."),
        on_change=lambda: masks_state.choose_rate(state["masks-rate"]),
    )


def _phase() -> None:
    state = st.session_state
    state["masks-phase"] = masks_state.look().phase
    st.segmented_control(
        _("Masks as in"),
        PHASES,
        key="masks-phase",
        required=True,
        format_func=lambda name: _(NAMES[name]),
        on_change=lambda: masks_state.see(phase=state["masks-phase"]),
    )


def _scrub() -> None:
    experiment, look = masks_state.experiment(), masks_state.look()
    player(look.step, experiment.steps, "masks-play", lambda step: masks_state.see(step=step))
    st.button(
        _("New masks"),
        icon=":material/casino:",
        key="masks-new",
        on_click=masks_state.new_masks,
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
    link(_("Open in the Lab"), masks_state.lab_query())
