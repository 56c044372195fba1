"""The documentation text that is part of every Python (`pydoc_data.topics`), by topic, paragraph and sentence."""

import re
from collections.abc import Mapping
from functools import lru_cache

MIN_REPEATED_WORDS = 6  # a repeated paragraph with at least this many words is left out
MIN_SENTENCE_WORDS = 6  # words and punctuation marks of a sentence, at least
_WORD = re.compile(r"[a-z][a-z_']*|[.,;:]")  # words and punctuation; tables, rules and operators are left out
_SENTENCE_BREAK = re.compile(r"(?<=[.!?:])[\"”’)]*\s+(?=[\"“(*]*[A-Z])")  # between two sentences


@lru_cache
def load_topics() -> Mapping[str, tuple[str, ...]]:
    """Return the paragraphs of every topic, by topic name. A paragraph that several topics repeat is kept in the first."""
    from pydoc_data import topics

    known: set[tuple[str, ...]] = set()
    return {name: tuple(_drop_repeated(text, known)) for name, text in sorted(topics.topics.items())}


def get_topic_title(topic: str) -> str:
    """Return the underlined first line of a topic's text, or the topic's name if there is none."""
    from pydoc_data import topics

    first, line, *_rest = [*topics.topics[topic].split("\n", 2), ""]
    return first.replace('"', "") if first and line and not line.strip(line[0]) else topic


def tokenize_words(text: str) -> list[str]:
    """Return the words and punctuation marks of a text in lower case."""
    return _WORD.findall(text.lower())


@lru_cache
def load_sentences() -> Mapping[str, tuple[tuple[tuple[str, ...], ...], ...]]:
    """Return the sentences of every topic as words, grouped by paragraph. A repeated sentence is kept only the first time."""
    known: set[tuple[str, ...]] = set()
    return {name: tuple(filter(None, (_split_sentences(text, known) for text in some))) for name, some in load_topics().items()}


def _split_sentences(paragraph: str, known: set[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    candidates = dict.fromkeys(tuple(tokenize_words(sentence)) for sentence in _SENTENCE_BREAK.split(paragraph))
    new = tuple(words for words in candidates if len(words) >= MIN_SENTENCE_WORDS and words[-1] in ".:" and words not in known)
    known.update(new)
    return new


def _drop_repeated(topic: str, known: set[tuple[str, ...]]) -> list[str]:
    paragraphs = []
    for paragraph in topic.split("\n\n"):
        words = tuple(tokenize_words(paragraph))
        if words not in known or len(words) < MIN_REPEATED_WORDS:
            paragraphs.append(paragraph)
            known.add(words)
    return paragraphs
