"""The style sheet of all pages."""

import streamlit as st

from pages.common.component import read_style


def apply_style() -> None:
    """Add the style sheets of all pages and of the Lab."""
    st.html(f"<style>{read_style('page')}{read_style('lab')}</style>")
