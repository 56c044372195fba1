"""The presentation in Chromium: large type on one screen, keys, a link that gives the same layout.

Oracles: the sizes of texts and boxes in the browser, the number of the newest update.
"""

import re
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tests.lab_browser import QUICK, Lab
from tests.test_lab_layout_browser import TEXT_SIZES

pytestmark = pytest.mark.browser

SMALLEST = 16  # pixels of a text that carries meaning, at 1280 × 720


def is_presented(lab: Lab) -> bool:
    """Return whether the page has the layout of the presentation."""
    return bool(lab.page.evaluate("document.documentElement.classList.contains('presents')"))


def test_a_link_presents_with_large_type_and_keys(page: Page, server: str, console_errors: list[str]) -> None:
    lab = Lab(page, server)
    page.add_init_script("localStorage.setItem('network-callouts-seen', 'yes')")
    page.goto(f"{server}/?{urlencode(QUICK | {'present': '1'})}")
    expect(lab.curves.locator(".main-svg").first).to_be_visible()
    lab.wait_for("() => document.documentElement.classList.contains('presents')")
    lab.wait_for_query(present="1", task="delayed-recall")
    assert [text for size, text in page.evaluate(TEXT_SIZES) if size < SMALLEST] == []
    assert page.locator("[data-testid=stMain]").evaluate("node => node.scrollHeight") <= 720
    expect(page.locator(".st-key-rate-input")).to_be_in_viewport()
    for folded in ("Share", "Reset"):
        expect(lab.button(folded)).to_be_hidden()
    page.keyboard.press("s")
    lab.wait_for_update(1)
    page.keyboard.press("ArrowRight")
    lab.wait_for_update(2)
    masks = lab.barcodes("between")
    page.keyboard.press("n")
    lab.wait_for_query(mask_seed=str(int(lab.query.get("mask_seed", "7")) + 1))
    expect(lab.network).to_be_visible()
    assert lab.barcodes("between") != masks
    page.keyboard.press(" ")
    lab.wait_for_update(5)
    page.keyboard.press(" ")
    expect(lab.state("live · paused")).to_be_visible()
    page.keyboard.press("Escape")
    lab.wait_for("() => !new URLSearchParams(location.search).has('present')")
    assert not is_presented(lab)
    lab.press("Reset")
    expect(lab.state("ready")).to_be_visible()
    assert console_errors == []


def test_the_button_takes_the_whole_screen_and_typing_is_no_key(page: Page, server: str) -> None:
    lab = Lab(page, server).open(QUICK)
    page.keyboard.press("s")
    lab.press("Present")
    lab.wait_for("() => document.fullscreenElement && document.documentElement.classList.contains('presents')")
    expect(lab.button("Leave")).to_be_visible()
    lab.press("Leave")
    lab.wait_for("() => !document.fullscreenElement")
    expect(lab.button("Present")).to_be_visible()
    assert not is_presented(lab)
    expect(page.get_by_text(re.compile(r"update 0 of"))).to_be_visible()  # outside of the presentation a letter does nothing
