"""A character-level language model, on the same texts as the word-level one: few symbols, and longer dependencies."""

from collections.abc import Iterable, Iterator
from functools import partial

from core.dropout.methods import METHODS
from core.i18n import N_
from core.tasks.next_symbol import UNKNOWN, Kind, make
from core.tasks.task import Option, Task

_SIGNS = {" ": "␣", "\n": "⏎", "\t": "⇥", UNKNOWN: UNKNOWN}
_NO_SIGN = "�"


def _of_topic(paragraphs: Iterable[str]) -> list[str]:
    return [character for paragraph in paragraphs for character in f"{' '.join(paragraph.split())}\n"]


def _of_prepared(text: str) -> Iterator[str]:
    # A space between any two words and none at the ends of a line, as the published counts of characters have it.
    return (character for line in text.splitlines() for character in f"{' '.join(line.split())}\n")


def _shown(character: str) -> str:
    return _SIGNS.get(character) or (character if character.isprintable() else _NO_SIGN)


def _text(characters: Iterable[str]) -> str:
    return "".join(one if one == "\n" or one.isprintable() else _shown(one) for one in characters)


CHARACTERS = Kind(
    "characters",
    N_("characters"),
    10_000,
    ("bits_per_character", "perplexity"),
    _of_topic,
    iter,
    _of_prepared,
    _shown,
    _text,
    120,
)

TASK = Task(
    name="character-model",
    label=N_("Language model, characters"),
    about=N_("Guess the next character of Python's own documentation, or of your own text: spelling first, then words."),
    shows=N_(
        "A few pages are learned by heart: without dropout the validation loss turns and rises, with it it goes on falling."
    ),
    unit=N_("character"),
    metrics=CHARACTERS.metrics,
    baseline=N_("how often each character occurs"),
    options=(
        Option("characters", N_("Training characters"), 20_000, 10_000, 20_000_000, amount=True),
        Option("corpus", N_("A text file, or a folder in PTB layout"), local=True),
    ),
    defaults={
        "hidden": 128,
        "batch": 16,
        "epochs": 24,
        "learning_rate": 0.01,
        "placement": METHODS["zaremba2014"].placement(0.25),
    },
    make=partial(make, CHARACTERS),
    default_steps=lambda options: 40,
)
