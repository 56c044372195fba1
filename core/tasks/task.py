"""The interface of a task: its options, its data and its batches. NumPy only."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import Invalid, quote
from core.i18n import _

Ints = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Value = int | str
Options = Mapping[str, Value]
Metrics = dict[str, float]  # metric name -> value
NO_STEP = "·"  # the text of a padded step
CORPUS_OPTION = "corpus"  # the option that names a file with the data
SAMPLING_TEMPERATURE = 0.8  # logits are divided by it when text is generated, so that likely symbols become more likely


@dataclass(frozen=True)
class Option:
    """A setting of a task, of one of three kinds: an integer, a choice, or a local text.

    An integer lies between `low` and `high`. A choice is a key of `choices`, which maps values to labels. A local text
    (`is_local`) names a file on the machine that trains, or a column of that file; it has no default, and no link and no
    experiment file can carry it.

    is_sample_count: the option limits the number of training samples.
    is_builtin_only: the option concerns the built-in data and has no effect on a user's file.
    """

    name: str
    label: str
    default: Value = ""
    low: int = 0
    high: int = 0
    choices: Mapping[str, str] = field(default_factory=dict)
    is_local: bool = False
    is_sample_count: bool = False
    is_builtin_only: bool = False

    @property
    def is_integer(self) -> bool:
        """Return whether the option is an integer."""
        return not self.choices and not self.is_local

    def check(self, value: object) -> None:
        """Raise Invalid if the value is not allowed."""
        if self.choices and not (isinstance(value, str) and value in self.choices):
            raise Invalid(
                _("{name} is “{value}”; it must be one of {allowed}.").format(
                    name=self.name, value=quote(value), allowed=", ".join(self.choices)
                ),
                self.name,
            )
        if self.is_local and not (isinstance(value, str) and value):
            raise Invalid(_("{name} is “{value}”; a text is expected.").format(name=self.name, value=quote(value)), self.name)
        number = isinstance(value, int) and not isinstance(value, bool)
        if self.is_integer and not (number and self.low <= value <= self.high):  # type: ignore[operator]
            raise Invalid(
                _("{name} is {value}; it must be a whole number from {low} to {high}.").format(
                    name=self.name, value=quote(value), low=self.low, high=self.high
                ),
                self.name,
            )

    def parse(self, text: str) -> Value:
        """Convert a text to the option's type, without checking the range. Raises Invalid if a number is expected."""
        try:
            return int(text) if self.is_integer else text
        except ValueError:
            raise Invalid(
                _("{name} is “{text}”; a number is expected.").format(name=self.name, text=quote(text)), self.name
            ) from None


@dataclass(frozen=True)
class Batch:
    """One window of T steps for B samples.

    x: token numbers [T, B], or real features [T, B, F].
    y: targets [T, B]: classes, -1 where a step has no target; or real values, NaN where a step has no target.
    starts_sequence: the hidden state starts at zero in this window; otherwise it is carried over from the window before.
    padded: the steps of a sample after its last target are padding: no loss term and no metric includes them, and the next
    window starts a new sequence.
    """

    x: Ints | Reals
    y: Ints | Reals
    starts_sequence: bool
    padded: bool = False

    @property
    def target_mask(self) -> Bools:
        """Return where there is a target, [T, B]."""
        mask: Bools = np.isfinite(self.y) if self.y.dtype.kind == "f" else self.y >= 0
        return mask

    @property
    def step_mask(self) -> Bools:
        """Return which steps are not padding, [T, B]."""
        if not self.padded:
            return np.ones(self.y.shape, np.bool_)
        mask: Bools = np.logical_or.accumulate(self.target_mask[::-1])[::-1].copy()
        return mask


@dataclass(frozen=True)
class ForecastSeries:
    """The end of the validation split of a time series, in its original units.

    first_position: the position of values[0] in the whole series, counted from 1.
    values [N]: the series. naive [N]: the value before each one, NaN where no value was read before.
    compute_forecast(predictions of the whole validation split, in order): the forecast of each value [N], NaN where `naive` is.
    """

    first_position: int
    values: Floats
    naive: Floats
    compute_forecast: Callable[[Reals], Floats]


@dataclass(frozen=True)
class TextDecoder:
    """How text is generated from a language model.

    decode(token numbers): their text. length: the number of symbols to generate, enough to judge what has been learned.
    """

    decode: Callable[[Sequence[int]], str]
    length: int


@dataclass(frozen=True)
class PromptFormat:
    """How a sample whose answer is generated step by step is displayed.

    format_prompt(x [T] or [T, F]): the prompt as a text, or as the gray levels of a picture, [rows, columns] from 0 to 1.
    separator: the text between the symbols of an answer.
    """

    format_prompt: Callable[[Ints | Reals], str | Reals]
    separator: str


@dataclass(frozen=True)
class Data:
    """The data of a task for one experiment.

    tokens: the size of the input vocabulary, 0 for real features. classes: the number of classes, 1 for a real value.
    token_names, class_names: their names. updates: the number of windows in an epoch.
    train(epoch): the training windows of an epoch. split(name): those of "train", "validation" or "test", in a fixed order.
    baselines: the metrics of the task's baseline, by split ("validation", "test"); the first is the task's main metric.
    target_mean, target_std: real targets are scaled by these statistics of the training split.
    describe_input(features): the text of one step's features, where they are real.
    describe_answer(value, features): the text of a real answer, where it depends on the features of its step.
    forecast_series: the series to draw a forecast over, where the answers are forecasts.
    feedback: what is read after each class, [classes] or [classes, F], where an answer is generated step by step until the
    class `generated_sequences.END_CLASS`; the metrics are then those of the generated answer. prompt_format: how to display it.
    blank_class: the class that means "nothing to name", if there is one.
    text_decoder: how to generate text, where the target is the next input symbol.
    reads: how a user's file was read (`core.tasks.reads`), None for the built-in data.
    """

    tokens: int
    classes: int
    token_names: tuple[str, ...]
    class_names: tuple[str, ...]
    updates: int
    train: Callable[[int], Iterator[Batch]]
    split: Callable[[str], Iterator[Batch]]
    baselines: Mapping[str, Metrics]
    target_mean: float = 0.0
    target_std: float = 1.0
    describe_input: Callable[[Reals], str] | None = None
    describe_answer: Callable[[float, Reals], str] | None = None
    forecast_series: ForecastSeries | None = None
    feedback: Ints | Reals | None = None
    prompt_format: PromptFormat | None = None
    blank_class: int | None = None
    text_decoder: TextDecoder | None = None
    reads: Mapping[str, Any] | None = None

    @property
    def is_regression(self) -> bool:
        """Return whether the targets are real values instead of classes."""
        return self.classes == 1

    @property
    def baseline(self) -> float:
        """Return the main metric of the baseline on the test split."""
        return next(iter(self.baselines["test"].values()))

    @property
    def guess_loss(self) -> float:
        """Return the loss of a uniform guess in nats; for real values, which are scaled, 1."""
        return 1.0 if self.is_regression else math.log(self.classes)

    def describe_sample(self, batch: Batch, sample: int) -> tuple[list[str], list[str | None]]:
        """Return the texts of a sample's inputs (`NO_STEP` for padding) and of its targets, step by step."""
        x, step_mask = batch.x[:, sample], batch.step_mask[:, sample]
        inputs = [text if there else NO_STEP for text, there in zip(self.describe_inputs(x), step_mask, strict=True)]
        return inputs, self.describe_answers(batch.y[:, sample], x)

    def describe_inputs(self, x: Ints | Reals) -> list[str]:
        """Return the texts of the inputs x [T] or [T, F] of one sample."""
        if self.describe_input is None:
            return [self.token_names[i] for i in x]
        return [self.describe_input(features) for features in x]

    def describe_answers(self, y: Sequence[int | float | None] | Ints | Reals, x: Ints | Reals) -> list[str | None]:
        """Return the texts of targets or predictions y [T] at the inputs x [T] or [T, F], real values in their original units;
        None where there is no answer."""
        if not self.is_regression:
            return [None if i is None or i < 0 else self.class_names[int(i)] for i in y]
        describe = self.describe_answer or (lambda value, _features: format_number(value * self.target_std + self.target_mean))
        return [None if v is None or not np.isfinite(v) else describe(v, features) for v, features in zip(y, x, strict=True)]


@dataclass(frozen=True)
class Task:
    """A kind of problem to train on.

    description: what is learned. dropout_effect: what dropout does to it. unit: what the loss is averaged over.
    metrics: names in `metrics.METRICS`, the main one first. baseline: the name of the answer that needs no network.
    defaults: the fields of an experiment that suit the task.
    make_data(options, T, B, seed): builds the data. default_steps(options): the window length T that suits the options.
    check_steps(options, T): raises Invalid if the options do not fit into a window of T steps.
    features(options): F for real inputs, which go straight into layer 1; 0 for tokens, which pass through an embedding.
    """

    name: str
    label: str
    description: str
    dropout_effect: str
    unit: str
    metrics: tuple[str, ...]
    baseline: str
    options: tuple[Option, ...]
    defaults: Mapping[str, Any]
    make_data: Callable[[Options, int, int, int], Data]
    default_steps: Callable[[Options], int]
    check_steps: Callable[[Options, int], None] = lambda options, steps: None  # every window length is allowed
    features: Callable[[Options], int] = lambda options: 0

    @property
    def metric(self) -> str:
        """Return the name of the main metric."""
        return self.metrics[0]

    @property
    def shared_options(self) -> tuple[Option, ...]:
        """Return the options that a link, a file and a page may carry."""
        return tuple(option for option in self.options if not option.is_local)

    @property
    def reads_files(self) -> bool:
        """Return whether the data may come from a user's file, which the option `corpus` names."""
        return any(option.is_local and option.name == CORPUS_OPTION for option in self.options)

    @property
    def columns(self) -> tuple[Option, ...]:
        """Return the options that name columns of a user's CSV file; none if that file is a plain text."""
        return tuple(option for option in self.options if option.is_local and option.name != CORPUS_OPTION)


def evaluate_baselines(compute: Callable[[str], Metrics]) -> dict[str, Metrics]:
    """Return the metrics of a baseline on the validation and the test split; compute(split) gives those of one."""
    return {name: compute(name) for name in ("validation", "test")}


def get_integer(options: Options, name: str) -> int:
    """Return the value of an integer option."""
    return int(options[name])


def get_text(options: Options, name: str) -> str:
    """Return the value of a text option, "" if it is not given."""
    return str(options.get(name, ""))


def format_number(value: float) -> str:
    """Format a number in few characters: 0.53, 58.3, 1234, 1.2e7."""
    if value and not 1e-3 <= abs(value) < 1e5:
        return f"{value:.1e}".replace("e+0", "e").replace("e-0", "e-").replace("e+", "e")
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
