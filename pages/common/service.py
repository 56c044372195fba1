"""The run service of this server, its store, and the owner of the runs and files of a browser tab."""

import atexit
from uuid import uuid4

import streamlit as st

from core.errors import Invalid
from core.runs.recording import FOLDER, Recorded, read
from core.runs.service import Service
from core.runs.settings import read_settings
from core.store.store import Store, open_store
from pages.common.callbacks import protect_callbacks
from pages.common.collector import start_collector
from pages.common.turns import shorten_switches
from pages.common.uploaded_files import limit_uploaded_files

PAGE = "last-page"  # the session's key for the page that was drawn last


@st.cache_resource(on_release=Service.close)
def get_service() -> Service:
    """Return the service with the runs of all tabs; its first worker starts soon after it."""
    start_collector()
    shorten_switches()
    protect_callbacks()
    service = Service(recorder=get_store())
    limit_uploaded_files(service.settings)
    return service


def _close_store(store: Store | None) -> None:
    if store is not None:
        store.close()


@st.cache_resource(on_release=_close_store)
def get_store() -> Store | None:
    """Return the store of this server; None if it is switched off. What it has been given is written before the server ends."""
    store = open_store(read_settings())
    atexit.register(_close_store, store)
    return store


def get_owner() -> str:
    """Return the owner id of this tab; its runs and files are released when the tab is closed."""
    return _register_release(st.session_state.setdefault("owner", uuid4().hex))


def cancel_jobs_of_last_page(page: str) -> None:
    """Drop the visit's waiting measurements and traces if it has moved to another page than that of its last run.

    page: its present page. A visit that comes back asks again.
    """
    before, st.session_state[PAGE] = st.session_state.get(PAGE, page), page
    if before != page and "owner" in st.session_state:
        get_service().jobs.cancel(st.session_state["owner"])


@st.cache_resource
def list_connected_owners() -> set[str]:
    """Return the owners whose tab is connected to this server now."""
    return set()


def _release(owner: str) -> None:
    list_connected_owners().discard(owner)
    get_service().release(owner)


@st.cache_resource(scope="session", on_release=_release)
def _register_release(owner: str) -> str:
    # Called again after a lost connection: the visit is present, and may be released again later.
    list_connected_owners().add(owner)
    get_service().renew(owner)
    return owner


@st.cache_resource
def load_recorded_run(name: str) -> Recorded | None:
    """Return the recorded run with that name; None if it cannot be read."""
    try:
        return read(FOLDER / f"{name}.jsonl.gz")
    except Invalid:
        return None
