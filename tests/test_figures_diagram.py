"""Tests of the cell diagram, the mask pattern and the path histogram, compared with the site table and the input numbers."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from core.dropout.cells import CELLS
from core.dropout.methods import METHODS
from core.dropout.preview import STEPS, draw_preview_masks
from core.dropout.sites import SITES
from core.figures.cell_diagram import MAX_STRIPES, PLANS, WIDTH, describe_cell, render_cell_diagram
from core.figures.mask_pattern import render_mask_pattern
from core.figures.path_histogram import render_path_histogram
from core.figures.theme import DARK, LIGHT

SVG = "{http://www.w3.org/2000/svg}"
CELLS_AND_METHODS = [(cell, name) for name, row in METHODS.items() for cell in row.cells]


def read_kept_units(node: ElementTree.Element) -> list[int]:
    """Return the units that a barcode shows as not dropped."""
    units = [int(unit) for path in node.iter(f"{SVG}path") for unit in re.findall(r"M(\d+) 0v1", path.get("d", ""))]
    return sorted(units)


def test_every_site_of_a_cell_has_its_place_within_the_picture() -> None:
    assert PLANS.keys() == set(CELLS)
    for cell, plan in PLANS.items():
        assert plan.places.keys() == {site.name for site in SITES.values() if cell in site.cells}
        points = [point for wire in plan.wires for point in wire.points] + [(x, y) for x, y, _up in plan.places.values()]
        top, height = plan.frame
        assert all(0 < x < WIDTH and top < y < top + height for x, y in points)
        assert {site for wire in plan.wires for site in wire.sites} == plan.places.keys()


def test_no_two_barcodes_that_can_be_on_together_overlap() -> None:
    together = [{"input", "between"}, {"cell", "zoneout_cell"}]  # one cell stands for all layers; one line of the figure
    for plan in PLANS.values():
        boxes = {name: (x, y, 16 if up else 41, 41 if up else 16) for name, (x, y, up) in plan.places.items()}
        pairs = [(a, b) for a in boxes for b in boxes if a < b and {a, b} not in together]
        for a, b in pairs:
            (x, y, width, height), (u, v, wide, high) = boxes[a], boxes[b]
            assert abs(x - u) >= (width + wide) / 2 or abs(y - v) >= (height + high) / 2, (a, b)


@pytest.mark.parametrize(("cell", "name"), CELLS_AND_METHODS)
def test_the_barcodes_are_the_drawn_masks(cell: str, name: str) -> None:
    factors = {one.site: one.mask[0, 0].tolist() for one in draw_preview_masks(METHODS[name].build_placement(cell=cell), cell)}
    root = ElementTree.fromstring(render_cell_diagram(cell, factors, LIGHT))
    barcodes = {node.get("data-site", ""): node for node in root.iter(f"{SVG}g") if node.get("data-site")}
    expected = {site for site in factors if not (site == "between" and "input" in factors)}
    assert barcodes.keys() == expected
    for site, node in barcodes.items():
        assert read_kept_units(node) == [unit for unit, value in enumerate(factors[site][:MAX_STRIPES]) if value]
    numbers = sorted(int(n) for node in barcodes.values() for n in node.get("data-number", "").split("–"))
    assert numbers == list(range(1, len(factors) + 1))


def test_a_masked_connection_is_dashed_and_a_clean_one_solid() -> None:
    clean, masked = (ElementTree.fromstring(render_cell_diagram("lstm", masks, LIGHT)) for masks in ({}, {"cell": [0.0, 2.0]}))
    dashed = [[path for path in root.iter(f"{SVG}path") if path.get("stroke-dasharray")] for root in (clean, masked)]
    assert list(map(len, dashed)) == [0, 1]


def test_zoneout_shows_the_way_around_for_the_old_value() -> None:
    wires = [
        len(list(ElementTree.fromstring(render_cell_diagram("gru", masks, LIGHT)).iter(f"{SVG}path")))
        for masks in ({"output": [1.0]}, {"zoneout_state": [1.0]})
    ]
    assert wires[1] == wires[0] + 2  # a line and its arrow


def test_shades_tell_gaussian_factors_apart() -> None:
    root = ElementTree.fromstring(render_cell_diagram("rnn", {"input": [2.0, 0.25, 0.0, -1.0]}, DARK))
    node = next(node for node in root.iter(f"{SVG}g") if node.get("data-site"))
    shades = {path.get("d"): path.get("stroke-opacity") for path in node.iter(f"{SVG}path")}
    assert shades == {"M0 0v1": "1", "M1 0v1": "0.125", "M3 0v1": "0.5"}


def test_what_the_diagram_says() -> None:
    assert describe_cell("lstm", {"input": [1.0], "cell": [0.0]}) == "A step of the LSTM, masked at: 1 input, 2 cell."
    assert describe_cell("gru", {}) == "A step of the GRU, without masks."
    assert 'aria-label="A step of the GRU, without masks."' in render_cell_diagram("gru", {}, LIGHT)


@pytest.mark.parametrize("shape", [(STEPS, 2, 5), (1, 2, 5), (STEPS, 1, 5), (1, 1, 5), (STEPS, 2, 1)])
def test_a_pattern_shows_each_sample_and_repeats_what_is_shared(shape: tuple[int, ...]) -> None:
    mask = (np.random.default_rng(1).random(shape) < 0.5).astype(np.float32) * 2
    mask.flat[0] = 2
    root = ElementTree.fromstring(render_mask_pattern(mask, STEPS, LIGHT, "a mask"))
    samples = [node for node in root.iter(f"{SVG}g") if node.get("data-sample")]
    squares = [sum(path.get("d", "").count("M") for path in node.iter(f"{SVG}path")) for node in samples]
    full = np.broadcast_to(mask, (STEPS, 2, shape[2]))
    assert squares == [int((full[:, n] != 0).sum()) for n in range(2)]


def test_a_histogram_has_a_bar_for_each_number_of_masks() -> None:
    counts = (0, 0, 6, 30, 0, 10**40)
    root = ElementTree.fromstring(render_path_histogram(counts, LIGHT))
    bars = {int(node.get("data-masks", "")): node for node in root.iter(f"{SVG}g") if node.get("data-masks")}
    assert {n: int(node.get("data-paths", "")) for n, node in bars.items()} == {2: 6, 3: 30, 4: 0, 5: 10**40}
    heights = {n: float(next(node.iter(f"{SVG}rect")).get("height", "")) for n, node in bars.items()}
    assert heights[4] == 0 < heights[2] == heights[3] < heights[5]
