"""A tab's connection and its visit: what the pages tell the service."""

import pytest
from streamlit.testing.v1 import AppTest

from pages.common import service as pages_service

PAGE = """
import streamlit as st
from pages.common.service import get_owner
st.text(get_owner())
"""


class Told:
    """A service that notes what it is told."""

    def __init__(self) -> None:
        self.renewed: list[str] = []

    def renew(self, owner: str) -> None:
        self.renewed.append(owner)

    def release(self, owner: str) -> None:
        raise AssertionError("nobody has left")


def test_a_visit_is_there_from_its_first_page_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether or not it has a run that a page polls."""
    told = Told()
    monkeypatch.setattr(pages_service, "get_service", lambda: told)
    page = AppTest.from_string(PAGE).run()
    assert not page.exception
    assert told.renewed == [page.text[0].value]
    assert page.run().text[0].value in told.renewed
