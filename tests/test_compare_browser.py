"""The Compare page in a real browser: a tiny study is trained, paused and ended; what is lit; nothing jumps; no error.

Oracles: what the page says; positions before and after; axe-core.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from core.experiment.study import Study
from core.experiment.study_link import study_to_text
from tests.test_methods_browser import list_violations
from tests.test_study import build_study

LONGEST = 90_000  # milliseconds until a wait gives up: machines that test are busy
KNOWN = "404"  # what Streamlit's page script asks for below a page's own path, before it finds the server
CARDS, CHART, ROWS = ".cards .card", ".study-chart .main-svg", ".study-table tbody tr"

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def visited(visitor: BrowserContext, server: str) -> str:
    """Return the address of the server, after one visit to it."""
    page = visitor.new_page()
    page.set_default_timeout(LONGEST)
    page.goto(server)
    expect(page.locator("svg.net")).to_be_visible(timeout=LONGEST)
    page.close()
    return server


@pytest.fixture
def compare(page: Page, visited: str, console_errors: list[str], requested: list[str]) -> Iterator[Page]:
    """Yield the page, on a server that has been visited; then check that no script failed and no other host was requested."""
    page.set_default_timeout(LONGEST)
    expect.set_options(timeout=LONGEST)
    yield page
    assert [error for error in console_errors if KNOWN not in error] == []
    assert [address for address in requested if not address.startswith((visited, "data:", "blob:", "ws"))] == []


def visit(page: Page, server: str, study: Study) -> None:
    """Open the page by the link of a study."""
    page.goto(f"{server}/compare?{urlencode({'study': study_to_text(study)})}")
    expect(page.locator(CARDS)).to_have_count(len(study.names))
    expect(page.locator(CHART).first).to_be_visible()


def build_longer_study(updates: int) -> Study:
    """Return a tiny study whose runs make so many updates."""
    study = build_study("none", "gal2016", seeds=(7, 8))
    return Study(tuple((name, replace(one, updates=updates)) for name, one in study.experiments), study.seeds)


def measure_places(page: Page) -> dict[str, float]:
    """Return the top of the parts of the page that nothing may move while a study goes on."""
    parts = [".cards", ".study-chart", ".study-results", ".st-key-compare-toolbar"]
    return {part: page.locator(part).bounding_box()["y"] for part in parts}  # type: ignore[index]


def test_a_tiny_study_is_played_paused_and_ends_with_a_verdict(compare: Page, visited: str) -> None:
    visit(compare, visited, build_longer_study(600))
    places = measure_places(compare)
    compare.get_by_role("button", name="Play all").click()
    pause = compare.get_by_role("button", name="Pause all")
    expect(pause).to_be_visible()
    expect(compare.locator(".study-chart .scatterlayer .trace").first).to_be_attached()
    node = compare.locator(".study-chart .live-chart").element_handle()
    expect(compare.locator(".st-key-study-status")).to_contain_text("at work")
    pause.click()
    expect(compare.get_by_text("live · paused")).to_be_visible()
    assert measure_places(compare) == places
    compare.get_by_role("button", name="Play all").click()
    expect(compare.locator(".st-key-study-status")).to_contain_text("4 of 4 runs")
    expect(compare.locator(".study-verdicts li")).to_have_count(1)
    expect(compare.get_by_text(re.compile("From 2 seeds of each"))).to_be_visible()
    expect(compare.locator(ROWS).nth(1)).to_contain_text("2 of 2")
    assert node.evaluate("node => node.isConnected"), "the chart's node is the same as before"
    assert list_violations(compare) == []


def test_the_experiment_under_the_pointer_is_lit_everywhere_and_a_cross_removes_one(compare: Page, visited: str) -> None:
    visit(compare, visited, build_study("none", "gal2016", "naive-cell"))
    rows = compare.locator(ROWS)
    rows.nth(1).hover()
    expect(compare.locator(CARDS).nth(0)).to_have_css("opacity", "0.3")
    expect(compare.locator(CARDS).nth(1)).to_have_css("opacity", "1")
    compare.mouse.move(2, 2)
    expect(compare.locator(CARDS).nth(0)).to_have_css("opacity", "1")
    compare.get_by_role("button", name="Remove gal2016").click()
    expect(compare.locator(CARDS)).to_have_count(2)
    expect(rows).to_have_count(2)
    compare.reload()
    expect(compare.locator(CARDS)).to_have_count(2)


def test_the_quick_study_of_another_task_and_its_report(compare: Page, visited: str) -> None:
    visit(compare, visited, build_study("none"))
    compare.get_by_role("button", name="Where should dropout go?").click()
    compare.get_by_text("Delayed recall", exact=True).click()
    compare.get_by_role("button", name="Quick: 5 of them, 3 seeds").click()
    expect(compare.locator(CARDS)).to_have_count(5)
    compare.keyboard.press("Escape")
    compare.get_by_role("button", name="Export").click()
    with compare.expect_download() as download:
        compare.get_by_role("button", name="Report (HTML)").click()
    report = compare.context.new_page()
    report.set_content(Path(download.value.path()).read_text(encoding="utf-8"))
    expect(report.locator("section")).to_have_count(6)
    report.close()
