"""The link to the Lab with an experiment in its query."""

from collections.abc import Mapping
from html import escape
from urllib.parse import urlencode

import streamlit as st


def draw_lab_link(text: str, query: Mapping[str, str]) -> None:
    """Draw the link."""
    st.html(format_lab_anchor(text, query), width="content")


def format_lab_anchor(text: str, query: Mapping[str, str]) -> str:
    """Return the link as HTML. It is relative, so that the app may be served below any path, and opens in the same tab."""
    return f'<a href="{escape("./lab?" + urlencode(query, safe=",~"))}" class="to-lab">{escape(text)}</a>'
