"""Time series: predict the next value of the monthly sunspot numbers, or of a column of a user's CSV file.

The target is the change of the value, so that a prediction of zero change is the naive forecast.
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
from core.tasks.reads import describe_series_file
from core.tasks.series_file import read_series
from core.tasks.task import (
    Batch,
    Data,
    ForecastSeries,
    Metrics,
    Option,
    Options,
    Reals,
    Task,
    evaluate_baselines,
    format_number,
    get_integer,
    get_text,
)

SUNSPOTS = Path(__file__).parents[2] / "assets" / "data" / "sunspots.csv"
MAX_VALUE = 1e100  # a training split that changes by no more than 1 / MAX_VALUE is constant
MAX_SCALED_VALUE = 1e15  # scaled values are squared in single precision
ROUNDING = 1e-12  # relative to the largest value: a spread this small is a rounding error
FORECAST_LENGTH = 60  # values at the end of the validation split over which a forecast is drawn
HELD_OUT_PERCENT = 15  # of the series: the last 15 % are the test split, the 15 % before them the validation split
Values = npt.NDArray[np.float64]


def make_data(options: Options, steps: int, batch: int, seed: int) -> Data:
    """Split the series in time, and cut each split into `batch` streams of windows. The target of a step is the next change.

    The training split, at most `points` long, comes before the validation split, and that before the test split. Values and
    changes are scaled by their mean and standard deviation in the training split. The seed has no effect: a time series
    cannot be shuffled. Raises Invalid if the series is too short, constant or too large.
    """
    corpus, column = get_text(options, "corpus"), get_text(options, "column")
    if column and not corpus:
        raise Invalid(_("column names a column of your own file: give corpus=PATH as well."), "column")
    file = read_series(corpus or str(SUNSPOTS), column)
    series = file.values
    splits = split_series(series, get_integer(options, "points"))
    _check_values(splits, batch, len(series))
    rounding = ROUNDING * np.abs(splits["train"]).max()
    values, changes = (Standardizer.fit(one, rounding) for one in (splits["train"], np.diff(splits["train"])))
    _check_scaled(splits, values, changes)
    streams = {name: _make_streams(split, batch) for name, split in splits.items()}
    before = len(series) - len(splits["test"]) - len(splits["validation"])

    def cut_windows(split: str) -> Iterator[Batch]:
        stream = streams[split]
        return _cut_windows(values.transform(stream[:-1]), changes.transform(np.diff(stream, axis=0)), steps)

    def predict_last_value(split: str) -> Metrics:
        errors = np.diff(streams[split], axis=0)
        return {"mse": float(np.square(errors).mean()), "mae": float(np.abs(errors).mean())}

    def describe_input(features: Reals) -> str:
        return values.format_value(values.inverse_transform(float(features[0])))

    def describe_answer(change: float, features: Reals) -> str:
        return values.format_value(values.inverse_transform(float(features[0])) + changes.inverse_transform(change))

    return Data(
        0,
        1,
        (),
        (_("the change"),),
        -(-(len(streams["train"]) - 1) // steps),
        lambda epoch: cut_windows("train"),
        cut_windows,
        evaluate_baselines(predict_last_value),
        changes.mean,
        changes.std,
        describe_input,
        describe_answer,
        _make_forecast_series(streams["validation"], before, changes),
        reads=describe_series_file(corpus, file) if corpus else None,
    )


@dataclass(frozen=True)
class Standardizer:
    """Scales values so that the training split has mean 0 and standard deviation 1."""

    mean: float
    std: float

    @classmethod
    def fit(cls, values: Values, rounding: float) -> "Standardizer":
        """Return the standardizer of the values. Its std is 1 if the values differ by no more than `rounding`."""
        std = float(values.std())
        return cls(float(values.mean()), std if std > rounding else 1.0)

    def transform(self, values: Values) -> Values:
        """Return the scaled values."""
        return (values - self.mean) / self.std

    def inverse_transform(self, value: float) -> float:
        """Return a scaled value in its original units."""
        return value * self.std + self.mean

    def format_value(self, value: float) -> str:
        """Format a value in its original units, rounded to what single precision can represent: 0 stays 0."""
        return format_number(round(value, 3 - math.floor(math.log10(self.std))) + 0.0)


def split_series(series: Values, points: int) -> dict[str, Values]:
    """Return the three splits, one after the other in time; the training split holds at most `points` values."""
    held_out = len(series) * HELD_OUT_PERCENT // 100
    end = len(series) - 2 * held_out
    return {
        "train": series[max(0, end - points) : end],
        "validation": series[end : end + held_out],
        "test": series[end + held_out :],
    }


def _make_forecast_series(stream: Values, before: int, changes: Standardizer) -> ForecastSeries:
    """Return the end of the validation split. stream: its values [L, B], column after column in time; before: the number of
    values in the series before them."""

    def take_end(values: Values) -> Values:
        return values.T.ravel()[-FORECAST_LENGTH:]

    def compute_forecast(predictions: Reals) -> Values:
        predicted = predictions.reshape(len(stream) - 1, -1).astype(np.float64) * changes.std + changes.mean
        return take_end(np.vstack([first_row, stream[:-1] + predicted]))

    first_row = np.full((1, stream.shape[1]), np.nan)
    values, naive = take_end(stream), take_end(np.vstack([first_row, stream[:-1]]))
    return ForecastSeries(before + stream.size - len(values) + 1, values, naive, compute_forecast)


def _check_values(splits: dict[str, Values], batch: int, length: int) -> None:
    _check_length(splits, batch, length)
    if max(np.abs(split).max() for split in splits.values()) > MAX_VALUE:
        raise Invalid(
            _("The series has values beyond {most:.0e}: they are too large to be squared.").format(most=MAX_VALUE), "column"
        )
    if np.ptp(splits["train"]) <= max(1 / MAX_VALUE, ROUNDING * np.abs(splits["train"]).max()):
        raise Invalid(_("The series is constant in its training split: there is nothing to learn."), "column")


def _check_length(splits: dict[str, Values], batch: int, length: int) -> None:
    """Raise Invalid if a split does not make `batch` streams of two values."""
    least = -(-200 * batch // HELD_OUT_PERCENT)
    if length < least:
        raise Invalid(
            _(
                "The series has {n} values; at least {least} are needed for a batch of {batch}. Take a smaller batch, "
                "or a longer series."
            ).format(n=length, least=least, batch=batch),
            "batch",
        )
    if (trained := len(splits["train"])) < 2 * batch:
        raise Invalid(
            _(
                "There are {n} training values; at least {least} are needed for a batch of {batch}. Take more of "
                "them, or a smaller batch."
            ).format(n=trained, least=2 * batch, batch=batch),
            "batch",
        )


def _check_scaled(splits: dict[str, Values], values: Standardizer, changes: Standardizer) -> None:
    scaled = (one for split in splits.values() for one in (values.transform(split), changes.transform(np.diff(split))))
    if max(np.abs(one).max() for one in scaled) > MAX_SCALED_VALUE:
        raise Invalid(
            _(
                "The series has values that are more than {most:.0e} standard deviations of its training split away "
                "from it: no forecast of them can be measured."
            ).format(most=MAX_SCALED_VALUE),
            "column",
        )


def _make_streams(values: Values, batch: int) -> Values:
    length = len(values) // batch
    return values[: length * batch].reshape(batch, length).T


def _cut_windows(inputs: Values, targets: Values, steps: int) -> Iterator[Batch]:
    """Yield windows of inputs and targets [L, B]; the last window is padded."""
    for start in range(0, len(inputs), steps):
        length = len(inputs[start : start + steps])
        x, y = np.zeros((steps, inputs.shape[1], 1), np.float32), np.full((steps, inputs.shape[1]), np.nan, np.float32)
        x[:length, :, 0], y[:length] = inputs[start : start + steps], targets[start : start + steps]
        yield Batch(x, y, starts_sequence=start == 0, padded=True)


TASK = Task(
    name="series",
    label=N_("Time series"),
    description=N_(
        "Forecast the next value: monthly sunspot numbers since 1749 (SILSO), or a column of a CSV file of your own."
    ),
    dropout_effect=N_(
        "Little, noisy data: without dropout the noise is memorized, and the forecast becomes worse than the naive one."
    ),
    unit=N_("value"),
    metrics=("mse", "mae"),
    baseline=N_("the last value again"),
    options=(
        Option("points", N_("Training points"), 600, 100, 100_000, is_sample_count=True),
        Option("corpus", N_("A CSV file"), is_local=True),
        Option("column", N_("Column"), is_local=True),
    ),
    defaults={
        "hidden": 32,
        "batch": 8,
        "epochs": 80,
        "learning_rate": 0.005,
        "placement": METHODS["zaremba2014"].build_placement(0.25),
    },
    make_data=make_data,
    default_steps=lambda options: 25,
    features=lambda options: 1,
)
