"""The tabs of browsers, so that a reload finds its visit again: the experiment, the run, the files and the view.

Streamlit begins a new session at every reload. The tab stores a random name in its sessionStorage, which no link carries and no
other tab shares, and sends it on arrival. A duplicated tab has a copy of the name: it gets another name while the first is
open.

With it comes the key of the browser, from its localStorage, to which the stored runs belong.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import streamlit as st

from pages.common import visit
from pages.common.service import get_owner, get_service, get_store, list_connected_owners

NAME = re.compile(r"[0-9a-zA-Z-]{8,64}")
KEY = "tab"  # the session's key for the name of its tab; "" until the browser has sent it


@dataclass
class Tab:
    """The visit of a tab.

    owner: the id of the visit. truth: the same dict that the tab's session has. last_arrival: in seconds.
    """

    owner: str
    truth: dict[str, Any]
    last_arrival: float


@st.cache_resource
def _tabs() -> dict[str, Tab]:
    """Return the tabs of this server by name."""
    return {}


def arrive(sent: Any) -> None:
    """Accept what a browser's tab sends at its arrival: {"tab": its name, "browser": the browser's key}."""
    if isinstance(sent, Mapping):
        _find_visit(str(sent.get("tab")))
        if (store := get_store()) is not None:
            store.set_browser(get_owner(), str(sent.get("browser")))


def _find_visit(name: str) -> None:
    """Continue the visit of the tab with that name, or begin one under this name."""
    _forget_old()
    if not NAME.fullmatch(name) or st.session_state.get(KEY) == name:
        return
    known = _tabs().get(name)
    if known is not None and known.owner != get_owner() and known.owner in list_connected_owners():
        name, known = uuid4().hex, None  # a duplicate of a tab that is still open
    if known is None:
        _tabs()[name] = Tab(get_owner(), visit.visit(), time.monotonic())
    else:
        _go_on_with(known)
    st.session_state[KEY] = name


def get_name() -> str:
    """Return the name of this session's tab; "" until the tab has sent one."""
    return str(st.session_state.get(KEY, ""))


def keep_truth() -> None:
    """Store the visit's newest dict in its tab: a crash card may have begun another one."""
    tab = _tabs().get(get_name())
    if tab is not None and visit.KEY in st.session_state:
        tab.truth = st.session_state[visit.KEY]


def _go_on_with(tab: Tab) -> None:
    """Take over the tab's visit; the one that this session had begun from its link is discarded."""
    get_service().release(get_owner())
    st.session_state["owner"], st.session_state[visit.KEY] = tab.owner, tab.truth
    tab.last_arrival = time.monotonic()
    get_owner()  # is connected again
    get_service().renew(tab.owner)


def _forget_old() -> None:
    keep, now = get_service().settings.keep_time, time.monotonic()
    for name, tab in list(_tabs().items()):
        if tab.owner not in list_connected_owners() and now - tab.last_arrival > keep:
            del _tabs()[name]
