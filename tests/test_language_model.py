"""The language model's data. Oracle: the documentation text itself, read here once more, and properties that a fair split
has to have."""

import math
import re
from collections import Counter
from pydoc_data import topics as documentation

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from core.tasks import TASKS
from core.tasks.language_model import LEAST_REPEATED, UNKNOWN, make, split
from core.tasks.task import Data
from tests.strategies import seeds

TASK = TASKS["language-model"]
PARTS = ("train", "validation", "test")
LONG = 30  # words in a row that two parts may not share: a sentence may come twice, a paragraph not


def words_of(part: str, data: Data) -> list[list[str]]:
    """The streams of a part, as words, targets of the last window included."""
    x = np.concatenate([batch.x for batch in data.part(part)])
    return [[data.token_names[n] for n in stream] for stream in x.T]


def test_the_words_are_those_of_the_documentation() -> None:
    known = set(re.findall(r"[a-z][a-z_']*|[.,;:]", " ".join(documentation.topics.values()).lower()))
    assert all(set(words) <= known for words in split(18_000, 7).values())


@given(seed=seeds)
@settings(max_examples=10)
def test_no_part_repeats_another(seed: int) -> None:
    """No long run of words of the validation or test part stands in another part."""
    parts = split(30_000, seed)
    runs = {name: {tuple(words[i : i + LONG]) for i in range(len(words) - LONG)} for name, words in parts.items()}
    for one, other in (("train", "validation"), ("train", "test"), ("validation", "test")):
        shared = runs[one] & runs[other]
        assert not shared, f"{one} and {other} share {' '.join(next(iter(shared)))}"


def test_every_topic_is_in_one_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """With topics of one word of their own each, so that every word says where it came from."""
    monkeypatch.setattr("core.tasks.language_model._topics", lambda: [[f"word{n}"] * 100 for n in range(80)])
    parts = {name: set(words) for name, words in split(2_000, 3).items()}
    assert {name: len(words) for name, words in parts.items()} == {"train": 56, "validation": 12, "test": 12}
    assert len(set.union(*parts.values())) == 80


def test_a_part_has_its_words_from_all_its_topics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.tasks.language_model._topics", lambda: [[f"word{n}"] * (n + 1) * 50 for n in range(20)])
    counts = Counter(split(2_000, 3)["train"])
    lengths = {word: (int(word.removeprefix("word")) + 1) * 50 for word in counts}
    assert len(counts) == 14
    shares = [counts[word] / lengths[word] for word in counts]
    assert max(shares) - min(shares) < 0.02, "each topic gives the same share of itself"


def test_long_paragraphs_come_once() -> None:
    parts = split(10**9, 7)
    text = [" ".join(words) for words in parts.values()]
    for topic in list(documentation.topics.values())[:10]:
        for paragraph in topic.lower().split("\n\n"):
            words = re.findall(r"[a-z][a-z_']*|[.,;:]", paragraph)
            if len(words) >= max(LONG, LEAST_REPEATED):
                assert sum(part.count(" ".join(words)) for part in text) <= 1


@given(words=st.integers(2_000, 30_000), seed=seeds)
@settings(max_examples=10)
def test_the_vocabulary_is_that_of_the_training_part(words: int, seed: int) -> None:
    data, counts = make({"words": words}, 20, 20, seed), Counter(split(words, seed)["train"])
    assert data.token_names[0] == UNKNOWN
    assert set(data.token_names[1:]) == {word for word, n in counts.items() if n > 1}
    assert len(set(data.token_names)) == len(data.token_names) == data.tokens == data.classes
    assert data.class_names == data.token_names


@pytest.mark.parametrize("part", PARTS)
def test_the_target_is_the_next_word(part: str) -> None:
    """The streams put together again are the text; what is asked at a step is the word at the next; unknown words are not."""
    data = make({"words": 5_000}, 17, 6, 7)
    text = [word if word in data.token_names else UNKNOWN for word in split(5_000, 7)[part]]
    length = len(text) // 6
    for n, stream in enumerate(words_of(part, data)):
        assert stream == text[n * length : n * length + len(stream)]
        assert length - 17 - 1 <= len(stream) < length
    batches = list(data.part(part))
    assert [batch.first for batch in batches] == [True] + [False] * (len(batches) - 1)
    x, y = (np.concatenate([getattr(batch, name) for batch in batches]) for name in "xy")
    assert (y[:-1] == np.where(x[1:] == 0, -1, x[1:])).all()
    assert all(batch.x.shape == batch.y.shape == (17, 6) for batch in batches)


def test_an_epoch_is_the_training_part_in_order() -> None:
    data = make({"words": 5_000}, 17, 6, 7)
    for epoch in (0, 3):
        batches = list(data.train(epoch))
        assert len(batches) == data.updates
        for batch, expected in zip(batches, data.part("train"), strict=True):
            assert (batch.x == expected.x).all()


def test_the_seed_decides_and_nothing_else() -> None:
    one, again, other = (make({"words": 5_000}, 17, 6, seed) for seed in (7, 7, 8))
    assert one.token_names == again.token_names != other.token_names
    for part in PARTS:
        assert words_of(part, one) == words_of(part, again) != words_of(part, other)


def test_the_baseline_knows_how_often_each_word_occurs() -> None:
    """Perplexity of the words of the test part that are asked for, by their frequency in the training part, plus one."""
    data = make({"words": 3_000}, 20, 4, 7)
    train, test = split(3_000, 7)["train"], split(3_000, 7)["test"]
    known = set(data.token_names) - {UNKNOWN}
    counts = Counter(word for word in train[: len(train) // 4 * 4] if word in known)
    total = sum(counts[word] + 1 for word in known)
    asked = [word for word in test[: len(test) // 4 * 4] if word in known]
    assert data.baseline == pytest.approx(math.exp(-sum(math.log((counts[w] + 1) / total) for w in asked) / len(asked)))
    assert 1 < data.baseline < len(data.token_names)


@pytest.mark.parametrize(("words", "steps", "batch"), [(2_000, 20, 200), (2_000, 256, 20), (30_000, 30, 256)])
def test_too_few_words_for_one_window(words: int, steps: int, batch: int) -> None:
    """Of any part: the last has enough words to train on, but not to be validated with."""
    with pytest.raises(Invalid, match=f"do not fill one window of {steps} steps × {batch} samples"):
        make({"words": words}, steps, batch, 7)


def test_a_window_of_one_step_is_one_word_and_the_next() -> None:
    TASK.check_steps({"words": 2_000}, 1)
    first = next(make({"words": 2_000}, 1, 1, 7).part("train"))
    assert first.x.shape == first.y.shape == (1, 1)
