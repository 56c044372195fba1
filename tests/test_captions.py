"""The captions. Oracles: scikit-learn's copy of the digits; the names as text; the metrics in words."""

from itertools import pairwise

import numpy as np
import pytest
from sklearn.datasets import load_digits

from core.dropout.methods import METHODS
from core.errors import Invalid
from core.experiment.experiment import build_experiment
from core.tasks import TASKS
from core.tasks.captions import DIGIT_NAMES, FEEDBACK, LETTERS, PIXEL_COUNT
from core.tasks.digits import HELD_OUT_IMAGES
from core.tasks.task import Data
from core.training.trainer import train

PARTS = ("train", "validation", "test")
WIDTH = 6  # letters of "three." and its like


def build_data(images: int = 100, batch: int = 16, seed: int = 7, steps: int = WIDTH) -> Data:
    return TASKS["captions"].make_data({"images": images}, steps, batch, seed)


def read_samples(data: Data, split: str) -> list[tuple[tuple[float, ...], str]]:
    """Return the pictures and their names as text."""
    return [
        (tuple(batch.x[0, b, :PIXEL_COUNT] * 16), "".join(LETTERS[y] for y in batch.y[:, b] if y >= 0))
        for batch in data.split(split)
        for b in np.flatnonzero(batch.target_mask.any(axis=0))
    ]


def test_each_picture_has_its_name_and_is_in_one_split() -> None:
    images = load_digits()
    digits: dict[tuple[float, ...], int] = dict(zip(map(tuple, images.data), images.target.tolist(), strict=True))
    found = [read_samples(build_data(batch=25), split) for split in PARTS]
    assert [len(split) for split in found] == [100, HELD_OUT_IMAGES, HELD_OUT_IMAGES]
    assert all(name == DIGIT_NAMES[digits[picture]] + "." for split in found for picture, name in split)
    every = [picture for split in found for picture, _name in split]
    assert len(set(every)) == len(every)


def test_a_letter_is_read_at_the_step_after_it() -> None:
    for batch in build_data(steps=8).train(0):
        assert not batch.x[0, :, PIXEL_COUNT:].any()
        assert not batch.x[1:, :, :PIXEL_COUNT].any()
        for before, now in pairwise(range(8)):
            named = batch.y[before] > 0
            assert (batch.x[now, named] == FEEDBACK[batch.y[before, named]]).all()
            assert not batch.x[now, batch.y[before] == -1].any()


@pytest.mark.parametrize("split", ["validation", "test"])
def test_the_baseline_predicts_the_commonest_name(split: str) -> None:
    data = build_data(batch=1)
    names, targets = ([spelt for _picture, spelt in read_samples(data, name)] for name in ("train", split))
    most = max(sorted(set(names)), key=names.count)
    exact = np.mean([name == most for name in targets])
    letters = [a == b for name in targets for a, b in zip(name, most.ljust(WIDTH, "-"), strict=False)]
    assert data.baselines[split] == pytest.approx({"exact_match": exact, "letter_accuracy": np.mean(letters)})


def test_the_texts_and_the_steps_of_a_name() -> None:
    data = build_data(steps=7)
    picture = np.zeros((1, 8, 8), np.float32)
    picture[0, :, :2], picture[0, :2, 2:] = 1, 1
    looked = np.concatenate([picture.reshape(1, PIXEL_COUNT), np.zeros((1, len(LETTERS)), np.float32)], axis=1)
    assert data.describe_inputs(looked) == ["⣿⠉⠉⠉"]
    texts, targets = data.describe_sample(next(data.split("train")), 0)
    word = "".join(text for text in targets if text)
    assert texts[1 : len(word)] == list(word[:-1])
    assert set(texts[len(word) :]) == {"·"}
    with pytest.raises(Invalid, match="in up to 6 steps; steps is 5"):
        build_experiment("captions", steps=5)


def test_a_small_network_beats_the_baseline() -> None:
    e = build_experiment(
        "captions",
        {"images": 400},
        hidden=32,
        layers=1,
        epochs=8,
        batch=50,
        learning_rate=0.05,
        device="cpu",
        placement=METHODS["none"].build_placement(),
    )
    test = list(train(e))[-1]["test"]
    assert test["exact_match"] > 0.5 > 3 * test["baseline"]
    assert test["letter_accuracy"] > 0.6
