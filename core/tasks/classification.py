"""Text classification: name the documentation section of a sentence, or the label of a user's text.

The texts differ in length: a window is padded, and the target is at the last word of the text.
"""

from collections import Counter
from collections.abc import Mapping

import numpy as np

from core.dropout.methods import METHODS
from core.errors import Invalid
from core.i18n import N_, _
from core.tasks.documentation import get_topic_title, load_sentences
from core.tasks.labelled_texts import LabelledText, Texts, check_text_count, count_texts, read_texts, split_file, split_groups
from core.tasks.language_model import WORDS
from core.tasks.metrics import score_constant
from core.tasks.reads import describe_text_file
from core.tasks.sequence_windows import Rows, make_windows
from core.tasks.task import Batch, Data, Option, Options, Task, evaluate_baselines, get_integer, get_text
from core.tasks.vocabulary import MIN_OCCURRENCES, UNKNOWN

COLUMN_OPTIONS = ("text", "label")  # the options that name the columns of a CSV file, and the default names of these columns
NO_TOKEN = -1


def make_data(options: Options, steps: int, batch: int, seed: int) -> Data:
    """Build windows of the first `steps` words of each text.

    The vocabulary holds the words that occur at least twice in the training texts, of which there are at most `texts`; every
    other word is read as one unknown token. Validation and test include every text.
    """
    if file := _get_file(options):
        check_text_count(*file, batch)
    splits = split_texts(options, seed)
    names = (UNKNOWN, *_collect_vocabulary(splits["train"]))
    labels = tuple(sorted({text.label for texts in splits.values() for text in texts}))
    rows = _encode_texts(splits, names, labels, steps)
    _check_training_texts(splits["train"], len(names))

    def make_window(some_rows: Rows) -> Batch:
        tokens, targets = some_rows[:, :-1].T, some_rows[:, -1]
        x, y = np.maximum(tokens, 0), np.full((steps, batch), -1)
        y[(tokens != NO_TOKEN).sum(axis=0) - 1, np.arange(batch)] = targets
        return Batch(x, y, starts_sequence=True, padded=True)

    most_common = int(np.bincount(rows["train"][:, -1]).argmax())
    baselines = evaluate_baselines(lambda split: score_constant(most_common, rows[split][:, -1]))
    class_names = map(WORDS.format_symbol if get_text(options, "corpus") else get_topic_title, labels)
    return Data(
        len(names),
        len(labels),
        tuple(map(WORDS.format_symbol, names)),
        tuple(class_names),
        *make_windows(rows, batch, seed, make_window, keep_remainder=True),
        baselines,
        reads=describe_text_file(file[0], read_texts(*file)) if file else None,
    )


def split_documentation(sections: int, seed: int) -> dict[str, Texts]:
    """Return the sentences of the largest sections in three splits; no paragraph and no sentence is in two of them."""
    sentences = load_sentences()
    largest = sorted(sentences, key=lambda name: (-sum(map(len, sentences[name])), name))[:sections]
    paragraphs = [[LabelledText(sentence, name) for sentence in paragraph] for name in largest for paragraph in sentences[name]]
    return split_groups(paragraphs, seed)


def split_texts(options: Options, seed: int) -> dict[str, Texts]:
    """Return the texts of the three splits, at most `texts` of them for training.

    Raises Invalid if a column is named without a file.
    """
    file = _get_file(options)
    if not file and (given := next((name for name in COLUMN_OPTIONS if get_text(options, name)), None)):
        raise Invalid(_("{name} names a column of your own file: give corpus=PATH as well.").format(name=given), given)
    splits = split_file(*file, seed) if file else split_documentation(get_integer(options, "sections"), seed)
    return splits | {"train": splits["train"][: get_integer(options, "texts")]}


def count_file_texts(options: Options) -> tuple[int, int] | None:
    """Return the number of texts in the user's file and how many of them differ; None for the built-in texts."""
    file = _get_file(options)
    return count_texts(*file) if file else None


def _get_file(options: Options) -> tuple[str, str, str] | None:
    """Return the path of the user's file and its text and label columns; None for the built-in texts."""
    text_column, label_column = (get_text(options, name) or name for name in COLUMN_OPTIONS)
    path = get_text(options, "corpus")
    return (path, text_column, label_column) if path else None


def _collect_vocabulary(texts: Texts) -> list[str]:
    counts = Counter(word for text in texts for word in text.words)
    return sorted(word for word, n in counts.items() if n >= MIN_OCCURRENCES and word != UNKNOWN)


def _encode_texts(splits: Mapping[str, Texts], names: tuple[str, ...], labels: tuple[str, ...], steps: int) -> dict[str, Rows]:
    """Return a row for each text, [n, steps + 1]: its token numbers, NO_TOKEN after the last, and its label number."""
    token_number, label_number = ({name: n for n, name in enumerate(some)} for some in (names, labels))
    rows = {split: np.full((len(texts), steps + 1), NO_TOKEN) for split, texts in splits.items()}
    for split, texts in splits.items():
        for row, text in zip(rows[split], texts, strict=True):
            tokens = [token_number.get(word, 0) for word in text.words[:steps]]
            row[: len(tokens)], row[-1] = tokens, label_number[text.label]
    return rows


def _check_training_texts(texts: Texts, vocabulary_size: int) -> None:
    if len({text.label for text in texts}) < 2:
        raise Invalid(_("All {n} training texts have the same label: take more of them.").format(n=len(texts)), "texts")
    if vocabulary_size < 2:
        raise Invalid(
            _("No word occurs twice in the {n} training texts: there is no vocabulary to learn from.").format(n=len(texts)),
            "corpus",
        )


TASK = Task(
    name="classification",
    label=N_("Text classification"),
    description=N_(
        "Name, after the last word of a sentence, the section of Python's documentation it is from, or the label of your text."
    ),
    dropout_effect=N_(
        "A few sentences are soon memorized: one mask per sequence (Gal) lowers the loss; the accuracy hardly changes."
    ),
    unit=N_("text"),
    metrics=("accuracy", "macro_f1"),
    baseline=N_("the commonest label"),
    options=(
        Option("texts", N_("Training texts"), 600, 32, 100_000, is_sample_count=True),
        Option("sections", N_("Sections"), 6, 2, 12, is_builtin_only=True),
        Option("corpus", N_("A CSV file"), is_local=True),
        Option("text", N_("Text column"), is_local=True),
        Option("label", N_("Label column"), is_local=True),
    ),
    defaults={
        "hidden": 64,
        "batch": 16,
        "epochs": 12,
        "learning_rate": 0.005,
        "placement": METHODS["gal2016"].build_placement(0.25),
    },
    make_data=make_data,
    default_steps=lambda options: 30,
)
