"""The contract of every task.

Oracles: the same data once more; the task's own rows, read back from its windows; scikit-learn for the metrics; an objective
written out by hand for the steps that do not exist.
"""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, mean_absolute_error, mean_squared_error

from core.dropout.methods import METHODS
from core.dropout.placement import Placement
from core.errors import Invalid
from core.experiment.batches import count_updates, draw_update_masks, load_data
from core.experiment.experiment import build_experiment
from core.nn.network import Network
from core.nn.numpy_init import draw_initial_weights
from core.tasks import TASKS
from core.tasks.metrics import METRICS, compute_macro_f1, compute_metrics
from core.tasks.task import Batch, Data, Option, format_number
from core.training.loss import forward, total_loss
from core.training.trainer import train

PARTS = ("train", "validation", "test")
EVERY = pytest.mark.parametrize("task", TASKS)


def build_data(task: str, seed: int = 7, **given: Any) -> Data:
    return load_data(build_experiment(task, data_seed=seed, **given))


def list_windows(data: Data, split: str) -> list[tuple[bytes, bytes]]:
    return [(batch.x.tobytes(), batch.y.tobytes()) for batch in data.split(split)]


@EVERY
def test_the_data_are_a_function_of_their_seed(task: str) -> None:
    row, e = TASKS[task], build_experiment(task)
    again = [row.make_data(dict(e.options), e.steps, e.batch, seed) for seed in (7, 7, 8)]
    for split in PARTS:
        one, same, other = (list_windows(data, split) for data in again)
        assert one == same
        assert one != other or task == "series"  # whose time cannot be dealt out anew
    epochs = [[batch.x.tobytes() for batch in data.train(3)] for data in again[:2]]
    assert epochs[0] == epochs[1]
    assert len(epochs[0]) == again[0].updates


@EVERY
def test_the_windows_fit_the_network(task: str) -> None:
    e, data = build_experiment(task), build_data(task)
    assert e.has_tokens == (data.tokens > 0)
    assert (data.describe_input is None) == e.has_tokens
    assert [tuple(data.baselines[split]) for split in ("validation", "test")] == [TASKS[task].metrics] * 2
    assert data.baseline == data.baselines["test"][TASKS[task].metric] > 0
    assert data.baselines["validation"][TASKS[task].metric] > 0
    for batch in (*data.train(0), *data.split("validation"), *data.split("test")):
        assert batch.y.shape == (e.steps, e.batch)
        assert batch.x.shape == (batch.y.shape if e.has_tokens else (*batch.y.shape, e.features))
        assert batch.x.dtype == (np.int64 if e.has_tokens else np.float32)
        assert batch.y.dtype == (np.float32 if data.is_regression else np.int64)
        assert np.isfinite(batch.x).all()
        assert (batch.step_mask | ~batch.target_mask).all(), "what does not exist is not asked for"
        if e.has_tokens:
            assert 0 <= batch.x.min() <= batch.x.max() < data.tokens
        if not data.is_regression:
            assert -1 <= batch.y.min() <= batch.y.max() < data.classes


@EVERY
def test_no_state_is_carried_past_padding(task: str) -> None:
    """A window with padding is the last one of its sequences."""
    data = build_data(task)
    for windows in (data.train(0), data.train(1), data.split("validation"), data.split("test")):
        every = list(windows)
        assert every[0].starts_sequence
        for one, following in pairwise(every):
            assert following.starts_sequence or one.step_mask.all()


@EVERY
def test_the_texts_of_a_sample(task: str) -> None:
    data = build_data(task)
    batch = next(data.split("train"))
    assert all(data.describe_inputs(batch.x[:, 0]))
    answers = data.describe_answers(batch.y[:, 0], batch.x[:, 0])
    assert [text is not None for text in answers] == batch.target_mask[:, 0].tolist()
    assert all(len(text) < 16 for text in answers if text) or task == "classification", "its titles are shortened where drawn"


@EVERY
def test_the_texts_of_a_task(task: str) -> None:
    row = TASKS[task]
    for text in (
        row.label,
        row.description,
        row.dropout_effect,
        row.unit,
        row.baseline,
        *(option.label for option in row.options),
    ):
        assert text.strip()
    assert row.description.endswith(".")
    assert row.dropout_effect.endswith(".")
    assert set(row.metrics) <= set(METRICS)
    assert count_updates(build_experiment(task)) <= 3000, "a minute is enough"
    assert len(row.shared_options) in (1, 2, 3), "as many as stand beside each other"


@EVERY
def test_numpy_and_torch_have_the_same_initial_weights(task: str) -> None:
    e, data = build_experiment(task, hidden=6), build_data(task)
    network, ours = Network(data.tokens, data.classes, e), draw_initial_weights(e)
    assert len(network.embedding) == len(ours.embedding) == data.tokens
    for theirs, mine in [(network.decoder, ours.decoder), *zip(network.W, (W for W, _U, _b in ours.layers), strict=True)]:
        assert np.array_equal(theirs.detach().numpy(), mine)
    batch = next(data.split("train"))
    assert np.array_equal(network.embed(torch.from_numpy(batch.x)).detach().numpy(), ours.embed(batch.x))


@EVERY
def test_every_method_applies_to_every_task(task: str) -> None:
    for row in METHODS.values():
        e = build_experiment(task, placement=row.build_placement(), hidden=4, batch=2)
        if e.has_tokens:
            assert e.placement == row.build_placement()
        elif e.placement.sites:
            assert e.method is not None
            assert e.placement.get("words") is None
            assert draw_update_masks(e, 150).keys()  # a rate may begin at 0, but not stay there
    if not build_experiment(task).has_tokens:
        assert build_experiment(task, placement=METHODS["gal2016"].build_placement()).method == "gal2016"
        with pytest.raises(Invalid, match="it has no embedding to set"):
            build_experiment(task, embedding=8)


@given(st.integers(2, 9), st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_metrics_of_classes(classes: int, size: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    predictions, targets = random.integers(classes, size=(2, size))
    data = Data(2, classes, (), (), 1, lambda epoch: iter(()), lambda split: iter(()), {})
    found = compute_metrics(("accuracy", "macro_f1"), 0.7, predictions, targets, data)
    assert found["accuracy"] == pytest.approx(accuracy_score(targets, predictions))
    assert found["macro_f1"] == pytest.approx(f1_score(targets, predictions, average="macro"))
    assert compute_macro_f1(targets, targets) == 1


@given(st.integers(1, 60), st.floats(-100, 100), st.floats(0.1, 100), st.integers(0, 2**32 - 1))
def test_metrics_of_real_values_are_in_the_original_units(size: int, center: float, spread: float, seed: int) -> None:
    predictions, targets = np.random.default_rng(seed).normal(size=(2, size)).astype(np.float32)
    data = Data(0, 1, (), (), 1, lambda epoch: iter(()), lambda split: iter(()), {}, center, spread)
    found = compute_metrics(("mse", "mae"), 0.7, predictions, targets, data)
    theirs = [values.astype(np.float64) * spread + center for values in (targets, predictions)]
    assert found["mse"] == pytest.approx(mean_squared_error(*theirs), rel=1e-9, abs=1e-12)
    assert found["mae"] == pytest.approx(mean_absolute_error(*theirs), rel=1e-9, abs=1e-12)


def test_metrics_of_a_loss() -> None:
    data = Data(2, 2, (), (), 1, lambda epoch: iter(()), lambda split: iter(()), {})
    answers = np.array([0, 1])
    found = compute_metrics(("perplexity", "bits_per_character"), float(np.log(8)), answers, answers, data)
    assert found == pytest.approx({"perplexity": 8, "bits_per_character": 3})


@pytest.mark.parametrize("task", ["parity", "adding"])
def test_padding_changes_nothing(task: str) -> None:
    """Padding affects neither the loss, nor the penalties, nor the gradients; the penalties are means over the other steps."""
    e = build_experiment(
        task, {"lag": 5}, hidden=4, layers=1, batch=6, steps=9, placement=Placement.from_sites({}, {"ar": 2.0, "tar": 3.0})
    )
    data = load_data(e)
    network = Network(data.tokens, data.classes, e)
    batch = next(data.split("train"))
    y = batch.y.copy()
    y[3:, 0] = np.nan if data.is_regression else -1  # a shorter sample; of the adding problem, one that is all padding
    other = batch.x.copy()
    other[~Batch(batch.x, y, True, padded=True).step_mask] = 1

    def run(x: Any, padded: bool) -> tuple[torch.Tensor, list[torch.Tensor], Any]:
        done = forward(network, Batch(x, y, True, padded), network.zero_states(6), {})
        total = total_loss([done], dict(e.placement.losses))
        return total, list(torch.autograd.grad(total, [p for p in network.parameters() if p.numel()])), done

    (one, gradients, done), (two, same, _done) = run(batch.x, True), run(other, True)
    assert one == two
    assert all(torch.equal(a, b) for a, b in zip(gradients, same, strict=True))
    assert one != run(batch.x, False)[0]
    exists = Batch(batch.x, y, True, padded=True).step_mask
    assert exists.sum(axis=0).tolist() == ([0] if data.is_regression else [3]) + [5] * 5
    h = done.h.detach().numpy()
    there = [(t, b) for t in range(9) for b in range(6) if exists[t, b]]
    ar = np.mean([h[t, b] ** 2 for t, b in there])
    tar = np.mean([(h[t, b] - h[t - 1, b]) ** 2 for t, b in there if t > 0])
    assert one.item() - done.loss.item() == pytest.approx(2 * ar + 3 * tar, rel=1e-5)


def test_an_option_checks_its_values() -> None:
    number, word, path = (
        Option("lag", "Lag", 5, 1, 9),
        Option("way", "Way", "up", choices={"up": "Up", "down": "Down"}),
        Option("corpus", "Corpus", is_local=True),
    )
    assert (number.parse("7"), word.parse("down"), path.parse("a b")) == (7, "down", "a b")
    with pytest.raises(Invalid, match="lag is “x”; a number is expected"):
        number.parse("x")
    for option, bad, says in (
        (number, 10, "from 1 to 9"),
        (number, True, "from 1 to 9"),
        (number, "5", "from 1 to 9"),
        (word, "left", "one of up, down"),
        (path, "", "a text is expected"),
        (path, 3, "a text is expected"),
    ):
        with pytest.raises(Invalid, match=says):
            option.check(bad)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.534, "0.534"),
        (-3.25, "-3.25"),
        (58.04, "58"),
        (101.6, "102"),
        (1234.5, "1234"),
        (1.25e7, "1.2e7"),
        (2e-5, "2.0e-5"),
    ],
)
def test_a_number_in_few_characters(value: float, text: str) -> None:
    assert format_number(value) == text


def test_a_diverging_regression_stops_with_a_reason() -> None:
    e = build_experiment("adding", {"lag": 4, "sequences": 64}, hidden=8, learning_rate=10.0, updates=40, device="cpu")
    last = list(train(e))[-1]
    assert last["event"] == "failed"
    assert "learning rate of 10" in last["reason"]


@pytest.mark.parametrize("rate", [0.003, 0.1])
def test_a_regression_with_a_lower_learning_rate_finishes(rate: float) -> None:
    e = build_experiment("adding", {"lag": 4, "sequences": 64}, hidden=8, learning_rate=rate, updates=20, device="cpu")
    assert list(train(e, show=1))[-1]["event"] == "done"


def test_the_predictions_of_a_run_are_those_of_its_update() -> None:
    e = build_experiment("adding", {"lag": 4, "sequences": 64}, hidden=8, updates=1, device="cpu", monte_carlo=2)
    events = list(train(e, show=2))
    shown = next(event["predicted"] for event in events if event.get("predicted"))
    assert [[value is None for value in row] for row in shown] == [[True, True, True, False]] * 2
    assert {"mse", "mae", "mse_monte_carlo", "mae_monte_carlo", "loss_monte_carlo"} <= events[-1]["test"].keys()
