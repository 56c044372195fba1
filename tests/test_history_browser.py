"""The stored runs in a real browser: found in another of its tabs, and in no other browser."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.lab_browser import Lab

pytestmark = pytest.mark.browser
SHORT = {"v": "1", "task": "delayed-recall", "lag": "3", "hidden": "8", "sequences": "64", "epochs": "2"}


def test_a_run_is_found_in_a_new_tab_of_the_browser_and_in_no_other_browser(page: Page, server: str, browser: Browser) -> None:
    lab = Lab(page, server).open(SHORT)
    page.locator("html.has-visit").wait_for(state="attached")
    lab.play(2)
    expect(lab.state("finished")).to_be_visible()
    tab = page.context.new_page()
    tab.goto(f"{server}/history")
    row = tab.locator("[class*=st-key-choose-] button")
    expect(row).to_have_count(1)
    expect(tab.get_by_text(re.compile("finished · 4 updates"))).to_be_visible()
    row.click()
    tab.get_by_role("textbox", name="Name").fill("mine")
    tab.get_by_role("textbox", name="Name").press("Enter")
    expect(row).to_contain_text("mine")
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Save as CSV").click()
    assert download.value.path().read_text().startswith("update,epoch,train_loss,train_loss_clean,val_loss,val_accuracy\n")
    with browser.new_context() as other_browser:
        stranger = other_browser.new_page()
        stranger.goto(f"{server}/history")
        stranger.locator("html.has-visit").wait_for(state="attached")
        expect(stranger.get_by_text("Nothing yet")).to_be_visible()
        expect(stranger.locator("[class*=st-key-choose-]")).to_have_count(0)
    tab.get_by_role("button", name="Open in the Lab").click()
    opened = Lab(tab, server)
    expect(opened.state("recorded")).to_be_visible()
    opened.wait_for_points({"validation": 2})
    opened.wait_for_query(task="delayed-recall", lag="3")
    tab.close()
