"""python assets/data/speech.py: spoken digits for the speech task, said by the synthesiser eSpeak NG 1.51; makes speech.npz.

Every recording is one English digit, somewhere in 0.67 s, under pink noise. What is kept of it are its log-mel features, and
no sound. Voices, speed, pitch, place and noise come from one seed: eSpeak NG of the same version gives the same file again.

Frame labels come from the sound before the noise: the digit lasts from its first sample above 2 % of its peak to its last,
and a frame belongs to it if the frame's middle does. eSpeak NG and its voices are under the GPL, version 3 or later; the
features are measurements of what it said, hold nothing of its code, and cannot be turned back into its sounds.
"""

import subprocess
from pathlib import Path

import numpy as np
import numpy.typing as npt

FILE = Path(__file__).with_name("speech.npz")
SOURCE = "eSpeak NG 1.51 (https://github.com/espeak-ng/espeak-ng), by assets/data/speech.py"
SEED, TAKES = 1951, 4  # takes of every digit by every voice
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
ACCENTS = ("en-us", "en-gb-scotland", "en-gb-x-gbclan", "en-gb-x-rp", "en-gb-x-gbcwmd", "en-029")
# Each once, so that a voice that is held out is not heard in training under another accent.
VARIANTS = (
    *("m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "f1", "f2", "f3", "f4", "f5", "klatt", "klatt2", "klatt4"),
    *("Alex", "Andrea", "Annie", "Denis", "Diogo", "Michael", "Mike", "belinda", "linda", "michel", "steph", "travis"),
)
NOISE = (0, 5, 10, 20)  # decibels that the digit is louder than the noise
SPEED, PITCH = (170, 240), (25, 76)  # words a minute; eSpeak's own scale from 0 to 99

RATE = 22_050  # samples a second
WINDOW, HOP, FRAMES, BANDS = 1024, 441, 32, 24  # samples of a frame, and from one to the next (20 ms); frames; mel bands
LENGTH = WINDOW + HOP * (FRAMES - 1)
LOWEST, HIGHEST = 80, 8000  # hertz
FLOOR, DECIBELS = -30.0, 0.5  # what the number 0 stands for, and a step of the numbers up to 255
Floats = npt.NDArray[np.float64]


def main() -> None:
    """Makes the file."""
    random = np.random.default_rng(SEED)
    voices = [f"{ACCENTS[n % len(ACCENTS)]}+{variant}" for n, variant in enumerate(VARIANTS)]
    if len({say(voice, "seven", 175, 50).tobytes() for voice in voices}) < len(voices):
        raise SystemExit("Two of the voices are the same.")  # "en-gb" disregards the variant, for one
    made = [
        (voice, digit, *recording(name, word, random))
        for voice, name in enumerate(voices)
        for digit, word in enumerate(WORDS)
        for _take in range(TAKES)
    ]
    voice, digit, features, inside, noise = zip(*made, strict=True)
    np.savez_compressed(
        FILE,
        features=np.array(features),
        inside=np.array(inside),
        voice=np.array(voice, np.uint8),
        digit=np.array(digit, np.uint8),
        noise=np.array(noise, np.uint8),
        voices=np.array(voices),
        source=np.array(SOURCE),
    )
    print(FILE, FILE.stat().st_size, "bytes,", len(made), "recordings; frames inside a digit:", np.mean(inside).round(3))


def recording(voice: str, word: str, random: np.random.Generator) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_], int]:
    """One: features [FRAMES, BANDS], which frames belong to the digit [FRAMES], and the noise in decibels."""
    spoken = trimmed(say(voice, word, int(random.integers(*SPEED)), int(random.integers(*PITCH))))
    spoken /= np.sqrt(np.square(spoken).mean())
    start = int(random.integers(LENGTH - len(spoken) + 1))
    noise = int(random.choice(NOISE))
    sound = pink(random) * 10 ** (-noise / 20)
    sound[start : start + len(spoken)] += spoken
    return quantised(log_mel(sound)), within(start, start + len(spoken)), noise


def say(voice: str, word: str, speed: int, pitch: int) -> Floats:
    """The samples of a word."""
    command = ["espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "--stdout", word]
    wav = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(wav[44:], "<i2").astype(float)  # behind the header


def trimmed(sound: Floats) -> Floats:
    """From the first sample above 2 % of the peak to the last."""
    loud = np.flatnonzero(np.abs(sound) > 0.02 * np.abs(sound).max())
    return sound[loud[0] : loud[-1] + 1]


def pink(random: np.random.Generator) -> Floats:
    """Noise of a whole recording, as strong in every octave, with the mean square 1."""
    spectrum = np.fft.rfft(random.normal(size=LENGTH))
    sound = np.fft.irfft(spectrum / np.sqrt(np.arange(len(spectrum)).clip(1)), LENGTH)
    return np.asarray(sound / np.sqrt(np.square(sound).mean()))


def within(start: int, end: int) -> npt.NDArray[np.bool_]:
    """The frames whose middle is from sample `start` on and before `end`, [FRAMES]."""
    middle = np.arange(FRAMES) * HOP + WINDOW // 2
    return (start <= middle) & (middle < end)


def log_mel(sound: Floats) -> Floats:
    """Power in each band of each frame, in decibels, [FRAMES, BANDS]."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::HOP] * np.hanning(WINDOW)
    return 10 * np.log10(np.square(np.abs(np.fft.rfft(frames))) @ bands().T + 1e-12)


def bands() -> Floats:
    """Triangles that overlap by half, as wide as each other on the mel scale, [BANDS, WINDOW / 2 + 1]."""
    low, high = (2595 * np.log10(1 + hertz / 700) for hertz in (LOWEST, HIGHEST))
    hertz = 700 * (10 ** (np.linspace(low, high, BANDS + 2) / 2595) - 1)
    at = np.fft.rfftfreq(WINDOW, 1 / RATE)
    return np.array([np.interp(at, hertz[n : n + 3], [0, 1, 0]) for n in range(BANDS)])


def quantised(decibels: Floats) -> npt.NDArray[np.uint8]:
    """As whole numbers from 0 to 255."""
    return ((decibels - FLOOR) / DECIBELS).round().clip(0, 255).astype(np.uint8)


if __name__ == "__main__":
    main()
