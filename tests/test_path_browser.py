"""The path page in a real browser: select source and target by mouse and keyboard, read the count, measure sensitivity.

The measurement is made in its own process; nothing is loaded from other hosts.
"""

import re
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.lab_browser import LONGEST, Lab

pytestmark = pytest.mark.browser
SMALL = {"task": "delayed-recall", "lag": "12", "hidden": "16", "method": "naive-state"}

# Where the last line of a chart is at some x, in pixels of the page.
PLACE = """(node, x) => {
    const {xaxis, yaxis, _size: size} = node._fullLayout
    const {left, top} = node.getBoundingClientRect()
    return [left + size.l + xaxis.l2p(x), top + size.t + yaxis.l2p(node.data.at(-1).y[x])]
}"""
# Whether an element lies within the width of the window.
IN_SIGHT = """(node) => {
    const {left, right} = node.getBoundingClientRect()
    return left >= 0 && right <= innerWidth
}"""


class PathPage(Lab):
    """The path page in a browser."""

    def visit(self, **query: str) -> "PathPage":
        """Open the page by a link and wait until all is drawn."""
        address = "&".join(f"{name}={value}" for name, value in query.items())
        self.page.add_init_script("localStorage.setItem('network-callouts-seen', 'yes')")
        self.page.goto(f"{self.server}/path?{address}")
        expect(self.network).to_be_visible()
        for name in ("histogram", "growth"):
            expect(self.chart(name).locator(".main-svg").first).to_be_visible()
        return self

    def chart(self, name: str) -> Locator:
        """Return the chart with that name."""
        return self.page.locator(f".st-key-path-{name} .live-chart")

    def count(self, words: str) -> None:
        """Wait until the sentence contains these words."""
        expect(self.sentence).to_contain_text(words)

    def crossings(self, number: int) -> None:
        """Wait until that many crossings are numbered in the figure."""
        expect(self.network.locator(".net-crossing")).to_have_count(number)


def test_a_source_and_a_target_are_clicked_and_the_count_is_read(
    page: Page, server: str, console_errors: list[str], requested: list[str]
) -> None:
    path = PathPage(page, server).visit(**SMALL, path="0,2,5", route="state")
    console_errors.clear()  # the first request of a server by a path misses once
    path.count("5 steps later through 8 masks")
    path.source(2).click()
    path.count("3 steps later through 6 masks")
    path.target(8).click()
    path.count("6 steps later through 9 masks")
    path.count("L + 1 + Δ = 2 + 1 + 6 = 9")
    path.crossings(9)
    path.route("through the cell c").click()
    path.count("through 3 masks")
    path.count("at every distance")
    path.crossings(3)
    path.route("most corrupted").click()
    path.count("through 9 masks")
    path.wait_for_query(pick="most", method="naive-state")
    page.get_by_text("Routes through gates").click()
    expect(page.get_by_text("Through a gate: at least")).to_be_visible()
    expect(path.network.locator("[data-gate=f]")).to_have_count(2)
    page.get_by_role("radio", name="the way up and c, the cell").click()
    path.count("2L + 1 + Δ = 2·2 + 1 + 6 = 11")
    assert console_errors == []
    hosts = {urlsplit(address).netloc for address in requested if not address.startswith(("data:", "blob:"))}
    assert hosts == {urlsplit(server).netloc}


def test_the_target_is_dragged_away_and_by_keyboard(page: Page, server: str) -> None:
    path = PathPage(page, server).visit(**SMALL, path="0,2,5", route="state")
    path.slider("Distance").focus()
    for steps in range(6, 9):
        page.keyboard.press("ArrowRight")
        path.count(f"{steps} steps later through {steps + 3} masks")
    path.target(8).focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    path.count("7 steps later through 10 masks")
    path.wait_for_query(route="state", path="0,2,7")
    page.mouse.click(*path.chart("growth").evaluate(PLACE, 4))
    path.count("4 steps later through 7 masks")


def test_the_link_opens_the_lab_with_the_same_experiment_and_path(page: Page, server: str) -> None:
    path = PathPage(page, server).visit(**SMALL, path="0,2,5", route="state")
    link = page.get_by_role("link", name="Open in the Lab")
    query = dict(parse_qsl(urlsplit(link.get_attribute("href") or "").query))
    lab = Lab(page, server).open(query, at="/lab")
    expect(lab.sentence).to_contain_text("8 masks")
    expect(lab.route("through the state")).to_be_checked()
    assert path.query["method"] == "naive-state"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_measurement_is_shown_and_the_page_is_accessible(page: Page, server: str, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    path = PathPage(page, server).visit(**SMALL)
    page.get_by_role("button", name="Measure now").or_(path.chart("measured")).first.wait_for()
    if page.get_by_role("button", name="Measure now").count():
        path.press("Measure now")
    expect(path.chart("measured").locator(".main-svg").first).to_be_visible()
    expect(page.locator("[data-testid=stProgress]")).to_have_count(0, timeout=LONGEST)
    page.wait_for_function("node => node.data.length === 5", arg=path.chart("measured").element_handle())
    page.get_by_role("radio", name="gradient norm").click()
    expect(path.chart("measured")).to_have_attribute("aria-label", re.compile("^gradient norm"))
    page.mouse.move(0, 0)  # what lies under the pointer has Streamlit's own colors
    assert path.findings() == []


def test_nothing_is_wider_than_a_phone(page: Page, server: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    path = PathPage(page, server).visit(**SMALL, path="0,2,5")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for word in (path.source(0), path.target(5)):  # both ends of the path are in sight
        page.wait_for_function(IN_SIGHT, arg=word.element_handle())
