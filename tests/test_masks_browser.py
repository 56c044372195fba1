"""The Masks page in a real browser: opening cells by mouse and keyboard, playing, rerolling, and what the address says.

Oracle: the engine's own masks, and axe-core.
"""

import re
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from core.dropout.comparison import build_compared_placement
from core.experiment.batches import draw_update_masks
from core.experiment.experiment import build_experiment
from core.figures.mask_grid import MAX_UNITS

pytestmark = pytest.mark.browser
LONGEST = 60_000
QUERY = "task=delayed-recall&lag=6&step=2"

AXE = """async (source) => {
    (0, eval)(source)
    const {violations} = await axe.run(".slow", {resultTypes: ["violations"]})
    return violations.flatMap(({id, nodes}) => nodes.map(({html, failureSummary}) => `${id}: ${html} ${failureSummary}`))
}"""


@pytest.fixture
def media() -> dict[str, Any]:
    """Return the preferences of the visitor's browser, as arguments of `emulate_media`."""
    return {}


@pytest.fixture
def masks(page: Page, server: str, media: dict[str, Any]) -> Page:
    page.emulate_media(**media)
    page.set_default_timeout(LONGEST)
    expect.set_options(timeout=LONGEST)
    page.goto(f"{server}/masks?{QUERY}")
    expect(page.locator("svg.mg")).to_have_count(3)
    expect(page.locator(".st-key-masks-page .main-svg").first).to_be_visible()
    return page


def get_cell(page: Page, at: str, column: int = 0) -> Locator:
    """Return the first cell of a grid at this site, layer, sample and step."""
    return page.locator("svg.mg").nth(column).locator(f"[data-at='{at}']").first


def wait_for_query(page: Page, name: str, value: str) -> None:
    page.wait_for_function("([name, value]) => new URLSearchParams(location.search).get(name) === value", arg=[name, value])


def list_stripes(page: Page, at: str, column: int) -> list[int]:
    d = get_cell(page, at, column).locator("path").get_attribute("d") or ""
    return [int(unit) for unit in re.findall(r"M0 (\d+)h1", d)]


def drawn(sharing: str, seed: int, t: int) -> list[int]:
    e = build_experiment("delayed-recall", {"lag": 6}, mask_seed=seed)
    mask = draw_update_masks(
        build_experiment(
            "delayed-recall", {"lag": 6}, mask_seed=seed, placement=build_compared_placement(e.placement, sharing, "lstm")
        ),
        1,
    )
    one = mask["between.2"]
    return [int(n) for n in one[t if len(one) > 1 else 0, 0, :MAX_UNITS].nonzero()[0]]


def test_a_cell_is_opened_by_mouse_and_by_keyboard(masks: Page) -> None:
    get_cell(masks, "between 2 0 5").click()
    expect(get_cell(masks, "between 2 0 5", 2)).to_have_attribute("aria-pressed", "true")
    wait_for_query(masks, "mask", "between.2")
    expect(masks.get_by_role("figure", name="Mask between layers 1 and 2")).to_have_count(3)
    for key in ("ArrowRight", "ArrowDown", "Enter"):
        masks.keyboard.press(key)
    expect(get_cell(masks, "input 1 0 6")).to_have_attribute("aria-pressed", "true")
    wait_for_query(masks, "step", "6")
    focused = masks.evaluate("document.activeElement.dataset.at")
    assert focused == "input 1 0 6", "the focus stays on the cell although the figure is new"


def test_the_stripes_are_the_masks_and_new_masks_reroll_them(masks: Page) -> None:
    for seed in (7, 8):
        if seed == 8:
            masks.get_by_role("button", name="New masks").click()
            wait_for_query(masks, "mask_seed", "8")
        for column, sharing in enumerate(("step", "sequence", "batch")):
            for t in (0, 3):
                found = [list_stripes(masks, f"between 2 0 {t}", column), drawn(sharing, seed, t)]
                assert found[0] == found[1], (seed, sharing, t)
    assert dict(parse_qsl(urlsplit(masks.url).query))["step"] == "2", "nothing else has changed"


def test_play_runs_to_the_last_step(masks: Page) -> None:
    masks.get_by_role("button", name="Play the steps").click()
    expect(masks.get_by_role("button", name="Pause")).to_be_visible()
    wait_for_query(masks, "step", "7")
    expect(masks.get_by_role("button", name="Play the steps")).to_be_visible()


@pytest.mark.parametrize("media", [{"reduced_motion": "reduce"}], ids=["reduce"])
def test_less_motion_is_one_step_a_press(masks: Page) -> None:
    masks.get_by_role("button", name="Next step").click()
    wait_for_query(masks, "step", "3")
    expect(masks.get_by_role("button", name="Next step")).to_be_visible()


def test_the_test_has_no_masks_and_the_lab_the_same_experiment(masks: Page) -> None:
    masks.get_by_role("radio", name="Test").click()
    expect(masks.get_by_text("At test time no mask is drawn").first).to_be_visible()
    expect(masks.locator("svg.mg path[data-t]")).to_have_count(0)
    masks.get_by_role("link", name="Open in the Lab").click()
    expect(masks.locator("svg.net")).to_be_visible()
    wait_for_query(masks, "lag", "6")


def test_one_update_in_slow_motion(masks: Page) -> None:
    """Slow motion plays from the button to the last phase, by the browser's clock, by mouse and by keyboard."""
    masks.get_by_role("button", name="Run update 1 slowly").click()
    stage, says = masks.locator(".slow"), masks.locator(".slow-says")
    expect(says).to_contain_text("Update 1 begins")
    masks.get_by_role("button", name="4 Backward").click()
    expect(says).to_contain_text("t = 7: gradient of the loss")
    masks.keyboard.press("ArrowRight")
    expect(says).to_contain_text("t = 6")
    expect(stage.locator(".sl-part.is-lit path[data-kind=gradient]").first).to_be_visible()
    expect(stage.locator(".sl-part:not(.is-away) path[data-kind=values]")).to_have_count(0)
    masks.get_by_role("button", name="Play the update").click()
    expect(stage).to_have_attribute("data-phase", "update")
    expect(says).to_contain_text("Same batch, same masks: loss")
    expect(stage.locator(".slow-weights .sl-moved")).to_have_count(9)
    expect(masks.get_by_role("button", name="Play the update")).to_be_visible()
    expect(masks.get_by_role("button", name="5 Update")).to_have_attribute("aria-current", "step")
    masks.emulate_media(reduced_motion="reduce")
    masks.get_by_role("button", name="2 Forward through time").click()
    expect(masks.get_by_role("button", name="Play the update")).to_be_hidden()
    findings = masks.evaluate(AXE, files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    assert findings == []


@pytest.mark.parametrize("media", [{"color_scheme": "light"}, {"color_scheme": "dark"}], ids=["light", "dark"])
def test_axe_finds_nothing(masks: Page) -> None:
    expect(masks.locator(".st-key-masks-page .main-svg").last).to_be_visible()
    masks.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    found = masks.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    assert [f"{one['id']}: {node['html'][:200]} {node['failureSummary']}" for one in found for node in one["nodes"]] == []
