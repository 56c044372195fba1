"""The part of the script that reads texts: for the language models, word by word or letter by letter, and to classify them."""

from core.experiment.experiment import Experiment
from core.export.lines import doc, note
from core.i18n import _

SENTENCES = (
    "the model reads one word at a time and guesses the next .",
    "the cell remembers what the gates let in .",
    "dropout hides some units at each step , and the others learn to do without them .",
    "a mask on the way up never touches the memory .",
    "a mask on the cell erases what it stored .",
)
LABELS = ("reading", "memory", "dropout", "dropout", "memory")  # of these sentences


def words(e: Experiment) -> list[str]:
    """data() of the language model of words."""
    about = _(
        "Guess the next word. The text is the file named on the command line, or else the sentences above, repeated: "
        "replace them, for they are soon learned by heart."
    )
    return _model(about, "words", 're.findall(r"[a-z][a-z_\']*|[.,;:]", text.lower())', "word")


def characters(e: Experiment) -> list[str]:
    """data() of the language model of characters."""
    about = _(
        "Guess the next character. The text is the file named on the command line, or else the sentences above, "
        "repeated: replace them, for they are soon learned by heart."
    )
    return _model(about, "characters", "list(text)", "character")


def classification(e: Experiment) -> list[str]:
    """data() of the text classification."""
    return [
        "ROWS = (",
        *(f'    {{"text": "{sentence}", "label": "{label}"}},' for sentence, label in zip(SENTENCES, LABELS, strict=True)),
        ")",
        "",
        "",
        "def data():",
        *doc(
            _(
                "Say which label a text has, after its last word. The texts are the columns “text” and “label” of the CSV file "
                "named on the command line, or else the rows above, repeated: replace them."
            )
        ),
        "    rows = list(ROWS)",
        "    if len(sys.argv) > 1:",
        '        lines = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8-sig").splitlines(keepends=True)',
        "        rows = list(csv.DictReader(lines))",
        f"    rows *= 1 + 10 * B // len(rows)  # {_('enough to fill some windows; a long file is not repeated')}",
        '    texts = [re.findall(r"\\w+|[^\\w\\s]", row["text"].lower())[:T] for row in rows]',
        "    vocabulary = {word: number for number, word in enumerate(sorted({word for text in texts for word in text}))}",
        '    labels = sorted({row["label"] for row in rows})',
        f"    order = torch.randperm(len(rows), generator=torch.Generator().manual_seed({e.data_seed}))",
        '    parts = {"train": order[len(order) // 5 :], "validation": order[: len(order) // 5]}',
        "",
        "    def windows(part):",
        *note(_("What stands behind the last word of a text is never asked for; each starts at zero."), " " * 8),
        "        chosen = parts[part][torch.randperm(len(parts[part]))]",
        "        for start in range(0, len(chosen) - B + 1, B):",
        "            x, y = torch.zeros(T, B, dtype=torch.long), torch.full((T, B), -1)",
        "            for b, n in enumerate(chosen[start : start + B].tolist()):",
        "                read = torch.tensor([vocabulary[word] for word in texts[n]])",
        '                x[: len(read), b], y[len(read) - 1, b] = read, labels.index(rows[n]["label"])',
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
        "def data():",
        *doc(about),
        '    text = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8") if len(sys.argv) > 1 else TEXT',
        f"    {symbols} = {split}",
        f"    {symbols} *= 1 + 8 * B * (T + 1) // len({symbols})  # "
        f"{_('enough to fill some windows; a long text is not repeated')}",
        f"    vocabulary = {{{symbol}: number for number, {symbol} in enumerate(sorted(set({symbols})))}}",
        f"    numbers = torch.tensor([vocabulary[{symbol}] for {symbol} in {symbols}])",
        "    held_out = len(numbers) // 5",
        '    parts = {"train": numbers[held_out:], "validation": numbers[:held_out]}',
        "",
        "    def windows(part):",
        *note(_("B streams side by side; the state is carried from window to window."), " " * 8),
        "        stream = parts[part][: len(parts[part]) // B * B].view(B, -1).T",
        "        for start in range(0, len(stream) - T, T):",
        "            yield stream[start : start + T], stream[start + 1 : start + T + 1], start == 0",
        "",
        "    return len(vocabulary), len(vocabulary), windows",
    ]
