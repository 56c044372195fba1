"""Spoken digits: name the spoken digit at every frame (small version of the speech task of Zaremba et al. 2014)."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.dropout.methods import METHODS
from core.errors import Invalid
from core.i18n import N_, _
from core.tasks.braille import draw_bars
from core.tasks.metrics import score_constant
from core.tasks.sequence_windows import Rows, make_windows
from core.tasks.task import Batch, Data, Option, Options, Reals, Task, evaluate_baselines, get_integer

SPEECH_FILE = Path(__file__).parents[2] / "assets" / "data" / "speech.npz"  # made by speech.py in the same folder
DIGITS = "0123456789"
SILENCE = len(DIGITS)
FRAMES, BANDS = 32, 24
VOICE_COUNT, HELD_OUT_VOICES = 28, {"validation": 4, "test": 6}


def make_data(options: Options, steps: int, batch: int, seed: int) -> Data:
    """Build sequences of the frames of recordings. The target of every frame is its digit, or silence.

    The seed assigns the voices to the three splits; no voice is in two of them. Features are log-mel energies in decibels,
    each band scaled by its mean and standard deviation in the training split.
    """
    numbers = split_recordings(get_integer(options, "voices"), seed)
    features, frames = _load_file()["features"], load_frame_labels()
    training = features[numbers["train"]].reshape(-1, BANDS).astype(float)
    mean, std = training.mean(axis=0), training.std(axis=0) + 1e-6

    def make_window(recordings: Rows) -> Batch:
        x, y = np.zeros((steps, batch, BANDS), np.float32), np.full((steps, batch), -1)
        x[:FRAMES], y[:FRAMES] = ((features[recordings] - mean) / std).swapaxes(0, 1), frames[recordings].T
        return Batch(x, y, starts_sequence=True, padded=True)

    most_common = int(np.bincount(frames[numbers["train"]].ravel()).argmax())
    baselines = evaluate_baselines(lambda split: score_constant(most_common, frames[numbers[split]].ravel()))
    names = (*DIGITS, _("silence"))
    windows = make_windows(numbers, batch, seed, make_window, keep_remainder=True)
    return Data(0, len(names), (), names, *windows, baselines, describe_input=_describe_input, blank_class=SILENCE)


def split_recordings(voices: int, seed: int) -> dict[str, Rows]:
    """Return the recording numbers of each split, `voices` of the voices for training."""
    voice = _load_file()["voice"]
    order = np.random.default_rng(seed).permutation(VOICE_COUNT)
    ends = np.cumsum([*HELD_OUT_VOICES.values(), voices])
    split_voices = dict(zip((*HELD_OUT_VOICES, "train"), np.split(order, ends), strict=False))
    return {name: np.flatnonzero(np.isin(voice, split_voices[name])) for name in ("train", "validation", "test")}


@lru_cache
def load_frame_labels() -> npt.NDArray[np.int64]:
    """Return the target of each frame of each recording, [N, FRAMES]: its digit, or `SILENCE`."""
    file = _load_file()
    return np.where(file["inside"], file["digit"][:, None], SILENCE).astype(np.int64)


@lru_cache
def _load_file() -> dict[str, npt.NDArray[Any]]:
    with np.load(SPEECH_FILE) as file:
        return dict(file)


def _describe_input(features: Reals) -> str:
    # Eight bars, each the mean of three bands: empty at two standard deviations below the mean, full at two above.
    return draw_bars((features.reshape(8, -1).mean(axis=1) + 2) / 4)


def _check_steps(options: Options, steps: int) -> None:
    if steps < FRAMES:
        raise Invalid(_("A recording has {least} frames; steps is {steps}.").format(least=FRAMES, steps=steps), "steps")


TASK = Task(
    name="speech",
    label=N_("Speech: spoken digits"),
    description=N_("Name at every frame of 20 ms the spoken digit, or silence, in voices that are not in the training split."),
    dropout_effect=N_(
        "A few voices are soon memorized: dropout narrows the gap and lowers the validation loss; the accuracy hardly changes."
    ),
    unit=N_("frame"),
    metrics=("accuracy", "macro_f1"),
    baseline=N_("the commonest answer"),
    options=(Option("voices", N_("Training voices"), 3, 2, VOICE_COUNT - sum(HELD_OUT_VOICES.values()), is_sample_count=True),),
    defaults={
        "hidden": 128,
        "batch": 8,
        "epochs": 48,
        "learning_rate": 0.004,
        "placement": METHODS["zaremba2014"].build_placement(0.25),
    },
    make_data=make_data,
    default_steps=lambda options: FRAMES,
    check_steps=_check_steps,
    features=lambda options: BANDS,
)
