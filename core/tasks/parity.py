"""Parity: say after every bit whether the number of ones so far is odd.

Every 1 flips the answer, so that one lost step makes all later answers wrong: a state machine instead of a store.
"""

import numpy as np

from core.dropout.methods import METHODS
from core.errors import Invalid
from core.i18n import N_, _
from core.tasks.sequence_windows import Rows, draw_splits, make_windows
from core.tasks.task import Batch, Data, Option, Options, Task, evaluate_baselines, get_integer

NAMES = (*"01", "·")
CLASSES = (N_("even"), N_("odd"))
CHANCE = evaluate_baselines(lambda _split: {"accuracy": 1 / len(CLASSES)})


def make_data(options: Options, steps: int, batch: int, seed: int) -> Data:
    """Build sequences of `lag` bits. The target of each step is whether the number of ones up to it is odd."""
    lag = get_integer(options, "lag")

    def make_window(rows: Rows) -> Batch:
        x, y = np.full((steps, batch), NAMES.index("·")), np.full((steps, batch), -1)
        x[:lag], y[:lag] = rows.T, rows.cumsum(axis=1).T % 2
        return Batch(x, y, starts_sequence=True, padded=True)

    rows = draw_splits(get_integer(options, "sequences"), seed, lambda random, size: random.integers(2, size=(size, lag)))
    names = tuple(_(name) for name in CLASSES)
    return Data(len(NAMES), 2, NAMES, names, *make_windows(rows, batch, seed, make_window), CHANCE)


def _check_steps(options: Options, steps: int) -> None:
    if steps < get_integer(options, "lag"):
        raise Invalid(
            _("A sequence of {lag} bits needs as many steps; steps is {steps}.").format(lag=options["lag"], steps=steps), "lag"
        )


TASK = Task(
    name="parity",
    label=N_("Parity"),
    description=N_("Say after every bit whether the number of ones so far is even or odd."),
    dropout_effect=N_(
        "With a target at every step the network learns to protect one bit, even from a fresh mask on the cell at rate .25."
    ),
    unit=N_("bit"),
    metrics=("accuracy",),
    baseline=N_("chance"),
    options=(
        Option("lag", N_("Bits (lag)"), 24, 1, 100),
        Option("sequences", N_("Sequences"), 4096, 64, 50_000, is_sample_count=True),
    ),
    defaults={
        "hidden": 32,
        "batch": 32,
        "epochs": 8,
        "learning_rate": 0.01,
        "forget_bias": 1.0,
        "placement": METHODS["zaremba2014"].build_placement(0.1),
    },
    make_data=make_data,
    default_steps=lambda options: get_integer(options, "lag"),
    check_steps=_check_steps,
)
