"""Dropout Through Time: navigation and page setup, nothing else."""

from typing import Literal

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from core.i18n import _, set_language
from pages.common import deep_link, page_events, tabs
from pages.common.guard import guard
from pages.common.service import cancel_jobs_of_last_page
from pages.common.static_files import provide_plotly
from pages.common.style import apply_style
from pages.common.turns import hold_turn
from pages.common.widgets import PAGE, mark_assignments

missed_path = deep_link.get_missed_path()
st.set_page_config(page_title="Dropout Through Time", page_icon="assets/icon.svg", layout="wide")
set_language(st.context.locale or "en")
provide_plotly()
apply_style()

# The root shows the Lab, and so does "/lab", which will stay when the root shows another page.
LAB = "pages/lab/lab.py"


def build_navigation(at_lab: bool) -> StreamlitPage:
    """Return the requested page. at_lab: whether the Lab's item in the navigation is "/lab" instead of the root."""
    visibilities: tuple[Literal["visible", "hidden"], ...] = ("hidden", "visible") if at_lab else ("visible", "hidden")
    pages = [
        st.Page(LAB, title=_("Lab"), url_path="start", default=True, visibility=visibilities[0]),
        st.Page(LAB, title=_("Lab"), url_path="lab", visibility=visibilities[1]),
        st.Page("pages/lab/compare.py", title=_("Compare"), url_path="compare"),
        st.Page("pages/lab/history.py", title=_("History"), url_path="history"),
        st.Page("pages/learn/masks.py", title=_("Masks"), url_path="masks"),
        st.Page("pages/learn/path.py", title=_("The L+1 path"), url_path="path"),
        st.Page("pages/reference/methods.py", title=_("Methods"), url_path="methods"),
        st.Page("pages/reference/papers.py", title=_("Paper tables"), url_path="papers"),
    ]
    return st.navigation(pages, position="top")


page = build_navigation(at_lab=False)
if page.url_path == "lab":
    page = build_navigation(at_lab=True)  # so that its item is highlighted
deep_link.redirect_missed_visit(missed_path)
with hold_turn(), guard(), mark_assignments(PAGE):
    page_events.mount_page_events()
    tabs.keep_truth()
    cancel_jobs_of_last_page(page.url_path)
    if page_events.pop_lab_request() and page.url_path not in ("", "lab"):
        st.switch_page(LAB)
    page.run()
