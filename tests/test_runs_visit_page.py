"""The connection of a tab and its visit: which calls of the service the pages make."""

import pytest
from streamlit.testing.v1 import AppTest

from pages.common import service as pages_service

PAGE = """
import streamlit as st
from pages.common.service import get_owner
st.text(get_owner())
"""


class RecordingService:
    """A service that records the visits that were renewed, and those whose jobs were cancelled."""

    def __init__(self) -> None:
        self.renewed: list[str] = []
        self.cancelled: list[str] = []

    @property
    def jobs(self) -> "RecordingService":
        return self

    def cancel(self, owner: str) -> None:
        self.cancelled.append(owner)

    def renew(self, owner: str) -> None:
        self.renewed.append(owner)

    def release(self, owner: str) -> None:
        raise AssertionError("nobody has left")


def test_a_visit_is_there_from_its_first_page_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The visit is present whether or not it has a run that a page polls."""
    service = RecordingService()
    monkeypatch.setattr(pages_service, "get_service", lambda: service)
    page = AppTest.from_string(PAGE).run()
    assert not page.exception
    assert service.renewed == [page.text[0].value]
    assert page.run().text[0].value in service.renewed


def test_a_visit_that_moves_to_another_page_no_longer_waits_for_its_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    service = RecordingService()
    monkeypatch.setattr(pages_service, "get_service", lambda: service)
    page = AppTest.from_string(
        PAGE + "from pages.common.service import cancel_jobs_of_last_page\n"
        "cancel_jobs_of_last_page(st.session_state.get('go-to', 'masks'))\n"
    )
    owner = page.run().text[0].value
    page.run()
    assert service.cancelled == []
    page.session_state["go-to"] = "papers"
    page.run()
    page.run()
    assert not page.exception
    assert service.cancelled == [owner]
