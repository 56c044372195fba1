"""A word-level language model on the documentation text that every Python brings: real English, quickly overfitted."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache

import numpy as np

from core.dropout.methods import METHODS
from core.errors import Invalid
from core.language import N_, _
from core.tasks.task import Batch, Data, Ints, Option, Options, Task, whole

UNKNOWN = "<unk>"
HELD_OUT_TOPICS = 15  # per cent of the topics, for the validation and for the test part each
HELD_OUT_WORDS = 6_000  # at most, in each of the two
LEAST_REPEATED = 6  # words that make a paragraph one that may not come twice
_WORD = re.compile(r"[a-z][a-z_']*|[.,;:]")  # words and the marks of a sentence; tables, rules and operators are left out


def make(options: Options, steps: int, batch: int, seed: int) -> Data:
    """Splits whole topics, in the order of the data seed, and cuts each part into `batch` streams of windows.

    The vocabulary is that of the training part: words that occur there twice. All others are one unknown word, which is
    read but never asked for: otherwise the validation part, with more of them, would be the easier one.
    """
    parts = split(whole(options, "words"), seed)
    counts = Counter(parts["train"])
    names = (UNKNOWN, *sorted(word for word, n in counts.items() if n > 1))
    number = {word: i for i, word in enumerate(names)}
    streams = {name: _streams([number.get(word, 0) for word in words], batch) for name, words in parts.items()}
    updates = (streams["train"].shape[0] - 1) // steps
    if short := [name for name, stream in streams.items() if len(stream) <= steps]:
        raise Invalid(
            _("{words} words ({part}) do not fill one window of {steps} steps × {batch} samples; take fewer of these.").format(
                words=len(parts[short[0]]), part=short[0], steps=steps, batch=batch), "batch")  # fmt: skip
    return Data(len(names), len(names), names, names, updates,
                lambda epoch: _windows(streams["train"], steps), lambda part: _windows(streams[part], steps),
                {"perplexity": _unigram_perplexity(streams, len(names))})  # fmt: skip


def split(words: int, seed: int) -> dict[str, list[str]]:
    """The words of the three parts. No topic is in two of them, and each part has its words from all of its topics."""
    topics = [_topics()[i] for i in np.random.default_rng(seed).permutation(len(_topics()))]
    held = len(topics) * HELD_OUT_TOPICS // 100
    parts = {"validation": topics[:held], "test": topics[held : 2 * held], "train": topics[2 * held :]}
    return {name: _take(part, words if name == "train" else HELD_OUT_WORDS) for name, part in parts.items()}


def _take(topics: list[list[str]], words: int) -> list[str]:
    # The beginning of every topic, in proportion to its length.
    share = min(1.0, words / sum(map(len, topics)))
    return [word for topic in topics for word in topic[: round(share * len(topic))]]


@lru_cache
def _topics() -> list[list[str]]:
    """The words of every topic. Some topics repeat parts of others: a paragraph counts where it stands first."""
    from pydoc_data import topics

    seen: set[tuple[str, ...]] = set()
    return [_new_words(text, seen) for _name, text in sorted(topics.topics.items())]


def _new_words(topic: str, seen: set[tuple[str, ...]]) -> list[str]:
    words: list[str] = []
    for paragraph in topic.lower().split("\n\n"):
        found = tuple(_WORD.findall(paragraph))
        if found not in seen or len(found) < LEAST_REPEATED:
            words += found
            seen.add(found)
    return words


def _streams(numbers: list[int], batch: int) -> Ints:
    length = len(numbers) // batch
    return np.array(numbers[: length * batch], np.int64).reshape(batch, length).T


def _windows(stream: Ints, steps: int) -> Iterator[Batch]:
    for start in range(0, len(stream) - steps, steps):
        y = stream[start + 1 : start + steps + 1]
        yield Batch(stream[start : start + steps], np.where(y == 0, -1, y), first=start == 0)


def _unigram_perplexity(streams: Mapping[str, Ints], size: int) -> float:
    # What is reached by knowing how often each word occurs in training (add-one) and nothing of the words before.
    p = np.bincount(streams["train"][streams["train"] > 0], minlength=size)[1:] + 1.0
    asked = streams["test"][streams["test"] > 0] - 1
    return float(np.exp(-np.log(p / p.sum())[asked].mean()))


TASK = Task(
    name="language-model",
    label=N_("Language model, words"),
    about=N_("Guess the next word of Python's own documentation; a small text is soon learned by heart."),
    shows=N_("A small text is overfitted in seconds: without dropout the validation loss turns and rises."),
    unit=N_("word"),
    metrics=("perplexity",),
    baseline=N_("how often each word occurs"),
    options=(Option("words", N_("Training words"), 18_000, 2_000, 30_000),),
    defaults={
        "hidden": 128,
        "batch": 20,
        "epochs": 18,
        "learning_rate": 0.012,
        "placement": METHODS["zaremba2014"].placement(),
    },
    make=make,
    default_steps=lambda options: 20,
)
