"""Captions: a digit's picture, then its name by letters. The captions of Zaremba, Sutskever and Vinyals 2014 in miniature.

As there the picture is read once, at the first step, and each letter again before the next (Vinyals et al. 2014).
"""

import numpy as np

from core.dropout.methods import METHODS
from core.errors import Invalid
from core.i18n import N_, _
from core.tasks.braille import picture
from core.tasks.digits import BRIGHTEST, SIDE, dealt
from core.tasks.generated_sequences import END
from core.tasks.metrics import METRICS
from core.tasks.sequence_windows import Rows, windows
from core.tasks.task import NOTHING, Batch, Data, Ints, Metrics, Option, Options, PromptFormat, Reals, Task, held_out, whole

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
LETTERS = (".", *sorted(set("".join(NAMES))))  # the first is the end
LONGEST = max(map(len, NAMES)) + 1  # letters, with the end
PIXELS = SIDE * SIDE
FED = np.concatenate([np.zeros((len(LETTERS), PIXELS)), np.eye(len(LETTERS))], axis=1).astype(np.float32)
TOLD = ("exact_match", "letter_accuracy")


def make(options: Options, steps: int, batch: int, seed: int) -> Data:
    """The images dealt by the seed into the three parts. A step reads 64 pixels from 0 to 1, at the first, or one letter."""
    parts, names = dealt(whole(options, "images"), seed), spelt(LONGEST)

    def window(some: Rows) -> Batch:
        x, y = np.zeros((steps, batch, FED.shape[1]), np.float32), np.full((steps, batch), -1)
        y[:LONGEST] = names[some[:, -1]].T
        x[0, :, :PIXELS], later = some[:, :-1] / BRIGHTEST, y[:-1] >= 0
        x[1:][later] = FED[y[:-1][later]]
        return Batch(x, y, first=True, padded=True)

    def commonest(part: str) -> Metrics:
        right = names[parts[part][:, -1]]
        most = np.broadcast_to(names[np.bincount(parts["train"][:, -1]).argmax()], right.shape)
        return {name: METRICS[name].value(0.0, most, right) for name in TOLD}

    cut = windows(parts, batch, seed, window, whole=True)
    return Data(
        0, len(LETTERS), (), LETTERS, *cut, held_out(commonest), feedback=FED, see=_see, exchange=PromptFormat(_picture, "")
    )


def spelt(width: int) -> Ints:
    """The names in numbers of letters, [10, width]: their end with them, then -1."""
    rows = np.full((len(NAMES), width), -1)
    for row, name in zip(rows, NAMES, strict=True):
        row[: len(name) + 1] = [*map(LETTERS.index, name), END]
    return rows


def _picture(x: Ints | Reals) -> Reals:
    shades: Reals = np.asarray(x[0, :PIXELS], np.float32).reshape(SIDE, SIDE)
    return shades


def _see(features: Reals) -> str:
    if (letter := features[PIXELS:]).any():
        return LETTERS[int(letter.argmax())]
    if not features.any():
        return NOTHING
    return picture(features[:PIXELS].reshape(SIDE // 2, 2, SIDE).mean(axis=1) > 0.4)


def _check_steps(options: Options, steps: int) -> None:
    if steps < LONGEST:
        raise Invalid(
            _("A name is written in up to {least} steps; steps is {steps}.").format(least=LONGEST, steps=steps), "steps"
        )


TASK = Task(
    name="captions",
    label=N_("Captions: a digit's name"),
    about=N_("Look at a handwritten digit once, then write its name, letter by letter."),
    shows=N_("Few pictures are learned by heart: with dropout the loss on new ones falls, and more of their names are right."),
    unit=N_("letter"),
    metrics=TOLD,
    baseline=N_("the commonest name"),
    options=(Option("images", N_("Images"), 100, 64, 1197, amount=True),),
    defaults={
        "hidden": 128,
        "batch": 16,
        "epochs": 80,
        "learning_rate": 0.006,
        "placement": METHODS["zaremba2014"].placement(0.25),
    },
    make=make,
    default_steps=lambda options: LONGEST,
    check_steps=_check_steps,
    features=lambda options: FED.shape[1],
)
