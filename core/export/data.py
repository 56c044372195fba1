"""The part of the script that makes the data of each task; its docstrings say how to use other data."""

from core.experiment.experiment import Experiment
from core.export import recorded_data, sequences, texts
from core.export.lines import format_docstring
from core.export.reader_source import list_reader_imports, write_readers
from core.i18n import _

# Their windows continue each other; those of the other tasks all start a sequence.
_CONTINUOUS_TASKS = ("language-model", "character-model", "series")


def build_data(e: Experiment) -> list[str]:
    """Return the function load_data().

    It returns V (0 for real features), C (1 for a real value) and windows(split), which yields x [T, B] or [T, B, E], y [T, B],
    and whether the window starts a sequence.
    """
    readers = write_readers(e.task)
    return [*readers, *([""] * 2 if readers else []), *_TASKS[e.task](e)]


def carries_states(e: Experiment) -> bool:
    """Return whether a window of load_data() goes on with the states of the window before."""
    return e.states == "carried" and e.task in _CONTINUOUS_TASKS


def list_imports(task: str) -> list[str]:
    """Return the import lines that the data of a task need, of the standard library and NumPy."""
    modules = {"language-model": ["itertools", "sys"], "character-model": ["itertools", "sys"], "speech": ["sys"]}
    modules |= {"classification": ["itertools", "sys"], "series": ["sys"]}
    return [*(f"import {name}" for name in modules.get(task, [])), *list_reader_imports(task)]


def _delayed_recall(e: Experiment) -> list[str]:
    options = dict(e.options)
    return [
        f"LAG, SEQUENCES = {options['lag']}, {options['sequences']}",
        "",
        "",
        "def load_data():",
        *format_docstring(
            _(
                "Delayed recall: name the first token after LAG distractors. Tokens: 0-7 to remember, 8-15 distractors, 16 the "
                "question, 17 filler."
            ),
            _(sequences.REPLACE_HINT),
        ),
        f"    generator = torch.Generator().manual_seed({e.data_seed})",
        "",
        "    def sequences(count):",
        "        first = torch.randint(8, (count, 1), generator=generator)",
        "        return torch.cat([first, torch.randint(8, 16, (count, LAG), generator=generator)], dim=1)",
        "",
        '    splits = {"train": sequences(SEQUENCES), "validation": sequences(max(512, B))}',
        "",
        "    def windows(split):",
        "        tokens = splits[split][torch.randperm(len(splits[split]))]",
        "        for start in range(0, len(tokens) - B + 1, B):",
        "            rows = tokens[start : start + B].T",
        "            x, y = torch.full((T, B), 17), torch.full((T, B), -1)",
        "            x[: LAG + 1], x[LAG + 1], y[LAG + 1] = rows, 16, rows[0]",
        "            yield x, y, True",
        "",
        "    return 18, 8, windows",
    ]


_TASKS = {
    "delayed-recall": _delayed_recall,
    "language-model": texts.build_word_model,
    "character-model": texts.build_character_model,
    "classification": texts.build_classification,
    "temporal-order": sequences.build_temporal_order,
    "adding": sequences.build_adding,
    "copy": sequences.build_copy_memory,
    "parity": sequences.build_parity,
    "series": recorded_data.build_series,
    "digits": recorded_data.build_digits,
    "captions": recorded_data.build_captions,
    "translation": sequences.build_translation,
    "speech": recorded_data.build_speech,
}
