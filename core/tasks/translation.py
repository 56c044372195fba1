"""Translation: numbers in English words into French ones, the pair of Zaremba, Sutskever and Vinyals 2014 in miniature.

As there it is a language model: one network is trained on the English words followed by the French ones, so that the encoder
and the decoder of Sutskever, Vinyals and Le 2014 have the same weights. What is asked of it here is the French alone, and it
writes the likeliest word at each step, where the paper searches with a beam.
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
from core.tasks.sequence_windows import Rows, windows
from core.tasks.task import Batch, Data, Ints, Metrics, Option, Options, PromptFormat, Reals, Task, held_out, whole

BELOW = 10_000
LONGEST = 16  # steps: 9,999 has seven words, eight in French, and an end
HELD_OUT = 300  # numbers of the validation part, and of the test part
STOP, INTO = "<eos>", "→"  # the first ends the French, the second begins it
TOLD = ("bleu", "exact_match")


class Pair(NamedTuple):
    """A number in words."""

    english: tuple[str, ...]
    french: tuple[str, ...]


def make(options: Options, steps: int, batch: int, seed: int) -> Data:
    """Numbers dealt by the seed into the three parts. What is asked is every word of the French, and its end."""
    parts = split(whole(options, "pairs"), seed)
    english, french = known(parts["train"])
    tokens, classes = (STOP, INTO, *english, *french), (STOP, *french)
    feedback = np.array([0, *range(len(english) + 2, len(tokens))])
    read = {name: _rows(((*pair.english, INTO) for pair in part), tokens, steps) for name, part in parts.items()}
    right = {name: _rows(((*pair.french, STOP) for pair in part), classes, steps) for name, part in parts.items()}

    def window(some: Rows) -> Batch:
        x, y = np.zeros((steps, batch), np.int64), np.full((steps, batch), -1)
        for sample, (before, after) in enumerate(some):
            start, end = int((before >= 0).sum()), int((after >= 0).sum())
            y[start - 1 :][:end, sample] = after[:end]
            x[:start, sample], x[start:][: end - 1, sample] = before[:start], feedback[after[: end - 1]]
        return Batch(x, y, first=True, padded=True)

    words = dictionary(parts["train"])

    def word_by_word(part: str) -> Metrics:
        guess = _rows(((*map(words.__getitem__, pair.english), STOP) for pair in parts[part]), classes, steps)
        return {name: METRICS[name].value(0.0, guess, right[part]) for name in TOLD}

    both = {name: np.stack([read[name], right[name]], axis=1) for name in parts}
    cut = windows(both, batch, seed, window, whole=True)

    def english_of(x: Ints | Reals) -> str:
        return " ".join(takewhile(lambda word: word != INTO, (tokens[int(n)] for n in x)))

    return Data(
        len(tokens),
        len(classes),
        tokens,
        classes,
        *cut,
        held_out(word_by_word),
        feedback=feedback,
        exchange=PromptFormat(english_of, " "),
    )


def split(pairs: int, seed: int) -> dict[str, list[Pair]]:
    """The numbers of each part, so many to train on. One with a word that is not among theirs is in no part."""
    every = map(pair, np.random.default_rng(seed).permutation(BELOW).tolist())
    trained = list(islice(every, pairs))
    english, french = map(set, known(trained))
    others = (pair for pair in every if english.issuperset(pair.english) and french.issuperset(pair.french))
    return {"train": trained} | {name: list(islice(others, HELD_OUT)) for name in ("validation", "test")}


@lru_cache(maxsize=20_000)
def pair(number: int) -> Pair:
    """A number in words: those with a hyphen apart, and no commas."""
    from num2words import num2words  # here, so that the pages of other tasks are up without it

    said = (num2words(number, lang=lang).replace(",", "").replace("-", " ") for lang in ("en", "fr"))
    return Pair(*(tuple(words.split()) for words in said))


def known(pairs: Iterable[Pair]) -> tuple[list[str], list[str]]:
    """All English and all French words, in order."""
    english, french = zip(*pairs, strict=True)
    return sorted(set().union(*english)), sorted(set().union(*french))


def dictionary(pairs: Iterable[Pair]) -> dict[str, str]:
    """For each English word the French one that it goes with best: 2 · together / (the one + the other), counted in pairs."""
    together, alone = Counter[tuple[str, str]](), Counter[tuple[int, str]]()
    for pair in pairs:
        together.update(product(set(pair.english), set(pair.french)))
        alone.update((side, word) for side, words in enumerate(pair) for word in set(words))
    best: dict[str, tuple[float, str]] = {}
    for (one, other), n in together.items():
        best[one] = max(best.get(one, (0.0, "")), (2 * n / (alone[0, one] + alone[1, other]), other))
    return {one: other for one, (_share, other) in best.items()}


def _rows(texts: Iterable[Sequence[str]], names: Sequence[str], width: int) -> Ints:
    """Texts in the numbers of their words, [n, width]; -1 beyond them."""
    number = {name: n for n, name in reversed(list(enumerate(names)))}  # of a word in both languages, the English
    numbers = [[number[word] for word in text] for text in texts]
    return np.array([row + [-1] * (width - len(row)) for row in numbers])


def _check_steps(options: Options, steps: int) -> None:
    if steps < LONGEST:
        raise Invalid(
            _("A number and its translation take up to {least} steps; steps is {steps}.").format(least=LONGEST, steps=steps),
            "steps",
        )


TASK = Task(
    name="translation",
    label=N_("Translation: numbers in words"),
    about=N_("Read a number in English words, then write it in French ones: one network for both, as in the paper."),
    shows=N_("Few pairs are learned by heart: at .25 dropout raises the BLEU of new ones; at .5 it does not."),
    unit=N_("word"),
    metrics=TOLD,
    baseline=N_("word by word"),
    options=(Option("pairs", N_("Training pairs"), 200, 100, 4_000, amount=True),),
    defaults={
        "hidden": 128,
        "batch": 20,
        "epochs": 80,
        "learning_rate": 0.006,
        "placement": METHODS["zaremba2014"].placement(0.25),
    },
    make=make,
    default_steps=lambda options: LONGEST,
    check_steps=_check_steps,
)
