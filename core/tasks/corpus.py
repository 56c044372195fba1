"""A text of one's own in its three parts: a file, cut by position, or a folder in the layout of the Penn Treebank's."""

import os
import re
from pathlib import Path

from core.errors import Invalid
from core.i18n import _
from core.tasks.file_readers import read_text

LARGEST_IN_FOLDER = 20_000_000  # bytes of each of its files
PREPARED = {"train": "ptb.train.txt", "validation": "ptb.valid.txt", "test": "ptb.test.txt"}
HELD_OUT = 15  # per cent of a file, its end, for the test part; and as much before it for the validation part
_BREAK = re.compile(r"\s")


def prepared(path: str) -> bool:
    """Whether that is a folder, whose files are words and the unknown one already, with a space between any two."""
    return os.path.isdir(path)  # of a name that can be none, False


def parts_of(path: str) -> dict[str, str]:
    """The text of each part. Raises Invalid where a file is missing, empty, too large or no text."""
    if not prepared(path):
        return cut(_lines(read_text(path)))
    if missing := [name for name in PREPARED.values() if not (Path(path) / name).is_file()]:
        raise Invalid(
            _("The folder {path} has no {missing}; it needs {all}.").format(
                path=path, missing=_(" and no ").join(missing), all=", ".join(PREPARED.values())
            ),
            "corpus",
        )
    return {part: _lines(read_text(str(Path(path) / name), LARGEST_IN_FOLDER)) for part, name in PREPARED.items()}


def cut(text: str) -> dict[str, str]:
    """The three parts, one after the other, no word in two of them."""
    held = len(text) * HELD_OUT // 100
    first, second = (_between_words(text, at) for at in (len(text) - 2 * held, len(text) - held))
    return {"train": text[:first], "validation": text[first:second], "test": text[second:]}


def _between_words(text: str, at: int) -> int:
    found = _BREAK.search(text, at)
    return found.start() if found else at


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
