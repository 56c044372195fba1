"""Captions: read the picture of a digit, then write its name letter by letter (small version of Zaremba et al. 2014).

As in the paper, the picture is read once, at the first step; each written letter is the input of the next step (Vinyals et al.
2014).
"""

import numpy as np

from core.dropout.methods import METHODS
from core.errors import Invalid
from core.i18n import N_, _
from core.tasks.braille import draw_picture
from core.tasks.digits import MAX_BRIGHTNESS, SIDE, split_images
from core.tasks.generated_sequences import END_CLASS
from core.tasks.metrics import METRICS
from core.tasks.sequence_windows import Rows, make_windows
from core.tasks.task import (
    NO_STEP,
    Batch,
    Data,
    Ints,
    Metrics,
    Option,
    Options,
    PromptFormat,
    Reals,
    Task,
    evaluate_baselines,
    get_integer,
)

DIGIT_NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
LETTERS = (".", *sorted(set("".join(DIGIT_NAMES))))  # the first is the end
MAX_STEPS = max(map(len, DIGIT_NAMES)) + 1  # letters, with the end
PIXEL_COUNT = SIDE * SIDE
FEEDBACK = np.concatenate([np.zeros((len(LETTERS), PIXEL_COUNT)), np.eye(len(LETTERS))], axis=1).astype(np.float32)
METRIC_NAMES = ("exact_match", "letter_accuracy")


def make_data(options: Options, steps: int, batch: int, seed: int) -> Data:
    """Build sequences whose first step reads 64 pixels from 0 to 1, and whose other steps read one letter each.

    The seed assigns the images to the three splits.
    """
    splits, names = split_images(get_integer(options, "images"), seed), encode_names(MAX_STEPS)

    def make_window(rows: Rows) -> Batch:
        x, y = np.zeros((steps, batch, FEEDBACK.shape[1]), np.float32), np.full((steps, batch), -1)
        y[:MAX_STEPS] = names[rows[:, -1]].T
        x[0, :, :PIXEL_COUNT], is_followed = rows[:, :-1] / MAX_BRIGHTNESS, y[:-1] >= 0
        x[1:][is_followed] = FEEDBACK[y[:-1][is_followed]]
        return Batch(x, y, starts_sequence=True, padded=True)

    def predict_most_common(split: str) -> Metrics:
        targets = names[splits[split][:, -1]]
        predictions = np.broadcast_to(names[np.bincount(splits["train"][:, -1]).argmax()], targets.shape)
        return {name: METRICS[name].value(0.0, predictions, targets) for name in METRIC_NAMES}

    windows = make_windows(splits, batch, seed, make_window, keep_remainder=True)
    return Data(
        0,
        len(LETTERS),
        (),
        LETTERS,
        *windows,
        evaluate_baselines(predict_most_common),
        feedback=FEEDBACK,
        describe_input=_describe_input,
        prompt_format=PromptFormat(_format_picture, ""),
    )


def encode_names(width: int) -> Ints:
    """Return the names as letter numbers, [10, width]: each ends with `END_CLASS`, then -1."""
    rows = np.full((len(DIGIT_NAMES), width), -1)
    for row, name in zip(rows, DIGIT_NAMES, strict=True):
        row[: len(name) + 1] = [*map(LETTERS.index, name), END_CLASS]
    return rows


def _format_picture(x: Ints | Reals) -> Reals:
    levels: Reals = np.asarray(x[0, :PIXEL_COUNT], np.float32).reshape(SIDE, SIDE)
    return levels


def _describe_input(features: Reals) -> str:
    if (letter := features[PIXEL_COUNT:]).any():
        return LETTERS[int(letter.argmax())]
    if not features.any():
        return NO_STEP
    return draw_picture(features[:PIXEL_COUNT].reshape(SIDE // 2, 2, SIDE).mean(axis=1) > 0.4)


def _check_steps(options: Options, steps: int) -> None:
    if steps < MAX_STEPS:
        raise Invalid(
            _("A name is written in up to {least} steps; steps is {steps}.").format(least=MAX_STEPS, steps=steps), "steps"
        )


TASK = Task(
    name="captions",
    label=N_("Captions: a digit's name"),
    description=N_("Read the picture of a handwritten digit once, then write its name, letter by letter."),
    dropout_effect=N_(
        "A few pictures are soon memorized: dropout lowers the loss on new pictures, and more of their names are correct."
    ),
    unit=N_("letter"),
    metrics=METRIC_NAMES,
    baseline=N_("the commonest name"),
    options=(Option("images", N_("Images"), 100, 64, 1197, is_sample_count=True),),
    defaults={
        "hidden": 128,
        "batch": 16,
        "epochs": 80,
        "learning_rate": 0.006,
        "placement": METHODS["zaremba2014"].build_placement(0.25),
    },
    make_data=make_data,
    default_steps=lambda options: MAX_STEPS,
    check_steps=_check_steps,
    features=lambda options: FEEDBACK.shape[1],
)
