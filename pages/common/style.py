"""The style sheet of all pages."""

import streamlit as st

from pages.common.component import read_style


def apply_style() -> None:
    """Add the style sheet of all pages."""
    st.html(f"<style>{read_style('page')}</style>")
