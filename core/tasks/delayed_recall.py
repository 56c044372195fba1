"""Delayed recall: the first token must be named after `lag` distractors. One lost memory and the answer is lost."""

import numpy as np

from core.dropout.methods import METHODS
from core.errors import Invalid
from core.i18n import N_, _
from core.tasks.sequence_windows import Rows, made, windows
from core.tasks.task import Batch, Data, Option, Options, Task, held_out, whole

CLASSES = DISTRACTORS = 8
CHANCE = held_out(lambda _part: {"accuracy": 1 / CLASSES})
NAMES = (*"ABCDEFGH", *"stuvwxyz", "?", "·")


def make(options: Options, steps: int, batch: int, seed: int) -> Data:
    """Sequences of `steps` tokens: one to remember, `lag` distractors, the question; then only filler.

    The distractors are tokens of their own: nothing but the first token ever says the answer.
    """
    lag, question, filler = whole(options, "lag"), len(NAMES) - 2, len(NAMES) - 1

    def draw(random: np.random.Generator, size: int) -> Rows:
        first = random.integers(CLASSES, size=(size, 1))
        return np.concatenate([first, random.integers(CLASSES, CLASSES + DISTRACTORS, size=(size, lag))], axis=1)

    def window(rows: Rows) -> Batch:
        x, y = np.full((steps, batch), filler), np.full((steps, batch), -1)
        x[: lag + 1], x[lag + 1], y[lag + 1] = rows.T, question, rows[:, 0]
        return Batch(x, y, first=True)

    rows = made(whole(options, "sequences"), seed, draw)
    return Data(len(NAMES), CLASSES, NAMES, NAMES[:CLASSES], *windows(rows, batch, seed, window), CHANCE)


def _default_steps(options: Options) -> int:
    return whole(options, "lag") + 2


def _check_steps(options: Options, steps: int) -> None:
    lag = whole(options, "lag")
    if steps < lag + 2:
        raise Invalid(
            _(
                "A lag of {lag} needs sequences of at least {least} steps (the token, {lag} distractors, the question); "
                "steps is {steps}."
            ).format(lag=lag, least=lag + 2, steps=steps),
            "lag",
        )


TASK = Task(
    name="delayed-recall",
    label=N_("Delayed recall"),
    about=N_("Name the first token after a number of distractors: memory over time and nothing else."),
    shows=N_("Masks on the way up cost nothing here; a fresh mask on the cell at every step and the answer is lost."),
    unit=N_("token"),
    metrics=("accuracy",),
    baseline=N_("chance"),
    options=(
        Option("lag", N_("Lag"), 25, 1, 100),
        Option("sequences", N_("Sequences"), 4096, 64, 50_000, amount=True),
    ),
    defaults={
        "hidden": 32,
        "batch": 32,
        "epochs": 6,
        "learning_rate": 0.003,
        "decay": 2.0,  # after half of the training: else a late leap of Adam now and then undoes what had been learned
        "decay_after": 3,
        "forget_bias": 3.0,
        "placement": METHODS["zaremba2014"].placement(0.25),
    },
    make=make,
    default_steps=_default_steps,
    check_steps=_check_steps,
)
