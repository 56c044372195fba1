"""A link to the Lab with an experiment in its address."""

from collections.abc import Mapping
from html import escape
from urllib.parse import urlencode

import streamlit as st


def link(text: str, query: Mapping[str, str]) -> None:
    """A link in this tab; the address is relative, so that the app may be served below any path."""
    address = escape(f"./?{urlencode(query, safe=',~')}")
    st.html(f'<a href="{address}" class="to-lab">{escape(text)}</a>', width="content")
