"""What every task offers: settings, sizes that suit it, and data made from a seed. NumPy only."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import Invalid
from core.i18n import _

Ints = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Value = int | str
Options = Mapping[str, Value]
Metrics = dict[str, float]  # by their names
NOTHING = "·"  # is shown where there is no step
CORPUS = "corpus"  # the option that names a file with the data
TEMPERATURE = 0.8  # of a network that writes: its scores are divided by it, so that likely symbols become likelier still


@dataclass(frozen=True)
class Option:
    """A setting of a task: a whole number from `low` to `high`; or one of the words `choices`, each with its label; or,
    where it is `local`, a text that names something on the machine that trains, which only its own command line may
    say, or a file that a visitor has brought there: it has no default, and no link or file can carry it. amount: whether it
    is how many samples there are to train on. native: it is about the task's own data alone, and means nothing where a file
    of one's own is there instead."""

    name: str
    label: str
    default: Value = ""
    low: int = 0
    high: int = 0
    choices: Mapping[str, str] = field(default_factory=dict)
    local: bool = False
    amount: bool = False
    native: bool = False

    @property
    def whole(self) -> bool:
        """Whether it is a whole number."""
        return not self.choices and not self.local

    def check(self, value: object) -> None:
        """Raises Invalid for a value that it cannot have."""
        if self.choices and value not in self.choices:
            raise Invalid(
                _("{name} is “{value}”; it must be one of {allowed}.").format(
                    name=self.name, value=value, allowed=", ".join(self.choices)
                ),
                self.name,
            )
        if self.local and not (isinstance(value, str) and value):
            raise Invalid(_("{name} is “{value}”; a text is expected.").format(name=self.name, value=value), self.name)
        number = isinstance(value, int) and not isinstance(value, bool)
        if self.whole and not (number and self.low <= value <= self.high):  # type: ignore[operator]
            raise Invalid(
                _("{name} is {value}; it must be a whole number from {low} to {high}.").format(
                    name=self.name, value=value, low=self.low, high=self.high
                ),
                self.name,
            )

    def read(self, text: str) -> Value:
        """The value that a text says, not yet checked. Raises Invalid where a number is expected and is not there."""
        try:
            return int(text) if self.whole else text
        except ValueError:
            raise Invalid(_("{name} is “{text}”; a number is expected.").format(name=self.name, text=text), self.name) from None


@dataclass(frozen=True)
class Batch:
    """One window. x: token numbers [T, B], or real features [T, B, F]. y [T, B]: what is right; a class, -1 where nothing is
    asked, or a real value, NaN where nothing is asked.

    `first` says that the hidden state starts at zero here; elsewhere it is carried over from the window before.
    `padded` says that the steps of a sample after the last that is asked do not exist: no loss term and no metric sees
    them, and the window that follows starts at zero.
    """

    x: Ints | Reals
    y: Ints | Reals
    first: bool
    padded: bool = False

    @property
    def target_mask(self) -> Bools:
        """Where something is asked, [T, B]."""
        found: Bools = np.isfinite(self.y) if self.y.dtype.kind == "f" else self.y >= 0
        return found

    @property
    def exists(self) -> Bools:
        """The steps that there are, [T, B]."""
        if not self.padded:
            return np.ones(self.y.shape, np.bool_)
        found: Bools = np.logical_or.accumulate(self.target_mask[::-1])[::-1].copy()
        return found


@dataclass(frozen=True)
class ForecastSeries:
    """The end of the validation part of a series, in the units it came in. values [N]; naive [N]: the value before each, which
    is a forecast too, NaN where none was read before. first: the place of the first of them in the whole series, from 1.
    ahead(answers of the whole part, in their order): what a network forecast for each [N], NaN likewise."""

    first: int
    values: Floats
    naive: Floats
    ahead: Callable[[Reals], Floats]


@dataclass(frozen=True)
class TextDecoder:
    """How a language model's symbols, by their numbers, are a text; and how many of them it writes, enough to see what it has
    learned."""

    text: Callable[[Sequence[int]], str]
    length: int


@dataclass(frozen=True)
class PromptFormat:
    """How a sample whose answer is written step by step is shown. asks(x [T] or [T, F]): what is to be answered, a text, or the
    shades of a picture, [rows, columns] from 0 to 1. between: what stands between the parts of the answer."""

    asks: Callable[[Ints | Reals], str | Reals]
    between: str


@dataclass(frozen=True)
class Data:
    """A task's data for one experiment: how many tokens go in (0: real features) and classes come out (1: a real value),
    their names, and the windows.

    `train(epoch)` gives an epoch's windows, `split(name)` those of "train", "validation" or "test" in a fixed order;
    every epoch has `updates` windows. `baselines` are, on the validation and on the test part, the task's metrics, in its
    order, of an answer that needs no network and knows the training part alone. Real targets are scaled by what the training
    part has: `centre` and `spread` give back their units.
    `see` names the features of one step, where they are real; `say` an answer, where the step's features are needed for it.
    `track` is what a forecast is drawn over, where the answers are forecasts.
    `feedback` is what is read after each class, [classes] or [classes, F], where an answer is written step by step, until the
    class
    `written.END`: the metrics are then of what the network writes by itself. `exchange` shows such samples.
    `nothing` is the class of the answer that there is nothing to name, if that is one.
    `writing` is there where what is asked for is the next of what is read: such a network can write.
    """

    tokens: int
    classes: int
    token_names: tuple[str, ...]
    class_names: tuple[str, ...]
    updates: int
    train: Callable[[int], Iterator[Batch]]
    split: Callable[[str], Iterator[Batch]]
    baselines: Mapping[str, Metrics]
    centre: float = 0.0
    spread: float = 1.0
    see: Callable[[Reals], str] | None = None
    say: Callable[[float, Reals], str] | None = None
    track: ForecastSeries | None = None
    feedback: Ints | Reals | None = None
    exchange: PromptFormat | None = None
    nothing: int | None = None
    writing: TextDecoder | None = None

    @property
    def real(self) -> bool:
        """Whether real values are asked for, and not classes."""
        return self.classes == 1

    @property
    def baseline(self) -> float:
        """The baseline of the task's first metric, on the test part."""
        return next(iter(self.baselines["test"].values()))

    @property
    def guess(self) -> float:
        """The loss of a plain guess: nats for classes; for real values, which are scaled, 1."""
        return 1.0 if self.real else math.log(self.classes)

    def sample_text(self, batch: Batch, sample: int) -> tuple[list[str], list[str | None]]:
        """What is shown of a sample, step by step: what is read, a dot where there is no step, and what is right."""
        x, exists = batch.x[:, sample], batch.exists[:, sample]
        read = [text if there else NOTHING for text, there in zip(self.read_text(x), exists, strict=True)]
        return read, self.answer_text(batch.y[:, sample], x)

    def read_text(self, x: Ints | Reals) -> list[str]:
        """What is shown of the inputs x [T] or [T, F] of one sample, step by step."""
        if self.see is None:
            return [self.token_names[i] for i in x]
        return [self.see(features) for features in x]

    def answer_text(self, y: Sequence[int | float | None] | Ints | Reals, x: Ints | Reals) -> list[str | None]:
        """What is shown of targets or predictions y [T] for the inputs x [T] or [T, F], in the units they came in; None where
        there is none."""
        if not self.real:
            return [None if i is None or i < 0 else self.class_names[int(i)] for i in y]
        say = self.say or (lambda value, _features: short(value * self.spread + self.centre))
        return [None if v is None or not np.isfinite(v) else say(v, features) for v, features in zip(y, x, strict=True)]


@dataclass(frozen=True)
class Task:
    """A kind of problem. `about` says what is learned, `shows` what one sees of dropout in it. `defaults` are the fields of an
    experiment that suit it; `metrics` are the names in metrics.py of what its test reports, the one that is shown first;
    `baseline` names the answer that needs no network; `unit` names what the loss is the mean over.

    make(options, T, B, seed) builds the data. default_steps(options) is the window T that suits the options;
    check_steps(options, T) raises Invalid for one that they do not fit into. features(options) is F where the inputs are
    real and go straight into layer 1, 0 where they are tokens and pass an embedding.
    """

    name: str
    label: str
    about: str
    shows: str
    unit: str
    metrics: tuple[str, ...]
    baseline: str
    options: tuple[Option, ...]
    defaults: Mapping[str, Any]
    make: Callable[[Options, int, int, int], Data]
    default_steps: Callable[[Options], int]
    check_steps: Callable[[Options, int], None] = lambda options, steps: None  # any window will do
    features: Callable[[Options], int] = lambda options: 0

    @property
    def metric(self) -> str:
        """The metric that is shown first."""
        return self.metrics[0]

    @property
    def shared_options(self) -> tuple[Option, ...]:
        """The options that a link, a file and a page may carry."""
        return tuple(option for option in self.options if not option.local)

    @property
    def reads_files(self) -> bool:
        """Whether its data may be a file of one's own, which the option `corpus` names."""
        return any(option.local and option.name == CORPUS for option in self.options)

    @property
    def columns(self) -> tuple[Option, ...]:
        """The options that name columns of that file: of a table. Without any it is a text."""
        return tuple(option for option in self.options if option.local and option.name != CORPUS)


def held_out(metrics: Callable[[str], Metrics]) -> dict[str, Metrics]:
    """`baselines` of a `Data`: metrics(name) are those of a part."""
    return {name: metrics(name) for name in ("validation", "test")}


def whole(options: Options, name: str) -> int:
    """The value of an option that is a whole number."""
    return int(options[name])


def text(options: Options, name: str) -> str:
    """The value of an option that is a word or a text; "" where it is not given."""
    return str(options.get(name, ""))


def short(value: float) -> str:
    """A number in few characters: 0.53, 58.3, 1234, 1.2e7."""
    if value and not 1e-3 <= abs(value) < 1e5:
        return f"{value:.1e}".replace("e+0", "e").replace("e-0", "e-").replace("e+", "e")
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
