"""Copy memory: repeat some tokens in order after a gap (Hochreiter and Schmidhuber 1997; Arjovsky, Shah and Bengio 2016).

The memory has to hold several items at once and to return them one by one. There are 8ⁿ different sequences of n tokens, 512 of
the default three, and training contains all of them: validation measures memory, not generalization.
"""

import numpy as np

from core.dropout.methods import METHODS
from core.errors import Invalid
from core.i18n import N_, _
from core.tasks.sequence_windows import Rows, draw_splits, make_windows
from core.tasks.task import Batch, Data, Option, Options, Task, evaluate_baselines, get_integer

CLASSES = 8
CHANCE = evaluate_baselines(lambda _split: {"accuracy": 1 / CLASSES})
NAMES = ("·", *"ABCDEFGH", "?")
QUESTION = len(NAMES) - 1


def make_data(options: Options, steps: int, batch: int, seed: int) -> Data:
    """Build sequences of `items` tokens, `lag` empty steps, then `items` question tokens, each for the next item."""
    items, lag = get_integer(options, "items"), get_integer(options, "lag")
    end = 2 * items + lag

    def make_window(rows: Rows) -> Batch:
        x, y = np.zeros((steps, batch), np.int64), np.full((steps, batch), -1)
        x[:items], x[items + lag : end], y[items + lag : end] = rows.T + 1, QUESTION, rows.T
        return Batch(x, y, starts_sequence=True, padded=True)

    rows = draw_splits(
        get_integer(options, "sequences"), seed, lambda random, size: random.integers(CLASSES, size=(size, items))
    )
    names = NAMES[1:QUESTION]
    return Data(len(NAMES), CLASSES, NAMES, names, *make_windows(rows, batch, seed, make_window), CHANCE)


def _default_steps(options: Options) -> int:
    return 2 * get_integer(options, "items") + get_integer(options, "lag")


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
    description=N_("Read some tokens, wait, then repeat all of them in order."),
    dropout_effect=N_("The memory holds several items: a fresh mask on the cell at every step loses them and their order."),
    unit=N_("token"),
    metrics=("accuracy",),
    baseline=N_("chance"),
    options=(
        Option("lag", N_("Lag"), 10, 0, 100),
        Option("items", N_("Items"), 3, 1, 10),
        Option("sequences", N_("Sequences"), 4096, 64, 50_000, is_sample_count=True),
    ),
    defaults={
        "hidden": 48,
        "batch": 32,
        "epochs": 12,
        "learning_rate": 0.005,
        "forget_bias": 2.0,
        "placement": METHODS["zaremba2014"].build_placement(0.1),
    },
    make_data=make_data,
    default_steps=_default_steps,
    check_steps=_check_steps,
)
