"""Spoken digits: which is being spoken, frame by frame? The speech task of Zaremba, Sutskever and Vinyals 2014 in miniature."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.dropout.methods import METHODS
from core.errors import Invalid
from core.i18n import N_, _
from core.tasks.braille import bars
from core.tasks.metrics import always
from core.tasks.sequence_windows import Rows, windows
from core.tasks.task import Batch, Data, Option, Options, Reals, Task, held_out, whole

FILE = Path(__file__).parents[2] / "assets" / "data" / "speech.npz"  # speech.py beside it says how it was made
DIGITS = "0123456789"
SILENCE = len(DIGITS)
FRAMES, BANDS = 32, 24
EVERY, HELD_OUT = 28, {"validation": 4, "test": 6}  # voices


def make(options: Options, steps: int, batch: int, seed: int) -> Data:
    """The seed deals the voices into the three parts: nobody who is heard in training is heard again. Every frame of their
    recordings is asked for: its digit, or silence.

    Features are decibels of power in the bands of the mel scale, each band scaled by the training part.
    """
    numbers = split(whole(options, "voices"), seed)
    features, frames = _file()["features"], labels()
    trained = features[numbers["train"]].reshape(-1, BANDS).astype(float)
    centre, spread = trained.mean(axis=0), trained.std(axis=0) + 1e-6

    def window(some: Rows) -> Batch:
        x, y = np.zeros((steps, batch, BANDS), np.float32), np.full((steps, batch), -1)
        x[:FRAMES], y[:FRAMES] = ((features[some] - centre) / spread).swapaxes(0, 1), frames[some].T
        return Batch(x, y, first=True, padded=True)

    most = int(np.bincount(frames[numbers["train"]].ravel()).argmax())
    baselines = held_out(lambda part: always(most, frames[numbers[part]].ravel()))
    names = (*DIGITS, _("silence"))
    cut = windows(numbers, batch, seed, window, whole=True)
    return Data(0, len(names), (), names, *cut, baselines, see=_see, nothing=SILENCE)


def split(voices: int, seed: int) -> dict[str, Rows]:
    """The numbers of the recordings of each part, the training part of that many voices."""
    voice = _file()["voice"]
    order = np.random.default_rng(seed).permutation(EVERY)
    held = np.cumsum([*HELD_OUT.values(), voices])
    parts = dict(zip((*HELD_OUT, "train"), np.split(order, held), strict=False))
    return {name: np.flatnonzero(np.isin(voice, parts[name])) for name in ("train", "validation", "test")}


@lru_cache
def labels() -> npt.NDArray[np.int64]:
    """What is right at each frame of each recording, [N, FRAMES]: its digit, or silence."""
    file = _file()
    return np.where(file["inside"], file["digit"][:, None], SILENCE).astype(np.int64)


@lru_cache
def _file() -> dict[str, npt.NDArray[Any]]:
    with np.load(FILE) as file:
        return dict(file)


def _see(features: Reals) -> str:
    # Eight bars, a mean of three bands each: two spreads below the band's mean is empty, two above it full.
    return bars((features.reshape(8, -1).mean(axis=1) + 2) / 4)


def _check_steps(options: Options, steps: int) -> None:
    if steps < FRAMES:
        raise Invalid(_("A recording has {least} frames; steps is {steps}.").format(least=FRAMES, steps=steps), "steps")


TASK = Task(
    name="speech",
    label=N_("Speech: spoken digits"),
    about=N_(
        "Say at every frame of 20 ms which digit is being spoken, or that none is, in voices that were never heard before."
    ),
    shows=N_(
        "Few voices are learned by heart: dropout narrows the gap and lowers the validation loss; the accuracy hardly moves."
    ),
    unit=N_("frame"),
    metrics=("accuracy", "macro_f1"),
    baseline=N_("the commonest answer"),
    options=(Option("voices", N_("Training voices"), 3, 2, EVERY - sum(HELD_OUT.values()), amount=True),),
    defaults={
        "hidden": 128,
        "batch": 8,
        "epochs": 48,
        "learning_rate": 0.004,
        "placement": METHODS["zaremba2014"].placement(0.25),
    },
    make=make,
    default_steps=lambda options: FRAMES,
    check_steps=_check_steps,
    features=lambda options: BANDS,
)
