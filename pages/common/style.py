"""The page's own furniture: less padding and no empty header, so that one screen holds the Lab."""

from pathlib import Path

import streamlit as st

_CSS = Path(__file__).parents[2] / "assets" / "components" / "page.css"


def apply_style() -> None:
    """Adds the style sheet of all pages."""
    st.html(f"<style>{_CSS.read_text(encoding='utf-8')}</style>")
