"""Text classification: which section of the documentation is a sentence from, or which label has a text of one's own?

The texts are of different lengths: a window is filled up with steps that do not exist, and the answer is asked for at the last
word that there is."""

from collections import Counter
from collections.abc import Mapping

import numpy as np

from core.dropout.methods import METHODS
from core.errors import Invalid
from core.i18n import N_, _
from core.tasks.documentation import title
from core.tasks.labelled_texts import Texts, check_texts, counted, of_documentation, of_file
from core.tasks.language_model import WORDS
from core.tasks.metrics import always
from core.tasks.next_symbol import OCCURS, UNKNOWN
from core.tasks.sequence_windows import Rows, windows
from core.tasks.task import Batch, Data, Option, Options, Task, held_out, text, whole

COLUMNS = ("text", "label")  # of a CSV file: the options that name them, and their names where no others are given
NO_WORD = -1


def make(options: Options, steps: int, batch: int, seed: int) -> Data:
    """Of every text the first `steps` words are read. The vocabulary is that of the training texts, which are `texts` at
    most: what occurs in them twice; all other words are one unknown. Validation and test lose no text."""
    if file := _file(options):
        check_texts(*file, batch)
    parts = split(options, seed)
    names = (UNKNOWN, *_known(parts["train"]))
    labels = tuple(sorted({one.label for part in parts.values() for one in part}))
    rows = _numbers(parts, names, labels, steps)
    _check(parts, len(names))

    def window(some: Rows) -> Batch:
        read, right = some[:, :-1].T, some[:, -1]
        x, y = np.maximum(read, 0), np.full((steps, batch), -1)
        y[(read != NO_WORD).sum(axis=0) - 1, np.arange(batch)] = right
        return Batch(x, y, first=True, padded=True)

    most = int(np.bincount(rows["train"][:, -1]).argmax())
    baselines = held_out(lambda part: always(most, rows[part][:, -1]))
    called = map(WORDS.shown if text(options, "corpus") else title, labels)
    return Data(
        len(names),
        len(labels),
        tuple(map(WORDS.shown, names)),
        tuple(called),
        *windows(rows, batch, seed, window, whole=True),
        baselines,
    )


def split(options: Options, seed: int) -> dict[str, Texts]:
    """The texts of the three parts, at most `texts` of them to train on."""
    file = _file(options)
    if not file and (given := next((name for name in COLUMNS if text(options, name)), None)):
        raise Invalid(_("{name} chooses from a file of your own: give corpus=PATH as well.").format(name=given), given)
    parts = of_file(*file, seed) if file else of_documentation(whole(options, "sections"), seed)
    return parts | {"train": parts["train"][: whole(options, "texts")]}


def of_own(options: Options) -> tuple[int, int] | None:
    """How many texts a file of one's own has, and how many different ones; None where the texts are the documentation's."""
    file = _file(options)
    return counted(*file) if file else None


def _file(options: Options) -> tuple[str, str, str] | None:
    """The file of one's own and its columns of texts and labels; None for the documentation."""
    path, (read, right) = text(options, "corpus"), (text(options, name) or name for name in COLUMNS)
    return (path, read, right) if path else None


def _known(texts: Texts) -> list[str]:
    counts = Counter(word for one in texts for word in one.words)
    return sorted(word for word, n in counts.items() if n >= OCCURS and word != UNKNOWN)


def _numbers(parts: Mapping[str, Texts], names: tuple[str, ...], labels: tuple[str, ...], steps: int) -> dict[str, Rows]:
    """A row for each text: the numbers of its words, NO_WORD after the last, and that of its label."""
    word, label = ({name: n for n, name in enumerate(some)} for some in (names, labels))
    rows = {name: np.full((len(texts), steps + 1), NO_WORD) for name, texts in parts.items()}
    for name, texts in parts.items():
        for row, one in zip(rows[name], texts, strict=True):
            read = [word.get(found, 0) for found in one.words[:steps]]
            row[: len(read)], row[-1] = read, label[one.label]
    return rows


def _check(parts: Mapping[str, Texts], known: int) -> None:
    if len({one.label for one in parts["train"]}) < 2:
        raise Invalid(
            _("The {n} texts to train on have all the same label: take more of them.").format(n=len(parts["train"])), "texts"
        )
    if known < 2:
        raise Invalid(
            _("Of the words of the {n} texts to train on, none occurs twice: there is nothing to go by.").format(
                n=len(parts["train"])
            ),
            "corpus",
        )


TASK = Task(
    name="classification",
    label=N_("Text classification"),
    about=N_(
        "Say after a sentence's last word which section of Python's documentation it is from; or which label your texts have."
    ),
    shows=N_(
        "Few sentences are soon learned by heart: masks held for a whole one (Gal) lower the loss; the accuracy hardly moves."
    ),
    unit=N_("text"),
    metrics=("accuracy", "macro_f1"),
    baseline=N_("the commonest label"),
    options=(
        Option("texts", N_("Training texts"), 600, 32, 100_000, amount=True),
        Option("sections", N_("Sections"), 6, 2, 12, native=True),
        Option("corpus", N_("A CSV file"), local=True),
        Option("text", N_("Its column of texts"), local=True),
        Option("label", N_("Its column of labels"), local=True),
    ),
    defaults={
        "hidden": 64,
        "batch": 16,
        "epochs": 12,
        "learning_rate": 0.005,
        "placement": METHODS["gal2016"].placement(0.25),
    },
    make=make,
    default_steps=lambda options: 30,
)
