"""A word-level language model on the documentation that every Python brings, quickly overfitted, or on one's own text."""

import re
from collections.abc import Iterable, Iterator
from functools import partial

from core.dropout.methods import METHODS
from core.i18n import N_
from core.tasks.documentation import words
from core.tasks.next_symbol import Kind, make
from core.tasks.task import Option, Task

END = "<eos>"
LONGEST = 24  # letters of a word that a figure shows
# A word of a text of one's own: letters and digits, a sign, or a character of a script that does not part its words.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+(?:['’]\w+)*|[^\w\s]")
_PREPARED = re.compile(r"\n|\S+")
_END = re.compile(f" ?{END} ?")
_BEFORE_MARK = re.compile(r" (?=[.,;:!?%)\]]( |$))")


def _of_topic(paragraphs: Iterable[str]) -> list[str]:
    return [word for paragraph in paragraphs for word in words(paragraph)]


def _of_text(text: str) -> Iterator[str]:
    return (found.group() for found in _WORD.finditer(text.lower()))


def _of_prepared(text: str) -> Iterator[str]:
    return (END if found.group() == "\n" else found.group() for found in _PREPARED.finditer(text))


def _shown(word: str) -> str:
    return word if len(word) <= LONGEST else word[: LONGEST - 1] + "…"


def _text(words: Iterable[str]) -> str:
    return _END.sub("\n", _BEFORE_MARK.sub("", " ".join(words)))


WORDS = Kind("words", N_("words"), 6_000, ("perplexity", "bits_per_word"), _of_topic, _of_text, _of_prepared, _shown, _text, 30)

TASK = Task(
    name="language-model",
    label=N_("Language model, words"),
    about=N_("Guess the next word of Python's own documentation, or of your own text; a small one is soon learned by heart."),
    shows=N_("A small text is overfitted in seconds: without dropout the validation loss turns and rises."),
    unit=N_("word"),
    metrics=WORDS.metrics,
    baseline=N_("how often each word occurs"),
    options=(
        Option("words", N_("Training words"), 18_000, 2_000, 5_000_000, amount=True),
        Option("corpus", N_("A text file, or a folder in PTB layout"), local=True),
    ),
    defaults={
        "hidden": 128,
        "batch": 20,
        "epochs": 18,
        "learning_rate": 0.012,
        "placement": METHODS["zaremba2014"].placement(),
    },
    make=partial(make, WORDS),
    default_steps=lambda options: 20,
)
