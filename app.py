"""Dropout Through Time: navigation and page setup, nothing else."""

import streamlit as st

from core.language import _, use
from pages.common import arrival
from pages.common.static import provide_plotly
from pages.common.style import apply_style

missed = arrival.missed()
st.set_page_config(page_title="Dropout Through Time", page_icon="assets/icon.svg", layout="wide")
use(st.context.locale or "en")
provide_plotly()
apply_style()

# The root shows the Lab; "/lab" leads there too, and will when the root shows something else.
LAB = "pages/lab/lab.py"
pages = [st.Page(LAB, title=_("Lab"), url_path="start", default=True),
         st.Page(LAB, title=_("Lab"), url_path="lab", visibility="hidden"),
         st.Page("pages/learn/masks.py", title=_("Masks"), url_path="masks"),
         st.Page("pages/learn/path.py", title=_("The L+1 path"), url_path="path"),
         st.Page("pages/reference/methods.py", title=_("Methods"), url_path="methods")]  # fmt: skip
page = st.navigation(pages, position="top")
arrival.arrive(missed)
page.run()
