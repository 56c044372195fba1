"""The Lab's layout in Chromium, at six sizes of the screen, light and dark: its parts have their places and stay there.

Oracles: the boxes of the browser; its records of layout shifts; axe-core for accessibility.
"""

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, expect

from tests.lab_browser import QUICK, Lab

pytestmark = pytest.mark.browser

# Width and height of the screen, and the least of the network's width and of the plot's width and height; None where it stacks.
SIZES: dict[tuple[int, int], tuple[int, int, int] | None] = {
    (1280, 720): (560, 340, 260),
    (1024, 768): (448, 240, 200),
    (1920, 1080): (560, 560, 420),
    (1440, 900): (560, 340, 260),
    (853, 480): None,
    (390, 844): None,
}
SCHEMES = ("light", "dark")
PLOT = "node => [node._fullLayout._size.w, node._fullLayout._size.h]"
# The words that stand on two lines: their boxes have two tops.
BROKEN_WORDS = """() => {
    const broken = []
    const walker = document.createTreeWalker(document.querySelector(".st-key-lab"), NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        if (node.parentElement.closest("svg, style, select, option") || !node.parentElement.checkVisibility()) continue
        for (const {0: word, index} of node.data.matchAll(/[\\p{L}\\d]+/gu)) {
            const range = document.createRange()
            range.setStart(node, index)
            range.setEnd(node, index + word.length)
            if (new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size > 1) broken.push(word)
        }
    }
    return broken
}"""
# What is wider than its place: parts of the page, and what the fields of the controls say.
CUT = """() => [...document.querySelectorAll(".st-key-controls input:not([type=range], [type=checkbox]), .run-label, " +
        ".run-name, .run-value, .st-key-toolbar button, [data-testid=stMain]")]
    .filter((node) => node.checkVisibility() && node.scrollWidth > node.clientWidth + 1)
    .map((node) => `${node.className || node.tagName}: ${node.value ?? node.textContent}`)"""
# The height of all texts as they are seen, by what they say.
TEXT_SIZES = """() => {
    const sizes = []
    for (const node of document.querySelectorAll(".stApp *")) {
        const own = [...node.childNodes].filter((one) => one.nodeType === 3 && /[\\p{L}\\d]/u.test(one.data))
        if (!own.length || node.closest("style, option, .st-key-below")) continue
        if (!node.checkVisibility({opacityProperty: true})) continue
        const box = node.getBoundingClientRect()
        if (box.width < 2 || box.bottom < 0 || box.top > innerHeight) continue
        if (node.dataset.testid === "stIconMaterial" || node.closest("[data-testid=stSliderThumbValue]")) continue
        const scale = node.ownerSVGElement?.closest("svg.net")?.getScreenCTM().a ?? 1
        sizes.push([parseFloat(getComputedStyle(node).fontSize) * scale, node.textContent.trim().slice(0, 40)])
    }
    return sizes
}"""
# From now on, note every part of the Lab that moves.
WATCH_SHIFTS = """() => {
    // What moves with its own words: the tour, a button's label, the sentence, figures.
    const OWN = ".net-callout, .run-now, button, .st-key-count, svg"
    window.shifted = []
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) for (const {node, previousRect, currentRect} of entry.sources)
            if (node?.parentElement?.closest(".st-key-lab") && !node.closest?.(OWN) && !node.parentElement.closest(OWN))
                window.shifted.push([node.className || node.nodeName, previousRect.toJSON(), currentRect.toJSON()])
    }).observe({type: "layout-shift"})
}"""


@pytest.fixture
def context(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """Yield a browser context with the size and the color scheme of the test's `screen`."""
    (width, height), scheme = request.getfixturevalue("screen")
    with browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme) as context:
        yield context


@pytest.fixture
def lab(context: BrowserContext, server: str) -> Iterator[Lab]:
    """Yield the Lab, not yet opened; then check that there were no errors in the console."""
    page, complaints = context.new_page(), list[str]()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield Lab(page, server)
    assert complaints == []


def get_box(locator: Locator) -> dict[str, float]:
    """Return x, y, width and height of a part, in pixels."""
    found = locator.bounding_box()
    assert found
    return {name: round(found[name], 1) for name in ("x", "y", "width", "height")}


def get_boxes(lab: Lab) -> dict[str, dict[str, float]]:
    """Return the boxes of the network, the curves and the buttons."""
    parts = {
        "network": lab.network,
        "curves": lab.curves,
        "play": lab.page.locator(".st-key-play"),
        "step": lab.button("Step"),
        "new masks": lab.button("New masks"),
        "redo": lab.page.locator(".st-key-redo"),
        "tools": lab.page.locator(".run-tools"),
        "update": lab.slider("Update"),
        "more": lab.page.locator(".st-key-more summary"),
    }
    return {name: get_box(part) for name, part in parts.items()}


def list_chart_texts(lab: Lab) -> list[tuple[str, dict[str, float]]]:
    """Return the visible texts within the curves' figure, with their boxes."""
    found: list[Any] = lab.curves.evaluate(
        """node => [...node.querySelectorAll("svg text")].filter((one) => one.textContent.trim() && one.checkVisibility())
            .map((one) => { const {x, y, width, height} = one.getBoundingClientRect()
                return [one.textContent, {x, y, width, height}] })"""
    )
    return [(text, where) for text, where in found if where["width"] > 0]


def is_overlapping(one: dict[str, float], other: dict[str, float]) -> bool:
    """Return whether two boxes overlap by more than 1 pixel across and 3 pixels down."""
    across = min(one["x"] + one["width"], other["x"] + other["width"]) - max(one["x"], other["x"])
    down = min(one["y"] + one["height"], other["y"] + other["height"]) - max(one["y"], other["y"])
    return across > 1 and down > 3  # a line of text is higher than its letters


def check_layout(lab: Lab, size: tuple[int, int]) -> None:
    """Check the least sizes of the parts, that all are on the screen unless they are stacked, and that nothing is cut off."""
    least, page = SIZES[size], lab.page
    for area in ("html", "[data-testid=stMain]"):
        assert page.locator(area).evaluate("node => node.scrollWidth") <= size[0], area
    assert page.evaluate(BROKEN_WORDS) == []
    assert page.evaluate(CUT) == []
    texts = list_chart_texts(lab)
    overlapping = [(a, b) for (a, at), (b, there) in combinations(texts, 2) if is_overlapping(at, there)]
    assert overlapping == []
    width, height = lab.curves.evaluate(PLOT)
    if least is None:
        assert width >= 200
        return
    assert (get_box(lab.network)["width"] >= least[0], width >= least[1], height >= least[2]) == (True, True, True), (
        get_box(lab.network)["width"],
        width,
        height,
    )
    parts = (lab.sentence, lab.network, lab.curves, lab.progress, lab.slider("Update"), page.locator(".st-key-more summary"))
    for part in parts:
        where = get_box(part)
        assert 0 <= where["x"] <= where["x"] + where["width"] <= size[0], part
        assert 0 <= where["y"] <= where["y"] + where["height"] <= size[1], part


@pytest.mark.parametrize("screen", [((1280, 720), "light"), ((1024, 768), "dark")], ids=str)
def test_one_screen_has_room_for_all_of_it(lab: Lab, screen: tuple[tuple[int, int], str]) -> None:
    lab.open()
    lab.wait_for_points({"validation": 3})
    check_layout(lab, screen[0])
    play, badge = get_box(lab.page.locator(".st-key-play")), get_box(lab.state("recorded"))
    assert play["y"] < badge["y"] + badge["height"] / 2 < play["y"] + play["height"], "on the line of Play"


@pytest.mark.slow
@pytest.mark.parametrize("screen", [(size, scheme) for size in SIZES for scheme in SCHEMES], ids=str)
def test_every_size_has_room_before_during_and_after_a_run(lab: Lab, screen: tuple[tuple[int, int], str]) -> None:
    lab.open(QUICK | {"epochs": "6"})
    check_layout(lab, screen[0])
    lab.press("Play")
    expect(lab.state("finished")).to_be_visible()
    lab.wait_for("() => document.querySelector('.st-key-curves .live-chart').layout.annotations.length > 2")
    check_layout(lab, screen[0])
    assert lab.findings() == []


@pytest.mark.slow
@pytest.mark.parametrize("screen", [((1920, 1080), scheme) for scheme in SCHEMES], ids=str)
def test_on_a_projector_no_text_is_small(lab: Lab, screen: tuple[tuple[int, int], str]) -> None:
    lab.open()
    lab.wait_for_points({"validation": 3})
    small = [(round(size, 1), text) for size, text in lab.page.evaluate(TEXT_SIZES) if size < 15.9]
    assert small == []


@pytest.mark.parametrize("screen", [((1280, 720), "light")], ids=str)
def test_nothing_moves_but_what_the_visitor_moves(lab: Lab, screen: tuple[tuple[int, int], str]) -> None:
    lab.open(QUICK, callouts=True)
    before = get_boxes(lab)
    lab.page.evaluate(WATCH_SHIFTS)
    for button in ("Next", "Next", "Got it"):
        lab.page.get_by_role("note").get_by_role("button", name=button).click()
    assert get_boxes(lab) == before, "the tour has closed"
    lab.play(40)
    assert get_boxes(lab) == before, "a run goes on"
    lab.slider("rate of input").press("ArrowRight")
    expect(lab.page.locator(".run-changes li")).to_have_count(1)
    assert get_boxes(lab) == before, "a change is marked"
    lab.press("Pause")
    expect(lab.state("live · paused")).to_be_visible()
    lab.slider("Update").fill("17")
    expect(lab.button("to the newest")).to_be_visible()
    assert get_boxes(lab) == before, "a past update is shown"
    lab.press("Reset")
    expect(lab.state("ready")).to_be_visible()
    assert get_boxes(lab) == before, "an earlier run stays"
    assert lab.page.evaluate("window.shifted") == []


@pytest.mark.parametrize("screen", [((1280, 720), "light")], ids=str)
def test_more_settings_leave_the_network_in_sight(lab: Lab, screen: tuple[tuple[int, int], str]) -> None:
    lab.open(QUICK)
    before = get_boxes(lab)
    lab.page.locator(".st-key-more summary").click()
    expect(lab.page.get_by_role("tab", name="Training")).to_be_visible()
    after = get_boxes(lab)
    assert {name: after[name] for name in before if name != "more"} == {name: before[name] for name in before if name != "more"}
    panel = get_box(lab.page.locator(".st-key-controls"))
    assert panel["x"] + panel["width"] <= after["network"]["x"]
    lab.page.get_by_role("tab", name="Training").click()
    lab.page.get_by_text("a number of units for each layer").click()
    field = lab.page.get_by_role("spinbutton", name="Units of layer 2")
    field.fill("12")
    field.press("Enter")
    lab.wait_for_query(hidden="32,12")
    assert re.search(r"\d", lab.sentence.inner_text())
