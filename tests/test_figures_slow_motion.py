"""The stage of one update, read back from its SVG, against the snapshot; the frames against the order of a real update."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from core.analysis.update_trace import Asked, Lane, Layer, Tensor, UpdateTrace
from core.dropout.masks import expand_word_masks
from core.dropout.methods import METHODS
from core.dropout.sites import SITES
from core.experiment.batches import batch_at, draw_update_masks
from core.experiment.experiment import CELLS, build_experiment
from core.figures.mask_grid import UNITS, layer_bands
from core.figures.mask_heatmap import of_units
from core.figures.slow_motion import LEFT, Slow, frames
from core.figures.theme import DARK, LIGHT
from core.figures.update_captions import SYMBOLS
from core.figures.update_phases import PHASES, equations
from core.figures.update_timeline import LEVELS, fullness, scale, stage, weights
from core.tasks.next_symbol import UNKNOWN

SVG = "{http://www.w3.org/2000/svg}"
CELL = re.compile(r"M(\d+) (\d+)h1")


@cache
def update(cell: str = "lstm", method: str = "gal2016", layers: int = 2, steps: int = 9) -> Slow:
    """An update with values that a generator gives: the figure draws whatever it is told."""
    e = build_experiment(
        "delayed-recall",
        {"lag": 6},
        cell=cell,
        layers=layers,
        hidden=20,
        batch=4,
        steps=steps,
        placement=METHODS[method].placement(cell=cell),
    )
    numbers = np.random.default_rng(1)

    def lane() -> Lane:
        rows = [tuple(map(tuple, numbers.normal(size=(steps, UNITS)).tolist())) for _kind in range(2)]
        sizes = [tuple(numbers.random(steps).tolist()) for _kind in range(2)]
        return Lane(rows[0], rows[1], sizes[0], sizes[1])

    gates = {name: tuple(numbers.random(steps).tolist()) for name in {"lstm": "ifo", "gru": "rz"}.get(cell, "")}
    every = tuple(Layer({name: lane() for name in ("hc" if cell == "lstm" else "h")}, gates) for _layer in range(layers))
    moved = tuple(Tensor(name, 2.0, 0.5, 0.01) for name in ("embedding", "decoder", "decoder_bias", "W.0", "U.1"))
    asked = (Asked(7, 3, 0.25, 1),) if steps > 7 else ()
    seen = UpdateTrace(3, 1, 2.0, 1.9, 2.5, 4, every, asked, moved, 2.0, 0.5)
    met = expand_word_masks(draw_update_masks(e, 3), batch_at(e, 3).x)
    words = tuple(f"w{t}" for t in range(steps))
    return Slow(seen, e, layer_bands(e.placement, met, e.shape, 1), words, tuple("ABCDEFGH"), 0)


def paths(one: Slow, kind: str) -> list[ET.Element]:
    return [path for path in ET.fromstring(stage(one, LIGHT, "s")).iter(f"{SVG}path") if path.get("data-kind") == kind]


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("kind", ["values", "gradient"])
def test_every_cell_is_as_full_as_its_value(cell: str, kind: str) -> None:
    one = update(cell)
    for n, layer in enumerate(one.snapshot.layers, 1):
        for letter, lane in layer.carried.items():
            found = np.zeros((len(one.shown), UNITS), int)
            for path in paths(one, kind):
                if path.get("data-lane") == f"{letter}.{n}":
                    for t, u in CELL.findall(path.get("d") or ""):
                        found[int(t), int(u)] = int(path.get("data-level") or 0)
            rows, most = np.array(getattr(lane, kind)), scale(one, letter, kind)
            assert np.array_equal(np.sign(found), np.sign(rows) * (found != 0))
            assert np.array_equal(found, np.rint(LEVELS * np.sqrt(np.abs(rows) / most) * np.sign(rows)))


@pytest.mark.parametrize("method", ["zaremba2014", "gal2016", "merity2017", "none", "krueger2016"])
def test_the_masks_are_those_that_are_drawn(method: str) -> None:
    one = update(method=method)
    met = expand_word_masks(draw_update_masks(one.experiment, 3), batch_at(one.experiment, 3).x)
    drawn = {path.get("data-lane"): path.get("d") or "" for path in paths(one, "mask")}
    assert len(drawn) == sum(len(band.lanes) for band in one.bands)
    for name, d in drawn.items():
        mask = of_units(met[name] if name in met else met[f"{name}.g"])
        full = np.broadcast_to(mask, (9, 4, mask.shape[2]))[:, 1, :UNITS]
        assert sorted((int(t), int(u)) for t, u in CELL.findall(d)) == sorted(map(tuple, np.argwhere(full).tolist()))


def test_the_frames_go_through_the_update_in_its_order() -> None:
    one = update()
    every = frames(one)
    assert list(dict.fromkeys(frame.phase for frame in every)) == list(PHASES)
    steps = {phase: [frame.step for frame in every if frame.phase == phase] for phase in PHASES}
    assert steps == {"masks": [None], "forward": [*range(9)], "loss": [None], "backward": [*range(8, -1, -1)], "update": [None]}
    whole = 9 * one.pitch
    for frame in every:
        left, wide = frame.seen
        if frame.step is not None:
            assert frame.at == one.x(frame.step)
            expected = (LEFT, frame.step + 1) if frame.phase == "forward" else (frame.at, 9 - frame.step)
            assert (left, wide) == pytest.approx((expected[0], expected[1] * one.pitch))
        else:
            assert wide == pytest.approx(0 if frame.phase == "masks" else whole)


def test_the_sentences_have_the_numbers_of_the_update() -> None:
    one = update()
    said = {(frame.phase, frame.step): frame.says for frame in frames(one)}
    lane = one.snapshot.layers[1].carried["c"]
    assert "Update 3 begins. 6 masks are drawn" in said["masks", None]
    assert "“w4” is read" in said["forward", 4]
    assert f"‖c‖ = {lane.size[4]:.3g}" in said["forward", 4].splitlines()[2]
    assert f"‖δc‖ = {lane.slope[4]:.3g}" in said["backward", 4].splitlines()[2]
    assert "t = 7: the right answer “D” got p = 0.25, −ln p = 1.39; the guess was “B”" in said["loss", None]
    assert "4 answers of the batch, 1 of them of this sample: loss 2.0000" in said["loss", None]
    assert "beyond the clip of 1: × 0.5" in said["update", None]
    assert "2.0000 → 1.9000" in said["update", None]


def test_nothing_asked_and_no_masks_are_said() -> None:
    one = update(method="none")
    quiet = Slow(
        UpdateTrace(3, 1, None, None, 0.0, 0, one.snapshot.layers, (), one.snapshot.weights, 0.0, 1.0),
        one.experiment,
        one.bands,
        one.tokens,
        one.classes,
        0,
    )
    said = {frame.phase: frame.says for frame in frames(quiet)}
    assert "draws no masks" in said["masks"]
    assert "nothing is learned" in said["loss"]
    assert "→" not in said["update"]


def test_how_many_masks_are_drawn_where_is_said_and_why_a_step_has_no_loss() -> None:
    drawn = {name: frames(update(method=name))[0].says for name in ("zaremba2014", "gal2016-untied", "moon2015")}
    assert "27 masks are drawn at 3 places, anew for each of the 9 steps" in drawn["zaremba2014"]
    assert "for all 9 steps" in drawn["moon2015"]
    assert f"{1 + 4 + 4 + 1 + 2 * 4} masks are drawn at 6 places" in drawn["gal2016-untied"], "four gates"
    one = update()
    unknown = replace(one, tokens=(UNKNOWN,) * 9)
    loss = [next(frame.says for frame in frames(each) if frame.phase == "loss") for each in (one, unknown)]
    assert "No bar where nothing is asked." in loss[0]
    assert "not in the vocabulary" in loss[1]


def test_masks_that_do_not_drop_have_words_of_their_own() -> None:
    assert "empty keeps the old" in frames(update(method="krueger2016"))[0].says
    assert "as long as its factor" in frames(update(method="gaussian"))[0].says
    assert equations("lstm", ("input",), gaussian=True)["masks"] == "d ~ N(1, p/(1−p))"
    assert equations("lstm", (), squared=True)["loss"] == "loss = mean of (answer − right)²"


@pytest.mark.parametrize(
    ("scalings", "kept"),
    [(("inverted",), "1/(1−p)"), (("test", "none"), "1"), (("inverted", "none"), "1/(1−p) or 1, by place")],
)
def test_the_mask_has_the_factor_that_holds(scalings: tuple[str, ...], kept: str) -> None:
    assert equations("lstm", ("input",), scalings=scalings)["masks"] == f"d = 0 with probability p, else {kept}"


def test_each_step_says_what_its_masks_drop_and_that_they_cut_the_gradient() -> None:
    one = update()
    said = {(frame.phase, frame.step): frame.says for frame in frames(one)}
    for t in range(9):
        drops = {
            (lane.site, n): int((lane.factors[t] == 0).sum())
            for n, band in zip((2, 1), one.bands, strict=True)
            for lane in band.lanes
        }
        for phase in ("forward", "backward"):
            first, second = said[phase, t].splitlines()[-2:]
            assert f"drops {drops['state', 1]} of 16 units of h₋" in first
            assert ("drops the word" if drops["words", 1] else "keeps the word") in first
            assert f"drops {drops['between', 2]} of 16 units of x" in second
            assert f"drops {drops['output', 2]} of 16 units of h on its way to the answer" in second
        assert "where one was 0, nothing flows back" in said["backward", t]
        assert ("Nothing is asked here." in said["forward", t]) == (t != 7)


@pytest.mark.parametrize(
    ("method", "does", "cuts"),
    [
        ("krueger2016", "units of c keep their old value", "where the old value stayed"),
        ("gaussian", "multiplies x by", "The factors"),
        ("merity2017", "weights of U into unit 1", "nothing flows back"),
        ("none", "", ""),
    ],
)
def test_every_kind_of_mask_says_what_it_does(method: str, does: str, cuts: str) -> None:
    said = {(frame.phase, frame.step): frame.says for frame in frames(update(method=method))}
    assert does in said["forward", 4]
    assert cuts in said["backward", 4]
    assert ("mask d" in said["backward", 4]) == bool(does)


def test_a_word_that_is_not_known_is_said() -> None:
    said = frames(replace(update(), tokens=(UNKNOWN,) * 9))[1].says
    assert "a word is read that the vocabulary does not have" in said


def test_every_place_has_a_letter() -> None:
    assert set(SYMBOLS) == set(SITES)


def test_of_a_long_window_the_steps_around_the_chosen_one_are_shown() -> None:
    one = update(steps=60)
    assert one.shown == range(40)
    assert len(frames(one)) == 3 + 2 * 40
    ET.fromstring(stage(one, DARK, "s"))


def test_the_weights_say_how_far_each_has_moved() -> None:
    root = ET.fromstring(weights(update(), LIGHT, "w"))
    said = root.get("aria-label") or ""
    assert "W¹: gradient 0.5, step 0.5 % of ‖w‖" in said
    assert "U²" in said
    order = ["embedding", "W¹", "U²", "decoder:", "decoder b"]
    assert sorted(order, key=said.index) == order
    assert len([one for one in root.iter(f"{SVG}rect") if one.get("class") == "sl-moved"]) == 5


def test_full_and_empty() -> None:
    assert [fullness(part) for part in (-1, -0.25, 0, 0.009, 0.011, 0.25, 1)] == [-5, -2, 0, 0, 1, 2, 5]


def test_the_equations_have_a_mask_where_a_site_is_on() -> None:
    plain, naive = equations("lstm", ()), equations("lstm", ("input", "cell", "state"))
    assert plain["forward"].splitlines()[2:4] == ["c = f⊙c₋ + i⊙g", "h = o⊙tanh c"]
    assert plain["forward"].endswith("h₋, c₋: h and c of the step before")
    assert naive["forward"].splitlines()[1:3] == ["g = tanh(W(d⊙x) + U(d⊙h₋) + b)", "c = d⊙(f⊙c₋ + i⊙g)"]
    assert naive["backward"].splitlines()[1:] == ["δc₋ = d⊙f⊙δc + …", "δh₋ = d⊙(Uᵀδa) + …"]
    assert [naive["backward"].splitlines()[0], plain["backward"].splitlines()[0]] == [
        "δ = ∂loss/∂·, a = U(d⊙h₋)",
        "δ = ∂loss/∂·, a = Uh₋",
    ]
    assert "h ← d⊙h + (1−d)⊙h₋" in equations("gru", ("zoneout_state",))["forward"]
    for cell in CELLS:
        assert set(equations(cell, ("state",))) == set(PHASES)
        assert ("d⊙" in equations(cell, ())["forward"]) is False
