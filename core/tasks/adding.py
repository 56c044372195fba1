"""The adding problem: give the sum of two marked numbers (Hochreiter and Schmidhuber 1997, experiment 4).

The memory holds a real value, so that noise on the memory is noise on the answer.
"""

import numpy as np

from core.dropout.methods import METHODS
from core.errors import Invalid
from core.i18n import N_, _
from core.tasks.sequence_windows import Rows, draw_splits, make_windows
from core.tasks.task import Batch, Data, Metrics, Option, Options, Reals, Task, evaluate_baselines, format_number, get_integer


def make_data(options: Options, steps: int, batch: int, seed: int) -> Data:
    """Build sequences of `lag` steps of two features: a number in [0, 1], and 1 if it is marked, else 0.

    One number of each half is marked. The target, at the last step, is the sum of the two, scaled by the mean and standard
    deviation of the sums of the training split.
    """
    lag = get_integer(options, "lag")

    def draw(random: np.random.Generator, size: int) -> Rows:
        rows = np.zeros((size, lag, 2), np.float32)
        rows[..., 0] = random.random((size, lag))
        for low, high in ((0, lag // 2), (lag // 2, lag)):
            rows[np.arange(size), random.integers(low, high, size=size), 1] = 1
        return rows

    rows = draw_splits(get_integer(options, "sequences"), seed, draw)
    sums = _sum_marked(rows["train"])
    mean, std = float(sums.mean()), float(sums.std())

    def make_window(sequences: Rows) -> Batch:
        x, y = np.zeros((steps, batch, 2), np.float32), np.full((steps, batch), np.nan, np.float32)
        x[:lag], y[lag - 1] = sequences.swapaxes(0, 1), (_sum_marked(sequences) - mean) / std
        return Batch(x, y, starts_sequence=True, padded=True)

    def predict_mean(split: str) -> Metrics:
        errors = _sum_marked(rows[split]) - mean
        return {"mse": float(np.square(errors).mean()), "mae": float(np.abs(errors).mean())}

    windows = make_windows(rows, batch, seed, make_window)
    return Data(0, 1, (), (_("the sum"),), *windows, evaluate_baselines(predict_mean), mean, std, _describe_input)


def _sum_marked(rows: Rows) -> Rows:
    sums: Rows = rows.prod(axis=2, dtype=np.float64).sum(axis=1)
    return sums


def _describe_input(features: Reals) -> str:
    number, marked = features
    return f"{'+' if marked else ''}{format_number(round(float(number), 2))}"


def _check_steps(options: Options, steps: int) -> None:
    if steps < get_integer(options, "lag"):
        raise Invalid(
            _("A sequence of {lag} numbers needs as many steps; steps is {steps}.").format(lag=options["lag"], steps=steps),
            "lag",
        )


TASK = Task(
    name="adding",
    label=N_("Adding problem"),
    description=N_("Two of many numbers are marked: give their sum at the end."),
    dropout_effect=N_(
        "The memory holds a real value: every mask that it meets makes the sum wrong, even the one on the input."
    ),
    unit=N_("sequence"),
    metrics=("mse", "mae"),
    baseline=N_("the mean of the training sums"),
    options=(
        Option("lag", N_("Numbers (lag)"), 24, 2, 100),
        Option("sequences", N_("Sequences"), 4096, 64, 50_000, is_sample_count=True),
    ),
    defaults={
        "hidden": 32,
        "batch": 32,
        "epochs": 15,
        "learning_rate": 0.005,
        "forget_bias": 3.0,
        "placement": METHODS["zaremba2014"].build_placement(0.1),
    },
    make_data=make_data,
    default_steps=lambda options: get_integer(options, "lag"),
    check_steps=_check_steps,
    features=lambda options: 2,
)
