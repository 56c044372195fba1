"""The memory tasks' data. Oracle: each task in words, computed again from its tokens.

A small network learns what its baseline cannot.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from core.experiment.experiment import build_experiment
from core.tasks import TASKS
from core.tasks.sequence_windows import SPLIT_SIZES
from core.tasks.task import Data
from core.training.trainer import train
from tests.strategies import seeds

MEMORY = ("temporal-order", "adding", "copy", "parity")
lags = st.integers(4, 40)


def describe_samples(task: str, lag: int, more: int, seed: int, **options: int) -> Iterator[tuple[list[str], list[str | None]]]:
    """Yield the inputs and targets of a few samples of every split as texts."""
    data = build_data(task, lag, more, seed, **options)
    for split in ("train", *SPLIT_SIZES):
        batch = next(data.split(split))
        assert batch.starts_sequence
        for b in range(3):
            yield data.describe_inputs(batch.x[:, b]), data.describe_answers(batch.y[:, b], batch.x[:, b])


def build_data(task: str, lag: int, more: int = 0, seed: int = 7, sequences: int = 64, **options: int) -> Data:
    chosen = {"lag": lag, "sequences": sequences, **options}
    return TASKS[task].make_data(chosen, TASKS[task].default_steps(chosen) + more, 32, seed)


@given(lag=lags, more=st.integers(0, 9), seed=seeds)
@settings(max_examples=15)
def test_temporal_order(lag: int, more: int, seed: int) -> None:
    for read, answers in describe_samples("temporal-order", lag, more, seed):
        at = [t for t, token in enumerate(read) if token in "XY"]
        assert len(at) == 2
        assert 0 <= at[0] <= lag // 4 < lag // 2 <= at[1] <= 3 * lag // 4
        assert set(read[: lag + 1]) <= set("XYabcd")
        assert read[lag + 1 :] == ["?"] + ["·"] * more
        assert answers == [None] * (lag + 1) + [read[at[0]] + read[at[1]]] + [None] * more


@given(lag=st.integers(2, 40), more=st.integers(0, 9), seed=seeds)
@settings(max_examples=15)
def test_adding(lag: int, more: int, seed: int) -> None:
    data = build_data("adding", lag, more, seed)
    for split in ("train", *SPLIT_SIZES):
        batch = next(data.split(split))
        assert ((batch.x[..., 0] >= 0) & (batch.x[..., 0] <= 1)).all()
        assert (batch.x[: lag // 2, :, 1].sum(axis=0) == 1).all()
        assert (batch.x[lag // 2 : lag, :, 1].sum(axis=0) == 1).all()
        assert not batch.x[lag:].any()
        sums = (batch.x[..., 0] * batch.x[..., 1]).sum(axis=0)
        assert np.allclose(batch.y[lag - 1] * data.target_std + data.target_mean, sums, atol=1e-5)
        assert np.isnan(np.delete(batch.y, lag - 1, axis=0)).all()
    shown = data.describe_inputs(batch.x[:lag, 0])
    assert [text.startswith("+") for text in shown] == (batch.x[:lag, 0, 1] == 1).tolist()


@pytest.mark.parametrize("split", ["validation", "test"])
def test_adding_and_its_baseline_are_scaled_by_the_training_split(split: str) -> None:
    data = build_data("adding", 10, sequences=96)
    sums = {name: np.concatenate([batch.y[9] for batch in data.split(name)]).astype(float) for name in ("train", split)}
    assert sums["train"].mean() == pytest.approx(0, abs=1e-6)
    assert sums["train"].std() == pytest.approx(1, rel=1e-6)
    errors = sums[split] * data.target_std
    assert data.baselines[split]["mse"] == pytest.approx((errors**2).mean(), rel=1e-5)
    assert data.baselines[split]["mae"] == pytest.approx(abs(errors).mean(), rel=1e-5)


@given(lag=st.integers(0, 40), items=st.integers(1, 10), more=st.integers(0, 9), seed=seeds)
@settings(max_examples=15)
def test_copy(lag: int, items: int, more: int, seed: int) -> None:
    for read, answers in describe_samples("copy", lag, more, seed, items=items):
        assert set(read[:items]) <= set("ABCDEFGH")
        assert read[items:] == ["·"] * lag + ["?"] * items + ["·"] * more
        assert answers == [None] * (items + lag) + read[:items] + [None] * more


@given(lag=st.integers(1, 40), more=st.integers(0, 9), seed=seeds)
@settings(max_examples=15)
def test_parity(lag: int, more: int, seed: int) -> None:
    for read, answers in describe_samples("parity", lag, more, seed):
        ones = [read[: t + 1].count("1") for t in range(lag)]
        assert answers == [("even", "odd")[n % 2] for n in ones] + [None] * more
        assert read[lag:] == ["·"] * more


@pytest.mark.parametrize("task", MEMORY)
def test_splits_have_different_sequences(task: str) -> None:
    """The sequences are long, so that they are hardly ever equal by chance."""
    data = build_data(task, 40, sequences=500, **({"items": 10} if task == "copy" else {}))
    rows = {
        split: {x.tobytes() for batch in data.split(split) for x in batch.x.swapaxes(0, 1)} for split in ("train", *SPLIT_SIZES)
    }
    assert [len(found) for found in rows.values()] == [480, *SPLIT_SIZES.values()]  # whole batches of 32
    assert len(set.union(*rows.values())) == sum(map(len, rows.values()))
    assert {x.tobytes() for batch in data.train(2) for x in batch.x.swapaxes(0, 1)} & rows["train"]


@pytest.mark.parametrize("task", ["temporal-order", "copy", "parity"])
def test_all_answers_are_equally_frequent(task: str) -> None:
    """Equal frequencies make the baseline chance."""
    data = build_data(task, 12, sequences=20_000, **({"items": 2} if task == "copy" else {}))
    asked = np.concatenate([batch.y[batch.target_mask] for batch in data.split("train")])
    share = np.bincount(asked) / len(asked)
    assert data.baseline == 1 / data.classes == 1 / len(data.class_names)
    assert np.abs(share - 1 / data.classes).max() < 0.02


@pytest.mark.parametrize("task", MEMORY)
def test_a_window_too_short_for_the_lag(task: str) -> None:
    steps = build_experiment(task).steps
    with pytest.raises(Invalid, match=f"steps is {steps - 1}"):
        build_experiment(task, steps=steps - 1)
    assert build_experiment(task, steps=steps + 3).steps == steps + 3


@pytest.mark.parametrize("task", MEMORY)
def test_fewer_sequences_than_a_batch(task: str) -> None:
    with pytest.raises(Invalid, match="64 training sequences do not fill one batch of 65"):
        TASKS[task].make_data({"lag": 8, "items": 2, "sequences": 64}, 16, 65, 7)


SMALL: dict[str, Any] = {"hidden": 16, "layers": 1, "batch": 16, "learning_rate": 0.02, "device": "cpu", "updates": 192}


@pytest.mark.parametrize(
    ("task", "options", "reached"),
    [
        ("temporal-order", {"lag": 4}, 0.9),
        ("adding", {"lag": 3}, 0.02),
        ("copy", {"lag": 1, "items": 1}, 0.9),
        ("parity", {"lag": 5}, 0.9),
    ],
)
def test_a_small_network_beats_the_baseline(task: str, options: dict[str, int], reached: float) -> None:
    given = SMALL | {
        "placement": build_experiment().placement.remove_site("input").remove_site("between").remove_site("output")
    }
    done = list(train(build_experiment(task, {"sequences": 3072, **options}, **given)))[-1]
    better = [min, max][TASKS[task].metric == "accuracy"]
    value, baseline = done["test"][TASKS[task].metric], done["test"]["baseline"]
    assert better(value, reached) == value != reached
    assert better(reached, baseline) == reached
