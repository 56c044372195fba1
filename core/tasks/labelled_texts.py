"""Texts, each with its label: sentences of the documentation with their section, or the rows of a CSV file of one's own."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from core.errors import Invalid
from core.i18n import _
from core.tasks.documentation import sentences
from core.tasks.file_readers import SHOWN, called, check_rows, listed, place_of, rows_of
from core.tasks.language_model import WORDS

HELD_OUT = 15  # per cent of the texts, for the validation and for the test part each
MOST_LABELS = 100


class Labelled(NamedTuple):
    """A text as words, and its label."""

    words: tuple[str, ...]
    label: str


Texts = list[Labelled]


def of_documentation(sections: int, seed: int) -> dict[str, Texts]:
    """The sentences of the sections with the most of them; no paragraph, and no sentence, is in two parts."""
    every = sentences()
    largest = sorted(every, key=lambda name: (-sum(map(len, every[name])), name))[:sections]
    paragraphs = [[Labelled(sentence, name) for sentence in paragraph] for name in largest for paragraph in every[name]]
    return _dealt(paragraphs, seed)


def of_file(path: str, text: str, label: str, seed: int) -> dict[str, Texts]:
    """The rows of a CSV file. text, label: the columns' names, or their numbers from 1. A text that comes again counts where
    it stands first: no text is in two parts.

    Raises Invalid where the file is no such table, has no such column, or where a row lacks its text or its label.
    """
    texts, _rows = _read(path, text, label)
    check_texts(path, text, label, 1)
    return _dealt([[one] for one in texts], seed)


def counted(path: str, text: str, label: str) -> tuple[int, int]:
    """How many texts the file has, and how many different ones. Raises Invalid as `of_file` does."""
    texts, rows = _read(path, text, label)
    return rows, len(texts)


def check_texts(path: str, text: str, label: str, batch: int) -> None:
    """Raises Invalid where the file has too few different texts for three parts, and to train on a batch of them."""
    rows, there = counted(path, text, label)
    if there < (least := least_texts(batch)):
        again = _(", {n} of them different: one that comes again counts once").format(n=there) if there < rows else ""
        raise Invalid(
            _("The file {path} has {rows} texts{again}; at least {least} are needed for a batch of {batch}.").format(
                path=called(path), rows=rows, again=again, least=least, batch=batch
            ),
            "batch",
        )


def least_texts(batch: int) -> int:
    """With how many texts, and any more, no part is empty and the training part fills a batch."""
    least = -(-100 * batch // (100 - 2 * HELD_OUT))  # enough in any case: what is held out is rounded down
    while _trained(least - 1) >= batch:
        least -= 1
    return max(least, -(-100 // HELD_OUT))


def _trained(count: int) -> int:
    return count - 2 * (count * HELD_OUT // 100)


def _dealt(groups: Sequence[Texts], seed: int) -> dict[str, Texts]:
    """Groups of texts, dealt by the seed; in training the texts themselves in another order than they stand in."""
    random = np.random.default_rng(seed)
    dealt = [groups[i] for i in random.permutation(len(groups))]
    held = len(dealt) * HELD_OUT // 100
    parts = {"train": dealt[2 * held :], "validation": dealt[:held], "test": dealt[held : 2 * held]}
    texts = {name: [one for group in part for one in group] for name, part in parts.items()}
    texts["train"] = [texts["train"][i] for i in random.permutation(len(texts["train"]))]
    return texts


@lru_cache(maxsize=4)
def _read(path: str, text: str, label: str) -> tuple[Texts, int]:
    """The different texts, and how many rows there are."""
    names, *rows = [row for row in rows_of(path) if any(row)] or [[]]  # not those that are nothing but commas
    check_rows(names, rows, path)
    at = {option: _column(names, name, option, path) for option, name in (("text", text), ("label", label))}
    if at["text"] == at["label"]:
        raise Invalid(
            _("The text and the label are the same column, “{name}”.").format(name=names[at["text"]][:SHOWN]), "label"
        )
    texts, labels = (_cells(rows, at[option], names[at[option]], option) for option in ("text", "label"))
    _check_labels(labels, names[at["label"]])
    first: dict[tuple[str, ...], str] = {}
    for words, found in zip(map(_words, texts), labels, strict=True):
        first.setdefault(words, found)
    return [Labelled(words, found) for words, found in first.items()], len(rows)


def _column(names: Sequence[str], name: str, option: str, path: str) -> int:
    stripped = [one.strip() for one in names]
    if (at := place_of(stripped, name, path, option)) is not None:
        return at
    raise Invalid(
        _("The file {path} has no column “{column}”; it has {known}.").format(
            path=called(path), column=name[:SHOWN], known=listed(stripped)
        ),
        option,
        _("Choose one with {option}=NAME.").format(option=option),
    )


def _cells(rows: Sequence[Sequence[str]], at: int, name: str, option: str) -> list[str]:
    cells = [row[at].strip() if at < len(row) else "" for row in rows]
    if missing := [n for n, cell in enumerate(cells, start=1) if not cell]:
        raise Invalid(
            _(
                "The column “{column}” is empty in {n} of its {all} rows, first in row {row}. Fill them in, or leave "
                "these rows out."
            ).format(column=name[:SHOWN], n=len(missing), all=len(cells), row=missing[0]),
            option,
        )
    return cells


def _check_labels(labels: Iterable[str], name: str) -> None:
    different = set(labels)
    if len(different) == 1:
        raise Invalid(
            _("All texts have one label, “{label}”: there is nothing to tell apart.").format(label=different.pop()[:SHOWN]),
            "label",
        )
    if len(different) > MOST_LABELS:
        raise Invalid(
            _("The column “{column}” has {n} different labels; at most {most} can be told apart.").format(
                column=name[:SHOWN], n=len(different), most=MOST_LABELS
            ),
            "label",
        )


def _words(text: str) -> tuple[str, ...]:
    return tuple(WORDS.of_text(text)) or (text,)  # of signs that are no words, the text is one
