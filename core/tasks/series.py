"""Time series: what is the next value? The monthly sunspot numbers, or a column of a CSV file of one's own.

The network says how the value will change, so that one that says nothing is as good as the naive forecast.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.dropout.methods import METHODS
from core.errors import Invalid
from core.i18n import N_, _
from core.tasks.file_readers import read_column
from core.tasks.task import Batch, Data, ForecastSeries, Metrics, Option, Options, Reals, Task, held_out, short, text, whole

SUNSPOTS = Path(__file__).parents[2] / "assets" / "data" / "sunspots.csv"
LARGEST = 1e100  # a value; and a training part that changes by no more than one over this does not change
FARTHEST = 1e15  # times the training part's spread: what is scaled must be squared in single precision
ROUNDING = 1e-12  # times the greatest value: what spreads no more than this does so because numbers are rounded
TRACKED = 60  # values of the validation part's end over which a forecast is drawn
HELD_OUT = 15  # per cent of the series, its end, for the test part; and as much before it for the validation part
Values = npt.NDArray[np.float64]


def make(options: Options, steps: int, batch: int, seed: int) -> Data:
    """Cuts the series in time: the training part, at most `points` long, is before the validation part, that before the test
    part. Each part is `batch` streams of windows; what is asked at a step is the change to the next.

    Values, and changes, are scaled by their mean and standard deviation in the training part. The seed plays no part: time
    cannot be dealt anew.
    """
    corpus, column = text(options, "corpus"), text(options, "column")
    if column and not corpus:
        raise Invalid(_("column chooses from a file of your own: give corpus=PATH as well."), "column")
    series = read_column(corpus or str(SUNSPOTS), column)
    parts = split(series, whole(options, "points"))
    _check(parts, batch, len(series))
    rounding = ROUNDING * np.abs(parts["train"]).max()
    values, changes = (Scale.of(one, rounding) for one in (parts["train"], np.diff(parts["train"])))
    _check_scaled(parts, values, changes)
    streams = {name: _streams(part, batch) for name, part in parts.items()}
    track = _track(streams["validation"], len(series) - len(parts["test"]) - len(parts["validation"]), changes)

    def windows(name: str) -> Iterator[Batch]:
        return _windows(values.down(streams[name][:-1]), changes.down(np.diff(streams[name], axis=0)), steps)

    def naive(part: str) -> Metrics:
        changed = np.diff(streams[part], axis=0)
        return {"mse": float(np.square(changed).mean()), "mae": float(np.abs(changed).mean())}

    def see(features: Reals) -> str:
        return values.text(values.up(float(features[0])))

    def say(change: float, features: Reals) -> str:
        return values.text(values.up(float(features[0])) + changes.up(change))

    return Data(
        0,
        1,
        (),
        (_("the change"),),
        -(-(len(streams["train"]) - 1) // steps),
        lambda epoch: windows("train"),
        windows,
        held_out(naive),
        changes.centre,
        changes.spread,
        see,
        say,
        track,
    )


@dataclass(frozen=True)
class Scale:
    """What makes the training part's mean 0 and its standard deviation 1."""

    centre: float
    spread: float

    @classmethod
    def of(cls, values: Values, rounding: float) -> "Scale":
        """That of some values; of values that are all alike, but for such rounding, with the spread 1."""
        spread = float(values.std())
        return cls(float(values.mean()), spread if spread > rounding else 1.0)

    def down(self, values: Values) -> Values:
        """Scaled."""
        return (values - self.centre) / self.spread

    def up(self, value: float) -> float:
        """In the units that it came in."""
        return value * self.spread + self.centre

    def text(self, value: float) -> str:
        """A value in its units, as exact as single precision has it: what was 0 is 0 again."""
        return short(round(value, 3 - math.floor(math.log10(self.spread))) + 0.0)


def split(series: Values, points: int) -> dict[str, Values]:
    """The three parts, one after the other in time."""
    held = len(series) * HELD_OUT // 100
    end = len(series) - 2 * held
    return {"train": series[max(0, end - points) : end], "validation": series[end : end + held], "test": series[end + held :]}


def _track(stream: Values, before: int, changes: Scale) -> ForecastSeries:
    """stream: those of the validation part, [L, B], one after the other in time; `before` values are earlier than they."""

    def last(values: Values) -> Values:
        return values.T.ravel()[-TRACKED:]

    def ahead(said: Reals) -> Values:
        change = said.reshape(len(stream) - 1, -1).astype(np.float64) * changes.spread + changes.centre
        return last(np.vstack([nothing, stream[:-1] + change]))

    nothing = np.full((1, stream.shape[1]), np.nan)
    values = last(stream)
    return ForecastSeries(before + stream.size - len(values) + 1, values, last(np.vstack([nothing, stream[:-1]])), ahead)


def _check(parts: dict[str, Values], batch: int, there: int) -> None:
    _check_length(parts, batch, there)
    if max(np.abs(part).max() for part in parts.values()) > LARGEST:
        raise Invalid(
            _("The series has values beyond {most:.0e}: they are too large to be squared.").format(most=LARGEST), "column"
        )
    if np.ptp(parts["train"]) <= max(1 / LARGEST, ROUNDING * np.abs(parts["train"]).max()):
        raise Invalid(_("The series does not change in its training part: there is nothing to learn."), "column")


def _check_length(parts: dict[str, Values], batch: int, there: int) -> None:
    """Each part must make `batch` streams of two values."""
    least = -(-200 * batch // HELD_OUT)
    if there < least:
        raise Invalid(
            _(
                "The series has {n} values; at least {least} are needed for a batch of {batch}. Take a smaller batch, "
                "or a longer series."
            ).format(n=there, least=least, batch=batch),
            "batch",
        )
    if (trained := len(parts["train"])) < 2 * batch:
        raise Invalid(
            _(
                "There are {n} values to train on; at least {least} are needed for a batch of {batch}. Take more of "
                "them, or a smaller batch."
            ).format(n=trained, least=2 * batch, batch=batch),
            "batch",
        )


def _check_scaled(parts: dict[str, Values], values: Scale, changes: Scale) -> None:
    scaled = (one for part in parts.values() for one in (values.down(part), changes.down(np.diff(part))))
    if max(np.abs(one).max() for one in scaled) > FARTHEST:
        raise Invalid(
            _(
                "The series has values that are more than {most:.0e} times the spread of its training part away from "
                "it: no forecast of them can be measured."
            ).format(most=FARTHEST),
            "column",
        )


def _streams(values: Values, batch: int) -> Values:
    length = len(values) // batch
    return values[: length * batch].reshape(batch, length).T


def _windows(read: Values, right: Values, steps: int) -> Iterator[Batch]:
    """The last window is filled up with steps that do not exist."""
    for start in range(0, len(read), steps):
        there = len(read[start : start + steps])
        x, y = np.zeros((steps, read.shape[1], 1), np.float32), np.full((steps, read.shape[1]), np.nan, np.float32)
        x[:there, :, 0], y[:there] = read[start : start + there], right[start : start + there]
        yield Batch(x, y, first=start == 0, padded=True)


TASK = Task(
    name="series",
    label=N_("Time series"),
    about=N_("Forecast the next value: monthly sunspot numbers since 1749 (SILSO), or a column of a CSV file of your own."),
    shows=N_("Few and noisy data: without dropout the noise is learned by heart, and the forecast falls behind the naive one."),
    unit=N_("value"),
    metrics=("mse", "mae"),
    baseline=N_("the last value again"),
    options=(
        Option("points", N_("Training points"), 600, 100, 100_000, amount=True),
        Option("corpus", N_("A CSV file"), local=True),
        Option("column", N_("Its column"), local=True),
    ),
    defaults={
        "hidden": 32,
        "batch": 8,
        "epochs": 80,
        "learning_rate": 0.005,
        "placement": METHODS["zaremba2014"].placement(0.25),
    },
    make=make,
    default_steps=lambda options: 25,
    features=lambda options: 1,
)
