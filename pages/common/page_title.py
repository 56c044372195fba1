"""The name of a page and what it is for, in one line: the screen belongs to the figures."""

import streamlit as st


def title(name: str, purpose: str) -> None:
    """Draws the line. Both may hold Markdown."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="title"):
        st.title(name, anchor=False, width="content")
        st.caption(purpose)
