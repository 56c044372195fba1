"""Sharing and saving in Chromium: the copied link opens the same experiment, the files hold the run.

Oracles: the clipboard; core.experiment.serialization; the recorded run's file; the matrix of segno for the code's pixels.
"""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import segno
from playwright.sync_api import Browser, Page, expect

from core.experiment.experiment import build_experiment
from core.experiment.serialization import from_query
from core.runs.recording import FOLDER, read
from core.store.run_files import parse_json
from core.training.events import select_events
from tests.lab_browser import Lab

pytestmark = pytest.mark.browser

QUERY = {"v": "1", "task": "delayed-recall", "lag": "12", "layers": "3", "path": "0,2,5,9", "mask_seed": "31"}
# Draw an SVG, one pixel a module, and return which modules are dark.
READ_MODULES = """async ([svg, size]) => {
    const image = new Image(size, size)
    const drawing = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement
    drawing.setAttribute("width", size)
    drawing.setAttribute("height", size)
    image.src = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(drawing)], {type: "image/svg+xml"}))
    await image.decode()
    const canvas = new OffscreenCanvas(size, size).getContext("2d")
    canvas.drawImage(image, 0, 0)
    const {data} = canvas.getImageData(0, 0, size, size)
    return Array.from({length: size * size}, (_, at) => data[4 * at] < 128 ? 1 : 0)
}"""


@pytest.fixture
def shared(browser: Browser, server: str) -> Iterator[Lab]:
    """Yield the Lab of a visitor who lets pages read the clipboard."""
    permissions = ["clipboard-read", "clipboard-write"]
    with browser.new_context(viewport={"width": 1280, "height": 720}, permissions=permissions) as context:
        yield Lab(context.new_page(), server)


def read_clipboard(page: Page) -> str:
    """Return the text in the clipboard."""
    return str(page.evaluate("navigator.clipboard.readText()"))


def test_share_copies_the_link_and_shows_it_with_its_code(shared: Lab) -> None:
    lab, page = shared.open(QUERY), shared.page
    lab.wait_for_query(path="0,2,5,9")
    lab.tab_to("button", "Share")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The link is copied.")).to_be_visible()
    code = page.locator(".link-share-code svg")
    expect(code).to_be_visible()
    link = read_clipboard(page)
    assert link == page.url == page.get_by_role("textbox", name="Link to this experiment").input_value()
    assert {name: lab.query[name] for name in QUERY} == QUERY
    assert from_query(lab.query) == from_query(QUERY)
    border = 4
    matrix = [list(row) for row in segno.make(link, error="m", micro=False).matrix]
    size = len(matrix) + 2 * border
    dark = page.evaluate(READ_MODULES, [code.evaluate("node => node.outerHTML"), size])
    rows = [dark[at : at + size] for at in range(0, size * size, size)]
    assert [row[border:-border] for row in rows[border:-border]] == matrix
    assert not any(rows[0]), "the quiet zone"
    page.keyboard.press("Escape")
    expect(code).to_be_hidden()
    assert page.evaluate("document.activeElement.textContent") == "Share"


def test_where_nothing_can_be_copied_the_link_is_selected(shared: Lab) -> None:
    shared.page.add_init_script(
        "Object.defineProperty(navigator, 'clipboard', {value: undefined}); document.execCommand = () => false"
    )
    page = shared.open(QUERY).page
    shared.press("Share")
    expect(page.get_by_text("to copy the selected link")).to_be_visible()
    assert page.evaluate("getSelection().toString()") == page.url
    expect(page.locator(".link-share-code svg")).to_be_visible()
    page.mouse.click(600, 400)
    expect(page.locator(".link-share-panel")).to_be_hidden()


def test_the_run_is_saved_as_table_and_as_json(shared: Lab, tmp_path: Path) -> None:
    lab, page = shared.open(), shared.page
    lab.press("Pause")
    expect(lab.button("Go on")).to_be_visible()
    page.locator(".st-key-save-run button").click()
    for name in ("Curves (CSV)", "Everything (JSON)"):
        with page.expect_download() as download:
            page.get_by_role("button", name=name).click()
        download.value.save_as(tmp_path / download.value.suggested_filename)
    with (tmp_path / "run.csv").open(newline="") as file:
        updates = [int(row["update"]) for row in csv.DictReader(file)]
    assert updates == list(range(lab.update + 1))
    content = (tmp_path / "run.json").read_bytes()
    assert parse_json(content)[1].experiment == build_experiment()
    records = select_events(json.loads(content)["events"], "record")
    assert [record["update"] for record in records] == updates
    recorded = select_events(read(FOLDER / "default.jsonl.gz").events, "record")
    assert records[0] == recorded[0], "its long lists are lists again"
