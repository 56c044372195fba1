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
from core.tasks.metrics import compute_bleu
from core.tasks.task import Data
from core.tasks.translation import (
    END_OF_SENTENCE,
    HELD_OUT_PAIRS,
    MAX_STEPS,
    NUMBER_LIMIT,
    SEPARATOR,
    NumberPair,
    build_dictionary,
    collect_vocabularies,
    spell_number,
    split_pairs,
)

PARTS = ("train", "validation", "test")


def build_data(pairs: int = 200, batch: int = 20, seed: int = 7, steps: int = MAX_STEPS) -> Data:
    return TASKS["translation"].make_data({"pairs": pairs}, steps, batch, seed)


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
    assert spell_number(number) == NumberPair(tuple(english.split()), tuple(french.split()))


@pytest.mark.parametrize("seed", [7, 8])
def test_no_number_is_in_two_splits_and_no_word_is_new(seed: int) -> None:
    parts = split_pairs(200, seed)
    assert [len(parts[name]) for name in PARTS] == [200, HELD_OUT_PAIRS, HELD_OUT_PAIRS]
    every = [one for name in PARTS for one in parts[name]]
    assert len({one.english for one in every}) == len({one.french for one in every}) == len(every)
    assert max(len(one.english) for one in every) <= 7, "below ten thousand"
    for words, of_all in zip(collect_vocabularies(parts["train"]), collect_vocabularies(every), strict=True):
        assert words == of_all


def test_a_sample_is_a_prompt_and_its_translation() -> None:
    parts, data = split_pairs(200, 7), build_data(batch=7, steps=MAX_STEPS + 2)
    assert data.feedback is not None
    for name in PARTS[1:]:
        found = []
        for batch in data.split(name):
            for b in np.flatnonzero(batch.target_mask.any(axis=0)).tolist():
                read, targets = data.describe_sample(batch, b)
                start = read.index(SEPARATOR)
                french = tuple(text for text in targets if text)
                assert targets[:start] == [None] * start
                assert (*read[start + 1 : start + len(french)], END_OF_SENTENCE) == french
                assert batch.x[start + 1 : start + len(french), b].tolist() == [
                    data.feedback[y] for y in batch.y[start : start + len(french) - 1, b]
                ]
                found.append(NumberPair(tuple(read[:start]), french[:-1]))
        assert found == parts[name]


def test_the_dictionary_has_the_best_matching_word() -> None:
    pairs = [
        NumberPair(("two", "hundred"), ("deux", "cent")),
        NumberPair(("two",), ("deux",)),
        NumberPair(("one",), ("un",)),
        NumberPair(("one", "hundred"), ("un", "cent")),
        NumberPair(("hundred",), ("cent",)),
    ]
    assert build_dictionary(pairs) == {"one": "un", "two": "deux", "hundred": "cent"}


@pytest.mark.parametrize("split", ["validation", "test"])
def test_the_baseline_translates_word_by_word(split: str) -> None:
    parts, data = split_pairs(200, 7), build_data()
    words = build_dictionary(parts["train"])
    predictions = [" ".join(words[word] for word in one.english) for one in parts[split]]
    targets = [" ".join(one.french) for one in parts[split]]
    assert data.baselines[split]["exact_match"] == pytest.approx(
        np.mean([a == b for a, b in zip(predictions, targets, strict=True)])
    )
    assert data.baselines[split]["bleu"] == pytest.approx(corpus_bleu(predictions, [targets], tokenize="none").score)


def test_bleu_of_numbers_is_that_of_their_words() -> None:
    words = ["mille", "deux", "cent", "quatre", "vingt", "dix", "neuf", "trois"]

    def score(predictions: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> float:
        texts = [[" ".join(words[n - 1] for n in row if n > 0) for row in rows] for rows in (predictions, targets)]
        expected = corpus_bleu(texts[0], [texts[1]], tokenize="none").score
        assert compute_bleu(np.array(predictions), np.array(targets)) == pytest.approx(expected)
        return float(expected)

    targets = [[3, 4, 5, 6, 7, 0, -1], [1, 2, 3, 4, 5, 6, 0]]
    assert score(targets, targets) == pytest.approx(100)
    assert 20 < score([[3, 4, 5, 6, 1, 0, -1], [1, 2, 3, 4, 5, 0, -1]], targets) < 90
    assert score([[0, -1], [0, -1]], [[1, 0], [2, 0]]) == 0


def test_the_steps_and_the_imports() -> None:
    assert (
        max(len(one.english) + 1 + len(one.french) for one in map(spell_number, range(NUMBER_LIMIT - 1000, NUMBER_LIMIT)))
        == MAX_STEPS
    )
    with pytest.raises(Invalid, match=f"take up to {MAX_STEPS} steps; steps is {MAX_STEPS - 1}"):
        build_experiment("translation", steps=MAX_STEPS - 1)
    code = "import sys, core.experiment.batches; assert not {'num2words', 'sacrebleu', 'torch'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
