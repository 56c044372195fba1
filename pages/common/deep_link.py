"""A link to a page by its path may be the very first request of a server.

Until some visit has reached st.navigation, Streamlit takes the folder pages/ for pages of its old kind, misses the path
among them, says so in a dialog and leads to the first page. The browser of such a visitor goes to the path once more.
"""

from urllib.parse import urlsplit

import streamlit as st

from pages.common.component import mount

_mount = mount("deep_link")


@st.cache_resource
def _reached() -> set[str]:
    """Holds something as soon as a visit has reached st.navigation."""
    return set()


def missed() -> str:
    """The path that this visit asks for too early, or "". To be asked before anything else that app.py does."""
    return "" if _reached() else urlsplit(st.context.url or "").path.strip("/")


def arrive(path: str) -> None:
    """Ends a visit that asked too early for a path, and begins it again there. To be called after st.navigation."""
    _reached().add("yes")
    if path:
        _mount(key="arrival", data={"path": f"/{path}"})
        st.stop()
