"""Tests of the network figure: its SVG is parsed and compared with the drawn masks and the counted crossings."""

import gettext
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page

from core import i18n
from core.analysis.path_counts import list_crossings, list_routes, make_even_climbs
from core.dropout.cells import CELLS
from core.dropout.masks import NetworkShape, draw_masks, expand_word_masks
from core.dropout.methods import METHODS
from core.dropout.placement import SHARING, Dropout, Placement, build_dropout
from core.dropout.sites import SITES
from core.errors import Invalid
from core.figures.network import Scene, render_network
from core.figures.network.labels import SITES_BY_STRETCH
from core.figures.theme import DARK, LIGHT
from pages.common import network as view
from pages.common.component import read_script

SVG = "{http://www.w3.org/2000/svg}"
EVERY_SITE = Placement.from_sites({site.name: build_dropout(site.name, 0.3) for site in SITES.values() if "lstm" in site.cells})
USUAL_SITES = ["input", "between", "output", "state", "candidate", "cell"]
COMPONENTS = Path(__file__).parent.parent / "assets" / "components"


@st.composite
def draw_dropouts(pick: st.DrawFn, site: str) -> Dropout:
    """Draw any dropout setting of a site."""
    axes = {axis: pick(st.sampled_from(both if axis in SITES[site].axes else both[1:])) for axis, both in SHARING.items()}
    scaling = "test" if SITES[site].kind == "zoneout" else pick(st.sampled_from(("inverted", "test", "none")))
    return Dropout(pick(st.floats(0.05, 0.95)), scaling=scaling, **axes)


@st.composite
def draw_scenes(pick: st.DrawFn) -> Scene:
    """Draw a scene with any placement, sizes, window, sample and path."""
    cell = pick(st.sampled_from(CELLS))
    there = [site.name for site in SITES.values() if cell in site.cells]
    placement = Placement.from_sites({name: pick(draw_dropouts(name)) for name in there if pick(st.booleans())})
    layers, steps, batch = pick(st.integers(1, 4)), pick(st.integers(1, 14)), pick(st.integers(1, 3))
    hidden = tuple(pick(st.integers(1, 40)) for _layer in range(layers))
    shape = NetworkShape(steps, batch, pick(st.integers(1, 40)), hidden, cell, tokens=6)
    x = np.arange(steps * batch).reshape(steps, batch) % 6
    masks = expand_word_masks(draw_masks(placement, shape, pick(st.integers(0, 99)), pick(st.integers(0, 99))), x)
    climbs = sorted(pick(st.integers(0, steps - 1)) for _climb in range(layers + 1))
    texts = [pick(st.text(max_size=30)) for _step in range(steps)]
    answers = [pick(st.none() | st.text(min_size=1, max_size=9)) for _step in range(steps)]
    sample, first, count = pick(st.integers(0, batch - 1)), pick(st.integers(0, steps - 1)), pick(st.integers(1, 10))
    through = pick(st.sampled_from(list_routes(cell)))
    return Scene(placement, shape, masks, sample, first, count, texts, answers, answers[::-1], climbs, through)


def make_scene(
    placement: Placement, layers: int = 2, steps: int = 12, climbs: tuple[int, ...] = (), cell: str = "lstm", **other: Any
) -> Scene:
    """Return a scene of 9 steps with 128 units per layer."""
    shape = NetworkShape(steps, 2, 128, (128,) * layers, cell, tokens=6)
    placement = placement.resolve_schedules(150)  # in the midst of the usual schedules
    words = [f"word{t}" for t in range(steps)]
    rest: dict[str, Any] = {
        "first": 2,
        "count": 9,
        "inputs": words,
        "predictions": words,
        "targets": words,
        "sample": 1,
    } | other
    masks = expand_word_masks(draw_masks(placement, shape, 7, 1), np.arange(2 * steps).reshape(steps, 2) % 6)
    return Scene(placement, shape, masks, climbs=climbs or make_even_climbs(layers, 3, 9), **rest)


def parse_svg(svg: str) -> ET.Element:
    return ET.fromstring(svg)


def read_masks(root: ET.Element) -> dict[tuple[str, int, int], tuple[int, int, list[int]]]:
    """Return the first unit, the number of units and the filled units of each barcode by (site, layer, t)."""
    found = {}
    for path in root.iter(f"{SVG}path"):
        if site := path.get("data-site"):
            d, layer, t = path.get("d", ""), int(path.get("data-layer", "")), int(path.get("data-t", ""))
            assert re.fullmatch(r"(M\d+ 0v1)*", d), d
            assert (site, layer, t) not in found, "one barcode a mask"
            kept = [int(u) for u in re.findall(r"M(\d+)", d)]
            found[site, layer, t] = int(path.get("data-first-unit", "")), int(path.get("data-units", "")), kept
    return found


def compute_expected_masks(scene: Scene) -> dict[tuple[str, int, int], tuple[int, int, list[int]]]:
    """Return the same as `read_masks` from the arrays: the first 24 units of the sample; of masks per gate, that of g."""
    found = {}
    for key, mask in scene.masks.items():
        site, layer, *gate = key.split(".")
        units = mask[:, :, 0] if mask.ndim == 4 else mask  # of weights, the connections into the first unit
        whole = np.broadcast_to(units, (scene.shape.steps, scene.shape.batch, units.shape[2]))
        for t in range(scene.first, min(scene.first + scene.count, scene.shape.steps)):
            if gate in ([], ["g"]):
                row = whole[t, scene.sample, :24]
                found[site, int(layer), t] = 1, len(row), [int(u) for u in np.flatnonzero(row)]
    return found


@settings(max_examples=60, deadline=None)
@given(draw_scenes())
def test_the_barcodes_are_the_masks(scene: Scene) -> None:
    assert read_masks(parse_svg(render_network(scene, LIGHT))) == compute_expected_masks(scene)


@settings(max_examples=60, deadline=None)
@given(draw_scenes())
def test_the_numbers_are_the_crossings_that_paths_counts(scene: Scene) -> None:
    root = parse_svg(render_network(scene, LIGHT))
    counted = enumerate(list_crossings(scene.placement, scene.layers, scene.climbs, scene.through, scene.shape.cell), 1)
    within = {n: (m.site, m.layer, m.t) for n, m in counted if m.t in scene.steps}
    shown = {
        int("".join(number.itertext())): (
            number.get("data-site"),
            int(number.get("data-layer", "")),
            int(number.get("data-t", "")),
        )
        for number in root.iter(f"{SVG}g")
        if number.get("class") == "net-crossing"
    }
    assert shown == within


@settings(max_examples=60, deadline=None)
@given(draw_scenes())
def test_the_line_runs_through_the_barcodes_that_it_crosses_and_through_no_other(scene: Scene) -> None:
    # The line is drawn from the geometry, the crossings come from the step of the cell: they have to agree.
    root = parse_svg(render_network(scene, LIGHT))
    line = next(path.get("d", "") for path in root.iter(f"{SVG}path") if path.get("id") == "network-path")
    touched = {at for at, box in read_boxes(root).items() if any(has_contact(box, a, b) for a, b in split_path(line))}
    touched = {at for at in touched if SITES[at[0]].kind != "zoneout"}  # Zoneout erases nothing: counted apart
    counted = list_crossings(scene.placement, scene.layers, scene.climbs, scene.through, scene.shape.cell)
    assert touched == {(m.site, m.layer, m.t) for m in counted if m.t in scene.steps}


@settings(max_examples=30, deadline=None)
@given(draw_scenes())
def test_barcodes_do_not_overlap(scene: Scene) -> None:
    bars = list(read_boxes(parse_svg(render_network(scene, LIGHT))).values())
    for n, bar in enumerate(bars):
        assert not any(has_overlap(bar, other) for other in bars[n + 1 :])


@settings(max_examples=30, deadline=None)
@given(draw_scenes())
def test_numbers_cover_no_stripes_of_the_usual_sites(scene: Scene) -> None:
    """Holds for any set of the usual sites; with a dozen sites on, a number may cover a barcode beside it."""
    usual_ones = Placement.from_sites({name: d for name, d in scene.placement.sites if name in USUAL_SITES})
    check_numbers(parse_svg(render_network(replace(scene, placement=usual_ones), LIGHT)))


@pytest.mark.parametrize(("method", "cell"), [(row.name, cell) for row in METHODS.values() for cell in row.cells])
@pytest.mark.parametrize("layers", [1, 2, 3, 4])
def test_numbers_cover_no_stripes_of_any_method(method: str, cell: str, layers: int) -> None:
    for through in list_routes(cell):
        check_numbers(
            parse_svg(
                render_network(
                    make_scene(METHODS[method].build_placement(cell=cell), layers, through=through, cell=cell), LIGHT
                )
            )
        )


def test_numbers_of_three_digits_fit_too() -> None:
    usual_ones = Placement.from_sites({name: Dropout(0.3) for name in USUAL_SITES})
    check_numbers(
        parse_svg(render_network(make_scene(usual_ones, 4, 120, (0, 30, 60, 90, 119), first=95, through="state"), LIGHT))
    )


def check_numbers(root: ET.Element) -> None:
    bars = list(read_boxes(root).values())
    rects = [next(group.iter(f"{SVG}rect")) for group in root.iter(f"{SVG}g") if group.get("class") == "net-crossing"]
    counts = [tuple(float(rect.get(name, "")) for name in ("x", "y", "width", "height")) for rect in rects]
    for bar in bars:
        assert not any(has_overlap(bar, count) for count in counts)


@settings(max_examples=20, deadline=None)
@given(draw_scenes())
def test_the_same_scene_gives_the_same_figure_with_distinct_ids(scene: Scene) -> None:
    svg = render_network(scene, DARK, "other")
    assert svg == render_network(scene, DARK, "other")
    ids = [element.get("id") for element in parse_svg(svg).iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert all(str(i).startswith("other") for i in ids)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("layers", [1, 2, 3, 4])
def test_masked_connections_are_dashed_and_clean_ones_solid(method: str, layers: int) -> None:
    placement = METHODS[method].build_placement()
    root = parse_svg(render_network(make_scene(placement, layers), LIGHT))
    stretch = {site: name for name, sites in SITES_BY_STRETCH.items() for site in sites}
    links = {link.get("id", ""): link for link in root.iter(f"{SVG}g") if link.get("class", "").startswith("net-link")}
    masked = {name for name, link in links.items() if "is-masked" in link.get("class", "")}
    active = [(stretch[site.name], layer) for site, layer, _dropout in placement.list_active(layers)]
    there = [(name if layer > 1 or name != "between" else "input", layer) for name, layer in active]
    assert masked == {f"network-link-{name}-{layer}" for name, layer in there}
    assert len(links) == 2 + (layers - 1) + 3 * layers  # input and output, between, and three sites of every layer


@pytest.mark.parametrize("layers", [1, 4])
@pytest.mark.parametrize("others", [(), ("state",), ("update_gate",), ("state", "recurrent_weights", "reset_gate")])
def test_a_mask_on_the_whole_state_of_a_gru_stands_across_both_lanes(layers: int, others: tuple[str, ...]) -> None:
    """Left of the masks of one lane; both connections along time are dashed, and a path on either crosses it at every step."""
    placement = Placement.from_sites({name: build_dropout(name, 0.3) for name in ("whole_state", *others)})
    for through in ("cell", "state"):
        scene = make_scene(placement, layers, cell="gru", through=through, first=0, count=10)
        root, at = parse_svg(render_network(scene, LIGHT)), scene.layout
        boxes = read_boxes(root)
        for (site, layer, t), (x, y, width, height) in boxes.items():
            if site == "whole_state":
                assert y < at.h(layer) < at.c(layer) < y + height
                assert all(x + width <= boxes[other, layer, t][0] for other in others)
        dashed = {str(link.get("id")) for link in root.iter(f"{SVG}g") if "is-masked" in link.get("class", "")}
        lanes = {f"network-link-{name}-{layer}" for name in ("state", "cell") for layer in range(1, layers + 1)}
        assert lanes <= dashed
        crossed = [site for site, _layer, _t in scene.crossing_numbers if site == "whole_state"]
        assert len(crossed) == scene.climbs[-1] - scene.climbs[0]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_on_four_layers_stays_under_150_kb(method: str) -> None:
    assert (
        len(render_network(make_scene(METHODS[method].build_placement(), 4, through="state", gates=True), LIGHT).encode())
        < 150_000
    )


@pytest.mark.parametrize(("cell", "each"), [("lstm", {"i": 1, "f": 1, "o": 1}), ("gru", {"r": 1, "z": 2}), ("rnn", {})])
@pytest.mark.parametrize("layers", [1, 4])
def test_the_routes_through_gates_are_a_layer_apart(cell: str, each: dict[str, int], layers: int) -> None:
    """At steps 4 to 8, where the path can be, each multiplying gate has a curve and a dot; nothing else changes."""
    placement = METHODS["zaremba2014"].build_placement(cell=cell)
    shown = make_scene(placement, layers, climbs=make_even_climbs(layers, 4, 8), cell=cell, gates=True, through="state")
    root, plain = parse_svg(render_network(shown, LIGHT)), parse_svg(render_network(replace(shown, gates=False), LIGHT))
    parts = {part.get("id", ""): part for part in root.iter(f"{SVG}g") if part.get("data-gate")}
    assert set(parts) == {f"network-gate-{gate}-{layer}" for gate in each for layer in range(1, layers + 1)}
    for part in parts.values():
        curves, dots = (path.get("d", "") for path in part.iter(f"{SVG}path"))
        assert curves.count("M") == dots.count("M") == 5 * each[part.get("data-gate", "")]
    groups = [part.get("id") for part in root.iter(f"{SVG}g")]
    above = "network-gate-letters" in groups and groups.index("network-gate-letters") > groups.index("network-masks-input-1")
    assert above == (bool(each) and layers == 1), "letters, where they have room, are not hidden by barcodes"
    assert ("through gates" in "".join(root.itertext())) == bool(each)
    assert "through gates" not in "".join(plain.itertext())
    assert read_masks(root) == read_masks(plain)
    line = next(path.get("d") for path in root.iter(f"{SVG}path") if path.get("id") == "network-path")
    assert line == next(path.get("d") for path in plain.iter(f"{SVG}path") if path.get("id") == "network-path")


def test_the_usual_sites_together_on_four_layers_stay_under_150_kb() -> None:
    usual_ones = Placement.from_sites({name: Dropout(0.3) for name in USUAL_SITES})
    size = len(render_network(make_scene(usual_ones, 4, through="state"), LIGHT).encode())
    assert size < 150_000, size


def test_a_sequence_mask_is_the_same_barcode_at_every_step_and_a_fresh_one_is_not() -> None:
    def stripes(method: str) -> set[str]:
        shown = read_masks(parse_svg(render_network(make_scene(METHODS[method].build_placement()), LIGHT)))
        return {str(shown["input", 1, t]) for t in range(2, 11)}

    assert len(stripes("gal2016")) == 1
    assert len(stripes("zaremba2014")) == 9


def test_the_figure_says_which_units_it_shows_and_which_crossings_it_does_not() -> None:
    shown = make_scene(METHODS["naive-state"].build_placement(), steps=30, climbs=(1, 12, 28), first=10, through="state")
    text = " ".join(parse_svg(render_network(shown, LIGHT)).itertext())
    assert "a barcode shows units 1–24 of 128" in text
    few = make_scene(METHODS["zaremba2014"].build_placement())
    narrow = replace(few, masks={name: mask[:, :, :8] if name == "input.1" else mask for name, mask in few.masks.items()})
    assert "of 128 units a barcode shows 1–24" in " ".join(parse_svg(render_network(narrow, LIGHT)).itertext()), (
        "the input has fewer"
    )
    # Input and states 2 to 9 of layer 1 come before step 10: 9 crossings. Of the 30 in all, 10 to 19 are in the window.
    assert "masks 1–9 lie left of this window, 20–30 right" in text
    near = replace(shown, climbs=(9, 12, 12))
    assert "mask 1 lies left of this window" in " ".join(parse_svg(render_network(near, LIGHT)).itertext())
    assert "lies" not in " ".join(parse_svg(render_network(replace(shown, climbs=(10, 12, 12)), LIGHT)).itertext())
    root = parse_svg(render_network(shown, LIGHT))
    assert {"network-path-in", "network-path-out"} <= {element.get("id") for element in root.iter()}


def test_tokens_are_escaped_shortened_and_said_in_full() -> None:
    words = ["<unk>", "&", '"', "internationalisation", "\x00", "记忆", *"abcdef"]
    root = parse_svg(render_network(make_scene(EVERY_SITE, first=0, inputs=words, climbs=(0, 1, 2)), LIGHT))
    tokens = [token for token in root.iter(f"{SVG}g") if token.get("data-kind") == "source"]
    drawn = ["".join(token.itertext()) for token in tokens]
    assert drawn[:3] == ["<unk>", "&", '"']
    assert drawn[3].startswith("internationalisationinter")  # the title, then the shortened word
    assert drawn[3].endswith("…")
    assert drawn[4:6] == ["\ufffd", "记忆"]
    assert "internationalisation" in tokens[3].get("aria-label", "")
    assert [token.get("aria-pressed") for token in tokens[:2]] == ["true", "false"]


def test_what_is_right_is_shown_where_it_is_asked() -> None:
    nothing: list[str | None] = [None] * 12
    predictions, targets = nothing.copy(), nothing.copy()
    predictions[4:6], targets[4:7] = ["A", "B"], ["A", "C", "D"]
    root = parse_svg(render_network(make_scene(EVERY_SITE, predictions=predictions, targets=targets), LIGHT))
    says = {
        int(token.get("data-t", "")): token.get("aria-label") for token in root.iter() if token.get("data-kind") == "target"
    }
    assert says[3] == "step 3: nothing to predict"
    assert says[4] == "step 4: prediction A, correct"
    assert says[5] == "step 5: prediction B, correct is C"
    assert says[6] == "step 6: no prediction yet, correct is D"
    shown = {
        int(token.get("data-t", "")): "".join(token.itertext()) for token in root.iter() if token.get("data-kind") == "target"
    }
    assert [shown[t] for t in range(3, 7)] == ["–", "A", "B", "y₆"]
    assert sum(path.get("class") == "net-tick" for path in root.iter(f"{SVG}path")) == 1


class MarkingTranslations(gettext.NullTranslations):
    """Put brackets around every translated text."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, one: str, many: str, n: int) -> str:
        return f"⟦{one if n == 1 else many}⟧"


def test_every_text_is_translated() -> None:
    nothing = [""] * 12
    shown = make_scene(EVERY_SITE, inputs=nothing, predictions=[None] * 12, targets=[None] * 12, climbs=(0, 5, 11), first=1)
    i18n.set_language(MarkingTranslations())
    try:
        root = parse_svg(render_network(shown, LIGHT))
    finally:
        i18n.set_language("en")
    written = [text for e in root.iter() if e.tag != f"{SVG}style" for text in (e.text, e.tail)]
    read_aloud = [e.get(name) for e in root.iter() for name in ("aria-label", "data-tip")]
    lines = {line for text in written + read_aloud if text for line in text.split("\n")}
    assert {line for line in lines if re.search("[a-z]", line) and "⟦" not in line} <= {"h"}, "a symbol is the same everywhere"


@pytest.mark.parametrize("wrong", [{"first": 12}, {"count": 0}, {"sample": 2}, {"climbs": (3, 9, 12)}, {"inputs": ["a"]}])
def test_a_window_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        make_scene(EVERY_SITE, **wrong)


# ---- the component, in a browser, without Streamlit


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Yield a page with the component, mounted as Streamlit mounts it.

    In its scripts `show(svg)` is a rerun, and `did` holds what the component has sent to Python. It shows Zaremba's placement
    on three layers, with a path that climbs at steps 3, 5, 7 and 9.
    """
    page = browser.new_page()
    script = read_script("network").replace("export default", "window.component =")
    page.set_content(f"<style>{(COMPONENTS / 'network.css').read_text(encoding='utf-8')}</style>{view.HTML}")
    page.add_script_tag(
        content=f"""{{{script}}}
        window.did = []
        window.show = (svg) => component({{ parentElement: document.body, data: {{ svg }},
                                            setTriggerValue: (_name, value) => did.push(value) }})"""
    )
    page.evaluate("svg => show(svg)", render_network(make_scene(METHODS["zaremba2014"].build_placement(), 3), LIGHT))
    yield page
    page.close()


def read_masks_on_page(page: Page) -> dict[tuple[str, int, int], tuple[int, int, list[int]]]:
    return read_masks(parse_svg(page.evaluate("new XMLSerializer().serializeToString(document.querySelector('svg'))")))


@pytest.mark.browser
def test_another_figure_is_drawn_on_the_same_nodes(page: Page) -> None:
    page.evaluate("for (const e of document.querySelectorAll('svg, [id$=input-1-5], [id$=x-5]')) e.mark = true")
    page.locator("#network-x-5").focus()
    other = make_scene(METHODS["naive-cell"].build_placement(), 3, first=3, sample=0)
    page.evaluate("svg => show(svg)", render_network(other, DARK))
    assert read_masks_on_page(page) == compute_expected_masks(other)
    kept = page.evaluate("[...document.querySelectorAll('svg, [id$=input-1-5], [id$=x-5]')].map(e => e.mark)")
    assert kept == [True, True, True]
    assert page.evaluate("document.activeElement.id") == "network-x-5"
    page.evaluate("svg => show(svg)", render_network(make_scene(Placement(), 1), LIGHT))
    assert read_masks_on_page(page) == {}


@pytest.mark.browser
def test_words_and_barcodes_answer_to_click_and_key(page: Page) -> None:
    page.locator("#network-y-8").click()
    page.locator("#network-x-3").focus()
    for key in ("ArrowRight", "ArrowRight", "Enter", "ArrowLeft", " "):
        page.keyboard.press(key)
    page.locator("#network-between-2-6").click()
    page.locator("#network-input-1-5").focus()
    for key in ("ArrowUp", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    assert page.evaluate("did") == [
        {"target": 8},
        {"source": 5},
        {"source": 4},
        {"site": "between", "layer": 2, "t": 6},
        {"site": "between", "layer": 2, "t": 6},
    ]


@pytest.mark.browser
def test_each_row_of_words_and_the_barcodes_are_one_stop_of_the_tab_key(page: Page) -> None:
    stops = page.evaluate("[...document.querySelectorAll('svg [tabindex=\"0\"]')].map(e => e.id)")
    assert stops.count("network-x-3") == stops.count("network-y-9") == 1
    assert [stop.split("-")[1] for stop in stops].count("climb") == 2
    assert len(stops) == 6  # two rows of words, two climbs, the connections, the barcodes


@pytest.mark.browser
def test_a_climb_moves_by_key_and_by_dragging_within_its_neighbors(page: Page) -> None:
    handle = page.locator("#network-climb-1")
    handle.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft"):
        page.keyboard.press(key)
    assert page.evaluate("did") == [{"climb": 1, "t": 6}, {"climb": 1, "t": 7}, {"climb": 1, "t": 6}]
    start, pitch = handle.bounding_box(), page.locator("#network-x-4").bounding_box()
    assert start is not None
    assert pitch is not None
    x, y = start["x"] + start["width"] / 2, start["y"] + start["height"] - 4
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 9 * pitch["width"], y, steps=4)
    page.mouse.up()
    assert page.evaluate("did.at(-1)") == {"climb": 1, "t": 3}


@pytest.mark.browser
def test_hover_and_focus_tell_what_a_site_does_to_memory(page: Page) -> None:
    tip = page.locator(".net-tip")
    page.locator("#network-output-3-4").hover()
    tip.get_by_text("Noise on the output; what is stored stays.").wait_for()
    assert "drops with p = 0.5: fresh each step, one per sample" in tip.inner_text()
    page.keyboard.press("Escape")
    assert tip.is_hidden()
    page.locator("#network-y-9").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    page.locator("#network-link-state-1").focus()
    tip.get_by_text("clean: no mask here").wait_for()


# ---- geometry, as it is written in the SVG

Box = tuple[float, ...]
Point = tuple[float, float]


def read_boxes(root: ET.Element) -> dict[tuple[str, int, int], Box]:
    """Return left, top, width and height of every barcode."""
    found: dict[tuple[str, int, int], Box] = {}
    for group in root.iter(f"{SVG}g"):
        if group.get("class", "").startswith("net-mask"):
            stripes, rect = next(group.iter(f"{SVG}path")), next(group.iter(f"{SVG}rect"))
            x, y = (float(n) for n in re.findall(r"[-\d.]+", group.get("transform", "")))
            at = stripes.get("data-site", ""), int(stripes.get("data-layer", "")), int(stripes.get("data-t", ""))
            found[at] = x, y, float(rect.get("width", "")), float(rect.get("height", ""))
    return found


def split_path(d: str) -> Iterator[tuple[Point, Point]]:
    """Yield the straight pieces of a path of M, V, H and q; a rounded corner counts as a straight piece."""
    x = y = 0.0
    for command, numbers in re.findall(r"([MVHq])([^MVHq]*)", d):
        values = [float(n) for n in numbers.split()]
        if command == "q":
            after = x + values[2], y + values[3]
        else:
            after = {"V": x, "H": values[0], "M": values[0]}[command], {"V": values[0], "H": y, "M": values[-1]}[command]
        if command != "M":
            yield (x, y), after
        x, y = after


def has_contact(box: Box, a: Point, b: Point) -> bool:
    """Return whether a piece enters a box by more than its edge."""
    left, top, width, height = box
    spans = (left + 1, left + width - 1, a[0], b[0]), (top + 1, top + height - 1, a[1], b[1])
    return all(max(low, min(p, q)) <= min(high, max(p, q)) for low, high, p, q in spans)


def has_overlap(a: Box, b: Box) -> bool:
    return all(max(a[i], b[i]) + 0.2 < min(a[i] + a[i + 2], b[i] + b[i + 2]) for i in (0, 1))
