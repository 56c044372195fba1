"""Copy memory: some tokens, a gap, and then all of them again in their order. After Hochreiter and Schmidhuber 1997 and
Arjovsky, Shah and Bengio 2016. The memory has to hold several things at once, and give them back one by one.

There are 8ⁿ different sequences of n tokens: of the usual three, 512, and training has all of them. What validation says is
whether they are held, not whether anything new is understood."""

import numpy as np

from core.dropout.methods import METHODS
from core.errors import Invalid
from core.i18n import N_, _
from core.tasks.sequence_windows import Rows, made, windows
from core.tasks.task import Batch, Data, Option, Options, Task, held_out, whole

CLASSES = 8
CHANCE = held_out(lambda _part: {"accuracy": 1 / CLASSES})
NAMES = ("·", *"ABCDEFGH", "?")
QUESTION = len(NAMES) - 1


def make(options: Options, steps: int, batch: int, seed: int) -> Data:
    """`items` tokens, `lag` steps of nothing, then `items` questions, each for the next of the tokens."""
    items, lag = whole(options, "items"), whole(options, "lag")
    end = 2 * items + lag

    def window(rows: Rows) -> Batch:
        x, y = np.zeros((steps, batch), np.int64), np.full((steps, batch), -1)
        x[:items], x[items + lag : end], y[items + lag : end] = rows.T + 1, QUESTION, rows.T
        return Batch(x, y, first=True, padded=True)

    rows = made(whole(options, "sequences"), seed, lambda random, size: random.integers(CLASSES, size=(size, items)))
    names = NAMES[1:QUESTION]
    return Data(len(NAMES), CLASSES, NAMES, names, *windows(rows, batch, seed, window), CHANCE)


def _default_steps(options: Options) -> int:
    return 2 * whole(options, "items") + whole(options, "lag")


def _check_steps(options: Options, steps: int) -> None:
    if steps < _default_steps(options):
        raise Invalid(
            _("{items} tokens, a lag of {lag} and as many answers need at least {least} steps; steps is {steps}.").format(
                items=options["items"], lag=options["lag"], least=_default_steps(options), steps=steps
            ),
            "lag",
        )


TASK = Task(
    name="copy",
    label=N_("Copy memory"),
    about=N_("Read some tokens, wait, and give all of them back in their order."),
    shows=N_("Several things in one memory: a fresh mask on the cell loses them, and the order in which they came."),
    unit=N_("token"),
    metrics=("accuracy",),
    baseline=N_("chance"),
    options=(
        Option("lag", N_("Lag"), 10, 0, 100),
        Option("items", N_("Items"), 3, 1, 10),
        Option("sequences", N_("Sequences"), 4096, 64, 50_000, amount=True),
    ),
    defaults={
        "hidden": 48,
        "batch": 32,
        "epochs": 12,
        "learning_rate": 0.005,
        "forget_bias": 2.0,
        "placement": METHODS["zaremba2014"].placement(0.1),
    },
    make=make,
    default_steps=_default_steps,
    check_steps=_check_steps,
)
