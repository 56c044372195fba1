"""A word-level language model on Python's documentation, which is quickly overfitted, or on a user's text."""

import re
from collections.abc import Iterable
from functools import partial

from core.dropout.methods import METHODS
from core.i18n import N_
from core.tasks.documentation import tokenize_words
from core.tasks.next_symbol import SymbolKind, make_data
from core.tasks.task import Option, Task
from core.tasks.tokenization import END_OF_SENTENCE, split_prepared_words, split_words

MAX_WORD_LENGTH = 24  # longer words are cut off in figures
_END = re.compile(f" ?{END_OF_SENTENCE} ?")
_BEFORE_MARK = re.compile(r" (?=[.,;:!?%)\]]( |$))")


def _tokenize_topic(paragraphs: Iterable[str]) -> list[str]:
    return [word for paragraph in paragraphs for word in tokenize_words(paragraph)]


def _format_symbol(word: str) -> str:
    return word if len(word) <= MAX_WORD_LENGTH else word[: MAX_WORD_LENGTH - 1] + "…"


def _join_symbols(words: Iterable[str]) -> str:
    return _END.sub("\n", _BEFORE_MARK.sub("", " ".join(words)))


WORDS = SymbolKind(
    "words",
    N_("words"),
    6_000,
    ("perplexity", "bits_per_word"),
    _tokenize_topic,
    split_words,
    split_prepared_words,
    _format_symbol,
    _join_symbols,
    30,
)

TASK = Task(
    name="language-model",
    label=N_("Language model, words"),
    description=N_("Predict the next word of Python's documentation or your own text."),
    dropout_effect=N_("A small text is overfitted in seconds: without dropout the validation loss turns and rises."),
    unit=N_("word"),
    metrics=WORDS.metrics,
    baseline=N_("word frequencies"),
    options=(
        Option("words", N_("Training words"), 18_000, 2_000, 5_000_000, is_sample_count=True),
        Option("corpus", N_("A text file, or a folder in PTB layout"), is_local=True),
    ),
    defaults={
        "hidden": 128,
        "batch": 20,
        "epochs": 18,
        "learning_rate": 0.012,
        "placement": METHODS["zaremba2014"].build_placement(),
    },
    make_data=partial(make_data, WORDS),
    default_steps=lambda options: 20,
)
