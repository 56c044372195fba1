"""Links to a page by its path, in a real browser: also as the very first request of a server, which Streamlit misses.

Oracle: what the page shows of its link, and the absence of any dialog.
"""

import pytest
from playwright.sync_api import Page, expect

from tests.lab_browser import QUICK, Lab

pytestmark = pytest.mark.browser


def test_a_path_is_the_first_request_of_the_server(page: Page, fresh_server: str) -> None:
    lab = Lab(page, fresh_server).open(QUICK | {"first": "3", "route": "state"}, at="/lab")
    expect(lab.sentence).to_contain_text("3 masks = L + 1")
    expect(lab.source(11)).to_be_visible()
    expect(lab.route("through the state")).to_be_checked()
    assert page.get_by_role("dialog").all_inner_texts() == []
    assert page.url.startswith(f"{fresh_server}/lab?")
    page.reload()
    expect(lab.source(11)).to_be_visible()
    assert page.get_by_role("dialog").all_inner_texts() == []


def test_a_path_that_leads_nowhere_is_said_and_the_first_page_shown(page: Page, server: str) -> None:
    lab = Lab(page, server).open(at="/nowhere")
    expect(page.get_by_role("dialog")).to_contain_text("Page not found")
    expect(lab.sentence).to_contain_text("3 masks = L + 1")


def test_the_masks_page_is_the_first_request_of_the_server(page: Page, fresh_server: str) -> None:
    page.goto(f"{fresh_server}/masks?layers=1&step=4")
    expect(page.locator("svg.mg").first).to_be_visible(timeout=60_000)
    expect(page.locator("svg.mg .is-open").first).to_have_attribute("data-at", "input 1 0 4")
    assert page.get_by_role("dialog").all_inner_texts() == []
    assert page.url.startswith(f"{fresh_server}/masks?")


def test_the_path_page_has_a_path_of_its_own(page: Page, fresh_server: str) -> None:
    page.goto(f"{fresh_server}/path?method=naive-cell&path=0,2,5")
    expect(page.get_by_text("reaches the prediction")).to_contain_text("10 masks", timeout=60_000)
    assert page.get_by_role("dialog").all_inner_texts() == []
    assert page.url.startswith(f"{fresh_server}/path?")
