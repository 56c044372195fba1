"""The tabs: a reload finds its visit again; a duplicated tab does not take it away. Oracle: the visit of the first session."""

from collections.abc import Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.common import page_events, tabs
from pages.common.service import get_service, list_connected_owners
from tests.test_lab_page import open_lab, wait_for_run

NAME = "0123456789abcdef"
RECALL = {"task": "delayed-recall", "lag": "3", "hidden": "8", "sequences": "64"}


@pytest.fixture(scope="module", autouse=True)
def _workers() -> Iterator[None]:
    """End the workers that the pages of this module have started."""
    yield
    get_service().close()
    get_service.clear()


def arrive(page: AppTest, monkeypatch: pytest.MonkeyPatch, name: str = NAME) -> dict[str, Any]:
    """Report the name of the browser's tab, as its script does once; return the visit that the page then has."""
    monkeypatch.setattr(page_events, "mount_page_events", lambda: tabs.arrive({"tab": name, "browser": ""}))
    page.run()
    monkeypatch.undo()
    page.run()
    truth: dict[str, Any] = page.session_state["visit"]
    return truth


def leave(page: AppTest) -> None:
    """Close the connection of a page."""
    list_connected_owners().discard(page.session_state["owner"])
    get_service().release(page.session_state["owner"])


def test_a_reload_finds_its_experiment_and_its_run(monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_lab(**RECALL)
    page.selectbox(key="layers").select(3).run()
    page.button(key="step").click().run()
    run = wait_for_run(page, lambda run: run["state"] == "paused" and run["events"][-1]["event"] == "state")
    arrive(page, monkeypatch)
    leave(page)
    again = open_lab(**RECALL)
    truth = arrive(again, monkeypatch)
    assert truth["experiment"]["layers"] == 3
    assert truth["run"]["id"] == run["id"]
    again.button(key="step").click().run()
    wait_for_run(again, lambda run: any(event["event"] == "record" and event["update"] == 2 for event in run["events"]))


def test_a_duplicated_tab_gets_a_name_and_a_visit_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_lab(**RECALL)
    first = arrive(page, monkeypatch, "fedcba9876543210")
    copy = open_lab(**RECALL)
    second = arrive(copy, monkeypatch, "fedcba9876543210")
    assert second is not first
    assert copy.session_state["owner"] != page.session_state["owner"]
    assert copy.session_state[tabs.KEY] not in ("", page.session_state[tabs.KEY])


@pytest.mark.parametrize("sent", [None, "", 7, ["tab"], {}, {"tab": 3, "browser": {}}])
def test_what_is_no_arrival_is_ignored(sent: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_lab(**RECALL)
    monkeypatch.setattr(page_events, "mount_page_events", lambda: tabs.arrive(sent))
    page.run()
    assert not page.exception
    assert tabs.KEY not in page.session_state


@pytest.mark.parametrize("name", ["", "short", "x" * 65, "../../etc/passwd", "<b>"])
def test_what_is_no_name_is_ignored(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_lab(**RECALL)
    arrive(page, monkeypatch, name)
    assert tabs.KEY not in page.session_state
