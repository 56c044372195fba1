"""The Lab: a small LSTM trains live while its dropout is moved."""

import streamlit as st

from core.i18n import _
from pages.common.page_title import title
from pages.common.service import service
from pages.common.skip_link import skip
from pages.lab import controls, live, workbench

service()  # its workers warm up while the first screen is read
workbench.begin()
purpose = _(
    "A small recurrent network learns while you watch. Barcodes are its dropout masks; the thick line follows one "
    "word to one prediction, and the masks on its way are counted."
)
skip(_("to the controls"), ".st-key-task input")
title(_("Dropout Through Time"), purpose)
with st.container(key="lab"):
    # The tab key and a phone come to the picture first; page.css puts the controls at its left.
    right, left = st.columns([4.2, 1.1], gap="medium")
with left:
    controls.show()
with right:
    live.show()
