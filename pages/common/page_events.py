"""What the browser tells the app on every page: a link inside the app was followed, or a key for undo or redo was pressed."""

from urllib.parse import parse_qsl, urlsplit

import streamlit as st

from pages.common import visit
from pages.common.component import mount, on_value

KEY = "page-events"
_mount = mount("page_events")


def page_events() -> None:
    """Listen, on every page."""
    _mount(
        key=KEY,
        data={},
        height=1,
        on_open_change=on_value(KEY, "open", open_link),
        on_travel_change=on_value(KEY, "travel", travel),
    )


def open_link(address: str) -> None:
    """Follow a link to the Lab without leaving the visit: the run, the files and the view stay."""
    query = dict(parse_qsl(urlsplit(str(address)).query, keep_blank_values=True))
    visit.open_query(query)
    visit.visit()["go_to_lab"] = True


def travel(way: str) -> None:
    """Undo or redo the last edit of the experiment."""
    if way == "undo":
        visit.undo()
    elif way == "redo":
        visit.redo()


def goes_to_lab() -> bool:
    """Whether a link to the Lab was followed since the last run of the script."""
    return bool("visit" in st.session_state and visit.visit().pop("go_to_lab", False))
