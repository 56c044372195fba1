"""Translation of numbers. Oracles: numbers in words, by hand; a dictionary made by hand; SacreBLEU on the words."""

import subprocess
import sys
from collections.abc import Sequence

import numpy as np
import pytest
from sacrebleu import corpus_bleu

from core.errors import Invalid
from core.experiment.experiment import build_experiment
from core.tasks import TASKS
from core.tasks.metrics import bleu
from core.tasks.task import Data
from core.tasks.translation import BELOW, HELD_OUT, INTO, LONGEST, STOP, Pair, dictionary, known, pair, split

PARTS = ("train", "validation", "test")


def made(pairs: int = 200, batch: int = 20, seed: int = 7, steps: int = LONGEST) -> Data:
    return TASKS["translation"].make({"pairs": pairs}, steps, batch, seed)


@pytest.mark.parametrize(
    ("number", "english", "french"),
    [
        (0, "zero", "zéro"),
        (71, "seventy one", "soixante et onze"),
        (80, "eighty", "quatre vingts"),
        (1_001, "one thousand and one", "mille un"),
        (9_299, "nine thousand two hundred and ninety nine", "neuf mille deux cent quatre vingt dix neuf"),
    ],
)
def test_numbers_in_words(number: int, english: str, french: str) -> None:
    assert pair(number) == Pair(tuple(english.split()), tuple(french.split()))


@pytest.mark.parametrize("seed", [7, 8])
def test_no_number_is_in_two_parts_and_no_word_is_new(seed: int) -> None:
    parts = split(200, seed)
    assert [len(parts[name]) for name in PARTS] == [200, HELD_OUT, HELD_OUT]
    every = [one for name in PARTS for one in parts[name]]
    assert len({one.english for one in every}) == len({one.french for one in every}) == len(every)
    assert max(len(one.english) for one in every) <= 7, "below ten thousand"
    for words, of_all in zip(known(parts["train"]), known(every), strict=True):
        assert words == of_all


def test_each_sample_is_read_and_then_written() -> None:
    parts, data = split(200, 7), made(batch=7, steps=LONGEST + 2)
    assert data.feedback is not None
    for name in PARTS[1:]:
        found = []
        for batch in data.split(name):
            for b in np.flatnonzero(batch.target_mask.any(axis=0)).tolist():
                read, right = data.sample_text(batch, b)
                start = read.index(INTO)
                french = tuple(text for text in right if text)
                assert right[:start] == [None] * start
                assert (*read[start + 1 : start + len(french)], STOP) == french
                assert batch.x[start + 1 : start + len(french), b].tolist() == [
                    data.feedback[y] for y in batch.y[start : start + len(french) - 1, b]
                ]
                found.append(Pair(tuple(read[:start]), french[:-1]))
        assert found == parts[name]


def test_the_dictionary_takes_the_word_that_goes_with_it_best() -> None:
    pairs = [
        Pair(("two", "hundred"), ("deux", "cent")),
        Pair(("two",), ("deux",)),
        Pair(("one",), ("un",)),
        Pair(("one", "hundred"), ("un", "cent")),
        Pair(("hundred",), ("cent",)),
    ]
    assert dictionary(pairs) == {"one": "un", "two": "deux", "hundred": "cent"}


@pytest.mark.parametrize("part", ["validation", "test"])
def test_the_baseline_translates_word_by_word(part: str) -> None:
    parts, data = split(200, 7), made()
    words = dictionary(parts["train"])
    said = [" ".join(words[word] for word in one.english) for one in parts[part]]
    right = [" ".join(one.french) for one in parts[part]]
    assert data.baselines[part]["exact_match"] == pytest.approx(np.mean([a == b for a, b in zip(said, right, strict=True)]))
    assert data.baselines[part]["bleu"] == pytest.approx(corpus_bleu(said, [right], tokenize="none").score)


def test_bleu_of_numbers_is_that_of_their_words() -> None:
    words = ["mille", "deux", "cent", "quatre", "vingt", "dix", "neuf", "trois"]

    def score(said: Sequence[Sequence[int]], right: Sequence[Sequence[int]]) -> float:
        texts = [[" ".join(words[n - 1] for n in row if n > 0) for row in rows] for rows in (said, right)]
        expected = corpus_bleu(texts[0], [texts[1]], tokenize="none").score
        assert bleu(np.array(said), np.array(right)) == pytest.approx(expected)
        return float(expected)

    right = [[3, 4, 5, 6, 7, 0, -1], [1, 2, 3, 4, 5, 6, 0]]
    assert score(right, right) == pytest.approx(100)
    assert 20 < score([[3, 4, 5, 6, 1, 0, -1], [1, 2, 3, 4, 5, 0, -1]], right) < 90
    assert score([[0, -1], [0, -1]], [[1, 0], [2, 0]]) == 0


def test_the_steps_it_needs_and_what_the_app_does_not_load() -> None:
    assert max(len(one.english) + 1 + len(one.french) for one in map(pair, range(BELOW - 1000, BELOW))) == LONGEST
    with pytest.raises(Invalid, match=f"take up to {LONGEST} steps; steps is {LONGEST - 1}"):
        build_experiment("translation", steps=LONGEST - 1)
    code = "import sys, core.experiment.batches; assert not {'num2words', 'sacrebleu', 'torch'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
