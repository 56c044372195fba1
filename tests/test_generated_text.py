"""Answers that are generated step by step.

Oracles: rows cut by hand; a loop that decodes one sample at a time, from the beginning at every step, with the engine's masks.
"""

from collections.abc import Generator
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.analysis.update_recorder import RecordingTrainer
from core.dropout.masks import expand_word_masks
from core.dropout.placement import Placement, build_dropout
from core.experiment.batches import draw_update_masks
from core.experiment.experiment import build_experiment
from core.nn.cells import State
from core.nn.network import to_torch
from core.tasks.generated_sequences import END_CLASS, collect_rows
from core.tasks.metrics import METRICS
from core.tasks.task import Batch
from core.training.decoding import Inputs, StepMasks
from core.training.trainer import Trainer

WRITTEN = ("captions", "translation")
DROPPED = {"input": build_dropout("input", 0.5), "between": build_dropout("between", 0.3), "state": build_dropout("state", 0.4),
           "words": build_dropout("words", 0.3), "output": build_dropout("output", 0.5)}  # fmt: skip


def return_no_masks(_x: Inputs, _step: slice) -> dict[str, torch.Tensor]:
    """Return no masks, the test-time value of inverted dropout."""
    return {}


def cut_row(row: list[int]) -> list[int]:
    """Return the row up to and including its end."""
    return row[: row.index(END_CLASS) + 1] if END_CLASS in row else row


@given(st.integers(1, 6), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_rows(steps: int, samples: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    predictions, mask = random.integers(0, 4, (steps, samples)), random.random((steps, samples)) < 0.6
    found = collect_rows(predictions, mask)
    expected = [
        cut_row([int(predictions[t, b]) for t in range(steps) if mask[t, b]]) for b in range(samples) if mask[:, b].any()
    ]
    assert found.shape == (len(expected), steps)
    assert [row + [-1] * (steps - len(row)) for row in expected] == found.tolist()


def test_metrics_of_rows() -> None:
    targets = np.array([[5, 3, 0, -1], [5, 0, -1, -1], [2, 3, 4, 0]])
    predictions = np.array([[5, 3, 0, -1], [5, 3, 0, -1], [2, 2, 4, 1]])
    assert METRICS["exact_match"].value(0.0, predictions, targets) == pytest.approx(1 / 3)
    assert METRICS["letter_accuracy"].value(0.0, predictions, targets) == pytest.approx(6 / 9)


def generate_one_sample(run: Trainer, batch: Batch, sample: int, states: list[list[State]], window: int | None) -> list[int]:
    """Generate the answer of one sample, recomputed from the beginning at each step, with or without masks."""
    feedback, x, told = run.data.feedback, batch.x.copy(), list[int]()
    assert feedback is not None
    for t in range(int(batch.target_mask[:, sample].argmax()), len(x)):
        chances = []
        for pass_index, state in enumerate(states):
            drawn = {} if window is None else draw_update_masks(run.experiment, run.total + window, pass_index)
            masks = to_torch(expand_word_masks(drawn, x), run.device)
            h, _after = run.network(torch.from_numpy(x), state, masks)
            chances.append(run.network.decode(run.network.decoder_input(h, masks)[t, sample]).softmax(-1))
        told.append(int(torch.stack(chances).mean(0).argmax()))
        if t + 1 < len(x):
            x[t + 1, sample] = feedback[told[-1]]
    return told


@pytest.fixture(scope="module", params=WRITTEN)
def run(request: pytest.FixtureRequest) -> RecordingTrainer:
    """Return a briefly trained run, whose answers end at different steps."""
    e = build_experiment(
        request.param,
        hidden=12,
        batch=32,
        epochs=12,
        learning_rate=0.03,
        monte_carlo=2,
        device="cpu",
        placement=Placement.from_sites(DROPPED),
    )
    trained = RecordingTrainer(e)
    list(trained.run_updates())
    return trained


def run_to_end(steps: Generator[Any, None, Any]) -> Any:
    """Run a computation in steps to its end and return its result."""
    while True:
        try:
            next(steps)
        except StopIteration as finished:
            return finished.value


@torch.no_grad()
def test_decoding_equals_a_loop_from_the_beginning(run: RecordingTrainer) -> None:
    """With and without masks, including the last test window, which is not full."""
    batch, start = list(run.data.split("test"))[-1], run.network.zero_states(32)
    drawn: list[StepMasks] = [partial(run.draw_test_masks, 2, pass_index) for pass_index in range(2)]
    for window, ways in ((None, [return_no_masks]), (2, drawn)):
        predictions, targets = run_to_end(run.collect_answers(torch.zeros(0), batch, [start] * len(ways), ways))
        assert targets.tolist() == collect_rows(batch.y, batch.target_mask).tolist()
        samples = np.flatnonzero(batch.target_mask.any(axis=0)).tolist()
        assert len(predictions) == len(samples) < 32
        for row, sample in list(zip(predictions, samples, strict=True))[:4]:
            assert row[row >= 0].tolist() == cut_row(generate_one_sample(run, batch, sample, [start] * len(ways), window))


def test_the_metrics_are_those_of_the_generated_answers(run: RecordingTrainer) -> None:
    """The loss is that of the targets when the network reads the right answers; the metrics are those of its own answers.

    Monte Carlo gives both again, and a second test gives the same numbers.
    """
    one, same = (list(run.run_test())[-1]["test"] for _time in range(2))
    assert one == same
    losses, every = [], []
    for batch in run.data.split("test"):
        start, at = run.network.zero_states(32), batch.target_mask.nonzero()
        with torch.no_grad():
            h, _after = run.network(torch.from_numpy(batch.x), start, {})
            chances = run.network.decode(h).log_softmax(-1).numpy()
        losses.append(-chances[(*at, batch.y[at])])
        every.append(run_to_end(run.collect_answers(torch.zeros(0), batch, [start], [return_no_masks])))
    predictions, targets = (np.concatenate(side) for side in zip(*every, strict=True))
    assert one["loss"] == pytest.approx(np.concatenate(losses).mean(), rel=1e-5)
    for name in run.task.metrics:
        assert one[name] == METRICS[name].value(0.0, predictions, targets)
    assert {f"{name}_monte_carlo" for name in (*run.task.metrics, "loss")} <= one.keys()
