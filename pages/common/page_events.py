"""The events that the browser reports on every page: a followed link, an undo key, the arrival of a tab."""

from urllib.parse import parse_qsl, urlsplit

import streamlit as st

from pages.common import tabs, visit
from pages.common.component import make_value_callback, mount_component

KEY = "page-events"
_mount = mount_component("page_events")


def mount_page_events() -> None:
    """Mount the component that reports these events."""
    _mount(
        key=KEY,
        data={"tab": tabs.get_name()},
        height=1,
        on_open_change=make_value_callback(KEY, "open", open_link),
        on_travel_change=make_value_callback(KEY, "travel", undo_or_redo),
        on_tab_change=make_value_callback(KEY, "tab", tabs.arrive),
    )


def open_link(address: str) -> None:
    """Follow a link to the Lab without leaving the visit: the run, the files and the view stay."""
    query = dict(parse_qsl(urlsplit(str(address)).query, keep_blank_values=True))
    visit.open_query(query)
    visit.visit()["go_to_lab"] = True


def undo_or_redo(way: str) -> None:
    """Undo or redo the last edit of the experiment."""
    if way == "undo":
        visit.undo()
    elif way == "redo":
        visit.redo()


def pop_lab_request() -> bool:
    """Return whether a link to the Lab was followed since the last run of the script, and forget it."""
    return bool("visit" in st.session_state and visit.visit().pop("go_to_lab", False))
