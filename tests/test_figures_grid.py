"""Tests of the mask grid: its SVG is parsed and compared with the masks that the engine draws."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dropout.cells import CELLS
from core.dropout.comparison import build_compared_placement
from core.dropout.masks import Masks, expand_word_masks
from core.dropout.methods import METHODS
from core.dropout.placement import Dropout, Placement
from core.experiment.batches import batch_at, draw_update_masks
from core.experiment.experiment import Experiment, build_experiment
from core.figures.mask_detail import describe_common_sharing, plot_selected_mask
from core.figures.mask_grid import (
    MAX_STEPS,
    MAX_UNITS,
    Band,
    SelectedCell,
    build_layer_bands,
    build_sample_band,
    measure_lane,
    render_mask_grid,
    select_visible_steps,
)
from core.figures.mask_heatmap import select_units
from core.figures.theme import DARK, LIGHT
from tests.strategies import placements

SVG = "{http://www.w3.org/2000/svg}"
Barcodes = dict[tuple[str, int, int, int], str]


def build(cell: str, placement: Placement, layers: int = 2, **given: object) -> Experiment:
    return build_experiment(
        "delayed-recall", {"lag": 6}, cell=cell, layers=layers, hidden=20, batch=8, placement=placement, **given
    )


def build_bands(e: Experiment, sample: int = 1, update: int = 2) -> tuple[tuple[Band, ...], Masks]:
    expanded = expand_word_masks(draw_update_masks(e, update), batch_at(e, update).x)
    return build_layer_bands(e.placement.resolve_schedules(update), expanded, e.shape, sample), expanded


def read_barcodes(svg: str) -> Barcodes:
    """Return the path of every barcode by site, layer, sample and step."""
    root = ET.fromstring(svg)
    barcodes = [(p.attrib, p.attrib["d"]) for p in root.iter(f"{SVG}path") if "data-t" in p.attrib]
    named = {(a["data-site"], int(a["data-layer"]), int(a["data-sample"]), int(a["data-t"])): d for a, d in barcodes}
    assert len(named) == len(barcodes)
    return named


def parse_kept_units(d: str) -> list[int]:
    return [int(unit) for unit in re.findall(r"M0 (\d+)h1(?!\d|\.)", d)]


@given(
    st.sampled_from(CELLS).flatmap(
        lambda c: st.tuples(st.just(c), st.integers(1, 4)).flatmap(
            lambda both: st.tuples(st.just(both[0]), st.just(both[1]), placements(both[1], both[0], scheduled=False))
        )
    ),
    st.integers(0, 7),
)
def test_the_grid_shows_the_masks_that_are_drawn(all_of: tuple[str, int, Placement], sample: int) -> None:
    cell, layers, placement = all_of
    e = build(cell, placement, layers)
    bands, expanded = build_bands(e, sample)
    barcodes = read_barcodes(render_mask_grid(bands, e.steps, SelectedCell("", 1, 0, sample), LIGHT, "grid"))
    expected = {}
    for site, layer, dropout in placement.list_active(layers):
        name = f"{site.name}.{layer}"
        mask = select_units(expanded[name] if name in expanded else expanded[f"{name}.g"])
        full = np.broadcast_to(mask, (e.steps, e.batch, mask.shape[2]))[:, sample, :MAX_UNITS]
        for t in range(e.steps):
            expected[site.name, layer, sample, t] = (full[t], dropout.noise)
    assert set(barcodes) == set(expected)
    for at, (units, noise) in expected.items():
        if noise == "bernoulli":
            assert parse_kept_units(barcodes[at]) == [n for n, value in enumerate(units) if value]
        else:
            lengths = [float(length) for length in re.findall(r"h([\d.e-]+)", barcodes[at])]
            assert lengths == pytest.approx(np.clip(units / 2, 0, 1), abs=0.006)


def test_the_heatmap_below_has_its_steps_where_the_grid_has_them() -> None:
    for steps, width in ((8, 420.0), (20, 640.0), (60, 420.0)):
        e = build_experiment(steps=steps, placement=METHODS["zaremba2014"].build_placement())
        masks = draw_update_masks(e, 1)
        drawn = render_mask_grid(
            build_layer_bands(e.placement, masks, e.shape, 0), steps, SelectedCell("input", 1, 0, 0), LIGHT, "g", width=width
        )
        (x,), (wide,) = (
            set(map(float, re.findall(rf'<rect[^>]* {name}="([0-9.]+)"[^>]*mg-lane', drawn))) for name in ("x", "width")
        )
        figure = plot_selected_mask(masks["input.1"], 0, 0, steps, "input", 1, LIGHT, measure_lane(steps, width))
        assert figure["layout"]["xaxis"]["domain"] == pytest.approx((x / width, (x + wide) / width), abs=1e-3)
        assert (figure["layout"]["margin"]["l"], figure["layout"]["margin"]["r"]) == (0, 0)


def test_layers_stand_as_in_the_network_and_a_clean_one_says_so() -> None:
    bands, _met = build_bands(build("lstm", Placement.from_sites({"between": Dropout(0.5), "output": Dropout(0.5)})))
    assert [(band.name, [lane.site for lane in band.lanes]) for band in bands] == [
        ("Layer 2", ["output", "between"]),
        ("Layer 1", []),
    ]
    assert "clean: no mask here" in render_mask_grid(bands, 8, SelectedCell("between", 2, 0, 0), LIGHT, "grid")


def test_a_layer_says_which_of_its_units_are_shown() -> None:
    bands, _met = build_bands(
        build_experiment("delayed-recall", {"lag": 6}, hidden=40, placement=METHODS["gal2016"].build_placement())
    )
    texts = [
        one.text
        for one in ET.fromstring(render_mask_grid(bands, 8, SelectedCell("", 1, 0, 0), LIGHT, "grid")).iter(f"{SVG}text")
    ]
    assert texts.count("units 1–16 of 40") == 2, "the mask of words, one factor a word, is no part of it"


@pytest.mark.parametrize(
    ("sharing", "over_time", "over_samples", "says"),
    [
        ("step", False, False, "a new mask at every step, for every sample"),
        ("sequence", True, False, "one mask for all steps, another for each sample"),
        ("batch", True, True, "one mask for all steps and all samples"),
    ],
)
def test_the_stripes_say_what_is_shared(sharing: str, over_time: bool, over_samples: bool, says: str) -> None:
    first = METHODS["zaremba2014"].build_placement(0.5)
    e = build("lstm", build_compared_placement(first, sharing, "lstm"))
    _bands, expanded = build_bands(e)
    band = build_sample_band(e.placement, expanded, e.shape, ("between", 2), range(4), "samples")
    barcodes = read_barcodes(render_mask_grid((band,), e.steps, SelectedCell("between", 2, 0, 0), LIGHT, "grid"))
    assert (len({d for (_s, _l, sample, _t), d in barcodes.items() if sample == 0}) == 1) is over_time
    assert (len({d for (_s, _l, _sample, t), d in barcodes.items() if t == 0}) == 1) is over_samples
    # In words too, and whatever becomes of words, which have no time axis.
    assert (
        describe_common_sharing(e.placement)
        == describe_common_sharing(build_compared_placement(METHODS["gal2016"].build_placement(), sharing, "lstm"))
        == says
    )


def test_what_is_not_shared_alike_is_said() -> None:
    mixed = {"input": Dropout(0.5), "between": Dropout(0.5, time="sequence")}
    assert describe_common_sharing(Placement.from_sites(mixed)) == "some fresh at every step, some for all steps"
    assert describe_common_sharing(METHODS["merity2017"].build_placement()) == "one mask for all steps"
    assert describe_common_sharing(Placement()) == ""


def test_the_same_seeds_give_the_first_step_of_the_one_and_all_of_the_other() -> None:
    first = METHODS["zaremba2014"].build_placement(0.5)
    fresh, once = (build("lstm", build_compared_placement(first, name, "lstm")) for name in ("step", "sequence"))
    one, other = (
        read_barcodes(render_mask_grid(build_bands(e)[0], e.steps, SelectedCell("", 1, 0, 1), LIGHT, "grid"))
        for e in (fresh, once)
    )
    assert one["between", 2, 1, 0] == other["between", 2, 1, 0]
    assert len({d for at, d in other.items() if at[0] == "between"}) == 1


def test_what_is_opened_is_pressed_and_no_id_is_there_twice() -> None:
    e = build("lstm", METHODS["zaremba2014"].build_placement())
    bands, expanded = build_bands(e)
    bands += (build_sample_band(e.placement, expanded, e.shape, ("between", 2), range(3), "samples"),)
    svg = render_mask_grid(bands, e.steps, SelectedCell("between", 2, 4, 1), DARK, "grid")
    root = ET.fromstring(svg)
    ids = [one.attrib["id"] for one in root.iter() if "id" in one.attrib]
    assert len(ids) == len(set(ids)) == 1 + 6 * e.steps
    pressed = [one.attrib["data-at"] for one in root.iter(f"{SVG}g") if one.attrib.get("aria-pressed") == "true"]
    assert pressed == ["between 2 1 4"] * 2, "in the layers and among the samples"
    labels = {one.attrib["data-at"]: one.attrib["aria-label"] for one in root.iter(f"{SVG}g") if "data-at" in one.attrib}
    units = len(
        parse_kept_units(
            read_barcodes(render_mask_grid(bands[:2], e.steps, SelectedCell("", 1, 0, 1), DARK, "grid"))["between", 2, 1, 4]
        )
    )
    assert labels["between 2 1 4"] == f"between, layer 2, sample 2, step 4: {units} of 16 units shown are kept"


@pytest.mark.parametrize(("method", "value"), [("zaremba2014", "1"), ("pham2013", "0.5")])
def test_at_test_no_mask_is_drawn_and_its_value_is_written(method: str, value: str) -> None:
    bands, _met = build_bands(build("lstm", METHODS[method].build_placement(0.5)))
    svg = render_mask_grid(bands, 8, SelectedCell("input", 1, 0, 1), LIGHT, "grid", test=True)
    assert read_barcodes(svg) == {}
    assert svg.count(f"no mask, × {value}<") == 3


def test_zoneout_mixes_at_test_and_its_two_places_have_different_names() -> None:
    bands, _met = build_bands(build("lstm", METHODS["krueger2016"].build_placement(0.25), layers=1))
    svg = render_mask_grid(bands, 8, SelectedCell("", 1, 0, 1), LIGHT, "grid", test=True)
    assert svg.count("no mask, 0.75 new + 0.25 old<") == 2
    texts = [one.text for one in ET.fromstring(svg).iter(f"{SVG}text")]
    assert {"zoneout of", "the cell", "the state"} <= set(texts)


@given(st.integers(1, 256).flatmap(lambda steps: st.tuples(st.just(steps), st.integers(0, steps - 1))))
def test_the_window_holds_the_chosen_step(both: tuple[int, int]) -> None:
    steps, step = both
    shown = select_visible_steps(step, steps)
    assert step in shown
    assert len(shown) == min(steps, MAX_STEPS)
    assert 0 <= shown.start < shown.stop <= steps
