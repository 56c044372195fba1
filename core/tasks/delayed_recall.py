"""Delayed recall: the first token must be named after `lag` distractors. One lost memory and the answer is lost."""

from collections.abc import Iterator, Mapping

import numpy as np

from core.dropout.methods import METHODS
from core.errors import Invalid
from core.language import N_, _
from core.tasks.task import Batch, Data, Ints, Option, Task

CLASSES = DISTRACTORS = 8
NAMES = (*"ABCDEFGH", *"stuvwxyz", "?", "·")
PARTS = {"validation": 512, "test": 1024}


def make(options: Mapping[str, int], steps: int, batch: int, seed: int) -> Data:
    """Sequences of `steps` tokens: one to remember, `lag` distractors, the question; then only filler.

    The distractors are tokens of their own: nothing but the first token ever says the answer.
    """
    count = options["sequences"]
    if count < batch:
        raise Invalid(_("{count} training sequences do not fill one batch of {batch}.").format(count=count, batch=batch))
    sets = {"train": count, **PARTS}
    tokens = {
        name: _tokens(np.random.default_rng([seed, number]), size, options["lag"])
        for number, (name, size) in enumerate(sets.items())
    }

    def train(epoch: int) -> Iterator[Batch]:
        order = np.random.default_rng([seed, len(sets), epoch]).permutation(count)
        yield from _batches(tokens["train"][order], steps, batch)

    return Data(len(NAMES), CLASSES, NAMES, NAMES[:CLASSES], count // batch, train,
                lambda part: _batches(tokens[part], steps, batch), 1 / CLASSES)  # fmt: skip


def _tokens(random: np.random.Generator, size: int, lag: int) -> Ints:
    first = random.integers(CLASSES, size=(size, 1))
    return np.concatenate([first, random.integers(CLASSES, CLASSES + DISTRACTORS, size=(size, lag))], axis=1)


def _batches(tokens: Ints, steps: int, batch: int) -> Iterator[Batch]:
    question, filler = len(NAMES) - 2, len(NAMES) - 1
    asked = tokens.shape[1]
    for start in range(0, len(tokens) - batch + 1, batch):
        rows = tokens[start : start + batch]
        x = np.full((steps, batch), filler)
        x[:asked] = rows.T
        x[asked] = question
        y = np.full((steps, batch), -1)
        y[asked] = rows[:, 0]
        yield Batch(x, y, first=True)


def _default_steps(options: Mapping[str, int]) -> int:
    return options["lag"] + 2


def _check_steps(options: Mapping[str, int], steps: int) -> None:
    if steps < options["lag"] + 2:
        raise Invalid(
            _("A lag of {lag} needs sequences of at least {least} steps (the token, {lag} distractors, the question); "
              "steps is {steps}.").format(lag=options["lag"], least=options["lag"] + 2, steps=steps), "lag")  # fmt: skip


TASK = Task(
    name="delayed-recall",
    label=N_("Delayed recall"),
    about=N_("Name the first token after a number of distractors: memory over time and nothing else."),
    unit=N_("token"),
    metric="accuracy",
    options=(
        Option("lag", N_("Lag"), 25, 1, 100),
        Option("sequences", N_("Sequences"), 4096, 64, 50_000),
    ),
    defaults={
        "hidden": 32,
        "batch": 32,
        "epochs": 6,
        "learning_rate": 0.003,
        "forget_bias": 3.0,
        "placement": METHODS["zaremba2014"].placement(0.25),
    },
    make=make,
    default_steps=_default_steps,
    check_steps=_check_steps,
)
