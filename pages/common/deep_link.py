"""The redirect for a link to a page that is the first request of a server.

Until some visit has reached st.navigation, Streamlit takes the folder pages/ for pages of its old kind, does not find the path
among them, and shows a dialog and the first page. The browser of such a visitor then opens the path again.
"""

from urllib.parse import urlsplit

import streamlit as st

from pages.common.component import mount_component

_mount = mount_component("deep_link")


@st.cache_resource
def _reached() -> set[str]:
    """Return a set that is not empty once a visit has reached st.navigation."""
    return set()


def get_missed_path() -> str:
    """Return the path that this visit requests too early, or "". To be called before anything else in app.py."""
    return "" if _reached() else urlsplit(st.context.url or "").path.strip("/")


def redirect_missed_visit(path: str) -> None:
    """Redirect the browser to a path that was requested too early, and stop. To be called after st.navigation."""
    _reached().add("yes")
    if path:
        _mount(key="arrival", data={"path": f"/{path}"})
        st.stop()
