"""The menus that save a figure, in Chromium. Oracles: what the page shows, and the masks of the trainer's own function."""

import csv
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Page

from core.experiment.batches import draw_update_masks
from core.experiment.experiment import build_experiment
from tests.lab_browser import Lab

pytestmark = pytest.mark.browser


@pytest.fixture
def lab(page: Page, server: str, console_errors: list[str]) -> Iterator[Lab]:
    """Yield the Lab with its recorded run, paused; then check that there were no errors in the console."""
    lab = Lab(page, server).open()
    lab.press("Pause")
    yield lab
    assert console_errors == []


def save(page: Page, scope: str, kind: str, folder: Path) -> Path:
    """Save the figure within a part of the page, and return the file."""
    page.locator(f"{scope} .save-menu summary").click()
    with page.expect_download() as download:
        page.locator(f"{scope} .save-menu").get_by_role("button", name=kind).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def read_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table by the names of its columns."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_network_and_the_masks_are_saved_as_they_are_shown(lab: Lab, tmp_path: Path) -> None:
    page = lab.page
    lab.page.wait_for_selector(".st-key-heatmap .save-menu summary")
    rows = read_rows(save(page, ".net-tools", "Data (CSV)", tmp_path))
    kept: dict[tuple[int, int], list[int]] = {}
    for row in rows:
        if row["site"] == "between":
            units = kept.setdefault((int(row["layer"]), int(row["step"])), [])
            units += [int(row["unit"]) - 1] * (row["filled"] == "1")
    assert kept == lab.barcodes("between")
    assert {int(row["unit"]) for row in rows} == set(range(1, 25)), "the units that are shown"
    drawing = ElementTree.parse(save(page, ".net-tools", "Drawing (SVG)", tmp_path)).getroot()
    style, back, *_rest = drawing
    assert "data:" in (style.text or ""), "the font is in it"
    assert back.get("fill") == "#ffffff"
    assert save(page, ".net-tools", "Picture (PNG)", tmp_path).read_bytes().startswith(b"\x89PNG")
    cells = read_rows(save(page, ".st-key-heatmap", "Data (CSV)", tmp_path))
    experiment = build_experiment()
    mask = draw_update_masks(experiment, lab.update)["input.1"][:, 0]
    assert {(int(cell["time step t"]), int(cell["unit"])): float(cell["value"]) > 0 for cell in cells} == {
        (t, unit + 1): bool(mask[t, unit]) for t in range(experiment.steps) for unit in range(mask.shape[1])
    }
