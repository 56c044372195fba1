"""The Masks page: which units each mask keeps and drops, over time steps and layers, in training and at test time."""

import streamlit as st

from core.figures.theme import get_theme
from core.i18n import _
from pages.common import visit
from pages.common.address import replace_address
from pages.common.escape import escape_markdown
from pages.common.page_title import draw_page_title
from pages.learn import masks_controls, masks_figures, masks_slow_motion, masks_state

masks_state.begin()
purpose = _(
    "Each column is a time step, each lane a place where dropout acts, each stripe a unit: {filled} Where a mask is "
    "used again, its stripes go on."
)
is_zoneout = visit.get_experiment().placement.is_zoneout
meaning = _("filled takes the new value, empty keeps the old.") if is_zoneout else _("filled is kept, empty is dropped.")
draw_page_title(_("Masks over time and layers"), purpose.format(filled=meaning))
with st.container(key="masks-page"):
    masks_controls.draw_controls()
    if notice := visit.visit()["notice"] or visit.get_refusal("masks-method", "masks-layers", "rate-masks"):
        st.warning(escape_markdown(notice))
    colors = get_theme(st.context.theme.type)
    masks_figures.draw_figures(colors)
    masks_slow_motion.draw_update(colors)
replace_address(masks_state.build_query(), "masks-address")
