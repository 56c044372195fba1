"""The Lab page: a small network trains live while its dropout is changed."""

import streamlit as st

from core.i18n import _
from pages.common.page_title import draw_page_title
from pages.common.service import get_service
from pages.common.skip_link import draw_skip_link
from pages.lab import controls, live, present, run_files, share, workbench

get_service()  # starts the workers while the first screen is read
workbench.begin()
draw_skip_link(_("to the controls"), ".st-key-task input")
with st.container(key="lab-title"):
    draw_page_title(_("Dropout Through Time"))
with st.container(horizontal=True, key="lab-actions"):
    run_files.draw_run_files()
    share.draw_share_button()
    present.draw_present_button()
with st.container(key="lab"):
    # The tab key and a phone reach the figure first; lab.css places all of it on a grid, the controls at the left.
    live.draw_live_side()
    with st.container(key="controls"):
        controls.draw_controls()
