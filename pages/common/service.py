"""The one service of this server, and what happens when a tab is closed."""

from uuid import uuid4

import streamlit as st

from core.errors import Invalid
from core.runs.recording import FOLDER, Recorded, read
from core.runs.service import Service
from pages.common.collector import start_collector


@st.cache_resource(on_release=Service.close)
def service() -> Service:
    """The runs of all tabs; the first of its workers starts soon after it."""
    start_collector()
    return Service()


def owner() -> str:
    """Whose runs and files those of this tab are; a closed tab gives them up."""
    return _held(st.session_state.setdefault("owner", uuid4().hex))


@st.cache_resource(scope="session", on_release=lambda owner: service().release(owner))
def _held(owner: str) -> str:
    # Made again where the tab has only lost its connection for a moment: it is there, and can be closed once more.
    service().renew(owner)
    return owner


@st.cache_resource
def recorded_run(name: str) -> Recorded | None:
    """A recorded run by its name; None where it cannot be read: the app then opens without it."""
    try:
        return read(FOLDER / f"{name}.jsonl.gz")
    except Invalid:
        return None
