"""Temporal order: two symbols somewhere among distractors; which came first? After Hochreiter and Schmidhuber 1997,
experiment 6. What has to be remembered is not only what was there, but when."""

import numpy as np

from core.dropout.methods import METHODS
from core.errors import Invalid
from core.i18n import N_, _
from core.tasks.sequence_windows import Rows, made, windows
from core.tasks.task import Batch, Data, Option, Options, Task, held_out, whole

NAMES = ("·", *"XY", *"abcd", "?")
CLASSES = ("XX", "XY", "YX", "YY")
CHANCE = held_out(lambda _part: {"accuracy": 1 / len(CLASSES)})
FIRST, LETTERS, QUESTION = 1, 3, len(NAMES) - 1


def make(options: Options, steps: int, batch: int, seed: int) -> Data:
    """`lag` + 1 tokens: distractors, an X or a Y in the first quarter, another in the third; then the question."""
    lag = whole(options, "lag")

    def draw(random: np.random.Generator, size: int) -> Rows:
        tokens = random.integers(LETTERS, QUESTION, size=(size, lag + 1))
        for low, high in ((0, lag // 4), (lag // 2, 3 * lag // 4)):
            at = random.integers(low, high + 1, size=size)
            tokens[np.arange(size), at] = random.integers(FIRST, LETTERS, size=size)
        return tokens

    def window(rows: Rows) -> Batch:
        x, y = np.zeros((steps, batch), np.int64), np.full((steps, batch), -1)
        x[: lag + 1], x[lag + 1], y[lag + 1] = rows.T, QUESTION, _order(rows)
        return Batch(x, y, first=True, padded=True)

    rows = made(whole(options, "sequences"), seed, draw)
    return Data(len(NAMES), len(CLASSES), NAMES, CLASSES, *windows(rows, batch, seed, window), CHANCE)


def _order(rows: Rows) -> Rows:
    """The class of each row: its two symbols in their order, as a number of two digits to the base 2."""
    symbols = rows[rows < LETTERS].reshape(-1, 2) - FIRST
    found: Rows = 2 * symbols[:, 0] + symbols[:, 1]
    return found


def _default_steps(options: Options) -> int:
    return whole(options, "lag") + 2


def _check_steps(options: Options, steps: int) -> None:
    lag = whole(options, "lag")
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
    about=N_("An X or a Y early, another later, distractors between: say both in their order."),
    shows=N_("What came when is to be kept: masks on the way up or on the state cost nothing, a fresh one on the cell does."),
    unit=N_("sequence"),
    metrics=("accuracy",),
    baseline=N_("chance"),
    options=(
        Option("lag", N_("Lag"), 24, 4, 100),
        Option("sequences", N_("Sequences"), 4096, 64, 50_000, amount=True),
    ),
    defaults={
        "hidden": 32,
        "batch": 32,
        "epochs": 8,
        "learning_rate": 0.003,
        "forget_bias": 3.0,
        "placement": METHODS["zaremba2014"].placement(0.25),
    },
    make=make,
    default_steps=_default_steps,
    check_steps=_check_steps,
)
