"""Tests of slow motion: the timeline's SVG is parsed and compared with the trace, the frames with the order of an update."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from core.analysis.update_trace import LayerTrace, QuantityTrace, TargetOutcome, UpdateTrace, WeightTrace
from core.dropout.cells import CELLS
from core.dropout.masks import expand_word_masks
from core.dropout.methods import METHODS
from core.dropout.sites import SITES
from core.experiment.batches import batch_at, draw_update_masks
from core.experiment.experiment import build_experiment
from core.figures.mask_grid import MAX_UNITS, build_layer_bands
from core.figures.mask_heatmap import select_units
from core.figures.slow_motion import LEFT, SlowMotion, build_frames
from core.figures.theme import DARK, LIGHT
from core.figures.update_captions import SYMBOLS
from core.figures.update_phases import PHASES, format_equations
from core.figures.update_timeline import FULLNESS_LEVELS, find_full_value, quantize_fullness, render_update_timeline
from core.figures.weight_changes import render_weight_changes
from core.tasks.vocabulary import UNKNOWN

SVG = "{http://www.w3.org/2000/svg}"
CELL_PATTERN = re.compile(r"M(\d+) (\d+)h1")


@cache
def make_slow_motion(cell: str = "lstm", method: str = "gal2016", layers: int = 2, steps: int = 9) -> SlowMotion:
    """Return an update with random values."""
    e = build_experiment(
        "delayed-recall",
        {"lag": 6},
        cell=cell,
        layers=layers,
        hidden=20,
        batch=4,
        steps=steps,
        placement=METHODS[method].build_placement(cell=cell),
    )
    numbers = np.random.default_rng(1)

    def lane() -> QuantityTrace:
        rows = [tuple(map(tuple, numbers.normal(size=(steps, MAX_UNITS)).tolist())) for _kind in range(2)]
        sizes = [tuple(numbers.random(steps).tolist()) for _kind in range(2)]
        return QuantityTrace(rows[0], rows[1], sizes[0], sizes[1])

    gates = {name: tuple(numbers.random(steps).tolist()) for name in {"lstm": "ifo", "gru": "rz"}.get(cell, "")}
    every = tuple(LayerTrace({name: lane() for name in ("hc" if cell == "lstm" else "h")}, gates) for _layer in range(layers))
    weight_traces = tuple(WeightTrace(name, 2.0, 0.5, 0.01) for name in ("embedding", "decoder", "decoder_bias", "W.0", "U.1"))
    targets = (TargetOutcome(7, 3, 0.25, 1),) if steps > 7 else ()
    trace = UpdateTrace(3, 1, 2.0, 1.9, 2.5, 4, every, targets, weight_traces, 2.0, 0.5)
    masks = expand_word_masks(draw_update_masks(e, 3), batch_at(e, 3).x)
    words = tuple(f"w{t}" for t in range(steps))
    return SlowMotion(trace, e, build_layer_bands(e.placement, masks, e.shape, 1), words, tuple("ABCDEFGH"), 0)


def find_paths(one: SlowMotion, kind: str) -> list[ET.Element]:
    return [
        path
        for path in ET.fromstring(render_update_timeline(one, LIGHT, "s")).iter(f"{SVG}path")
        if path.get("data-kind") == kind
    ]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("kind", ["values", "gradient"])
def test_every_cell_is_as_full_as_its_value(cell: str, kind: str) -> None:
    one = make_slow_motion(cell)
    for n, layer in enumerate(one.trace.layers, 1):
        for letter, lane in layer.carried.items():
            levels = np.zeros((len(one.visible_steps), MAX_UNITS), int)
            for path in find_paths(one, kind):
                if path.get("data-lane") == f"{letter}.{n}":
                    for t, u in CELL_PATTERN.findall(path.get("d") or ""):
                        levels[int(t), int(u)] = int(path.get("data-level") or 0)
            rows, most = np.array(getattr(lane, kind)), find_full_value(one, letter, kind)
            assert np.array_equal(np.sign(levels), np.sign(rows) * (levels != 0))
            assert np.array_equal(levels, np.rint(FULLNESS_LEVELS * np.sqrt(np.abs(rows) / most) * np.sign(rows)))


@pytest.mark.parametrize("method", ["zaremba2014", "gal2016", "merity2017", "none", "krueger2016"])
def test_the_masks_are_those_that_are_drawn(method: str) -> None:
    one = make_slow_motion(method=method)
    masks = expand_word_masks(draw_update_masks(one.experiment, 3), batch_at(one.experiment, 3).x)
    drawn = {path.get("data-lane"): path.get("d") or "" for path in find_paths(one, "mask")}
    assert len(drawn) == sum(len(band.lanes) for band in one.bands)
    for name, d in drawn.items():
        mask = select_units(masks[name] if name in masks else masks[f"{name}.g"])
        full = np.broadcast_to(mask, (9, 4, mask.shape[2]))[:, 1, :MAX_UNITS]
        assert sorted((int(t), int(u)) for t, u in CELL_PATTERN.findall(d)) == sorted(map(tuple, np.argwhere(full).tolist()))


def test_the_frames_go_through_the_update_in_its_order() -> None:
    one = make_slow_motion()
    every = build_frames(one)
    assert list(dict.fromkeys(frame.phase for frame in every)) == list(PHASES)
    steps = {phase: [frame.step for frame in every if frame.phase == phase] for phase in PHASES}
    assert steps == {"masks": [None], "forward": [*range(9)], "loss": [None], "backward": [*range(8, -1, -1)], "update": [None]}
    whole = 9 * one.pitch
    for frame in every:
        left, wide = frame.revealed
        if frame.step is not None:
            assert frame.x == one.x(frame.step)
            expected = (LEFT, frame.step + 1) if frame.phase == "forward" else (frame.x, 9 - frame.step)
            assert (left, wide) == pytest.approx((expected[0], expected[1] * one.pitch))
        else:
            assert wide == pytest.approx(0 if frame.phase == "masks" else whole)


def test_the_sentences_have_the_numbers_of_the_update() -> None:
    one = make_slow_motion()
    captions = {(frame.phase, frame.step): frame.caption for frame in build_frames(one)}
    lane = one.trace.layers[1].carried["c"]
    assert "Update 3 begins. 6 masks are drawn" in captions["masks", None]
    assert "the input is “w4”" in captions["forward", 4]
    assert f"‖c‖ = {lane.size[4]:.3g}" in captions["forward", 4].splitlines()[2]
    assert f"‖δc‖ = {lane.slope[4]:.3g}" in captions["backward", 4].splitlines()[2]
    assert "t = 7: target “D” with p = 0.25, −ln p = 1.39; prediction “B”" in captions["loss", None]
    assert "4 targets of the batch, 1 of them of this sample: loss 2.0000" in captions["loss", None]
    assert "above the clip norm 1: × 0.5" in captions["update", None]
    assert "2.0000 → 1.9000" in captions["update", None]


def test_nothing_asked_and_no_masks_are_said() -> None:
    one = make_slow_motion(method="none")
    quiet = SlowMotion(
        UpdateTrace(3, 1, None, None, 0.0, 0, one.trace.layers, (), one.trace.weights, 0.0, 1.0),
        one.experiment,
        one.bands,
        one.tokens,
        one.classes,
        0,
    )
    captions = {frame.phase: frame.caption for frame in build_frames(quiet)}
    assert "draws no masks" in captions["masks"]
    assert "nothing is learned" in captions["loss"]
    assert "→" not in captions["update"]


def test_how_many_masks_are_drawn_where_is_said_and_why_a_step_has_no_loss() -> None:
    drawn = {
        name: build_frames(make_slow_motion(method=name))[0].caption for name in ("zaremba2014", "gal2016-untied", "moon2015")
    }
    assert "27 masks are drawn at 3 places, new for each of the 9 steps" in drawn["zaremba2014"]
    assert "for all 9 steps" in drawn["moon2015"]
    assert f"{1 + 4 + 4 + 1 + 2 * 4} masks are drawn at 6 places" in drawn["gal2016-untied"], "four gates"
    one = make_slow_motion()
    unknown = replace(one, tokens=(UNKNOWN,) * 9)
    loss = [next(frame.caption for frame in build_frames(each) if frame.phase == "loss") for each in (one, unknown)]
    assert "No bar at steps without a target." in loss[0]
    assert "outside the vocabulary" in loss[1]


def test_masks_that_do_not_drop_have_words_of_their_own() -> None:
    assert "empty keeps the old" in build_frames(make_slow_motion(method="krueger2016"))[0].caption
    assert "length of a stripe is its factor" in build_frames(make_slow_motion(method="gaussian"))[0].caption
    assert format_equations("lstm", ("input",), gaussian=True)["masks"] == "d ~ N(1, p/(1−p))"
    assert format_equations("lstm", (), squared=True)["loss"] == "loss = mean of (prediction − target)²"


@pytest.mark.parametrize(
    ("scalings", "factor"),
    [(("inverted",), "1/(1−p)"), (("test", "none"), "1"), (("inverted", "none"), "1/(1−p) or 1, by place")],
)
def test_the_mask_has_the_factor_that_holds(scalings: tuple[str, ...], factor: str) -> None:
    assert format_equations("lstm", ("input",), scalings=scalings)["masks"] == f"d = 0 with probability p, else {factor}"


def test_each_step_says_what_its_masks_drop_and_that_they_cut_the_gradient() -> None:
    one = make_slow_motion()
    captions = {(frame.phase, frame.step): frame.caption for frame in build_frames(one)}
    for t in range(9):
        drops = {
            (lane.site, n): int((lane.factors[t] == 0).sum())
            for n, band in zip((2, 1), one.bands, strict=True)
            for lane in band.lanes
        }
        for phase in ("forward", "backward"):
            first, second = captions[phase, t].splitlines()[-2:]
            assert f"drops {drops['state', 1]} of 16 units of h₋" in first
            assert ("drops the word" if drops["words", 1] else "keeps the word") in first
            assert f"drops {drops['between', 2]} of 16 units of x" in second
            assert f"drops {drops['output', 2]} of 16 units of h before the decoder" in second
        assert "where a mask is 0, no gradient flows back" in captions["backward", t]
        assert ("No target here." in captions["forward", t]) == (t != 7)


@pytest.mark.parametrize(
    ("method", "does", "cuts"),
    [
        ("krueger2016", "units of c keep their old value", "where the old value was kept"),
        ("gaussian", "multiplies x by", "The factors"),
        ("merity2017", "weights of U into unit 1", "no gradient flows back"),
        ("none", "", ""),
    ],
)
def test_every_kind_of_mask_says_what_it_does(method: str, does: str, cuts: str) -> None:
    captions = {(frame.phase, frame.step): frame.caption for frame in build_frames(make_slow_motion(method=method))}
    assert does in captions["forward", 4]
    assert cuts in captions["backward", 4]
    assert ("mask d" in captions["backward", 4]) == bool(does)


def test_a_word_that_is_not_known_is_said() -> None:
    captions = build_frames(replace(make_slow_motion(), tokens=(UNKNOWN,) * 9))[1].caption
    assert "the input is a word outside the vocabulary" in captions


def test_every_place_has_a_letter() -> None:
    assert set(SYMBOLS) == set(SITES)


def test_of_a_long_window_the_steps_around_the_chosen_one_are_shown() -> None:
    one = make_slow_motion(steps=60)
    assert one.visible_steps == range(40)
    assert len(build_frames(one)) == 3 + 2 * 40
    ET.fromstring(render_update_timeline(one, DARK, "s"))


def test_the_weights_say_how_far_each_has_moved() -> None:
    root = ET.fromstring(render_weight_changes(make_slow_motion(), LIGHT, "w"))
    captions = root.get("aria-label") or ""
    assert "W¹: gradient 0.5, step 0.5 % of ‖w‖" in captions
    assert "U²" in captions
    order = ["embedding", "W¹", "U²", "decoder:", "decoder b"]
    assert sorted(order, key=captions.index) == order
    assert len([one for one in root.iter(f"{SVG}rect") if one.get("class") == "sl-moved"]) == 5


def test_full_and_empty() -> None:
    assert [quantize_fullness(part) for part in (-1, -0.25, 0, 0.009, 0.011, 0.25, 1)] == [-5, -2, 0, 0, 1, 2, 5]


def test_the_equations_have_a_mask_where_a_site_is_on() -> None:
    plain, naive = format_equations("lstm", ()), format_equations("lstm", ("input", "cell", "state"))
    assert plain["forward"].splitlines()[2:4] == ["c = f⊙c₋ + i⊙g", "h = o⊙tanh c"]
    assert plain["forward"].endswith("h₋, c₋: h and c of the step before")
    assert naive["forward"].splitlines()[1:3] == ["g = tanh(W(d⊙x) + U(d⊙h₋) + b)", "c = d⊙(f⊙c₋ + i⊙g)"]
    assert naive["backward"].splitlines()[1:] == ["δc₋ = d⊙f⊙δc + …", "δh₋ = d⊙(Uᵀδa) + …"]
    assert [naive["backward"].splitlines()[0], plain["backward"].splitlines()[0]] == [
        "δ = ∂loss/∂·, a = U(d⊙h₋)",
        "δ = ∂loss/∂·, a = Uh₋",
    ]
    assert "h ← d⊙h + (1−d)⊙h₋" in format_equations("gru", ("zoneout_state",))["forward"]
    wrapper = format_equations("gru", ("whole_state",))
    assert wrapper["forward"].splitlines()[2] == "h = (1−z)⊙g + z⊙(d⊙h₋)"
    assert wrapper["backward"].splitlines() == ["δ = ∂loss/∂·, a = U(d⊙h₋)", "δh₋ = d⊙z⊙δh + d⊙(Uᵀδa) + …"]
    both = format_equations("gru", ("whole_state", "state", "zoneout_state"))
    assert "a = U(d⊙(d⊙h₋))" in both["backward"]
    assert both["backward"].endswith("δh₋ = d⊙z⊙δh + d⊙d⊙(Uᵀδa) + (1−d)⊙δh + …")
    for cell in CELLS:
        assert set(format_equations(cell, ("state",))) == set(PHASES)
        assert ("d⊙" in format_equations(cell, ())["forward"]) is False
