"""Reading a user's text in three splits: a file, split by position, or a folder in the layout of the Penn Treebank (PTB)."""

import os
import re
from pathlib import Path
from typing import NamedTuple

from core.errors import Invalid
from core.i18n import _
from core.tasks.text_file import read_text
from core.tasks.tokenization import find_grapheme_start, is_prepared
from core.tasks.vocabulary import UNKNOWN

MAX_PTB_BYTES = 20_000_000  # per file
PTB_FILES = {"train": "ptb.train.txt", "validation": "ptb.valid.txt", "test": "ptb.test.txt"}
HELD_OUT_PERCENT = 15  # of a file: the last 15 % are the test split, the 15 % before them the validation split
MAX_WORD_LENGTH = 200  # characters; a text with longer words is cut within them
_BREAK = re.compile(r"\s")


def is_ptb_folder(path: str) -> bool:
    """Return whether the path is a folder; its files are already tokenized, with spaces between tokens and `<unk>`."""
    return os.path.isdir(path)  # False for an invalid path


class Corpus(NamedTuple):
    """A user's text. splits: the text of each split. is_prepared: whether spaces separate its tokens. marks_unknown: whether it
    has `<unk>` for its rare words, so that none is left out."""

    splits: dict[str, str]
    is_prepared: bool
    marks_unknown: bool


def read_corpus(path: str) -> Corpus:
    """Return the text of a file or a folder. Raises Invalid if a file is missing, empty, too large or not a text."""
    splits = _read_splits(path)
    prepared = is_ptb_folder(path) or is_prepared(splits["train"])
    return Corpus(splits, prepared, is_ptb_folder(path) or (prepared and UNKNOWN in splits["train"]))


def _read_splits(path: str) -> dict[str, str]:
    if not is_ptb_folder(path):
        return split_text(_normalize_line_ends(read_text(path)))
    if missing := [name for name in PTB_FILES.values() if not (Path(path) / name).is_file()]:
        raise Invalid(
            _("The folder {path} has no {missing}; it needs {all}.").format(
                path=path, missing=_(" and no ").join(missing), all=", ".join(PTB_FILES.values())
            ),
            "corpus",
        )
    return {split: _normalize_line_ends(read_text(str(Path(path) / name), MAX_PTB_BYTES)) for split, name in PTB_FILES.items()}


def split_text(text: str) -> dict[str, str]:
    """Cut a text into its three splits, one after the other, between words."""
    held_out = len(text) * HELD_OUT_PERCENT // 100
    first, second = (_find_word_end(text, at) for at in (len(text) - 2 * held_out, len(text) - held_out))
    return {"train": text[:first], "validation": text[first:second], "test": text[second:]}


def _find_word_end(text: str, at: int) -> int:
    """Return the end of the word at a place; in a text without spaces, of the grapheme."""
    match = _BREAK.search(text, at, at + MAX_WORD_LENGTH)
    return match.start() if match else at + find_grapheme_start(text[at : at + MAX_WORD_LENGTH])


def _normalize_line_ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
