"""The style sheet of all pages."""

import streamlit as st

from pages.common.component import read_style


def apply_style() -> None:
    """Add the style sheets of all pages, of the Lab and of the Compare page."""
    st.html(f"<style>{''.join(map(read_style, ('page', 'lab', 'compare')))}</style>")
