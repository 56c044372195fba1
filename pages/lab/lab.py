"""The Lab: a small LSTM trains live while its dropout is moved."""

import streamlit as st

from core.codec import from_json
from pages.common.service import service
from pages.lab import controls, live, session

service()  # its workers warm up while the first screen is read
if (first := session.begin()) is not None:
    controls.fill(first)
if "open" in st.session_state:
    controls.fill(from_json(st.session_state.pop("open")))
if st.session_state.pop("mask-seed-next", False):
    st.session_state["mask_seed"] += 1

with st.container(key="lab"):
    left, right = st.columns([1.1, 4.2], gap="medium")
with left:
    experiment = controls.show()
    if experiment is not None:
        session.reconcile(experiment)
with right:
    live.show()
