"""The part of the script that makes data, for each task: it runs by itself, and says what to replace."""

from core.experiment import Experiment
from core.language import _
from core.script import measured, sequences
from core.script.lines import doc, note

SENTENCES = (
    "the model reads one word at a time and guesses the next .",
    "the cell remembers what the gates let in .",
    "dropout hides some units at each step , and the others learn to do without them .",
    "a mask on the way up never touches the memory .",
    "a mask on the cell erases what it stored .",
)


def data(e: Experiment) -> list[str]:
    """The function data(): it returns V (0: the inputs are numbers), C (1: the answer is one) and windows(part), which gives
    x [T, B] or [T, B, E], y [T, B] and whether the state starts."""
    return _TASKS[e.task](e)


def _delayed_recall(e: Experiment) -> list[str]:
    options = dict(e.options)
    return [
        f"LAG, SEQUENCES = {options['lag']}, {options['sequences']}",
        "",
        "",
        "def data():",
        *doc(
            _("Delayed recall: name the first token after LAG distractors. Tokens: 0-7 to remember, 8-15 distractors, 16 the "
              "question, 17 filler."),
            _(sequences.REPLACE),
        ),
        f"    generator = torch.Generator().manual_seed({e.data_seed})",
        "",
        "    def sequences(count):",
        "        first = torch.randint(8, (count, 1), generator=generator)",
        "        return torch.cat([first, torch.randint(8, 16, (count, LAG), generator=generator)], dim=1)",
        "",
        '    parts = {"train": sequences(SEQUENCES), "validation": sequences(max(512, B))}',
        "",
        "    def windows(part):",
        "        tokens = parts[part][torch.randperm(len(parts[part]))]",
        "        for start in range(0, len(tokens) - B + 1, B):",
        "            rows = tokens[start : start + B].T",
        "            x, y = torch.full((T, B), 17), torch.full((T, B), -1)",
        "            x[: LAG + 1], x[LAG + 1], y[LAG + 1] = rows, 16, rows[0]",
        "            yield x, y, True",
        "",
        "    return 18, 8, windows",
    ]  # fmt: skip


def _language_model(e: Experiment) -> list[str]:
    return [
        "TEXT = (",
        *(f'    "{sentence} "' for sentence in SENTENCES),
        ")",
        "",
        "",
        "def data():",
        *doc(_("Guess the next word. The text is the file named on the command line, or else the sentences above, repeated: "
               "replace them, for they are soon learned by heart.")),
        "    text = pathlib.Path(sys.argv[1]).read_text(encoding=\"utf-8\") if len(sys.argv) > 1 else TEXT",
        "    words = re.findall(r\"[a-z][a-z_']*|[.,;:]\", text.lower())",
        f"    words *= 1 + 8 * B * (T + 1) // len(words)  # {_('enough to fill some windows; a long text is not repeated')}",
        "    vocabulary = {word: number for number, word in enumerate(sorted(set(words)))}",
        "    numbers = torch.tensor([vocabulary[word] for word in words])",
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
    ]  # fmt: skip


IMPORTS = {
    "language-model": ["pathlib", "re", "sys"],
    "series": ["pathlib", "sys"],
    "speech": ["sys"],
}  # of the standard library, by task
_TASKS = {
    "delayed-recall": _delayed_recall,
    "language-model": _language_model,
    "temporal-order": sequences.temporal_order,
    "adding": sequences.adding,
    "copy": sequences.copy_memory,
    "parity": sequences.parity,
    "series": measured.series,
    "digits": measured.digits,
    "captions": measured.captions,
    "translation": sequences.translation,
    "speech": measured.speech,
}
