"""Dropout Through Time: navigation and page setup, nothing else."""

from typing import Literal

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from core.i18n import _, set_language
from pages.common import deep_link, page_events
from pages.common.guard import guard
from pages.common.static_files import provide_plotly
from pages.common.style import apply_style
from pages.common.widgets import mark_assignments

missed = deep_link.missed()
st.set_page_config(page_title="Dropout Through Time", page_icon="assets/icon.svg", layout="wide")
set_language(st.context.locale or "en")
provide_plotly()
apply_style()

# The root shows the Lab; "/lab" leads there too, and will when the root shows something else.
LAB = "pages/lab/lab.py"


def navigated(at_lab: bool) -> StreamlitPage:
    """The page that is asked for. at_lab: whether "/lab", not the root, is the Lab in the navigation."""
    seen: tuple[Literal["visible", "hidden"], ...] = ("hidden", "visible") if at_lab else ("visible", "hidden")
    pages = [
        st.Page(LAB, title=_("Lab"), url_path="start", default=True, visibility=seen[0]),
        st.Page(LAB, title=_("Lab"), url_path="lab", visibility=seen[1]),
        st.Page("pages/learn/masks.py", title=_("Masks"), url_path="masks"),
        st.Page("pages/learn/path.py", title=_("The L+1 path"), url_path="path"),
        st.Page("pages/reference/methods.py", title=_("Methods"), url_path="methods"),
        st.Page("pages/reference/papers.py", title=_("Paper tables"), url_path="papers"),
    ]
    return st.navigation(pages, position="top")


page = navigated(at_lab=False)
if page.url_path == "lab":
    page = navigated(at_lab=True)  # so that its item is the one that is lit
deep_link.arrive(missed)
with guard():
    page_events.page_events()
    if page_events.goes_to_lab() and page.url_path not in ("", "lab"):
        st.switch_page(LAB)
    page.run()
    mark_assignments("page")
