"""Dropout Through Time: navigation and page setup, nothing else."""

import streamlit as st

from core.language import _, use
from pages.common.static import provide_plotly
from pages.common.style import apply_style

st.set_page_config(page_title="Dropout Through Time", page_icon="assets/icon.svg", layout="wide")
use(st.context.locale or "en")
provide_plotly()
apply_style()

st.navigation([st.Page("pages/lab/lab.py", title=_("Lab"), default=True)], position="top").run()
