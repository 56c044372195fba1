"""The page's own furniture: less padding and no empty header, so that one screen holds the Lab."""

import streamlit as st

from pages.common.component import read_style


def apply_style() -> None:
    """Adds the style sheet of all pages."""
    st.html(f"<style>{read_style('page')}</style>")
