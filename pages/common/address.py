"""Keeps the address of the page the address of what is on it, without a new entry in the browser's history."""

from collections.abc import Mapping
from urllib.parse import urlencode

from pages.common.component import mount

_mount = mount("address")


def address(query: Mapping[str, str], key: str) -> None:
    """Makes the page's address carry this query."""
    _mount(key=key, data={"query": urlencode(query, safe=",~")}, height=1)
