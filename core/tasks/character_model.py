"""A character-level language model on the texts of the word-level one: fewer symbols, longer dependencies."""

from collections.abc import Iterable
from functools import partial

from core.dropout.methods import METHODS
from core.i18n import N_
from core.tasks.next_symbol import SymbolKind, make_data
from core.tasks.task import Option, Task
from core.tasks.tokenization import split_graphemes, split_prepared_characters
from core.tasks.vocabulary import UNKNOWN

_SYMBOLS = {" ": "␣", "\n": "⏎", "\t": "⇥", UNKNOWN: UNKNOWN}
_UNPRINTABLE = "�"


def _tokenize_topic(paragraphs: Iterable[str]) -> list[str]:
    return [character for paragraph in paragraphs for character in f"{' '.join(paragraph.split())}\n"]


def _format_symbol(character: str) -> str:
    return _SYMBOLS.get(character) or (character if character.isprintable() else _UNPRINTABLE)


def _join_symbols(characters: Iterable[str]) -> str:
    return "".join(one if one == "\n" or one.isprintable() else _format_symbol(one) for one in characters)


CHARACTERS = SymbolKind(
    "characters",
    N_("characters"),
    10_000,
    ("bits_per_character", "perplexity"),
    _tokenize_topic,
    split_graphemes,
    split_prepared_characters,
    _format_symbol,
    _join_symbols,
    120,
)

TASK = Task(
    name="character-model",
    label=N_("Language model, characters"),
    description=N_(
        "Predict the next character of Python's documentation or of your own text: first spelling is learned, then words."
    ),
    dropout_effect=N_(
        "A few pages are soon memorized: without dropout the validation loss turns and rises, with it usually less."
    ),
    unit=N_("character"),
    metrics=CHARACTERS.metrics,
    baseline=N_("character frequencies"),
    options=(
        Option("characters", N_("Training characters"), 20_000, 10_000, 20_000_000, is_sample_count=True),
        Option("corpus", N_("A text file, or a folder in PTB layout"), is_local=True),
    ),
    defaults={
        "hidden": 128,
        "batch": 16,
        "epochs": 24,
        "learning_rate": 0.01,
        "placement": METHODS["zaremba2014"].build_placement(0.25),
    },
    make_data=partial(make_data, CHARACTERS),
    default_steps=lambda options: 40,
)
