"""Handwritten digits, read row by row or pixel by pixel (Le, Jaitly and Hinton 2015) and classified after the last step."""

from functools import lru_cache
from pathlib import Path

import numpy as np

from core.dropout.methods import METHODS
from core.errors import Invalid
from core.i18n import N_, _
from core.tasks.braille import draw_bars
from core.tasks.metrics import score_constant
from core.tasks.sequence_windows import Rows, make_windows
from core.tasks.task import Batch, Data, Option, Options, Reals, Task, evaluate_baselines, get_integer, get_text

DIGITS_FILE = Path(__file__).parents[2] / "assets" / "data" / "digits.csv.gz"
SIDE, MAX_BRIGHTNESS = 8, 16
CLASS_NAMES = tuple("0123456789")
HELD_OUT_IMAGES = 300  # images of the validation split, and as many of the test split
PERMUTATION = np.random.default_rng(1797).permutation(SIDE * SIDE)  # the same for all seeds


def make_data(options: Options, steps: int, batch: int, seed: int) -> Data:
    """Build sequences of 8 rows of 8 pixels, or of 64 pixels, scaled to -1/2 to 1/2. The seed assigns images to splits."""
    rows, features = split_images(get_integer(options, "images"), seed), _count_features(options)
    pixels = PERMUTATION if get_text(options, "order") == "permuted" else np.arange(SIDE * SIDE)
    last = SIDE * SIDE // features - 1

    def make_window(some_rows: Rows) -> Batch:
        x, y = np.zeros((steps, batch, features), np.float32), np.full((steps, batch), -1)
        images = some_rows[:, pixels].reshape(batch, last + 1, features)
        x[: last + 1], y[last] = images.swapaxes(0, 1) / MAX_BRIGHTNESS - 0.5, some_rows[:, -1]
        return Batch(x, y, starts_sequence=True, padded=True)

    most_common = int(np.bincount(rows["train"][:, -1]).argmax())
    baselines = evaluate_baselines(lambda split: score_constant(most_common, rows[split][:, -1]))
    windows = make_windows(rows, batch, seed, make_window, keep_remainder=True)
    return Data(0, len(CLASS_NAMES), (), CLASS_NAMES, *windows, baselines, describe_input=_describe_input)


def split_images(images: int, seed: int) -> dict[str, Rows]:
    """Return the images of the three splits, `images` of them for training, each as a row of 65 integers.

    A row holds 64 pixels from 0 to 16, row by row, and the digit.
    """
    every_image = _load_images()
    order = np.random.default_rng(seed).permutation(len(every_image))
    numbers = {
        "train": order[2 * HELD_OUT_IMAGES :][:images],
        "validation": order[:HELD_OUT_IMAGES],
        "test": order[HELD_OUT_IMAGES : 2 * HELD_OUT_IMAGES],
    }
    return {split: every_image[some] for split, some in numbers.items()}


@lru_cache
def _load_images() -> Rows:
    return np.loadtxt(DIGITS_FILE, np.int64, delimiter=",")


def _describe_input(features: Reals) -> str:
    levels = features + 0.5
    if len(levels) == 1:
        return str(round(float(levels[0] * MAX_BRIGHTNESS)))
    return draw_bars(levels)


def _count_features(options: Options) -> int:
    return {"rows": SIDE, "pixels": 1}[get_text(options, "reading")]


def _default_steps(options: Options) -> int:
    return SIDE * SIDE // _count_features(options)


def _check_steps(options: Options, steps: int) -> None:
    least = _default_steps(options)
    if steps < least:
        raise Invalid(_("An image is read in {least} steps; steps is {steps}.").format(least=least, steps=steps), "steps")


TASK = Task(
    name="digits",
    label=N_("Digits"),
    description=N_("Name a handwritten digit of 8 × 8 pixels (UCI, from scikit-learn) after its last row, or its last pixel."),
    dropout_effect=N_("A few images are soon memorized: dropout narrows the gap. Read by pixels, they need a long memory too."),
    unit=N_("image"),
    metrics=("accuracy", "macro_f1"),
    baseline=N_("the commonest digit"),
    options=(
        Option("images", N_("Images"), 200, 64, 1197, is_sample_count=True),
        Option("reading", N_("Read by"), "rows", choices={"rows": N_("rows"), "pixels": N_("pixels")}),
        Option("order", N_("Order"), "natural", choices={"natural": N_("natural"), "permuted": N_("permuted")}),
    ),
    defaults={
        "hidden": 64,
        "batch": 16,
        "epochs": 30,
        "learning_rate": 0.004,
        "placement": METHODS["zaremba2014"].build_placement(0.25),
    },
    make_data=make_data,
    default_steps=_default_steps,
    check_steps=_check_steps,
    features=_count_features,
)
