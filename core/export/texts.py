"""The part of the script that reads texts, for the language models and the text classification."""

from core.experiment.experiment import Experiment
from core.export.lines import format_comment, format_docstring
from core.export.own_file import write_file_choice, write_options
from core.i18n import _
from core.tasks.character_model import CHARACTERS
from core.tasks.language_model import WORDS
from core.tasks.next_symbol import HELD_OUT_DIVISOR, SymbolKind

SENTENCES = (
    "the model reads one word at a time and guesses the next .",
    "the cell remembers what the gates let in .",
    "dropout hides some units at each step , and the others learn to do without them .",
    "a mask on the way up never touches the memory .",
    "a mask on the cell erases what it stored .",
)
LABELS = ("reading", "memory", "dropout", "dropout", "memory")  # of these sentences


def build_word_model(e: Experiment) -> list[str]:
    """Return the lines of load_data() for the language model of words."""
    about = _(
        "Predict the next word. The text is read from the file named on the command line, as the app reads it; without one it "
        "is the sentences above, repeated, which are soon memorized."
    )
    return _model(e, WORDS, about, "split_words", "split_prepared_words")


def build_character_model(e: Experiment) -> list[str]:
    """Return the lines of load_data() for the language model of characters."""
    about = _(
        "Predict the next character. The text is read from the file named on the command line, as the app reads it; without "
        "one it is the sentences above, repeated, which are soon memorized."
    )
    return _model(e, CHARACTERS, about, "split_graphemes", "split_prepared_characters")


def build_classification(e: Experiment) -> list[str]:
    """Return the lines of load_data() for the text classification."""
    return [
        "ROWS = (",
        *(f'    ("{sentence}", "{label}"),' for sentence, label in zip(SENTENCES, LABELS, strict=True)),
        ")",
        *write_options(e, "text", "label"),
        f"TEXTS, DATA_SEED = {dict(e.options)['texts']}, {e.data_seed}",
        "",
        "",
        "def load_data():",
        *format_docstring(
            _(
                "Name the label of a text after its last word. The texts are read from the CSV file named on the command line, "
                "as the app reads it; without one they are the rows above, repeated."
            )
        ),
        *write_file_choice(),
        "    if file:",
        '        splits = split_file(file, COLUMNS["text"], COLUMNS["label"], DATA_SEED)',
        "    else:",
        f"        rows = ROWS * (1 + 10 * B // len(ROWS))  # {_('repeat them, so that they fill some windows')}",
        "        texts = [LabelledText(tuple(split_words(text)), label) for text, label in rows]",
        '        splits = {"train": texts[len(texts) // 5 :], "validation": texts[: len(texts) // 5]}',
        '    splits["train"] = splits["train"][:TEXTS]',
        '    counts = Counter(word for text in splits["train"] for word in text.words)',
        "    names = [UNKNOWN, *sorted(word for word, n in counts.items() if n >= MIN_OCCURRENCES and word != UNKNOWN)]",
        "    vocabulary = {word: number for number, word in enumerate(names)}",
        "    labels = sorted({text.label for texts in splits.values() for text in texts})",
        "    epochs = itertools.count()",
        "",
        "    def windows(split):",
        *format_comment(_("Steps after the last word of a text have no target; each text starts at zero."), " " * 8),
        "        texts, is_training = splits[split], split == 'train'",
        "        shuffled = np.random.default_rng([DATA_SEED, 3, next(epochs)]) if is_training else None",
        "        numbers = shuffled.permutation(len(texts)).tolist() if shuffled else list(range(len(texts)))",
        "        for start in range(0, len(texts) // B * B if is_training else len(texts), B):",
        "            x, y = torch.zeros(T, B, dtype=torch.long), torch.full((T, B), -1)",
        "            for b, n in enumerate(numbers[start : start + B]):",
        "                tokens = torch.tensor([vocabulary.get(word, 0) for word in texts[n].words[:T]])",
        "                x[: len(tokens), b], y[len(tokens) - 1, b] = tokens, labels.index(texts[n].label)",
        "            yield x, y, True",
        "",
        "    return len(names), len(labels), windows",
    ]


def _model(e: Experiment, kind: SymbolKind, about: str, split: str, split_prepared: str) -> list[str]:
    size = int(dict(e.options)[kind.name])
    held_out = max(kind.max_held_out, size // HELD_OUT_DIVISOR)
    return [
        "TEXT = (",
        *(f'    "{sentence} "' for sentence in SENTENCES),
        ")",
        *write_options(e),
        f'SIZES = {{"train": {size}, "validation": {held_out}}}  # {_("symbols of each split, at most")}',
        "",
        "",
        "def load_data():",
        *format_docstring(about),
        *write_file_choice(),
        "    if file:",
        "        corpus = read_corpus(file)",
        f"        cut = {split_prepared} if corpus.is_prepared else {split}",
        "        splits = {name: list(itertools.islice(cut(corpus.splits[name]), size)) for name, size in SIZES.items()}",
        "    else:",
        f"        symbols = list({split}(TEXT))",
        f"        symbols *= 1 + 8 * B * (T + 1) // len(symbols)  # {_('repeat a short text, so that it fills some windows')}",
        "        held_out = len(symbols) // 5",
        '        splits = {"train": symbols[held_out:], "validation": symbols[:held_out]}',
        '    counts = Counter(splits["train"])',
        "    least = 1 if file and corpus.marks_unknown else MIN_OCCURRENCES",
        "    names = [UNKNOWN, *collect_vocabulary(counts, least)]",
        "    vocabulary = {symbol: number for number, symbol in enumerate(names) if symbol in counts}",
        "    numbers = {",
        "        name: torch.tensor([vocabulary.get(symbol, -1) for symbol in symbols]) for name, symbols in splits.items()",
        "    }",
        "",
        "    def windows(split):",
        *format_comment(
            _("B parallel streams; the state is carried from window to window. An unknown symbol is read as 0, and no target."),
            " " * 8,
        ),
        "        stream = numbers[split][: len(numbers[split]) // B * B].view(B, -1).T",
        "        for start in range(0, len(stream) - T, T):",
        "            yield stream[start : start + T].clamp(min=0), stream[start + 1 : start + T + 1], start == 0",
        "",
        "    return len(names), len(names), windows",
    ]
