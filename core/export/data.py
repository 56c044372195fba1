"""The part of the script that makes data, for each task: it runs by itself, and says what to replace."""

from core.experiment.experiment import Experiment
from core.export import recorded_data, sequences, texts
from core.export.lines import doc
from core.i18n import _


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
            _(
                "Delayed recall: name the first token after LAG distractors. Tokens: 0-7 to remember, 8-15 distractors, 16 the "
                "question, 17 filler."
            ),
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
    ]


IMPORTS = {
    "language-model": ["pathlib", "re", "sys"],
    "character-model": ["pathlib", "sys"],
    "classification": ["csv", "pathlib", "re", "sys"],
    "series": ["pathlib", "sys"],
    "speech": ["sys"],
}  # of the standard library, by task
_TASKS = {
    "delayed-recall": _delayed_recall,
    "language-model": texts.words,
    "character-model": texts.characters,
    "classification": texts.classification,
    "temporal-order": sequences.temporal_order,
    "adding": sequences.adding,
    "copy": sequences.copy_memory,
    "parity": sequences.parity,
    "series": recorded_data.series,
    "digits": recorded_data.digits,
    "captions": recorded_data.captions,
    "translation": sequences.translation,
    "speech": recorded_data.speech,
}
