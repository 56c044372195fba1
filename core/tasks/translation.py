"""Translation of numbers from English into French words (small version of the task of Zaremba et al. 2014).

As in the paper it is a language model: one network reads the English words and then writes the French ones, so that the encoder
and the decoder of Sutskever, Vinyals and Le 2014 share their weights. Here only the French words are targets, and decoding is
greedy, where the paper uses beam search.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import islice, product, takewhile
from typing import NamedTuple

import numpy as np

from core.dropout.methods import METHODS
from core.errors import Invalid
from core.i18n import N_, _
from core.tasks.metrics import METRICS
from core.tasks.sequence_windows import Rows, make_windows
from core.tasks.task import (
    Batch,
    Data,
    Ints,
    Metrics,
    Option,
    Options,
    PromptFormat,
    Reals,
    Task,
    evaluate_baselines,
    get_integer,
)

NUMBER_LIMIT = 10_000
MAX_STEPS = 16  # 9,999 has seven words, eight in French, and an end
HELD_OUT_PAIRS = 300  # of the validation split, and as many of the test split
END_OF_SENTENCE, SEPARATOR = "<eos>", "→"
METRIC_NAMES = ("bleu", "exact_match")


class NumberPair(NamedTuple):
    """A number in words."""

    english: tuple[str, ...]
    french: tuple[str, ...]


def make_data(options: Options, steps: int, batch: int, seed: int) -> Data:
    """Build sequences of English words, a separator and French words. The targets are the French words and their end.

    The seed assigns the numbers to the three splits.
    """
    splits = split_pairs(get_integer(options, "pairs"), seed)
    english, french = collect_vocabularies(splits["train"])
    tokens, classes = (END_OF_SENTENCE, SEPARATOR, *english, *french), (END_OF_SENTENCE, *french)
    feedback = np.array([0, *range(len(english) + 2, len(tokens))])
    prompts = {
        split: _encode_texts(((*pair.english, SEPARATOR) for pair in pairs), tokens, steps) for split, pairs in splits.items()
    }
    answers = {
        split: _encode_texts(((*pair.french, END_OF_SENTENCE) for pair in pairs), classes, steps)
        for split, pairs in splits.items()
    }

    def make_window(rows: Rows) -> Batch:
        x, y = np.zeros((steps, batch), np.int64), np.full((steps, batch), -1)
        for sample, (prompt, answer) in enumerate(rows):
            start, end = int((prompt >= 0).sum()), int((answer >= 0).sum())
            y[start - 1 :][:end, sample] = answer[:end]
            x[:start, sample], x[start:][: end - 1, sample] = prompt[:start], feedback[answer[: end - 1]]
        return Batch(x, y, starts_sequence=True, padded=True)

    dictionary = build_dictionary(splits["train"])

    def translate_word_by_word(split: str) -> Metrics:
        texts = ((*map(dictionary.__getitem__, pair.english), END_OF_SENTENCE) for pair in splits[split])
        predictions = _encode_texts(texts, classes, steps)
        return {name: METRICS[name].value(0.0, predictions, answers[split]) for name in METRIC_NAMES}

    rows = {split: np.stack([prompts[split], answers[split]], axis=1) for split in splits}
    windows = make_windows(rows, batch, seed, make_window, keep_remainder=True)

    def format_prompt(x: Ints | Reals) -> str:
        return " ".join(takewhile(lambda word: word != SEPARATOR, (tokens[int(n)] for n in x)))

    return Data(
        len(tokens),
        len(classes),
        tokens,
        classes,
        *windows,
        evaluate_baselines(translate_word_by_word),
        feedback=feedback,
        prompt_format=PromptFormat(format_prompt, " "),
    )


def split_pairs(pairs: int, seed: int) -> dict[str, list[NumberPair]]:
    """Return the pairs of each split, `pairs` of them for training.

    Held-out numbers with a word that does not occur in the training split are left out.
    """
    shuffled = map(spell_number, np.random.default_rng(seed).permutation(NUMBER_LIMIT).tolist())
    training = list(islice(shuffled, pairs))
    english, french = map(set, collect_vocabularies(training))
    others = (pair for pair in shuffled if english.issuperset(pair.english) and french.issuperset(pair.french))
    return {"train": training} | {split: list(islice(others, HELD_OUT_PAIRS)) for split in ("validation", "test")}


@lru_cache(maxsize=20_000)
def spell_number(number: int) -> NumberPair:
    """Return a number in English and French words, hyphenated words separated and commas removed."""
    from num2words import num2words  # imported here, so that the pages of other tasks start without it

    texts = (num2words(number, lang=language).replace(",", "").replace("-", " ") for language in ("en", "fr"))
    return NumberPair(*(tuple(text.split()) for text in texts))


def collect_vocabularies(pairs: Iterable[NumberPair]) -> tuple[list[str], list[str]]:
    """Return the sorted English and French words of the pairs."""
    english, french = zip(*pairs, strict=True)
    return sorted(set().union(*english)), sorted(set().union(*french))


def build_dictionary(pairs: Iterable[NumberPair]) -> dict[str, str]:
    """Return, for each English word, the French word with the highest Dice coefficient.

    The coefficient is 2 · (pairs with both words) / (pairs with the English word + pairs with the French word).
    """
    joint_counts, counts = Counter[tuple[str, str]](), Counter[tuple[int, str]]()
    for pair in pairs:
        joint_counts.update(product(set(pair.english), set(pair.french)))
        counts.update((side, word) for side, words in enumerate(pair) for word in set(words))
    best: dict[str, tuple[float, str]] = {}
    for (english, french), n in joint_counts.items():
        score = 2 * n / (counts[0, english] + counts[1, french])
        best[english] = max(best.get(english, (0.0, "")), (score, french))
    return {english: french for english, (_score, french) in best.items()}


def _encode_texts(texts: Iterable[Sequence[str]], names: Sequence[str], width: int) -> Ints:
    """Return texts as word numbers, [n, width], filled up with -1."""
    number = {name: n for n, name in reversed(list(enumerate(names)))}  # the English number of a word in both languages
    numbers = [[number[word] for word in text] for text in texts]
    return np.array([row + [-1] * (width - len(row)) for row in numbers])


def _check_steps(options: Options, steps: int) -> None:
    if steps < MAX_STEPS:
        raise Invalid(
            _("A number and its translation take up to {least} steps; steps is {steps}.").format(least=MAX_STEPS, steps=steps),
            "steps",
        )


TASK = Task(
    name="translation",
    label=N_("Translation: numbers in words"),
    description=N_("Read a number in English words, then write it in French words: one network for both, as in the paper."),
    dropout_effect=N_("A few pairs are soon memorized: dropout at .25 raises the BLEU of new pairs, at .5 it does not."),
    unit=N_("word"),
    metrics=METRIC_NAMES,
    baseline=N_("word by word"),
    options=(Option("pairs", N_("Training pairs"), 200, 100, 4_000, is_sample_count=True),),
    defaults={
        "hidden": 128,
        "batch": 20,
        "epochs": 80,
        "learning_rate": 0.006,
        "placement": METHODS["zaremba2014"].build_placement(0.25),
    },
    make_data=make_data,
    default_steps=lambda options: MAX_STEPS,
    check_steps=_check_steps,
)
