"""The digits. Oracle: scikit-learn's own copy of them."""

from collections import Counter

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.metrics import f1_score

from core.errors import Invalid
from core.experiment.experiment import build_experiment
from core.tasks import TASKS
from core.tasks.digits import HELD_OUT, PERMUTATION
from core.tasks.task import Data
from core.training.trainer import train

IMAGES = load_digits()
READINGS = pytest.mark.parametrize(("reading", "steps", "features"), [("rows", 8, 8), ("pixels", 64, 1)])
PARTS = ("train", "validation", "test")


def made(reading: str = "rows", order: str = "natural", images: int = 320, batch: int = 16, seed: int = 7) -> Data:
    options: dict[str, int | str] = {"reading": reading, "order": order, "images": images}
    return TASKS["digits"].make(options, TASKS["digits"].default_steps(options), batch, seed)


def rows_of(data: Data, part: str) -> list[tuple[tuple[int, ...], int]]:
    """Every image that is asked for, as pixels from 0 to 16 in the order in which they are read, and its digit."""
    return [
        (tuple(np.round((batch.x[:, b].ravel() + 0.5) * 16).astype(int)), int(batch.y[-1, b]))
        for batch in data.split(part)
        for b in range(batch.y.shape[1])
        if batch.y[-1, b] >= 0
    ]


@READINGS
@pytest.mark.parametrize("order", ["natural", "permuted"])
def test_they_are_scikit_learns(reading: str, steps: int, features: int, order: str) -> None:
    pixels = IMAGES.data.astype(int)[:, PERMUTATION if order == "permuted" else np.arange(64)]
    known = Counter((tuple(row), digit) for row, digit in zip(pixels.tolist(), IMAGES.target.tolist(), strict=True))
    data = made(reading, order)
    found = [row for part in PARTS for row in rows_of(data, part)]
    assert len(found) == 320 + 2 * HELD_OUT
    assert not Counter(found) - known, "each image is in one part, once"
    batch = next(data.split("test"))
    assert batch.x.shape == (steps, 16, features)
    assert (batch.y[:-1] == -1).all()


def test_no_image_is_lost_where_the_last_window_is_not_full() -> None:
    for batch in (7, 16, 256):
        assert [len(rows_of(made(batch=batch), part)) for part in ("validation", "test")] == [HELD_OUT, HELD_OUT]


def test_the_seed_deals_the_images_and_the_permutation_is_fixed() -> None:
    one, other = made(seed=1), made(seed=2)
    assert set(rows_of(one, "test")) != set(rows_of(other, "test"))
    assert sorted(PERMUTATION.tolist()) == list(range(64))


@pytest.mark.parametrize("part", ["validation", "test"])
def test_the_baseline_says_the_commonest_digit_of_the_training_part(part: str) -> None:
    data = made(images=96)
    most = np.bincount([digit for _row, digit in rows_of(data, "train")]).argmax()
    right = [digit for _row, digit in rows_of(data, part)]
    assert data.baselines[part]["accuracy"] == pytest.approx(np.mean(np.array(right) == most))
    assert data.baselines[part]["macro_f1"] == pytest.approx(f1_score(right, [most] * len(right), average="macro"))


def test_what_is_shown_of_them() -> None:
    rows, pixels = made(), made("pixels")
    bars = np.array([[0, 16, 4, 8, 12, 0, 16, 16]], np.float32) / np.float32(16) - np.float32(0.5)
    assert rows.read_text(bars) == ["⢸⣠⡆⣿"]
    assert pixels.read_text(np.array([[-0.5], [0.5], [0.0]], np.float32)) == ["0", "16", "8"]


@READINGS
def test_the_steps_that_an_image_needs(reading: str, steps: int, features: int) -> None:
    assert build_experiment("digits", {"reading": reading}).steps == steps
    assert build_experiment("digits", {"reading": reading}, steps=steps + 2).features == features
    with pytest.raises(Invalid, match=f"read in {steps} steps; steps is {steps - 1}"):
        build_experiment("digits", {"reading": reading}, steps=steps - 1)


def test_a_small_network_beats_the_baseline() -> None:
    e = build_experiment("digits", hidden=24, layers=1, epochs=8, learning_rate=0.01, device="cpu")
    test = list(train(e))[-1]["test"]
    assert test["accuracy"] > 0.5 > 3 * test["baseline"]
    assert test["macro_f1"] > 0.45
