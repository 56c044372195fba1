"""The part of the script that makes sequences for the memory tasks, each of its own length of memory."""

from core.experiment.experiment import Experiment
from core.export.lines import doc, indented
from core.i18n import N_, _
from core.tasks.translation import BELOW, HELD_OUT

REPLACE = N_(
    "Replace it: windows(part) gives x and y [T, B], y being -1 where nothing is asked, and whether the state starts at zero."
)
_DRAW = "generator=generator)"


def temporal_order(e: Experiment) -> list[str]:
    """data() of the temporal order."""
    about = _(
        "Temporal order: which of two symbols came first? Tokens: 0 nothing, 1 and 2 the symbols, 3-6 distractors, 7 the "
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
            f"one, two = torch.randint(2, (2, count), {_DRAW}",
            "every = torch.arange(count)",
            f"x[every, torch.randint(0, LAG // 4 + 1, (count,), {_DRAW}] = one + 1",
            f"x[every, torch.randint(LAG // 2, 3 * LAG // 4 + 1, (count,), {_DRAW}] = two + 1",
            "x[:, LAG + 1], y[:, LAG + 1] = 7, 2 * one + two",
        ],
    )


def adding(e: Experiment) -> list[str]:
    """data() of the adding problem."""
    about = _(
        "The adding problem: the sum of the two numbers that are marked, scaled to mean 0 and variance 1; y is not a "
        "number where nothing is asked."
    )
    return _data(
        e,
        ("lag",),
        about,
        "0, 1",
        [
            "x, y = torch.zeros(count, T, 2), torch.full((count, T), torch.nan)",
            f"x[:, :LAG, 0] = torch.rand(count, LAG, {_DRAW}",
            "every = torch.arange(count)",
            f"x[every, torch.randint(0, LAG // 2, (count,), {_DRAW}, 1] = 1",
            f"x[every, torch.randint(LAG // 2, LAG, (count,), {_DRAW}, 1] = 1",
            "y[:, LAG - 1] = (x.prod(dim=2).sum(dim=1) - 1) * 6**0.5",
        ],
    )


def copy_memory(e: Experiment) -> list[str]:
    """data() of the copy memory."""
    about = _("Copy memory: some tokens, a gap, and all of them again. Tokens: 0 nothing, 1-8 to remember, 9 the question.")
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


def parity(e: Experiment) -> list[str]:
    """data() of the parity."""
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


def translation(e: Experiment) -> list[str]:
    """data() of the translation."""
    return [
        f"PAIRS = {dict(e.options)['pairs']}",
        "",
        "",
        "def data():",
        *doc(
            _(
                "Read a number in English words, then write it in French ones: each is read before the next, the right one "
                "at an evaluation, too. Tokens: 0 the end, 1 between the languages. The package num2words must be installed."
            )
        ),
        "    from num2words import num2words",
        "",
        "    def words(number, language):",
        '        return num2words(number, lang=language).replace(",", "").replace("-", " ").split()',
        "",
        f"    generator = torch.Generator().manual_seed({e.data_seed})",
        f"    numbers = torch.randperm({BELOW}, generator=generator)[: PAIRS + max({HELD_OUT}, 2 * B)].tolist()",
        '    pairs = [[words(number, language) for language in ("en", "fr")] for number in numbers]',
        "    english, french = (sorted({word for pair in pairs[:PAIRS] for word in pair[side]}) for side in (0, 1))",
        "    pairs = [pair for pair in pairs if set(pair[0]) <= set(english) and set(pair[1]) <= set(french)]",
        "    x, y = torch.zeros(len(pairs), T, dtype=torch.long), torch.full((len(pairs), T), -1)",
        "    for row, (read, written) in enumerate(pairs):",
        "        classes = [1 + french.index(word) for word in written]",
        "        line = [2 + english.index(word) for word in read] + [1] + [len(english) + 1 + n for n in classes]",
        "        x[row, : len(line)] = torch.tensor(line)",
        "        y[row, len(read) : len(line)] = torch.tensor([*classes, 0])",
        '    parts = {"train": (x[:PAIRS], y[:PAIRS]), "validation": (x[PAIRS:], y[PAIRS:])}',
        "",
        *indented(shuffled()),
        "",
        "    return len(english) + len(french) + 2, len(french) + 1, windows",
    ]


def _data(e: Experiment, names: tuple[str, ...], about: str, sizes: str, lines: list[str]) -> list[str]:
    options = dict(e.options)
    return [
        *(f"{name.upper()} = {options[name]}" for name in (*names, "sequences")),
        "",
        "",
        "def data():",
        *doc(about, _(REPLACE)),
        f"    generator = torch.Generator().manual_seed({e.data_seed})",
        "",
        "    def sequences(count):",
        *indented([*lines, "return x, y"], " " * 8),
        "",
        '    parts = {"train": sequences(SEQUENCES), "validation": sequences(max(512, B))}',
        "",
        *indented(shuffled()),
        "",
        f"    return {sizes}, windows",
    ]


def shuffled() -> list[str]:
    """The function windows(part), of `parts` that are whole sequences x [N, T] or [N, T, E] and y [N, T]."""
    return [
        "def windows(part):",
        "    x, y = parts[part]",
        "    for rows in torch.randperm(len(x)).split(B):",
        "        if len(rows) == B:",
        "            yield x[rows].transpose(0, 1), y[rows].T, True",
    ]
