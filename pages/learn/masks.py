"""Masks over time and layers: what is kept, what is dropped, and what becomes of it at test."""

import streamlit as st

from core.figures.theme import get_theme
from core.i18n import _
from pages.common import visit
from pages.common.address import address
from pages.common.escape import plain
from pages.common.page_title import title
from pages.learn import masks_controls, masks_figures, masks_slow_motion, masks_state

masks_state.begin()
purpose = _(
    "Each column is a time step, each lane a place where dropout acts, each stripe a unit: {filled} Where a mask is "
    "used again, its stripes go on."
)
zones = masks_state.experiment().placement.is_zoneout
filled = _("filled takes the new value, empty keeps the old.") if zones else _("filled is kept, empty is dropped.")
title(_("Masks over time and layers"), purpose.format(filled=filled))
with st.container(key="masks-page"):
    masks_controls.show()
    if said := visit.visit()["notice"] or visit.refusal("masks-method", "masks-layers", "rate-masks"):
        st.warning(plain(said))
    colours = get_theme(st.context.theme.type)
    masks_figures.show(colours)
    masks_slow_motion.show(colours)
address(masks_state.query(), "masks-address")
