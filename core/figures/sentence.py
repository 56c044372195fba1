"""The sentence that counts: through how many masks content reaches a prediction, and the formula that the count follows."""

from core.language import _, ngettext
from core.paths import Mask


def count_sentence(word: str, distance: int, count: int, formula: str) -> str:
    """“word” reaches the prediction Δ steps later through n masks = formula (formula may be empty)."""
    masks = ngettext("{n} mask", "{n} masks", count).format(n=count)
    equal = f" = {formula}" if formula else ""
    steps = ngettext("{n} step later", "{n} steps later", distance).format(n=distance)
    return _("“{word}” reaches the prediction {steps} through **{masks}**{equal}").format(
        word=word, steps=steps, masks=masks, equal=equal)  # fmt: skip


def formula(path: list[Mask], layers: int, distance: int, through: str) -> str:
    """The count of a path in L and Δ, as a text such as "L + 1 + Δ"; "" where no such formula gives this count.

    Sites on the way up are crossed once a layer; those within the recurrence once a hop or once a visit, as the route is.
    """
    on = {mask.site for mask in path}
    if layers == 1 and {"input", "output"} <= on:
        on.add("between")  # of which one layer has none: L - 1 = 0
    hops = (0, int(through == "state"), 0)  # of the route through the state: Δ
    terms = {"input": (0, 0, 1), "between": (1, 0, -1), "output": (0, 0, 1), "state": hops,
             "candidate": (1, hops[1], 0), "cell": (1, 1, 0)}  # fmt: skip
    a, b, c = (sum(terms[site][i] for site in on) for i in range(3))
    return _written(a, b, c) if a * layers + b * distance + c == len(path) and (a or b) else ""


def _written(a: int, b: int, c: int) -> str:
    parts = [f"{n if n > 1 else ''}{symbol}" for n, symbol in ((a, "L"), (b, "Δ")) if n]
    constant = f" {'+' if c > 0 else '-'} {abs(c)}" if c else ""
    return parts[0] + constant + "".join(f" + {part}" for part in parts[1:])
