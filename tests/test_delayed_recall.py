"""Delayed recall's data. Oracle: the task in words: a token, `lag` distractors, a question whose answer is the token."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from core.tasks import TASKS
from core.tasks.delayed_recall import CLASSES, DISTRACTORS, NAMES, make_data
from core.tasks.sequence_windows import SPLIT_SIZES
from tests.strategies import seeds

TASK = TASKS["delayed-recall"]
OPTIONS = {"lag": 5, "sequences": 100}
QUESTION, FILLER = NAMES.index("?"), NAMES.index("·")


@given(lag=st.integers(1, 100), more=st.integers(0, 20), batch=st.integers(1, 64), seed=seeds)
@settings(max_examples=30)
def test_the_target_is_the_first_token(lag: int, more: int, batch: int, seed: int) -> None:
    steps = lag + 2 + more
    data = make_data({"lag": lag, "sequences": 64}, steps, batch, seed)
    for b in (*data.train(0), *data.split("validation")):
        assert b.starts_sequence
        assert b.x.shape == b.y.shape == (steps, batch)
        assert (b.x[0] < CLASSES).all()
        assert ((b.x[1 : lag + 1] >= CLASSES) & (b.x[1 : lag + 1] < CLASSES + DISTRACTORS)).all()
        assert (b.x[lag + 1] == QUESTION).all()
        assert (b.x[lag + 2 :] == FILLER).all()
        assert (b.y[lag + 1] == b.x[0]).all()
        assert (np.delete(b.y, lag + 1, axis=0) == -1).all()


def test_an_epoch_is_all_sequences_in_an_order_of_its_own() -> None:
    data = make_data(OPTIONS, 7, 10, 3)
    epochs = [
        np.concatenate([b.x.T for b in batches]).tolist() for batches in (data.split("train"), data.train(0), data.train(1))
    ]
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]
    assert sorted(epochs[0]) == sorted(epochs[1]) == sorted(epochs[2])
    assert len(list(data.train(0))) == data.updates == 10
    assert np.concatenate([b.x.T for b in data.train(1)]).tolist() == epochs[2]


def test_splits_and_seeds_have_different_sequences() -> None:
    def sequences(split: str, seed: int) -> set[tuple[int, ...]]:
        data = make_data({"lag": 25, "sequences": 500}, 27, 4, seed)
        return {tuple(column) for b in data.split(split) for column in b.x.T}

    assert sequences("train", 1) == sequences("train", 1)
    assert [len(sequences(split, 1)) for split in ("train", *SPLIT_SIZES)] == [500, *SPLIT_SIZES.values()]
    apart = [sequences("train", 1), sequences("train", 2), *(sequences(split, 1) for split in SPLIT_SIZES)]
    assert len(set.union(*apart)) == sum(map(len, apart))


def test_all_answers_are_equally_frequent() -> None:
    """Equal frequencies make the baseline chance."""
    data = make_data({"lag": 1, "sequences": 50_000}, 3, 100, 7)
    share = np.bincount(np.concatenate([b.y[2] for b in data.split("train")])) / 50_000
    assert data.baseline == 1 / len(data.class_names) == 1 / 8
    assert np.abs(share - 1 / 8).max() < 6 * (1 / 8 * 7 / 8 / 50_000) ** 0.5


def test_names() -> None:
    data = make_data(OPTIONS, 7, 10, 3)
    assert (data.tokens, data.classes) == (18, 8)
    assert data.token_names[:8] == data.class_names == tuple("ABCDEFGH")
    assert len(set(data.token_names)) == 18


def test_steps() -> None:
    assert TASK.default_steps({"lag": 25}) == 27
    TASK.check_steps({"lag": 25}, 27)
    with pytest.raises(Invalid, match="A lag of 25 needs sequences of at least 27 steps"):
        TASK.check_steps({"lag": 25}, 26)


def test_fewer_sequences_than_a_batch() -> None:
    with pytest.raises(Invalid, match="100 training sequences do not fill one batch of 101"):
        make_data(OPTIONS, 7, 101, 3)
