"""The spoken digits.

Oracles: the synthesiser itself, if it is installed; tones whose place on the mel scale is known; scikit-learn.
"""

import shutil
import subprocess

import numpy as np
import pytest
from sklearn.metrics import f1_score

from assets.data import speech as recipe
from core.dropout.methods import METHODS
from core.errors import Invalid
from core.experiment.experiment import build_experiment
from core.tasks import TASKS
from core.tasks.speech import FRAMES, SILENCE, SPEECH_FILE, VOICE_COUNT, load_frame_labels, split_recordings
from core.tasks.task import Data
from core.training.trainer import train

PARTS = ("train", "validation", "test")
with np.load(SPEECH_FILE) as file:
    RECORDED = dict(file)


def build_data(voices: int = 6, batch: int = 16, seed: int = 7, more: int = 0) -> Data:
    return TASKS["speech"].make_data({"voices": voices}, FRAMES + more, batch, seed)


def get_synthesizer_version() -> str:
    """Return the version of the synthesizer, "" if it is not installed."""
    found = shutil.which("espeak-ng")
    return subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout if found else ""


@pytest.mark.skipif(
    "text-to-speech: 1.51 " not in get_synthesizer_version(), reason="needs eSpeak NG 1.51, which made the file"
)
def test_the_recipe_makes_the_file() -> None:
    random = np.random.default_rng(recipe.SEED)
    for n in range(8):
        word = recipe.WORDS[RECORDED["digit"][n]]
        features, inside, noise = recipe.recording(str(RECORDED["voices"][RECORDED["voice"][n]]), word, random)
        assert np.array_equal(features, RECORDED["features"][n])
        assert np.array_equal(inside, RECORDED["inside"][n])
        assert noise == RECORDED["noise"][n]


def test_what_is_in_the_file() -> None:
    assert "eSpeak NG 1.51" in str(RECORDED["source"])
    assert SPEECH_FILE.stat().st_size < 1_000_000
    assert RECORDED["features"].shape == (VOICE_COUNT * 10 * recipe.TAKES, FRAMES, recipe.BANDS)
    said = RECORDED["voice"].astype(int) * 10 + RECORDED["digit"]
    assert np.bincount(said).tolist() == [recipe.TAKES] * VOICE_COUNT * 10, "every voice says every digit as often"
    assert set(RECORDED["noise"]) == set(recipe.NOISE)
    variants = [str(name).partition("+")[2] for name in RECORDED["voices"]]
    assert len(set(variants)) == len(variants) == VOICE_COUNT, "no voice under two accents"
    begins_and_ends = np.diff(RECORDED["inside"].astype(int), axis=1, prepend=0, append=0)
    assert (np.abs(begins_and_ends).sum(axis=1) == 2).all(), "a digit is in one piece"


@pytest.mark.parametrize("hertz", [120, 440, 1000, 3000, 6500])
def test_a_tone_is_in_its_band(hertz: int) -> None:
    """Twice the amplitude is 6 dB more."""
    tone = np.sin(2 * np.pi * hertz * np.arange(recipe.LENGTH) / recipe.RATE)
    one, twice = recipe.log_mel(tone), recipe.log_mel(2 * tone)
    low, high, place = (2595 * np.log10(1 + f / 700) for f in (recipe.LOWEST, recipe.HIGHEST, hertz))
    nearest = (place - low) / (high - low) * (recipe.BANDS + 1) - 1
    assert (np.abs(one.argmax(axis=1) - nearest) <= 0.6).all()
    assert np.allclose((twice - one).max(axis=1), 20 * np.log10(2), atol=1e-3)


def test_the_noise_is_as_strong_in_every_octave() -> None:
    power = np.mean([np.square(np.abs(np.fft.rfft(recipe.pink(np.random.default_rng(n))))) for n in range(8)], axis=0)
    octaves = [power[2**n : 2 ** (n + 1)].sum() for n in range(5, 12)]
    assert max(octaves) < 1.3 * min(octaves)


def test_a_frame_belongs_to_the_digit_that_its_middle_is_in() -> None:
    start, end = 1000, 4000
    middles = [frame * 0.02 * recipe.RATE + recipe.WINDOW / 2 for frame in range(FRAMES)]
    assert recipe.within(start, end).tolist() == [start <= middle < end for middle in middles]
    assert recipe.trimmed(np.array([0.0, 1, 0, -100, 3, 0, 2, 0])).tolist() == [-100, 3]


@pytest.mark.parametrize("seed", [7, 8])
def test_no_voice_is_in_two_splits(seed: int) -> None:
    for voices, batch in ((2, 7), (18, 16)):
        numbers, data = split_recordings(voices, seed), build_data(voices, batch, seed)
        heard_in = [set(RECORDED["voice"][numbers[split]]) for split in PARTS]
        assert [len(found) for found in heard_in] == [voices, 4, 6]
        assert len(set.union(*heard_in)) == sum(map(len, heard_in))
        for split in PARTS[1:]:  # in whole
            asked = np.concatenate([batch.y[batch.target_mask] for batch in data.split(split)])
            assert sorted(asked) == sorted(load_frame_labels()[numbers[split]].ravel())


def test_scaled_by_the_training_split_alone() -> None:
    data, numbers = build_data(batch=24), split_recordings(6, 7)
    x = np.concatenate([batch.x for batch in data.split("train")], axis=1)
    assert np.abs(x.mean(axis=(0, 1))).max() < 1e-4
    assert np.abs(x.std(axis=(0, 1)) - 1).max() < 1e-4
    mean, spread = (how(RECORDED["features"][numbers["train"]].astype(float), axis=(0, 1)) for how in (np.mean, np.std))
    first, targets = next(data.split("test")), RECORDED["features"][numbers["test"][:24]]
    assert np.allclose(first.x.swapaxes(0, 1) * spread + mean, targets, atol=1e-3)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_the_baseline_predicts_the_commonest_class(split: str) -> None:
    data, targets = build_data(), load_frame_labels()[split_recordings(6, 7)[split]].ravel()
    assert data.baselines[split]["accuracy"] == pytest.approx(np.mean(targets == SILENCE))
    always = np.full(len(targets), SILENCE)
    assert data.baselines[split]["macro_f1"] == pytest.approx(f1_score(targets, always, average="macro"))


def test_the_texts_and_the_steps_of_a_recording() -> None:
    data = build_data(more=2)
    batch = next(data.split("train"))
    read, targets = data.describe_sample(batch, 0)
    assert read[-2:] == ["·", "·"]
    assert targets[-2:] == [None, None]
    assert {len(text) for text in read[:FRAMES]} == {4}
    assert len(set(targets[:FRAMES])) == 2
    with pytest.raises(Invalid, match=f"has {FRAMES} frames; steps is {FRAMES - 1}"):
        build_experiment("speech", steps=FRAMES - 1)


def test_a_small_network_beats_the_baseline() -> None:
    e = build_experiment(
        "speech",
        {"voices": 6},
        hidden=16,
        layers=1,
        epochs=4,
        batch=24,
        learning_rate=0.03,
        device="cpu",
        placement=METHODS["none"].build_placement(),
    )
    test = list(train(e))[-1]["test"]
    assert test["accuracy"] > 0.6 > 1.1 * test["baseline"]
    assert test["macro_f1"] > 0.2 > 3 * build_data().baselines["test"]["macro_f1"]
