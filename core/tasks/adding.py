"""The adding problem: two of many numbers are marked; what is their sum? After Hochreiter and Schmidhuber 1997, experiment 4.
A real value, held exactly: noise on the memory is noise on the answer."""

import numpy as np

from core.dropout.methods import METHODS
from core.errors import Invalid
from core.i18n import N_, _
from core.tasks.sequence_windows import Rows, made, windows
from core.tasks.task import Batch, Data, Metrics, Option, Options, Reals, Task, held_out, short, whole


def make(options: Options, steps: int, batch: int, seed: int) -> Data:
    """`lag` steps of (number in [0, 1], marked or not); one of the first half is marked and one of the second. Asked for at
    the last: the sum of the two, scaled by the sums of the training part."""
    lag = whole(options, "lag")

    def draw(random: np.random.Generator, size: int) -> Rows:
        rows = np.zeros((size, lag, 2), np.float32)
        rows[..., 0] = random.random((size, lag))
        for low, high in ((0, lag // 2), (lag // 2, lag)):
            rows[np.arange(size), random.integers(low, high, size=size), 1] = 1
        return rows

    rows = made(whole(options, "sequences"), seed, draw)
    sums = _sums(rows["train"])
    centre, spread = float(sums.mean()), float(sums.std())

    def window(some: Rows) -> Batch:
        x, y = np.zeros((steps, batch, 2), np.float32), np.full((steps, batch), np.nan, np.float32)
        x[:lag], y[lag - 1] = some.swapaxes(0, 1), (_sums(some) - centre) / spread
        return Batch(x, y, first=True, padded=True)

    def mean_of_training(part: str) -> Metrics:
        errors = _sums(rows[part]) - centre
        return {"mse": float(np.square(errors).mean()), "mae": float(np.abs(errors).mean())}

    cut = windows(rows, batch, seed, window)
    return Data(0, 1, (), (_("the sum"),), *cut, held_out(mean_of_training), centre, spread, _see)


def _sums(rows: Rows) -> Rows:
    found: Rows = rows.prod(axis=2, dtype=np.float64).sum(axis=1)
    return found


def _see(features: Reals) -> str:
    number, marked = features
    return f"{'+' if marked else ''}{short(round(float(number), 2))}"


def _check_steps(options: Options, steps: int) -> None:
    if steps < whole(options, "lag"):
        raise Invalid(
            _("A sequence of {lag} numbers needs as many steps; steps is {steps}.").format(lag=options["lag"], steps=steps),
            "lag",
        )


TASK = Task(
    name="adding",
    label=N_("Adding problem"),
    about=N_("Two of many numbers are marked: give their sum at the end."),
    shows=N_("A value is held, and not a yes or no: every mask on its way makes the sum wrong, that on the input too."),
    unit=N_("sequence"),
    metrics=("mse", "mae"),
    baseline=N_("the mean of the training sums"),
    options=(
        Option("lag", N_("Numbers (lag)"), 24, 2, 100),
        Option("sequences", N_("Sequences"), 4096, 64, 50_000, amount=True),
    ),
    defaults={
        "hidden": 32,
        "batch": 32,
        "epochs": 15,
        "learning_rate": 0.005,
        "forget_bias": 3.0,
        "placement": METHODS["zaremba2014"].placement(0.1),
    },
    make=make,
    default_steps=lambda options: whole(options, "lag"),
    check_steps=_check_steps,
    features=lambda options: 2,
)
