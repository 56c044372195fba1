"""Keeps the address of the page the address of what is on it, without a new entry in the browser's history."""

from collections.abc import Mapping
from urllib.parse import urlencode

import streamlit as st

# Streamlit's own way adds an entry at every change, and "back" would then lead to the page's own past.
_JS = """
export default function ({ data }) {
  const address = new URL(window.location.href);
  address.search = data.query;
  if (address.href !== window.location.href) window.history.replaceState(window.history.state, "", address);
}
"""

_mount = st.components.v2.component("address", html="<span hidden></span>", js=_JS, isolate_styles=False)


def address(query: Mapping[str, str], key: str) -> None:
    """Makes the page's address carry this query."""
    _mount(key=key, data={"query": urlencode(query, safe=",~")}, height=1)
