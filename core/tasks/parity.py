"""Parity: has a 1 been read an odd number of times so far? Every bit turns the answer round, so that one step that is lost
makes all later answers wrong. A state machine, and no store."""

import numpy as np

from core.dropout.methods import METHODS
from core.errors import Invalid
from core.i18n import N_, _
from core.tasks.sequence_windows import Rows, made, windows
from core.tasks.task import Batch, Data, Option, Options, Task, held_out, whole

NAMES = (*"01", "·")
CLASSES = (N_("even"), N_("odd"))
CHANCE = held_out(lambda _part: {"accuracy": 1 / len(CLASSES)})


def make(options: Options, steps: int, batch: int, seed: int) -> Data:
    """`lag` bits; asked for at every step: whether the number of ones up to it is odd."""
    lag = whole(options, "lag")

    def window(rows: Rows) -> Batch:
        x, y = np.full((steps, batch), NAMES.index("·")), np.full((steps, batch), -1)
        x[:lag], y[:lag] = rows.T, rows.cumsum(axis=1).T % 2
        return Batch(x, y, first=True, padded=True)

    rows = made(whole(options, "sequences"), seed, lambda random, size: random.integers(2, size=(size, lag)))
    names = tuple(_(name) for name in CLASSES)
    return Data(len(NAMES), 2, NAMES, names, *windows(rows, batch, seed, window), CHANCE)


def _check_steps(options: Options, steps: int) -> None:
    if steps < whole(options, "lag"):
        raise Invalid(
            _("A sequence of {lag} bits needs as many steps; steps is {steps}.").format(lag=options["lag"], steps=steps), "lag"
        )


TASK = Task(
    name="parity",
    label=N_("Parity"),
    about=N_("Say after every bit whether the number of ones so far is even or odd."),
    shows=N_("Asked for at every step, one bit learns to be safe: even a fresh mask on the cell, at .25, does not break it."),
    unit=N_("bit"),
    metrics=("accuracy",),
    baseline=N_("chance"),
    options=(
        Option("lag", N_("Bits (lag)"), 24, 1, 100),
        Option("sequences", N_("Sequences"), 4096, 64, 50_000, amount=True),
    ),
    defaults={
        "hidden": 32,
        "batch": 32,
        "epochs": 8,
        "learning_rate": 0.01,
        "forget_bias": 1.0,
        "placement": METHODS["zaremba2014"].placement(0.1),
    },
    make=make,
    default_steps=lambda options: whole(options, "lag"),
    check_steps=_check_steps,
)
