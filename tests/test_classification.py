"""Text classification.

Oracles: the documentation, read here once more; rows written here; scikit-learn; a network that also sees what follows the last
word.
"""

import csv
from collections import Counter
from itertools import combinations
from pathlib import Path
from pydoc_data import topics as documentation
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score

from core.dropout.methods import METHODS
from core.errors import Invalid
from core.experiment.experiment import build_experiment
from core.nn.network import Network
from core.tasks import TASKS
from core.tasks.classification import split_texts
from core.tasks.documentation import MIN_SENTENCE_WORDS, get_topic_title, load_sentences, tokenize_words
from core.tasks.labelled_texts import HELD_OUT_PERCENT, compute_min_texts, read_texts
from core.tasks.task import Batch, Data, Value
from core.tasks.text_file import MAX_FILE_BYTES
from core.tasks.vocabulary import UNKNOWN
from core.training.loss import forward
from core.training.trainer import train

TASK = TASKS["classification"]
PARTS = ("train", "validation", "test")
DEFAULT: dict[str, Value] = {"texts": 600, "sections": 6}


def build_data(options: dict[str, Value], steps: int = 30, batch: int = 16, seed: int = 7) -> Data:
    return TASK.make_data(DEFAULT | options, steps, batch, seed)


def write_csv(path: Path, rows: list[tuple[Any, ...]], delimiter: str = ",", head: tuple[str, ...] = ("text", "label")) -> Path:
    """Write a CSV file with these rows."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=delimiter).writerows([head, *rows])
    return path


def make_reviews(n: int) -> list[tuple[str, str]]:
    """Return texts with a common beginning that differ in the one decisive word."""
    return [
        (f"the film number{i} was {('good', 'bad')[i % 2]} said {'someone ' * (i % 5)}.", ("up", "down")[i % 2])
        for i in range(n)
    ]


def test_a_sentence_is_one_of_its_section() -> None:
    for name, paragraphs in list(load_sentences().items())[:20]:
        text = " ".join(tokenize_words(documentation.topics[name]))
        assert all(" ".join(sentence) in text for paragraph in paragraphs for sentence in paragraph)
    every = [sentence for paragraphs in load_sentences().values() for paragraph in paragraphs for sentence in paragraph]
    assert len(set(every)) == len(every) > 2000
    assert all(len(sentence) >= MIN_SENTENCE_WORDS and sentence[-1] in ".:" for sentence in every)
    assert ("print", "the", "arguments", "of", "the", "current", "function", "and", "their", "current", "values", ".") in every


def test_a_section_has_the_title_of_its_text() -> None:
    called = {
        "formatstrings": "Format String Syntax",
        "typesseq": "Sequence Types — list, tuple, range",
        "debugger": "pdb — The Python Debugger",
    }
    assert {name: get_topic_title(name) for name in called} == called
    for sections in (6, 12):
        labels = sorted({one.label for one in split_texts(DEFAULT | {"sections": sections}, 7)["train"]})
        names = build_data({"sections": sections}).class_names
        assert names == tuple(map(get_topic_title, labels)), (
            "in the order of the topics' names, which the numbers of classes are"
        )
        assert len(set(names)) == sections


@pytest.mark.parametrize("seed", [7, 8])
@pytest.mark.parametrize("sections", [2, 6, 12])
def test_no_paragraph_is_in_two_splits(sections: int, seed: int) -> None:
    parts = split_texts({"texts": 10**5, "sections": sections}, seed)
    whole = {
        sentence: (name, n)
        for name, some in load_sentences().items()
        for n, some_more in enumerate(some)
        for sentence in some_more
    }
    found = {split: {whole[one.words] for one in texts} for split, texts in parts.items()}
    assert not any(found[one] & found[other] for one, other in combinations(PARTS, 2))
    assert all(one.label == whole[one.words][0] for texts in parts.values() for one in texts)
    sizes = Counter({name: sum(map(len, some)) for name, some in load_sentences().items()})
    assert {one.label for one in parts["train"]} == {name for name, _size in sizes.most_common(sections)}
    assert sum(map(len, parts.values())) == sum(size for _name, size in sizes.most_common(sections)), "none is lost"
    assert split_texts({"texts": 50, "sections": sections}, seed) == parts | {"train": parts["train"][:50]}


def test_a_window_has_the_words_and_a_target_at_the_last() -> None:
    data, parts = build_data({}, steps=12), split_texts(DEFAULT, 7)
    for name in PARTS[1:]:
        seen = []
        for batch in data.split(name):
            assert batch.starts_sequence
            assert batch.padded
            for n in np.flatnonzero(batch.target_mask.any(axis=0)):
                last = int(batch.step_mask[:, n].sum())
                assert np.flatnonzero(batch.target_mask[:, n]).tolist() == [last - 1], "asked for once, at its last step"
                read, answers = data.describe_sample(batch, int(n))
                seen.append((tuple(read[:last]), answers[last - 1]))
                assert set(read[last:]) <= {"·"}
        known = set(data.token_names)
        assert seen == [
            (tuple(word if word in known else UNKNOWN for word in one.words[:12]), get_topic_title(one.label))
            for one in parts[name]
        ]
    assert len({int(n) for batch in data.split("train") for n in batch.step_mask.sum(axis=0)}) > 4, "of many lengths"
    counts = Counter(word for one in parts["train"] for word in one.words)
    assert data.token_names == (UNKNOWN, *sorted(word for word, n in counts.items() if n > 1))


@pytest.mark.parametrize("split", ["validation", "test"])
def test_the_baseline_predicts_the_commonest_label(split: str) -> None:
    data, parts = build_data({}), split_texts(DEFAULT, 7)
    most = Counter(one.label for one in parts["train"]).most_common(1)[0][0]
    targets = [one.label for one in parts[split]]
    found = f1_score(targets, [most] * len(targets), average="macro", zero_division=0)
    assert data.baselines[split] == pytest.approx(
        {"accuracy": accuracy_score(targets, [most] * len(targets)), "macro_f1": found}
    )


def test_padding_affects_neither_loss_nor_gradients() -> None:
    e = build_experiment("classification", DEFAULT, hidden=5, layers=2, batch=16, steps=30)
    data = build_data({})
    network, batch = Network(data.tokens, data.classes, e), next(data.split("train"))
    other = np.where(batch.step_mask, batch.x, 3)
    assert (other != batch.x).any()
    losses, gradients = [], []
    for x in (batch.x, other):
        loss = forward(network, Batch(x, batch.y, True, padded=True), network.zero_states(16), {}).loss
        losses.append(loss.item())
        gradients.append(torch.autograd.grad(loss, list(network.parameters())))
    assert losses[0] == losses[1]
    assert all(torch.equal(a, b) for a, b in zip(*gradients, strict=True))


def test_a_users_csv_file(tmp_path: Path) -> None:
    """Columns by name or number; cells with commas, quotes and line breaks; a repeated text counts once."""
    rows = [
        *make_reviews(60),
        ('It said: "no, never",\nand ended', "down"),
        make_reviews(1)[0],
        ("THE FILM number1 was bad said someone .", "up"),
    ]
    path = write_csv(
        tmp_path / "own.csv", [(n, label, text) for n, (text, label) in enumerate(rows)], ";", ("n", "stars", "review")
    )
    parts = [
        split_texts(DEFAULT | {"corpus": str(path), "text": text, "label": label}, 7)
        for text, label in (("review", "stars"), ("3", "2"))
    ]
    assert parts[0] == parts[1]
    assert {name: len(split) for name, split in parts[0].items()} == {"train": 43, "validation": 9, "test": 9}
    found = [one for split in parts[0].values() for one in split]
    assert len({one.words for one in found}) == 61
    assert (("it", "said", ":", '"', "no", ",", "never", '"', ",", "and", "ended"), "down") in found
    assert (("the", "film", "number1", "was", "bad", "said", "someone", "."), "down") in found
    assert build_data({"corpus": str(path), "text": "review", "label": "stars"}, batch=8).class_names == ("down", "up")


def test_a_network_that_reads_the_texts_beats_the_commonest_label(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "own.csv", make_reviews(260))
    e = build_experiment(
        "classification",
        {"corpus": str(path)},
        hidden=8,
        layers=1,
        batch=16,
        steps=12,
        epochs=8,
        learning_rate=0.03,
        device="cpu",
        placement=METHODS["none"].build_placement(),
    )
    done = list(train(e))[-1]
    assert done["test"]["accuracy"] > 0.95 > 1.3 * done["baselines"]["accuracy"]
    assert done["test"]["macro_f1"] > 0.95 > 2 * done["baselines"]["macro_f1"]


@pytest.mark.parametrize("batch", [1, 2, 5, 6, 16, 40, 64])
def test_the_minimum_number_of_texts_is_enough_and_one_fewer_is_not(batch: int) -> None:
    def enough(count: int) -> bool:
        held = count * HELD_OUT_PERCENT // 100
        return held > 0 and count - 2 * held >= batch

    least = compute_min_texts(batch)
    assert not enough(least - 1)
    assert all(map(enough, range(least, least + 200)))


GOOD = "".join(f"some words {n},{'ab'[n % 2]}\n" for n in range(60))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty"),
        (b"\x89PNG\0\0", "is not a text file"),
        ("text,label\ngröße,a\n".encode("latin-1"), "is not in UTF-8"),
        ("text,label\n", "a header row but no data"),
        ("text,label\n\nx,\n", "The column “label” is empty in 1 of its 1 rows, first in row 1"),
        (f"text,label\n{GOOD}only a text\n", "The column “label” is empty in 1 of its 61 rows, first in row 61"),
        (f"review,stars\n{GOOD}", "has no column “text”; it has review, stars. Choose one with text=NAME"),
        (f"text,stars\n{GOOD}", "has no column “label”; it has text, stars. Choose one with label=NAME"),
        (
            'text,label\n"one, two",b\n"never closed,a\n' + GOOD,
            "In line 3 of the file .* a quote begins that does not end where",
        ),
        ('text,label\n"one, two",b\n"closed" too early,a\n' + GOOD, "In line 3 of the file .* a quote begins"),
        ("a," * 400_000, "a header row but no data"),
        ("a," * 400_000 + "\n1,2\n", "has no column “text”; it has a, a, a, a, a, a, a, a, …"),
        (f"text,label\n{GOOD}hello, world,a\n", "Row 61 of the file .* has more cells \\(3\\) than there are columns \\(2\\)"),
        (f"text,label,text\n{GOOD}", "has 2 columns “text”. Choose one by its number, such as text=1"),
        ("\ufeff", "is empty"),
        (",\n,\n", "a header row but no data"),
        ("text,label\n" + GOOD.replace(",b", ",a"), "All texts have one label, “a”: there is nothing to classify"),
        ("text,label\n" + "".join(f"x{n},{n}\n" for n in range(200)), "“label” has 200 different labels; at most 100"),
        ("text,label\na b,x\nc d,y\n", "has 2 texts; at least 22 are needed for a batch of 16"),
        (
            "text,label\n" + "".join(f"a b {n % 14},{'ab'[n % 2]}\n" for n in range(400)),
            r"has 400 texts, 14 of them different \(repeated texts count once\); at least 22 are needed for a batch of 16",
        ),
        ("text,label\n" + "".join(f"x{n},{'ab'[n % 2]}\n" for n in range(60)), ": there is no vocabulary to learn from"),
        ("text,label\n" + "".join(f"a b {n},{'b' if n == 5 else 'a'}\n" for n in range(100)), "have the same label"),
        (b"text,label\n" + b"x" * (MAX_FILE_BYTES - 10), "has more than 5000000 bytes"),
    ],
)
def test_an_invalid_file_is_refused(tmp_path: Path, content: str | bytes, says: str) -> None:
    path = tmp_path / "own.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(Invalid, match=says) as caught:
        build_data({"corpus": str(path), "texts": 32})
    assert len(str(caught.value)) < 400


def test_invalid_columns_are_refused(tmp_path: Path) -> None:
    path = str(write_csv(tmp_path / "own.csv", make_reviews(60)))
    cases: list[tuple[dict[str, Value], str]] = [
        ({"corpus": path, "text": "label"}, "are the same column, “label”"),
        ({"corpus": path, "text": "0"}, "has no column “0”"),
        ({"corpus": path, "label": "3"}, "has no column “3”"),
        ({"corpus": str(tmp_path / "none.csv")}, "cannot be read"),
        ({"label": "stars"}, "label names a column of your own file: give corpus=PATH as well"),
    ]
    for options, says in cases:
        with pytest.raises(Invalid, match=says):
            build_data(options)


@pytest.mark.parametrize(
    "content",
    [
        "text;label\n" + "".join(f"good {n}, yes, no;{n % 2}\n" for n in range(60)),
        "text|label\r\n" + "".join(f"good {n}, yes, no|{n % 2}\r\n" for n in range(60)),
        "sep=|\ntext|label\n" + "".join(f"good {n}, yes, no|{n % 2}\n" for n in range(60)),
        ("text\tlabel\n" + "".join(f"good {n}, yes, no\t{n % 2}\n" for n in range(60))).encode("utf-16"),
        'text\tlabel\n"' + "".join(f"good {n}, yes, no\t{n % 2}\n" for n in range(60)),
        "text,label\n" + "".join(f'"good {n}, yes, no",{n % 2}\n' for n in range(60)),
    ],
)
def test_a_table_is_read_as_its_owner_means_it(tmp_path: Path, content: str | bytes) -> None:
    """Semicolons, bars, a line that names the separator, UTF-16, and a quote that is never closed."""
    path = tmp_path / "own.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    file = read_texts(str(path), "text", "label")
    assert [text.words[-6:] for text in file.texts] == [("good", str(n), ",", "yes", ",", "no") for n in range(60)]
    assert [text.label for text in file.texts] == [str(n % 2) for n in range(60)]


def test_a_cell_may_be_as_long_as_the_file(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("text,label\n" + "word " * 400_000 + ",a\nshort,b\n")
    assert len(read_texts(str(path), "text", "label").texts[0].words) == 400_000
