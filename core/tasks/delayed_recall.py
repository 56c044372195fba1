"""Delayed recall: name the first token after `lag` distractors. The answer depends on this one memory alone."""

import numpy as np

from core.dropout.methods import METHODS
from core.errors import Invalid
from core.i18n import N_, _
from core.tasks.sequence_windows import Rows, draw_splits, make_windows
from core.tasks.task import Batch, Data, Option, Options, Task, evaluate_baselines, get_integer

CLASSES = DISTRACTORS = 8
CHANCE = evaluate_baselines(lambda _split: {"accuracy": 1 / CLASSES})
NAMES = (*"ABCDEFGH", *"stuvwxyz", "?", "·")


def make_data(options: Options, steps: int, batch: int, seed: int) -> Data:
    """Build sequences of one token to remember, `lag` distractors and the question token, then filler up to `steps`.

    The distractors are different tokens from those to remember: only the first token tells the answer.
    """
    lag, question, filler = get_integer(options, "lag"), len(NAMES) - 2, len(NAMES) - 1

    def draw(random: np.random.Generator, size: int) -> Rows:
        first = random.integers(CLASSES, size=(size, 1))
        return np.concatenate([first, random.integers(CLASSES, CLASSES + DISTRACTORS, size=(size, lag))], axis=1)

    def make_window(rows: Rows) -> Batch:
        x, y = np.full((steps, batch), filler), np.full((steps, batch), -1)
        x[: lag + 1], x[lag + 1], y[lag + 1] = rows.T, question, rows[:, 0]
        return Batch(x, y, starts_sequence=True)

    rows = draw_splits(get_integer(options, "sequences"), seed, draw)
    return Data(len(NAMES), CLASSES, NAMES, NAMES[:CLASSES], *make_windows(rows, batch, seed, make_window), CHANCE)


def _default_steps(options: Options) -> int:
    return get_integer(options, "lag") + 2


def _check_steps(options: Options, steps: int) -> None:
    lag = get_integer(options, "lag")
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
    description=N_("Name the first token after a number of distractors: a test of memory over time alone."),
    dropout_effect=N_("Masks between the layers cost nothing here; a fresh mask on the cell at every step loses the answer."),
    unit=N_("token"),
    metrics=("accuracy",),
    baseline=N_("chance"),
    options=(
        Option("lag", N_("Lag"), 25, 1, 100),
        Option("sequences", N_("Sequences"), 4096, 64, 50_000, is_sample_count=True),
    ),
    defaults={
        "hidden": 32,
        "batch": 32,
        "epochs": 6,
        "learning_rate": 0.003,
        "decay": 2.0,  # in the second half of training: otherwise a late, large Adam step sometimes undoes what was learned
        "decay_after": 3,
        "forget_bias": 3.0,
        "placement": METHODS["zaremba2014"].build_placement(0.25),
    },
    make_data=make_data,
    default_steps=_default_steps,
    check_steps=_check_steps,
)
