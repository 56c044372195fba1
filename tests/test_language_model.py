"""The language model's data.

Oracles: the documentation text, read here once more; uploaded texts, read here as the papers' code reads them; and properties
that a fair split must have.
"""

import math
import re
from collections import Counter
from pathlib import Path
from pydoc_data import topics as documentation
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.dropout.methods import METHODS
from core.errors import Invalid
from core.experiment.experiment import build_experiment
from core.tasks import TASKS
from core.tasks.corpus import MAX_PTB_BYTES, PTB_FILES, read_corpus, split_text
from core.tasks.documentation import MIN_REPEATED_WORDS
from core.tasks.language_model import WORDS
from core.tasks.next_symbol import split_symbols as split_symbols
from core.tasks.task import Data, Value
from core.tasks.text_file import MAX_FILE_BYTES
from core.tasks.vocabulary import UNKNOWN
from core.training.trainer import train
from tests.strategies import seeds

TASK = TASKS["language-model"]
PARTS = ("train", "validation", "test")
LONG = 30  # words in a row that two parts may not share: a sentence may come twice, a paragraph not


def build_data(options: dict[str, Value], steps: int, batch: int, seed: int) -> Data:
    return TASK.make_data(options, steps, batch, seed)


def split_words(words: int, seed: int, text: str = "") -> dict[str, list[str]]:
    return split_symbols(WORDS, words, seed, read_corpus(text) if text else None)


def read_streams(split: str, data: Data) -> list[list[str]]:
    """Return the streams of a split as words, with the targets of the last window."""
    x = np.concatenate([batch.x for batch in data.split(split)])
    return [[data.token_names[n] for n in stream] for stream in x.T]


def test_the_words_are_those_of_the_documentation() -> None:
    known = set(re.findall(r"[a-z][a-z_']*|[.,;:]", " ".join(documentation.topics.values()).lower()))
    assert all(set(words) <= known for words in split_words(18_000, 7).values())


@given(seed=seeds)
@settings(max_examples=10)
def test_no_split_repeats_another(seed: int) -> None:
    """No long sequence of words of the validation or test split occurs in another split."""
    parts = split_words(30_000, seed)
    runs = {name: {tuple(words[i : i + LONG]) for i in range(len(words) - LONG)} for name, words in parts.items()}
    for one, other in (("train", "validation"), ("train", "test"), ("validation", "test")):
        shared = runs[one] & runs[other]
        assert not shared, f"{one} and {other} share {' '.join(next(iter(shared)))}"


def spell_letters(n: int) -> str:
    """Return a different word for every number."""
    return "x" + "abcdefghij"[n // 10] + "abcdefghij"[n % 10]


def test_every_topic_is_in_one_split(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each topic has one word of its own, so that every word identifies its topic."""
    topics = {str(n): (f"{spell_letters(n)} " * 100,) for n in range(80)}
    monkeypatch.setattr("core.tasks.next_symbol.load_topics", lambda: topics)
    parts = {name: set(words) for name, words in split_words(2_000, 3).items()}
    assert {name: len(words) for name, words in parts.items()} == {"train": 56, "validation": 12, "test": 12}
    assert len(set.union(*parts.values())) == 80


def test_a_split_has_words_of_all_its_topics(monkeypatch: pytest.MonkeyPatch) -> None:
    topics = {str(n): (f"{spell_letters(n)} " * (n + 1) * 50,) for n in range(20)}
    monkeypatch.setattr("core.tasks.next_symbol.load_topics", lambda: topics)
    counts = Counter(split_words(2_000, 3)["train"])
    lengths = {spell_letters(n): (n + 1) * 50 for n in range(20)}
    assert len(counts) == 14
    shares = [counts[word] / lengths[word] for word in counts]
    assert max(shares) - min(shares) < 0.02, "each topic gives the same share of itself"


def test_long_paragraphs_come_once() -> None:
    parts = split_words(10**9, 7)
    text = [" ".join(words) for words in parts.values()]
    for topic in list(documentation.topics.values())[:10]:
        for paragraph in topic.lower().split("\n\n"):
            words = re.findall(r"[a-z][a-z_']*|[.,;:]", paragraph)
            if len(words) >= max(LONG, MIN_REPEATED_WORDS):
                assert sum(split.count(" ".join(words)) for split in text) <= 1


@given(words=st.integers(2_000, 30_000), seed=seeds)
@settings(max_examples=10)
def test_the_vocabulary_is_that_of_the_training_part(words: int, seed: int) -> None:
    data, counts = build_data({"words": words}, 20, 20, seed), Counter(split_words(words, seed)["train"])
    assert data.token_names[0] == UNKNOWN
    assert set(data.token_names[1:]) == {word for word, n in counts.items() if n > 1}
    assert len(set(data.token_names)) == len(data.token_names) == data.tokens == data.classes
    assert data.class_names == data.token_names


@pytest.mark.parametrize("split", PARTS)
def test_the_target_is_the_next_word(split: str) -> None:
    """The joined streams are the text; the target of a step is the next word; unknown words are no targets."""
    data = build_data({"words": 5_000}, 17, 6, 7)
    text = [word if word in data.token_names else UNKNOWN for word in split_words(5_000, 7)[split]]
    length = len(text) // 6
    for n, stream in enumerate(read_streams(split, data)):
        assert stream == text[n * length : n * length + len(stream)]
        assert length - 17 - 1 <= len(stream) < length
    batches = list(data.split(split))
    assert [batch.starts_sequence for batch in batches] == [True] + [False] * (len(batches) - 1)
    x, y = (np.concatenate([getattr(batch, name) for batch in batches]) for name in "xy")
    assert (y[:-1] == np.where(x[1:] == 0, -1, x[1:])).all()
    assert all(batch.x.shape == batch.y.shape == (17, 6) for batch in batches)


def test_an_epoch_is_the_training_part_in_order() -> None:
    data = build_data({"words": 5_000}, 17, 6, 7)
    for epoch in (0, 3):
        batches = list(data.train(epoch))
        assert len(batches) == data.updates
        for batch, expected in zip(batches, data.split("train"), strict=True):
            assert (batch.x == expected.x).all()


def test_the_seed_decides_and_nothing_else() -> None:
    one, again, other = (build_data({"words": 5_000}, 17, 6, seed) for seed in (7, 7, 8))
    assert one.token_names == again.token_names != other.token_names
    for split in PARTS:
        assert read_streams(split, one) == read_streams(split, again) != read_streams(split, other)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_the_baseline_knows_how_often_each_word_occurs(split: str) -> None:
    """The baseline is the perplexity of a split's targets under their add-one frequency in the training split."""
    data = build_data({"words": 3_000}, 20, 4, 7)
    train, held = split_words(3_000, 7)["train"], split_words(3_000, 7)[split]
    known = set(data.token_names) - {UNKNOWN}
    counts = Counter(word for word in train[: len(train) // 4 * 4] if word in known)
    total = sum(counts[word] + 1 for word in known)
    length = len(held) // 4
    windows = (length - 1) // 20
    asked = [word for b in range(4) for word in held[b * length :][1 : 20 * windows + 1] if word in known]
    loss = -sum(math.log((counts[w] + 1) / total) for w in asked) / len(asked)
    assert data.baselines[split] == pytest.approx({"perplexity": math.exp(loss), "bits_per_word": loss / math.log(2)})
    assert 1 < data.baseline < len(data.token_names)


@pytest.mark.parametrize(("words", "steps", "batch"), [(2_000, 20, 200), (2_000, 256, 20), (30_000, 30, 256)])
def test_too_few_words_for_one_window(words: int, steps: int, batch: int) -> None:
    """A split may be too short; in the last case there are enough words for training, but not for validation."""
    with pytest.raises(Invalid, match=f"that one window of {steps} steps × {batch} samples needs at least\\."):
        build_data({"words": words}, steps, batch, 7)


def test_a_window_of_one_step_is_one_word_and_the_next() -> None:
    TASK.check_steps({"words": 2_000}, 1)
    first = next(build_data({"words": 2_000}, 1, 1, 7).split("train"))
    assert first.x.shape == first.y.shape == (1, 1)


def make_text(words: int, seed: int = 1) -> str:
    """Return sentences with one word that the sentence before decides."""
    random = Random(seed)
    follows = {
        "the": ["cat", "dog", "Hund"],
        "cat": ["sat"],
        "dog": ["ran"],
        "Hund": ["lief"],
        "sat": ["."],
        "ran": ["."],
        "lief": ["."],
        ".": ["the"],
    }
    text = ["the"]
    while len(text) < words:
        text.append(random.choice(follows[text[-1]]))
    return " ".join(text).replace(" .", ".\n")


def write_ptb_folder(folder: Path, sizes: dict[str, int]) -> Path:
    """Write a folder in the layout of the Penn Treebank, with its unknown words, numbers and lines."""
    random = Random(3)
    for split, name in PTB_FILES.items():
        words = random.choices([UNKNOWN, "N", "n't", "$", "the", "of", "corp.", "mr."], k=sizes[split])
        lines = [words[at : at + 9] for at in range(0, len(words), 9)]
        (folder / name).write_text("".join(f" {' '.join(line)} \n" for line in lines))
    return folder


def test_a_users_text_is_split_by_position(tmp_path: Path) -> None:
    (tmp_path / "own.txt").write_text("Größe, l’été isn't 3x;\r\n你好 <unk>! " * 400, encoding="utf-8")
    once = ["größe", ",", "l’été", "isn't", "3x", ";", "你", "好", "<", "unk", ">", "!"]
    parts = split_words(10**6, 7, str(tmp_path / "own.txt"))
    assert parts["train"] + parts["validation"] + parts["test"] == once * 400
    assert [len(words) for words in parts.values()] == pytest.approx([0.7 * 4800, 0.15 * 4800, 0.15 * 4800], abs=12)
    assert parts == split_words(10**6, 8, str(tmp_path / "own.txt")), "the seed plays no part"
    fewer = split_words(2_000, 7, str(tmp_path / "own.txt"))
    assert fewer == parts | {"train": parts["train"][:2_000]}


@given(st.text("ab \n", max_size=80).map(lambda text: f"{text}\n"))
@settings(max_examples=50)
def test_no_word_is_split(text: str) -> None:
    parts = split_text(text)
    assert "".join(parts.values()) == text
    assert [word for split in parts.values() for word in split.split()] == text.split()


def test_the_vocabulary_of_a_users_text_is_that_of_its_training_split(tmp_path: Path) -> None:
    """Other words are read as unknown and are no targets."""
    first = make_text(10_000)
    (tmp_path / "own.txt").write_text(first + " later words and the cat" * 500)
    data = build_data({"words": 10**6, "corpus": str(tmp_path / "own.txt")}, 5, 4, 7)
    train = split_words(10**6, 7, str(tmp_path / "own.txt"))["train"]
    assert set(data.token_names) == {UNKNOWN, *train} == {UNKNOWN, "the", "cat", "dog", "hund", "sat", "ran", "lief", "."}
    asked = {data.class_names[y] for batch in data.split("test") for y in batch.y[batch.target_mask]}
    assert asked == {"the", "cat"}
    assert {name for stream in read_streams("test", data) for name in stream} == {"the", "cat", UNKNOWN}


def test_a_folder_is_read_as_the_papers_read_it(tmp_path: Path) -> None:
    """The end of a line is a word, the vocabulary is all of the training file, and `<unk>` is a target."""
    folder = write_ptb_folder(tmp_path, {"train": 900, "validation": 400, "test": 300})
    data = build_data({"words": 10**6, "corpus": str(folder)}, 7, 4, 7)
    for split, name in PTB_FILES.items():
        raw = (folder / name).read_text().replace("\n", "<eos>").split()
        length = len(raw) // 4
        epoch = (length - 1) // 7
        batches = list(data.split(split))
        assert len(batches) == epoch
        for at, batch in enumerate(batches):
            for n in range(4):
                begin = n * length + at * 7
                assert [data.token_names[i] for i in batch.x[:, n]] == raw[begin : begin + 7]
                assert [data.class_names[i] for i in batch.y[:, n]] == raw[begin + 1 : begin + 8]
    assert set(data.token_names) == {"<eos>", UNKNOWN, "N", "n't", "$", "the", "of", "corp.", "mr."}
    counts = Counter((folder / PTB_FILES["train"]).read_text().replace("\n", "<eos>").split())
    assert data.baseline == pytest.approx(math.exp(2.19), rel=0.02), "eight words alike, one at the end of each nine of them"
    assert counts[UNKNOWN] > 50


def test_a_network_beats_the_baseline_on_a_users_text(tmp_path: Path) -> None:
    (tmp_path / "own.txt").write_text(make_text(3_000))
    options: dict[str, Value] = {"corpus": str(tmp_path / "own.txt")}
    e = build_experiment(
        "language-model",
        options,
        hidden=16,
        layers=1,
        steps=10,
        batch=10,
        epochs=3,
        learning_rate=0.03,
        device="cpu",
        placement=METHODS["none"].build_placement(),
    )
    done = list(train(e))[-1]
    assert done["test"]["perplexity"] < 2 < 6 < done["baselines"]["perplexity"]
    assert done["test"]["bits_per_word"] == pytest.approx(math.log2(done["test"]["perplexity"]))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b" \n\t\r\n", "is empty"),
        (b"\x89PNG\r\n\0\0", "not a text file: it contains zero bytes"),
        ("größe ".encode("latin-1") * 2_000, r"not in UTF-8 \(byte 2\)"),
        (b"word", r"has 0 of the 24 words that one window of 5 steps × 4 samples needs at least \(about 160 in the whole"),
        (b"x" * 50_000, "The training split of the text has 1 of the 24 words"),
        (b"a few words only", "has 1 of the 24 words"),
        (b"word " * 2_000, "Only 1 of the training words occur more than once: too few to learn from"),
        (" ".join(f"word{n}" for n in range(5_000)).encode(), "Only 0 of the training words occur more than once"),
        (b"one two " * 700 + b"x y z " * 400, "of the validation split occurs in the training split"),
        (b"a b " * (MAX_FILE_BYTES // 4) + b"c", "has more than 5000000 bytes"),
    ],
)
def test_an_invalid_text_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "own.txt").write_bytes(content)
    with pytest.raises(Invalid, match=says) as caught:
        build_data({"words": 5_000_000, "corpus": str(tmp_path / "own.txt")}, 5, 4, 7)
    assert len(str(caught.value)) < 400


def test_a_window_with_too_many_logits_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert build_data({"words": 2_000}, 20, 4, 7).tokens == 278
    monkeypatch.setattr("core.tasks.next_symbol.MAX_LOGITS", 20_000)
    with pytest.raises(Invalid, match="20 steps × 4 samples × 277 different words make 22240 logits; at most 20000"):
        build_data({"words": 2_000}, 20, 4, 7)


def test_an_invalid_folder_is_refused(tmp_path: Path) -> None:
    options: dict[str, Value] = {"words": 18_000, "corpus": str(tmp_path)}
    with pytest.raises(Invalid, match=r"has no ptb\.train\.txt and no ptb\.valid\.txt and no ptb\.test\.txt; it needs"):
        build_data(options, 5, 4, 7)
    write_ptb_folder(tmp_path, {"train": 900, "validation": 400, "test": 300})
    for name, content, says in (
        (PTB_FILES["validation"], b"", r"ptb\.valid\.txt is empty"),
        (PTB_FILES["test"], b"\xff", r"ptb\.test\.txt is not in UTF-8"),
        (PTB_FILES["test"], b" of the", "The test split of the text has 2 of the 24 words"),
        (PTB_FILES["train"], b"a " * (MAX_PTB_BYTES // 2) + b"b", "more than 20000000 bytes"),
        (PTB_FILES["train"], None, r"has no ptb\.train\.txt; it needs"),
    ):
        before = (tmp_path / name).read_bytes()
        (tmp_path / name).unlink() if content is None else (tmp_path / name).write_bytes(content)
        with pytest.raises(Invalid, match=says):
            build_data(options, 5, 4, 7)
        (tmp_path / name).write_bytes(before)


def test_a_folder_may_be_larger_than_a_file(tmp_path: Path) -> None:
    write_ptb_folder(tmp_path, {"train": 90, "validation": 400, "test": 300})
    (tmp_path / PTB_FILES["train"]).write_text("of the\n" * (MAX_FILE_BYTES // 7 + 1))
    assert build_data({"words": 2_000, "corpus": str(tmp_path)}, 5, 4, 7).tokens == 4
