"""The character language model's data.

Oracles: the words of the documentation, which its characters spell; uploaded texts, spelled here as the published counts do.
"""

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from core.dropout.methods import METHODS
from core.errors import Invalid
from core.experiment.experiment import build_experiment
from core.tasks import TASKS
from core.tasks.character_model import CHARACTERS
from core.tasks.corpus import PTB_FILES, read_corpus
from core.tasks.documentation import load_topics
from core.tasks.next_symbol import split_symbols
from core.tasks.task import Data, Value
from core.tasks.vocabulary import UNKNOWN
from core.training.trainer import train

TASK = TASKS["character-model"]
LONG = 150  # characters in a row that two parts may not share: a sentence may come twice, a paragraph not


def build_data(options: dict[str, Value], steps: int = 40, batch: int = 16, seed: int = 7) -> Data:
    return TASK.make_data(options, steps, batch, seed)


def test_its_characters_are_those_of_the_documentation_paragraph_by_paragraph() -> None:
    lines = {" ".join(paragraph.split()) for paragraphs in load_topics().values() for paragraph in paragraphs}
    for part in split_symbols(CHARACTERS, 10**9, 7).values():
        *whole, _cut = "".join(part).split("\n")
        assert set(whole) <= lines


@pytest.mark.parametrize("seed", [7, 8])
def test_no_split_repeats_another(seed: int) -> None:
    parts = {name: "".join(part) for name, part in split_symbols(CHARACTERS, 60_000, seed).items()}
    assert [len(part) for part in parts.values()] == pytest.approx([10_000, 10_000, 60_000], abs=60)
    runs = {name: {part[i : i + LONG] for i in range(len(part) - LONG)} for name, part in parts.items()}
    assert not runs["train"] & runs["validation"]
    assert not runs["train"] & runs["test"]
    assert not runs["validation"] & runs["test"]


def test_the_vocabulary_is_that_of_the_training_split_and_the_target_the_next_character() -> None:
    data, parts = build_data({"characters": 10_000}), split_symbols(CHARACTERS, 10_000, 7)
    counts = Counter(parts["train"])
    known = sorted(character for character, n in counts.items() if n > 1)
    assert data.token_names == (UNKNOWN, *({" ": "␣", "\n": "⏎"}.get(character, character) for character in known))
    names = (UNKNOWN, *known)
    for name, part in parts.items():
        batches = list(data.split(name))
        read, asked = (np.concatenate([getattr(batch, what) for batch in batches])[:, 2] for what in "xy")
        begin = 2 * (len(part) // 16)
        text = [c if c in names else UNKNOWN for c in part[begin : begin + len(read) + 1]]
        assert [names[n] for n in read] == text[:-1]
        assert [names[n] if n >= 0 else UNKNOWN for n in asked] == text[1:]
    trained = parts["train"][: len(parts["train"]) // 16 * 16]
    counts, total = Counter(trained), sum(Counter(trained)[c] + 1 for c in known)
    for name in ("validation", "test"):
        targets = [names[n] for batch in data.split(name) for n in batch.y[batch.target_mask]]
        bits = [-math.log2((counts[c] + 1) / total) for c in targets if c in known]
        mean = sum(bits) / len(bits)
        assert data.baselines[name] == pytest.approx({"bits_per_character": mean, "perplexity": 2**mean})


def test_a_users_text_is_read_unchanged_and_a_ptb_folder_with_single_spaces(tmp_path: Path) -> None:
    own = "Größe  isn't\t3x;\r\n你好! " * 300
    (tmp_path / "own.txt").write_text(own, encoding="utf-8", newline="")
    parts = split_symbols(CHARACTERS, 10**6, 7, read_corpus(str(tmp_path / "own.txt")))
    assert "".join(parts["train"] + parts["validation"] + parts["test"]) == own.replace("\r\n", "\n")[: 10**6]
    for name in PTB_FILES.values():
        (tmp_path / name).write_text(" a <unk>  of the \n N corp. \n" * 200)
    prepared = split_symbols(CHARACTERS, 10**6, 7, read_corpus(str(tmp_path)))
    assert "".join(prepared["train"]) == "a <unk> of the\nN corp.\n" * 200
    data = build_data({"characters": 10**6, "corpus": str(tmp_path / "own.txt")}, steps=9, batch=4)
    assert {"⇥", "␣", "⏎", "你"} <= set(data.token_names)


def test_a_network_that_reads_characters_beats_their_frequencies_and_writes_them(tmp_path: Path) -> None:
    (tmp_path / "own.txt").write_text("the cat sat.\na dog ran.\n" * 200)
    e = build_experiment(
        "character-model",
        {"corpus": str(tmp_path / "own.txt")},
        hidden=16,
        layers=1,
        steps=20,
        batch=16,
        epochs=4,
        learning_rate=0.03,
        device="cpu",
        placement=METHODS["none"].build_placement(),
    )
    *events, done = train(e)
    assert done["test"]["bits_per_character"] < 1 < 2 < done["baselines"]["bits_per_character"]
    assert done["test"]["perplexity"] == pytest.approx(2 ** done["test"]["bits_per_character"])
    last = [event["written"] for event in events if "written" in event][-1]
    assert len(last) == CHARACTERS.generated_length
    assert set(last) <= set("the cat sat.\na dog ran.\n")
    assert CHARACTERS.join_symbols(["a", "\t", "\n", UNKNOWN, "\x07"]) == "a⇥\n<unk>�"


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"x" * 50_000, "Only 1 of the training characters occur more than once"), (b"a few", "has 0 of the 24 characters")],
)
def test_an_invalid_text_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "own.txt").write_bytes(content)
    with pytest.raises(Invalid, match=says):
        build_data({"characters": 20_000, "corpus": str(tmp_path / "own.txt")}, steps=5, batch=4)
