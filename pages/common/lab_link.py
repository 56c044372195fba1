"""A link to the Lab with an experiment in its address."""

from collections.abc import Mapping
from html import escape
from urllib.parse import urlencode

import streamlit as st


def link(text: str, query: Mapping[str, str]) -> None:
    """Draws it."""
    st.html(anchor(text, query), width="content")


def anchor(text: str, query: Mapping[str, str]) -> str:
    """The link in HTML: in this tab, and relative, so that the app may be served below any path."""
    return f'<a href="{escape("./lab?" + urlencode(query, safe=",~"))}" class="to-lab">{escape(text)}</a>'
