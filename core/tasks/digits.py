"""Handwritten digits, read row by row or pixel by pixel (Le, Jaitly and Hinton 2015): the answer comes after the last."""

from functools import lru_cache
from pathlib import Path

import numpy as np

from core.dropout.methods import METHODS
from core.errors import Invalid
from core.i18n import N_, _
from core.tasks.braille import bars
from core.tasks.metrics import always
from core.tasks.sequence_windows import Rows, windows
from core.tasks.task import Batch, Data, Option, Options, Reals, Task, held_out, text, whole

FILE = Path(__file__).parents[2] / "assets" / "data" / "digits.csv.gz"
SIDE, BRIGHTEST = 8, 16
NAMES = tuple("0123456789")
HELD_OUT = 300  # images of the validation part, and of the test part
PERMUTATION = np.random.default_rng(1797).permutation(SIDE * SIDE)  # the same for all seeds


def make(options: Options, steps: int, batch: int, seed: int) -> Data:
    """The images dealt by the seed into the three parts; each is 8 rows of 8 pixels, or 64 pixels, from -1/2 to 1/2."""
    rows, features = dealt(whole(options, "images"), seed), _features(options)
    pixels = PERMUTATION if text(options, "order") == "permuted" else np.arange(SIDE * SIDE)
    last = SIDE * SIDE // features - 1

    def window(some: Rows) -> Batch:
        x, y = np.zeros((steps, batch, features), np.float32), np.full((steps, batch), -1)
        read = some[:, pixels].reshape(batch, last + 1, features)
        x[: last + 1], y[last] = read.swapaxes(0, 1) / BRIGHTEST - 0.5, some[:, -1]
        return Batch(x, y, first=True, padded=True)

    most = int(np.bincount(rows["train"][:, -1]).argmax())
    baselines = held_out(lambda part: always(most, rows[part][:, -1]))
    return Data(0, len(NAMES), (), NAMES, *windows(rows, batch, seed, window, whole=True), baselines, see=_see)


def dealt(images: int, seed: int) -> dict[str, Rows]:
    """The images of the three parts, so many to train on: [n, 65], 64 pixels from 0 to 16, row by row, and the digit."""
    every = _images()
    order = np.random.default_rng(seed).permutation(len(every))
    ends = {"train": order[2 * HELD_OUT :][:images], "validation": order[:HELD_OUT], "test": order[HELD_OUT : 2 * HELD_OUT]}
    return {name: every[numbers] for name, numbers in ends.items()}


@lru_cache
def _images() -> Rows:
    return np.loadtxt(FILE, np.int64, delimiter=",")


def _see(features: Reals) -> str:
    shades = features + 0.5
    if len(shades) == 1:
        return str(round(float(shades[0] * BRIGHTEST)))
    return bars(shades)


def _features(options: Options) -> int:
    return {"rows": SIDE, "pixels": 1}[text(options, "reading")]


def _default_steps(options: Options) -> int:
    return SIDE * SIDE // _features(options)


def _check_steps(options: Options, steps: int) -> None:
    least = _default_steps(options)
    if steps < least:
        raise Invalid(_("An image is read in {least} steps; steps is {steps}.").format(least=least, steps=steps), "steps")


TASK = Task(
    name="digits",
    label=N_("Digits"),
    about=N_("Name a handwritten digit of 8 × 8 pixels (UCI, from scikit-learn) after its last row, or its last pixel."),
    shows=N_("Few images are learned by heart: dropout narrows the gap. Pixel by pixel it is a long memory as well."),
    unit=N_("image"),
    metrics=("accuracy", "macro_f1"),
    baseline=N_("the commonest digit"),
    options=(
        Option("images", N_("Images"), 200, 64, 1197, amount=True),
        Option("reading", N_("Read by"), "rows", choices={"rows": N_("rows"), "pixels": N_("pixels")}),
        Option("order", N_("Order"), "natural", choices={"natural": N_("natural"), "permuted": N_("permuted")}),
    ),
    defaults={
        "hidden": 64,
        "batch": 16,
        "epochs": 30,
        "learning_rate": 0.004,
        "placement": METHODS["zaremba2014"].placement(0.25),
    },
    make=make,
    default_steps=_default_steps,
    check_steps=_check_steps,
    features=_features,
)
