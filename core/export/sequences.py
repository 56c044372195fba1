"""The part of the script that makes the sequences of the memory tasks and of the translation."""

from core.experiment.experiment import Experiment
from core.export.lines import format_docstring, indent_lines
from core.i18n import N_, _
from core.tasks.translation import HELD_OUT_PAIRS, NUMBER_LIMIT

REPLACE_HINT = N_(
    "To use other data, let windows(split) yield x and y [T, B], y being -1 without a target, and whether a sequence starts."
)
_DRAW = "generator=generator)"


def build_temporal_order(e: Experiment) -> list[str]:
    """Return the lines of load_data() for the temporal order."""
    about = _(
        "Temporal order: name two symbols in their order. Tokens: 0 padding, 1 and 2 the symbols, 3-6 distractors, 7 the "
        "question."
    )
    return _data(
        e,
        ("lag",),
        about,
        "8, 4",
        [
            "x, y = torch.zeros(count, T, dtype=torch.long), torch.full((count, T), -1)",
            f"x[:, : LAG + 1] = torch.randint(3, 7, (count, LAG + 1), {_DRAW}",
            f"first, second = torch.randint(2, (2, count), {_DRAW}",
            "rows = torch.arange(count)",
            f"x[rows, torch.randint(0, LAG // 4 + 1, (count,), {_DRAW}] = first + 1",
            f"x[rows, torch.randint(LAG // 2, 3 * LAG // 4 + 1, (count,), {_DRAW}] = second + 1",
            "x[:, LAG + 1], y[:, LAG + 1] = 7, 2 * first + second",
        ],
    )


def build_adding(e: Experiment) -> list[str]:
    """Return the lines of load_data() for the adding problem."""
    about = _(
        "The adding problem: the sum of the two marked numbers, scaled to mean 0 and variance 1; y is NaN without a target."
    )
    return _data(
        e,
        ("lag",),
        about,
        "0, 1",
        [
            "x, y = torch.zeros(count, T, 2), torch.full((count, T), torch.nan)",
            f"x[:, :LAG, 0] = torch.rand(count, LAG, {_DRAW}",
            "rows = torch.arange(count)",
            f"x[rows, torch.randint(0, LAG // 2, (count,), {_DRAW}, 1] = 1",
            f"x[rows, torch.randint(LAG // 2, LAG, (count,), {_DRAW}, 1] = 1",
            "y[:, LAG - 1] = (x.prod(dim=2).sum(dim=1) - 1) * 6**0.5",
        ],
    )


def build_copy_memory(e: Experiment) -> list[str]:
    """Return the lines of load_data() for the copy memory."""
    about = _("Copy memory: repeat the first tokens after a gap. Tokens: 0 padding, 1-8 to remember, 9 the question.")
    return _data(
        e,
        ("lag", "items"),
        about,
        "10, 8",
        [
            "x, y = torch.zeros(count, T, dtype=torch.long), torch.full((count, T), -1)",
            f"items = torch.randint(8, (count, ITEMS), {_DRAW}",
            "end = 2 * ITEMS + LAG",
            "x[:, :ITEMS], x[:, end - ITEMS : end], y[:, end - ITEMS : end] = items + 1, 9, items",
        ],
    )


def build_parity(e: Experiment) -> list[str]:
    """Return the lines of load_data() for the parity."""
    about = _("Parity: after every bit, whether the number of ones so far is odd. Tokens: 0 and 1, 2 filler.")
    return _data(
        e,
        ("lag",),
        about,
        "3, 2",
        [
            "x, y = torch.full((count, T), 2), torch.full((count, T), -1)",
            f"x[:, :LAG] = torch.randint(2, (count, LAG), {_DRAW}",
            "y[:, :LAG] = x[:, :LAG].cumsum(dim=1) % 2",
        ],
    )


def build_translation(e: Experiment) -> list[str]:
    """Return the lines of load_data() for the translation."""
    return [
        f"PAIRS = {dict(e.options)['pairs']}",
        "",
        "",
        "def load_data():",
        *format_docstring(
            _(
                "Read a number in English words, then write it in French words. The correct previous word is the input, in the "
                "evaluation too. Tokens: 0 the end, 1 the separator. The package num2words must be installed."
            )
        ),
        "    from num2words import num2words",
        "",
        "    def words(number, language):",
        '        return num2words(number, lang=language).replace(",", "").replace("-", " ").split()',
        "",
        f"    generator = torch.Generator().manual_seed({e.data_seed})",
        f"    numbers = torch.randperm({NUMBER_LIMIT}, generator=generator)[: PAIRS + max({HELD_OUT_PAIRS}, 2 * B)].tolist()",
        '    pairs = [[words(number, language) for language in ("en", "fr")] for number in numbers]',
        "    english, french = (sorted({word for pair in pairs[:PAIRS] for word in pair[side]}) for side in (0, 1))",
        "    pairs = [pair for pair in pairs if set(pair[0]) <= set(english) and set(pair[1]) <= set(french)]",
        "    x, y = torch.zeros(len(pairs), T, dtype=torch.long), torch.full((len(pairs), T), -1)",
        "    for row, (prompt, answer) in enumerate(pairs):",
        "        classes = [1 + french.index(word) for word in answer]",
        "        line = [2 + english.index(word) for word in prompt] + [1] + [len(english) + 1 + n for n in classes]",
        "        x[row, : len(line)] = torch.tensor(line)",
        "        y[row, len(prompt) : len(line)] = torch.tensor([*classes, 0])",
        '    splits = {"train": (x[:PAIRS], y[:PAIRS]), "validation": (x[PAIRS:], y[PAIRS:])}',
        "",
        *indent_lines(build_shuffled_windows()),
        "",
        "    return len(english) + len(french) + 2, len(french) + 1, windows",
    ]


def _data(e: Experiment, names: tuple[str, ...], about: str, sizes: str, lines: list[str]) -> list[str]:
    options = dict(e.options)
    return [
        *(f"{name.upper()} = {options[name]}" for name in (*names, "sequences")),
        "",
        "",
        "def load_data():",
        *format_docstring(about, _(REPLACE_HINT)),
        f"    generator = torch.Generator().manual_seed({e.data_seed})",
        "",
        "    def sequences(count):",
        *indent_lines([*lines, "return x, y"], " " * 8),
        "",
        '    splits = {"train": sequences(SEQUENCES), "validation": sequences(max(512, B))}',
        "",
        *indent_lines(build_shuffled_windows()),
        "",
        f"    return {sizes}, windows",
    ]


def build_shuffled_windows() -> list[str]:
    """Return the function windows(split) for `splits` of sequences x [N, T] or [N, T, E] and targets y [N, T]."""
    return [
        "def windows(split):",
        "    x, y = splits[split]",
        "    for rows in torch.randperm(len(x)).split(B):",
        "        if len(rows) == B:",
        "            yield x[rows].transpose(0, 1), y[rows].T, True",
    ]
