"""Labelled texts: the rows of a user's table, and the split of texts into training, validation and test."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from core.errors import Invalid
from core.i18n import _
from core.tasks.file_caches import register_file_cache
from core.tasks.file_readers import (
    MAX_OFFERED_COLUMNS,
    MAX_QUOTED_CELL,
    check_rows,
    find_column,
    format_column_names,
    name_columns,
    read_csv_rows,
)
from core.tasks.text_file import get_display_name
from core.tasks.tokenization import split_words

HELD_OUT_PERCENT = 15  # of the texts, for the validation and for the test split each
MAX_LABELS = 100


class LabelledText(NamedTuple):
    """A tokenized text and its label."""

    words: tuple[str, ...]
    label: str


Texts = list[LabelledText]


class TextFile(NamedTuple):
    """A table of labelled texts as it was read.

    texts: the different ones. rows: how many rows it has. columns: the names of the columns of text and label. separator:
    between columns. skipped: how many lines with text were no rows.
    """

    texts: Texts
    rows: int
    columns: dict[str, str]
    separator: str
    skipped: int


def split_file(path: str, text: str, label: str, seed: int) -> dict[str, Texts]:
    """Return the rows of a CSV file in three splits. A repeated text is kept only the first time.

    text, label: the names of the columns, or their numbers from 1.
    Raises Invalid if the file is not a CSV table, has no such column, has too few texts, or lacks a text or a label.
    """
    file = read_texts(path, text, label)
    check_text_count(path, text, label, 1)
    return split_groups([[one] for one in file.texts], seed)


@register_file_cache
@lru_cache(maxsize=64)
def list_text_columns(path: str) -> tuple[str, ...]:
    """Return the names of the columns of a table of texts, or their numbers from 1 where a name is empty or not unique.

    Raises Invalid if the file is not a table, or has more than `MAX_OFFERED_COLUMNS` columns.
    """
    names = read_csv_rows(path, ("text", "label"))[0][0]
    if len(names) > MAX_OFFERED_COLUMNS:
        raise Invalid(
            _("The file {path} has {n} columns; at most {most} can be chosen from. Leave some out.").format(
                path=get_display_name(path), n=len(names), most=MAX_OFFERED_COLUMNS
            ),
            "corpus",
        )
    return tuple(name_columns([name.strip() for name in names]))


def count_texts(path: str, text: str, label: str) -> tuple[int, int]:
    """Return the number of texts in the file and how many of them differ. Raises Invalid as `split_file` does."""
    file = read_texts(path, text, label)
    return file.rows, len(file.texts)


def check_text_count(path: str, text: str, label: str, batch: int) -> None:
    """Raise Invalid if the file has too few different texts for three splits and a training batch."""
    rows, different = count_texts(path, text, label)
    if different < (least := compute_min_texts(batch)):
        again = _(", {n} of them different (repeated texts count once)").format(n=different) if different < rows else ""
        raise Invalid(
            _("The file {path} has {rows} texts{again}; at least {least} are needed for a batch of {batch}.").format(
                path=get_display_name(path), rows=rows, again=again, least=least, batch=batch
            ),
            "batch",
        )


def compute_min_texts(batch: int) -> int:
    """Return the smallest number of texts with which no split is empty and the training split fills a batch."""
    least = -(-100 * batch // (100 - 2 * HELD_OUT_PERCENT))  # an upper bound: held-out counts are rounded down
    while _count_training(least - 1) >= batch:
        least -= 1
    return max(least, -(-100 // HELD_OUT_PERCENT))


def _count_training(count: int) -> int:
    return count - 2 * (count * HELD_OUT_PERCENT // 100)


def split_groups(groups: Sequence[Texts], seed: int) -> dict[str, Texts]:
    """Assign groups of texts to the three splits by the seed, and shuffle the training texts."""
    random = np.random.default_rng(seed)
    shuffled = [groups[i] for i in random.permutation(len(groups))]
    held_out = len(shuffled) * HELD_OUT_PERCENT // 100
    splits = {
        "train": shuffled[2 * held_out :],
        "validation": shuffled[:held_out],
        "test": shuffled[held_out : 2 * held_out],
    }
    texts = {name: [text for group in split for text in group] for name, split in splits.items()}
    texts["train"] = [texts["train"][i] for i in random.permutation(len(texts["train"]))]
    return texts


@register_file_cache
@lru_cache(maxsize=4)
def read_texts(path: str, text: str, label: str) -> TextFile:
    """Return the different texts of a table. Raises Invalid as `split_file` does."""
    all_rows, separator, skipped = read_csv_rows(path, (text, label))
    names, *rows = [row for row in all_rows if any(row)] or [[]]  # without rows of empty cells
    check_rows(names, rows, path)
    at = {option: _find_column(names, name, option, path) for option, name in (("text", text), ("label", label))}
    if at["text"] == at["label"]:
        raise Invalid(
            _("The text and the label are the same column, “{name}”.").format(name=names[at["text"]][:MAX_QUOTED_CELL]),
            "label",
        )
    texts, labels = (_read_column(rows, at[option], names[at[option]], option) for option in ("text", "label"))
    _check_labels(labels, names[at["label"]])
    first: dict[tuple[str, ...], str] = {}
    for words, row_label in zip(map(_tokenize, texts), labels, strict=True):
        first.setdefault(words, row_label)
    different = [LabelledText(words, row_label) for words, row_label in first.items()]
    columns = {option: names[number].strip() or str(number + 1) for option, number in at.items()}
    return TextFile(different, len(rows), columns, separator, skipped + len(all_rows) - 1 - len(rows))


def _find_column(names: Sequence[str], name: str, option: str, path: str) -> int:
    stripped = [one.strip() for one in names]
    if (at := find_column(stripped, name, path, option)) is not None:
        return at
    raise Invalid(
        _("The file {path} has no column “{column}”; it has {known}.").format(
            path=get_display_name(path), column=name[:MAX_QUOTED_CELL], known=format_column_names(stripped)
        ),
        option,
        _("Choose one with {option}=NAME.").format(option=option),
    )


def _read_column(rows: Sequence[Sequence[str]], at: int, name: str, option: str) -> list[str]:
    cells = [row[at].strip() if at < len(row) else "" for row in rows]
    if missing := [n for n, cell in enumerate(cells, start=1) if not cell]:
        raise Invalid(
            _(
                "The column “{column}” is empty in {n} of its {all} rows, first in row {row}. Fill them in, or leave "
                "these rows out."
            ).format(column=name[:MAX_QUOTED_CELL], n=len(missing), all=len(cells), row=missing[0]),
            option,
        )
    return cells


def _check_labels(labels: Iterable[str], name: str) -> None:
    different = set(labels)
    if len(different) == 1:
        raise Invalid(
            _("All texts have one label, “{label}”: there is nothing to classify.").format(
                label=different.pop()[:MAX_QUOTED_CELL]
            ),
            "label",
        )
    if len(different) > MAX_LABELS:
        raise Invalid(
            _("The column “{column}” has {n} different labels; at most {most} are allowed.").format(
                column=name[:MAX_QUOTED_CELL], n=len(different), most=MAX_LABELS
            ),
            "label",
        )


def _tokenize(text: str) -> tuple[str, ...]:
    return tuple(split_words(text)) or (text,)  # a text without any token is one token
