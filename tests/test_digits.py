"""The digits. Oracle: scikit-learn's own copy of them."""

from collections import Counter

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.metrics import f1_score

from core.errors import Invalid
from core.experiment.experiment import build_experiment
from core.tasks import TASKS
from core.tasks.digits import HELD_OUT_IMAGES, PERMUTATION
from core.tasks.task import Data
from core.training.trainer import train

IMAGES = load_digits()
READINGS = pytest.mark.parametrize(("reading", "steps", "features"), [("rows", 8, 8), ("pixels", 64, 1)])
PARTS = ("train", "validation", "test")


def build_data(reading: str = "rows", order: str = "natural", images: int = 320, batch: int = 16, seed: int = 7) -> Data:
    options: dict[str, int | str] = {"reading": reading, "order": order, "images": images}
    return TASKS["digits"].make_data(options, TASKS["digits"].default_steps(options), batch, seed)


def read_samples(data: Data, split: str) -> list[tuple[tuple[int, ...], int]]:
    """Return every image with a target, as pixels from 0 to 16 in reading order, and its digit."""
    return [
        (tuple(np.round((batch.x[:, b].ravel() + 0.5) * 16).astype(int)), int(batch.y[-1, b]))
        for batch in data.split(split)
        for b in range(batch.y.shape[1])
        if batch.y[-1, b] >= 0
    ]


@READINGS
@pytest.mark.parametrize("order", ["natural", "permuted"])
def test_the_images_equal_scikit_learns(reading: str, steps: int, features: int, order: str) -> None:
    pixels = IMAGES.data.astype(int)[:, PERMUTATION if order == "permuted" else np.arange(64)]
    known = Counter((tuple(row), digit) for row, digit in zip(pixels.tolist(), IMAGES.target.tolist(), strict=True))
    data = build_data(reading, order)
    found = [row for split in PARTS for row in read_samples(data, split)]
    assert len(found) == 320 + 2 * HELD_OUT_IMAGES
    assert not Counter(found) - known, "each image is in one part, once"
    batch = next(data.split("test"))
    assert batch.x.shape == (steps, 16, features)
    assert (batch.y[:-1] == -1).all()


def test_no_image_is_lost_in_the_last_window() -> None:
    for batch in (7, 16, 256):
        assert [len(read_samples(build_data(batch=batch), split)) for split in ("validation", "test")] == [
            HELD_OUT_IMAGES,
            HELD_OUT_IMAGES,
        ]


def test_the_seed_splits_the_images_and_the_permutation_is_fixed() -> None:
    one, other = build_data(seed=1), build_data(seed=2)
    assert set(read_samples(one, "test")) != set(read_samples(other, "test"))
    assert sorted(PERMUTATION.tolist()) == list(range(64))


@pytest.mark.parametrize("split", ["validation", "test"])
def test_the_baseline_predicts_the_commonest_training_digit(split: str) -> None:
    data = build_data(images=96)
    most = np.bincount([digit for _row, digit in read_samples(data, "train")]).argmax()
    targets = [digit for _row, digit in read_samples(data, split)]
    assert data.baselines[split]["accuracy"] == pytest.approx(np.mean(np.array(targets) == most))
    assert data.baselines[split]["macro_f1"] == pytest.approx(f1_score(targets, [most] * len(targets), average="macro"))


def test_the_texts_of_an_image() -> None:
    rows, pixels = build_data(), build_data("pixels")
    bars = np.array([[0, 16, 4, 8, 12, 0, 16, 16]], np.float32) / np.float32(16) - np.float32(0.5)
    assert rows.describe_inputs(bars) == ["⢸⣠⡆⣿"]
    assert pixels.describe_inputs(np.array([[-0.5], [0.5], [0.0]], np.float32)) == ["0", "16", "8"]


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
