"""The Lab page: a small network trains live while its dropout is changed."""

import streamlit as st

from core.i18n import _
from pages.common.page_title import draw_page_title
from pages.common.service import get_service
from pages.common.skip_link import draw_skip_link
from pages.lab import controls, live, workbench

get_service()  # starts the workers while the first screen is read
workbench.begin()
purpose = _(
    "A small recurrent network learns while you watch. Barcodes are its dropout masks; the thick line follows one "
    "word to one prediction, and the masks on its way are counted."
)
draw_skip_link(_("to the controls"), ".st-key-task input")
draw_page_title(_("Dropout Through Time"), purpose)
with st.container(key="lab"):
    # The tab key and a phone reach the figure first; page.css moves the controls to its left.
    right, left = st.columns([4.2, 1.1], gap="medium")
with left:
    controls.draw_controls()
with right:
    live.draw_live_side()
