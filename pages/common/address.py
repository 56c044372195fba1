"""The component that replaces the query of the page's address, without a new entry in the browser's history."""

from collections.abc import Mapping
from urllib.parse import urlencode

from pages.common.component import mount_component

_mount = mount_component("address")


def replace_address(query: Mapping[str, str], key: str) -> None:
    """Replace the query of the page's address."""
    _mount(key=key, data={"query": urlencode(query, safe=",~")}, height=1)
