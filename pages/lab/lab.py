"""The Lab: a small LSTM trains live while its dropout is moved."""

import streamlit as st

from core.experiment.serialization import from_plain
from core.i18n import _
from pages.common.page_title import title
from pages.common.service import service
from pages.common.skip_link import skip
from pages.common.visit_files import present
from pages.lab import controls, live, workbench

service()  # its workers warm up while the first screen is read
if (first := workbench.begin()) is not None:
    controls.fill(first)
if "open" in st.session_state:
    workbench.set_aside()  # a file begins anew; it does not change the run that is on
    controls.fill(from_plain(present(st.session_state.pop("open")), trusted=True))
if "task" not in st.session_state:
    controls.fill(workbench.wanted())  # back from another page: Streamlit has forgotten what its widgets said
if st.session_state.pop("mask-seed-next", False):
    st.session_state["mask_seed"] += 1

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
    experiment = controls.show()
    workbench.reconcile(experiment)
with right:
    live.show()
