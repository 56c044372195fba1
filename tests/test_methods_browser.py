"""The Methods page in a real browser: opened by its address, another method chosen, two compared, found by a word."""

from collections.abc import Iterator
from importlib.resources import files
from urllib.parse import urlencode

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from core.dropout.methods import METHODS

LONGEST = 60_000  # milliseconds until a wait gives up: machines that test are busy
KNOWN = "404"  # what Streamlit's page script asks for below a page's own path, before it finds the server
expect.set_options(timeout=LONGEST)


@pytest.fixture(scope="module")
def visited(visitor: BrowserContext, server: str) -> str:
    """Return the address of the server, after one visit to it."""
    page = visitor.new_page()
    page.goto(server)
    expect(page.locator("svg.net")).to_be_visible()
    page.close()
    return server


@pytest.fixture
def methods(page: Page, visited: str, console_errors: list[str], requested: list[str]) -> Iterator[Page]:
    """Yield the page, on a server that has been visited; then check that no script failed and no other host was requested."""
    page.set_default_timeout(LONGEST)
    yield page
    assert [error for error in console_errors if KNOWN not in error] == []
    assert [address for address in requested if not address.startswith((visited, "data:", "blob:", "ws"))] == []


def visit(page: Page, server: str, **query: str) -> None:
    page.goto(f"{server}/methods?{urlencode(query)}")
    expect(list_diagrams(page).first).to_be_visible()


def list_diagrams(page: Page) -> Locator:
    return page.locator("svg.cell-diagram")


def choose(page: Page, label: str, option: str) -> None:
    """Choose an option of a list."""
    page.get_by_label(label, exact=True).fill(option)  # a long list is drawn in part only
    page.get_by_role("option", name=option, exact=True).click()


def wait_for_query(page: Page, **query: str) -> None:
    holds = "all => Object.entries(all).every(([name, value]) => new URLSearchParams(location.search).get(name) === value)"
    page.wait_for_function(holds, arg=query, polling=50)


def list_violations(page: Page) -> list[str]:
    """Return the violations that axe-core finds."""
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [f"{one['id']}: {node['html'][:200]} {node['failureSummary']}" for one in found for node in one["nodes"]]


def test_a_method_is_opened_changed_compared_and_taken_to_the_lab(methods: Page, server: str) -> None:
    visit(methods, server, method="krueger2016", cell="gru")
    expect(methods.get_by_role("heading", name=METHODS["krueger2016"].label)).to_be_visible()
    expect(methods.locator("svg.cell-diagram [data-site]")).to_have_count(1)
    choose(methods, "Method", METHODS["gal2016"].label)
    expect(methods.get_by_role("heading", name=METHODS["gal2016"].label)).to_be_visible()
    choose(methods, "Side by side with", METHODS["semeniuta2016"].label)
    expect(list_diagrams(methods)).to_have_count(2)
    expect(list_diagrams(methods).nth(1).locator("[data-site=candidate]")).to_be_visible()
    wait_for_query(methods, method="gal2016", cell="gru", **{"with": "semeniuta2016"})
    methods.reload()  # the address brings back what was seen
    expect(list_diagrams(methods)).to_have_count(2)
    methods.get_by_role("link", name="Open in the Lab").nth(1).click()
    expect(methods.locator("svg.net")).to_be_visible()
    wait_for_query(methods, method="semeniuta2016", cell="gru")


def test_a_word_finds_methods_and_the_count_follows_the_distance(methods: Page, server: str) -> None:
    visit(methods, server)
    methods.get_by_label("Find by name, author or site").fill("rnndrop")
    methods.get_by_label("Find by name, author or site").press("Enter")
    expect(methods.get_by_text("1 method: ")).to_be_visible()
    wait_for_query(methods, method="zaremba2014")  # a search changes what is offered, not what is chosen
    methods.locator(".st-key-methods-method input").click()
    methods.get_by_role("option", name=METHODS["moon2015"].label).click()
    expect(methods.get_by_role("heading", name=METHODS["moon2015"].label)).to_be_visible()
    wait_for_query(methods, method="moon2015")
    distance = methods.get_by_label("Distance Δ, steps")
    distance.fill("9")
    distance.press("Enter")
    expect(methods.locator("svg.path-histogram [data-masks='11']")).to_be_visible()  # L + Δ


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_it(methods: Page, server: str, scheme: str) -> None:
    methods.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    visit(methods, server, method="merity2017", **{"with": "gate"})
    expect(list_diagrams(methods)).to_have_count(2)
    assert list_violations(methods) == []


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_window(methods: Page, server: str, width: int) -> None:
    methods.set_viewport_size({"width": width, "height": 720})
    for name in ("krueger2016", "gal2016-untied"):
        visit(methods, server, method=name)
        expect(methods.get_by_role("heading", name=METHODS[name].label)).to_be_visible()
        assert methods.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        box = list_diagrams(methods).first.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
