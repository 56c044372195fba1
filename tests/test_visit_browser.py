"""The visit in a real browser: links inside the app, a reload, undo by key, the tour, quick clicks."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.lab_browser import QUICK, Lab

pytestmark = pytest.mark.browser


def test_a_link_inside_the_app_keeps_the_run(page: Page, server: str) -> None:
    lab = Lab(page, server).open(QUICK)
    lab.play(20)
    page.get_by_role("link", name="Masks", exact=True).first.click()
    page.locator("a.to-lab").first.click()
    expect(lab.network).to_be_visible()
    expect(lab.state("live")).to_be_visible()
    assert lab.update >= 20


def test_a_reload_finds_the_run_again(page: Page, server: str) -> None:
    lab = Lab(page, server).open(QUICK)
    lab.play(20)
    page.locator("html.has-visit").wait_for(state="attached")
    before = lab.update
    page.reload()
    expect(lab.network).to_be_visible()
    lab.wait_for_update(before)
    expect(lab.state("live")).to_be_visible()


def test_another_link_in_the_same_tab_is_shown_and_a_reload_or_the_bare_address_stays_with_it(page: Page, server: str) -> None:
    lab = Lab(page, server).open(QUICK)
    lab.play(5)
    page.locator("html.has-visit").wait_for(state="attached")
    lab.open({"v": "1", "task": "adding", "lag": "9"})
    task = page.locator(".st-key-task input")
    for come_back in ("not yet", "reload", "bare address"):
        if come_back == "reload":
            page.reload()
        elif come_back == "bare address":
            page.goto(server)
        expect(task).to_have_value("Adding problem")
        lab.wait_for_query(task="adding", lag="9")
        page.locator("html.has-visit").wait_for(state="attached")


def test_undo_by_key_outside_of_text_fields_alone(page: Page, server: str) -> None:
    lab = Lab(page, server).open(QUICK)
    page.locator(".st-key-layers input").click()
    page.get_by_role("option", name="3", exact=True).click()
    expect(page.locator(".st-key-layers input")).to_have_value("3")
    page.locator(".st-key-option-delayed-recall-lag input").focus()
    page.keyboard.press("Control+z")
    expect(page.locator(".st-key-layers input")).to_have_value("3")
    lab.network.click(position={"x": 5, "y": 5})
    page.locator("body").press("Control+z")
    expect(page.locator(".st-key-layers input")).to_have_value("2")
    page.locator("body").press("Control+Shift+z")
    expect(page.locator(".st-key-layers input")).to_have_value("3")


def test_the_tour_is_shown_once_in_a_browser_and_can_be_called_again(page: Page, server: str) -> None:
    lab = Lab(page, server).open(QUICK, callouts=True)
    callout = page.locator(".net-callout")
    expect(callout).to_be_visible()
    page.reload()
    expect(lab.network).to_be_visible()
    expect(page.locator(".net-tour")).to_be_visible()
    expect(callout).to_be_hidden()
    page.locator(".net-tour").click()
    expect(callout).to_be_visible()
    for _n in range(3):
        callout.get_by_role("button").click()
    expect(callout).to_be_hidden()


@pytest.mark.parametrize("pause", [0, 400])
def test_a_site_switched_on_and_off_quickly_leaves_the_method_as_it_was(page: Page, server: str, pause: int) -> None:
    """Every click sends the values of all widgets, also of those that the page is about to replace."""
    lab = Lab(page, server).open(QUICK)
    lab.play(5)
    toggle = page.locator(".st-key-on-state label").first
    for _n in range(4):
        toggle.click()
        page.wait_for_timeout(pause)
    expect(page.locator(".st-key-method input")).to_have_value(re.compile("Zaremba"))
    expect(page.locator(".st-key-site-state [role=slider]")).to_have_count(0)
    assert lab.update >= 5


@pytest.mark.parametrize(("name", "path"), [("Masks", "masks"), pytest.param("Paper tables", "papers", marks=pytest.mark.slow)])
def test_a_click_on_the_navigation_is_not_lost_to_a_key_pressed_right_after_it(
    page: Page, server: str, name: str, path: str
) -> None:
    """A message between the click and its answer names the page on which the click was made."""
    lab = Lab(page, server).open(QUICK)
    lab.play(5)
    page.evaluate(
        """addEventListener("click", () => setTimeout(() => document.body.dispatchEvent(
            new KeyboardEvent("keydown", { key: "z", ctrlKey: true, bubbles: true }))))"""
    )
    page.get_by_role("link", name=name, exact=True).first.click()
    page.wait_for_url(re.compile(path))
    expect(page.locator("[data-testid=stApp]")).to_have_attribute("data-test-script-state", "notRunning")
    expect(page).to_have_url(re.compile(path))


@pytest.mark.parametrize("pause", [10, 40])
def test_a_click_is_kept_however_soon_another_follows(page: Page, server: str, pause: int) -> None:
    """A switch runs the whole page, a button within a fragment waits for its end, and another switch follows before that."""
    lab = Lab(page, server).open(QUICK)
    page.locator("html.has-visit").wait_for(state="attached")
    page.evaluate(
        """async (pause) => {
            for (const one of [".st-key-on-input input", ".st-key-new-masks button", ".st-key-on-between input"]) {
                document.querySelector(one).click();
                await new Promise((done) => setTimeout(done, pause));
            }
        }""",
        pause,
    )
    lab.wait_for_query(mask_seed="8")
    for site in ("input", "between"):
        expect(page.locator(f".st-key-on-{site} input")).to_be_checked(checked=False)
