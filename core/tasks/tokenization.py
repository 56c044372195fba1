"""Words and characters of a user's text, by Unicode's rules: a grapheme, what a reader sees as one character, is never cut.

`regex` implements the rules for words and graphemes (Unicode Standard Annex 29), which `re` does not. Scripts that write no
spaces between words are read grapheme by grapheme: their words are in no rule, but in a dictionary.
"""

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice, pairwise
from typing import Any

from core.tasks.vocabulary import UNKNOWN

END_OF_SENTENCE = "<eos>"
PREPARED_MARKS = {UNKNOWN, "@-@", "@,@", "@.@"}  # of the Penn Treebank and WikiText, each between spaces
NUMBER_MARK = "N"  # of the Penn Treebank, otherwise in lower case
MAX_JUDGED_TOKENS = 20_000
MAX_GLUED_SHARE = 0.01  # of the tokens of a prepared text
SOFT_HYPHEN = "\u00ad"
_PREPARED_TOKEN = re.compile(r"\n|\S+")
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"


@lru_cache
def _compile(name: str) -> Any:
    import regex  # here, as most visits read no text of their own

    patterns = {
        "grapheme": r"\X",
        "cluster": rf"[{_UNSPACED}\p{{M}}\p{{Cf}}\p{{Emoji_Modifier}}\p{{Regional_Indicator}}]",
        "extension": r"[\p{M}\u200d\p{Emoji_Modifier}\p{Grapheme_Cluster_Break=SpacingMark}]+",
        "word_break": r"(?V1w)\b",
        "unspaced": rf"[{_UNSPACED}]",
    }
    return regex.compile(patterns[name])


def split_graphemes(text: str) -> Iterator[str]:
    """Yield the graphemes of a text."""
    if text.isascii():
        return iter(text)
    return (match.group() for match in _compile("grapheme").finditer(text))


def find_grapheme_start(text: str) -> int:
    """Return the first place from 0 at which a grapheme begins, if the text may begin within one."""
    match = _compile("extension").match(text)
    return match.end() if match else 0


def split_words(text: str) -> Iterator[str]:
    """Yield the words and punctuation marks of a text in lower case; no white space, and soft hyphens are left out."""
    for line in text.lower().replace(SOFT_HYPHEN, "").split("\n"):
        has_clusters = not line.isascii() and _compile("cluster").search(line)
        parts = _split_between_graphemes(line) if has_clusters else _compile("word_break").splititer(line)
        yield from (part for part in parts if part and not part.isspace())


def _split_between_graphemes(line: str) -> Iterator[str]:
    """Yield the parts between breaks of words that cut no grapheme; a script without spaces grapheme by grapheme."""
    graphemes = [match.span() for match in _compile("grapheme").finditer(line)]
    edges = {start for start, _end in graphemes} | {len(line)}
    alone = {edge for span in graphemes if line[slice(*span)].isspace() or has_unspaced_script(line[span[0]]) for edge in span}
    places = sorted(alone | (edges & {match.start() for match in _compile("word_break").finditer(line)}))
    return (line[start:end] for start, end in pairwise(places))


def split_prepared_words(text: str) -> Iterator[str]:
    """Yield the tokens of a prepared text, and `END_OF_SENTENCE` for the end of a line."""
    return (END_OF_SENTENCE if match.group() == "\n" else match.group() for match in _PREPARED_TOKEN.finditer(text))


def split_prepared_characters(text: str) -> Iterator[str]:
    """Yield the graphemes of a prepared text as published counts have them: one space between tokens, none at a line's ends."""
    lines = (f"{' '.join(line.split())}\n" for line in text.splitlines())
    return (character for line in lines for character in split_graphemes(line))


def has_unspaced_script(text: str) -> bool:
    """Return whether a text has a script without spaces between words, such as Chinese, Japanese or Thai."""
    return not text.isascii() and _compile("unspaced").search(text) is not None


def is_prepared(text: str) -> bool:
    """Return whether a text is already split into tokens by spaces: `<unk>`, `@-@` or, in lower case, `N` are among them.

    In such a text no punctuation is glued to words.
    """
    tokens = list(islice(_split_spaces(text), MAX_JUDGED_TOKENS))
    counts = Counter(tokens)
    has_number_mark = counts[NUMBER_MARK] > 1 and all(token in (NUMBER_MARK, token.lower()) for token in counts)
    if not (has_number_mark or PREPARED_MARKS & counts.keys()):
        return False
    return sum(n for token, n in counts.items() if _is_glued(token)) <= MAX_GLUED_SHARE * len(tokens)


def _is_glued(token: str) -> bool:
    """Return whether a token is a word with a punctuation mark; a full stop may belong to an abbreviation."""
    return (
        len(token) > 1
        and token not in PREPARED_MARKS
        and ((token[-1] in ',;:!?)]"' and token[-2].isalnum()) or (token[0] in '(["' and token[1].isalnum()))
    )


def _split_spaces(text: str) -> Iterator[str]:
    return (token for line in text.splitlines() for token in line.split())
