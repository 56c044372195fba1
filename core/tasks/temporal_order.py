"""Temporal order: name two symbols among distractors in their order (Hochreiter and Schmidhuber 1997, experiment 6).

The memory has to hold which symbols were read, and in which order.
"""

import numpy as np

from core.dropout.methods import METHODS
from core.errors import Invalid
from core.i18n import N_, _
from core.tasks.sequence_windows import Rows, draw_splits, make_windows
from core.tasks.task import Batch, Data, Option, Options, Task, evaluate_baselines, get_integer

NAMES = ("·", *"XY", *"abcd", "?")
CLASSES = ("XX", "XY", "YX", "YY")
CHANCE = evaluate_baselines(lambda _split: {"accuracy": 1 / len(CLASSES)})
FIRST_SYMBOL, FIRST_DISTRACTOR, QUESTION = 1, 3, len(NAMES) - 1


def make_data(options: Options, steps: int, batch: int, seed: int) -> Data:
    """Build sequences of `lag` + 1 tokens, then the question token.

    The tokens are distractors, one X or Y in the first quarter and one in the third.
    """
    lag = get_integer(options, "lag")

    def draw(random: np.random.Generator, size: int) -> Rows:
        tokens = random.integers(FIRST_DISTRACTOR, QUESTION, size=(size, lag + 1))
        for low, high in ((0, lag // 4), (lag // 2, 3 * lag // 4)):
            at = random.integers(low, high + 1, size=size)
            tokens[np.arange(size), at] = random.integers(FIRST_SYMBOL, FIRST_DISTRACTOR, size=size)
        return tokens

    def make_window(rows: Rows) -> Batch:
        x, y = np.zeros((steps, batch), np.int64), np.full((steps, batch), -1)
        x[: lag + 1], x[lag + 1], y[lag + 1] = rows.T, QUESTION, _compute_classes(rows)
        return Batch(x, y, starts_sequence=True, padded=True)

    rows = draw_splits(get_integer(options, "sequences"), seed, draw)
    return Data(len(NAMES), len(CLASSES), NAMES, CLASSES, *make_windows(rows, batch, seed, make_window), CHANCE)


def _compute_classes(rows: Rows) -> Rows:
    """Return the class of each row: its two symbols in order, read as a binary number of two digits."""
    symbols = rows[rows < FIRST_DISTRACTOR].reshape(-1, 2) - FIRST_SYMBOL
    classes: Rows = 2 * symbols[:, 0] + symbols[:, 1]
    return classes


def _default_steps(options: Options) -> int:
    return get_integer(options, "lag") + 2


def _check_steps(options: Options, steps: int) -> None:
    lag = get_integer(options, "lag")
    if steps < lag + 2:
        raise Invalid(
            _(
                "A lag of {lag} needs sequences of at least {least} steps (the first token, {lag} more, the question); "
                "steps is {steps}."
            ).format(lag=lag, least=lag + 2, steps=steps),
            "lag",
        )


TASK = Task(
    name="temporal-order",
    label=N_("Temporal order"),
    description=N_("An X or a Y early, another one later, distractors between them: name both in order."),
    dropout_effect=N_(
        "The memory holds an order: masks between the layers or on the state cost nothing, a fresh mask on the cell does."
    ),
    unit=N_("sequence"),
    metrics=("accuracy",),
    baseline=N_("chance"),
    options=(
        Option("lag", N_("Lag"), 24, 4, 100),
        Option("sequences", N_("Sequences"), 4096, 64, 50_000, is_sample_count=True),
    ),
    defaults={
        "hidden": 32,
        "batch": 32,
        "epochs": 8,
        "learning_rate": 0.003,
        "forget_bias": 3.0,
        "placement": METHODS["zaremba2014"].build_placement(0.25),
    },
    make_data=make_data,
    default_steps=_default_steps,
    check_steps=_check_steps,
)
