"""The title of a page and its purpose, in one line, to leave the room to the figures."""

import streamlit as st


def draw_page_title(name: str, purpose: str = "") -> None:
    """Draw the line. Both texts may hold Markdown."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="title"):
        st.title(name, anchor=False, width="content")
        if purpose:
            st.caption(purpose)
