"""The documentation text that every Python brings (`pydoc_data.topics`): real English, a topic at a time."""

import re
from collections.abc import Mapping
from functools import lru_cache

LEAST_REPEATED = 6  # words that make a paragraph one that may not come twice
_WORD = re.compile(r"[a-z][a-z_']*|[.,;:]")  # words and the marks of a sentence; tables, rules and operators are left out


@lru_cache
def topics() -> Mapping[str, tuple[str, ...]]:
    """The paragraphs of every topic, by its name. Some topics repeat parts of others: a paragraph counts where it stands
    first."""
    from pydoc_data import topics

    seen: set[tuple[str, ...]] = set()
    return {name: tuple(_new(text, seen)) for name, text in sorted(topics.topics.items())}


def words(text: str) -> list[str]:
    """Its words and the marks of its sentences, in small letters."""
    return _WORD.findall(text.lower())


def _new(topic: str, seen: set[tuple[str, ...]]) -> list[str]:
    kept = []
    for paragraph in topic.split("\n\n"):
        found = tuple(words(paragraph))
        if found not in seen or len(found) < LEAST_REPEATED:
            kept.append(paragraph)
            seen.add(found)
    return kept
