"""The part of the script that reads texts, for the language models and the text classification."""

from core.experiment.experiment import Experiment
from core.export.lines import format_comment, format_docstring
from core.i18n import _

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
        "Predict the next word. The text is read from the file named on the command line; without one it is the sentences "
        "above, repeated, which are soon memorized."
    )
    return _model(about, "words", 're.findall(r"[a-z][a-z_\']*|[.,;:]", text.lower())', "word")


def build_character_model(e: Experiment) -> list[str]:
    """Return the lines of load_data() for the language model of characters."""
    about = _(
        "Predict the next character. The text is read from the file named on the command line; without one it is the sentences "
        "above, repeated, which are soon memorized."
    )
    return _model(about, "characters", "list(text)", "character")


def build_classification(e: Experiment) -> list[str]:
    """Return the lines of load_data() for the text classification."""
    return [
        "ROWS = (",
        *(f'    {{"text": "{sentence}", "label": "{label}"}},' for sentence, label in zip(SENTENCES, LABELS, strict=True)),
        ")",
        "",
        "",
        "def load_data():",
        *format_docstring(
            _(
                "Name the label of a text after its last word. The texts are read from the columns “text” and “label” of the "
                "CSV file named on the command line; without one they are the rows above, repeated."
            )
        ),
        "    rows = list(ROWS)",
        "    if len(sys.argv) > 1:",
        '        lines = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8-sig").splitlines(keepends=True)',
        "        rows = list(csv.DictReader(lines))",
        f"    rows *= 1 + 10 * B // len(rows)  # {_('repeat a short file, so that it fills some windows')}",
        '    texts = [re.findall(r"\\w+|[^\\w\\s]", row["text"].lower())[:T] for row in rows]',
        "    vocabulary = {word: number for number, word in enumerate(sorted({word for text in texts for word in text}))}",
        '    labels = sorted({row["label"] for row in rows})',
        f"    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed({e.data_seed}))",
        '    splits = {"train": order[len(order) // 5 :], "validation": order[: len(order) // 5]}',
        "",
        "    def windows(split):",
        *format_comment(_("Steps after the last word of a text have no target; each text starts at zero."), " " * 8),
        "        numbers = splits[split][torch.randperm(len(splits[split]))]",
        "        for start in range(0, len(numbers) - B + 1, B):",
        "            x, y = torch.zeros(T, B, dtype=torch.long), torch.full((T, B), -1)",
        "            for b, n in enumerate(numbers[start : start + B].tolist()):",
        "                tokens = torch.tensor([vocabulary[word] for word in texts[n]])",
        '                x[: len(tokens), b], y[len(tokens) - 1, b] = tokens, labels.index(rows[n]["label"])',
        "            yield x, y, True",
        "",
        "    return len(vocabulary), len(labels), windows",
    ]


def _model(about: str, symbols: str, split: str, symbol: str) -> list[str]:
    return [
        "TEXT = (",
        *(f'    "{sentence} "' for sentence in SENTENCES),
        ")",
        "",
        "",
        "def load_data():",
        *format_docstring(about),
        '    text = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8") if len(sys.argv) > 1 else TEXT',
        f"    {symbols} = {split}",
        f"    {symbols} *= 1 + 8 * B * (T + 1) // len({symbols})  # {_('repeat a short text, so that it fills some windows')}",
        f"    vocabulary = {{{symbol}: number for number, {symbol} in enumerate(sorted(set({symbols})))}}",
        f"    numbers = torch.tensor([vocabulary[{symbol}] for {symbol} in {symbols}])",
        "    held_out = len(numbers) // 5",
        '    splits = {"train": numbers[held_out:], "validation": numbers[:held_out]}',
        "",
        "    def windows(split):",
        *format_comment(_("B parallel streams; the state is carried from window to window."), " " * 8),
        "        stream = splits[split][: len(splits[split]) // B * B].view(B, -1).T",
        "        for start in range(0, len(stream) - T, T):",
        "            yield stream[start : start + T], stream[start + 1 : start + T + 1], start == 0",
        "",
        "    return len(vocabulary), len(vocabulary), windows",
    ]
