"""The documentation text that every Python brings (`pydoc_data.topics`): real English, a topic at a time."""

import re
from collections.abc import Mapping
from functools import lru_cache

LEAST_REPEATED = 6  # words that make a paragraph one that may not come twice
SENTENCE = 6  # words and marks that make a line a sentence, where it also ends as one
_WORD = re.compile(r"[a-z][a-z_']*|[.,;:]")  # words and the marks of a sentence; tables, rules and operators are left out
_NEXT = re.compile(r"(?<=[.!?:])[\"”’)]*\s+(?=[\"“(*]*[A-Z])")  # between two sentences


@lru_cache
def topics() -> Mapping[str, tuple[str, ...]]:
    """The paragraphs of every topic, by its name. Some topics repeat parts of others: a paragraph counts where it stands
    first."""
    from pydoc_data import topics

    seen: set[tuple[str, ...]] = set()
    return {name: tuple(_new(text, seen)) for name, text in sorted(topics.topics.items())}


def title(topic: str) -> str:
    """What its text calls a topic: the line at its beginning that is underlined; the topic's name where there is none."""
    from pydoc_data import topics

    first, line, *_rest = [*topics.topics[topic].split("\n", 2), ""]
    return first.replace('"', "") if first and line and not line.strip(line[0]) else topic


def words(text: str) -> list[str]:
    """Its words and the marks of its sentences, in small letters."""
    return _WORD.findall(text.lower())


@lru_cache
def sentences() -> Mapping[str, tuple[tuple[tuple[str, ...], ...], ...]]:
    """The sentences of every topic, paragraph by paragraph, as words. A sentence counts where it stands first."""
    seen: set[tuple[str, ...]] = set()
    return {name: tuple(filter(None, (_sentences(text, seen) for text in some))) for name, some in topics().items()}


def _sentences(paragraph: str, seen: set[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    found = dict.fromkeys(tuple(words(sentence)) for sentence in _NEXT.split(paragraph))
    new = tuple(one for one in found if len(one) >= SENTENCE and one[-1] in ".:" and one not in seen)
    seen.update(new)
    return new


def _new(topic: str, seen: set[tuple[str, ...]]) -> list[str]:
    kept = []
    for paragraph in topic.split("\n\n"):
        found = tuple(words(paragraph))
        if found not in seen or len(found) < LEAST_REPEATED:
            kept.append(paragraph)
            seen.add(found)
    return kept
