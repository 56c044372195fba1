"""The sentence that counts: through how many masks content reaches a prediction, and the formula that the count follows."""

from collections import Counter
from collections.abc import Sequence

from core.analysis.path_counts import Corruption, Mask
from core.figures.number_format import raised
from core.i18n import N_, _, ngettext

ALONG_TIME = {"state", "cell", "forget_gate", "update_gate", "reset_gate", "recurrent_weights"}
DIGITS, LONG = 9, 15  # a longer number is written as a power of ten, where there is little room, or in a sentence
_WHERE = {
    "words": N_("{n} on the words"),
    "input": N_("{n} at the input"),
    "between": N_("{n} between the {layers} layers"),
    "output": N_("{n} at the output"),
    "state": N_("{n} on the state"),
    "candidate": N_("{n} on the candidate"),
    "cell": N_("{n} on the cell"),
    "input_gate": N_("{n} on the input gate"),
    "forget_gate": N_("{n} on the forget gate"),
    "output_gate": N_("{n} on the output gate"),
    "reset_gate": N_("{n} on the reset gate"),
    "update_gate": N_("{n} on the update gate"),
    "recurrent_weights": N_("{n} on the recurrent weights"),
    "input_weights": N_("{n} on the input weights"),
}


def count_sentence(word: str, distance: int, count: int, formula: str) -> str:
    """“word” reaches the prediction Δ steps later through n masks = formula (formula may be empty).

    A formula in Δ finds it named where its steps are counted.
    """
    masks = ngettext("{n} mask", "{n} masks", count).format(n=count)
    equal = f" = {formula}" if formula else ""
    delta = "Δ = " if "Δ" in formula else ""
    steps = ngettext("{n} step later", "{n} steps later", distance).format(n=distance)
    return _("“{word}” reaches the prediction {steps} through **{masks}**{equal}").format(
        word=word, steps=delta + steps, masks=masks, equal=equal
    )


def through_cell(cell: str) -> str:
    """What the cell's own way along time is called: only an LSTM has a cell c, a GRU carries h itself."""
    return _("through the cell") if cell == "lstm" else _("through the carry")


def reason(path: list[Mask], layers: int, counts: Corruption, cell: str = "lstm") -> str:
    """Why the path through L layers meets as many masks as it does: how many where, and what another path would meet.

    counts: of all paths over the same distance. cell: which names the ways along time.
    """
    return " ".join(filter(None, [_parts(path, layers), _arrays(path), _others(path, counts, cell)]))


def gates_sentence(gated: Sequence[int]) -> str:
    """What the routes through gates meet; gated: their histogram (core.analysis.path_counts.gated), not empty."""
    met, paths = [n for n, few in enumerate(gated) if few], sum(gated)
    if met[0] == met[-1]:
        each = ngettext("{n} mask on each", "{n} masks on each", met[0]).format(n=met[0])
        return _("Through a gate: {each} of {n} more routes (dotted).").format(each=each, n=short(paths, LONG))
    masks = ngettext("at least {n} mask", "at least {n} masks", met[0]).format(n=met[0])
    routes = ngettext("on {n} more route (dotted)", "on {n} more routes (dotted)", paths).format(n=short(paths, LONG))
    return _("Through a gate: {masks}, at most {most}, {routes}.").format(masks=masks, most=met[-1], routes=routes)


def _parts(path: list[Mask], layers: int) -> str:
    # In the order in which the path first meets them: 1 at the input + 1 between the 2 layers + 1 at the output = 3.
    parts = [_(_WHERE[site]).format(n=n, layers=layers) for site, n in Counter(mask.site for mask in path).items()]
    return _("{parts} = {n}.").format(parts=" + ".join(parts), n=len(path)) if len(parts) > 1 else ""


def _arrays(path: list[Mask]) -> str:
    different = len({mask.array for mask in path})
    if different == len(path):
        return _("Each is the same array at every step.") if path and all(mask.shared for mask in path) else ""
    return ngettext("{n} array, met again.", "{n} different arrays, some met again.", different).format(n=different)


def _others(path: list[Mask], counts: Corruption, kind: str) -> str:
    if counts.held[1] and not counts.most:
        return _("Zoneout erases nothing: it can hold content back {least} to {most} times.").format(
            least=counts.held[0], most=counts.held[1]
        )
    if counts.least < counts.most and counts.through_cell is not None:
        if not ALONG_TIME & {mask.site for mask in path} and (counts.through_state or 0) > len(path):
            return _(
                "Along time this path meets none; through the state it would be {state}, and all others lie between "
                "{least} and {most}."
            ).format(state=counts.through_state, least=counts.least, most=counts.most)
        ways = _("Through the cell {cell}, through the state {state}; all others between {least} and {most}.")
        if kind != "lstm":
            ways = _("Through the carry {cell}, through the state {state}; all others between {least} and {most}.")
        return ways.format(cell=counts.through_cell, state=counts.through_state, least=counts.least, most=counts.most)
    if path and not ALONG_TIME & {mask.site for mask in path}:
        return _("Along time there is none, so the distance does not count.")
    return _("Every content path between the two crosses {n}, whichever way it takes along time.").format(n=counts.least)


def short(number: int, digits: int = DIGITS) -> str:
    """A whole number of any size in little room: one of more digits as a power of ten."""
    text = str(number)
    return f"{number:,}" if len(text) <= digits else f"{text[0]}.{text[1]}·10{raised(len(text) - 1)}"


def formula(path: list[Mask], layers: int, distance: int, through: str) -> str:
    """The count of a path in L and Δ, as a text such as "L + 1 + Δ"; "" where no such formula gives this count.

    Sites on the way up are crossed once a layer; those within the recurrence once a hop or once a visit, as the route is.
    """
    on = {mask.site for mask in path}
    if layers == 1 and {"input", "output"} <= on:
        on.add("between")  # of which one layer has none: L - 1 = 0
    a, b, c = (sum(_TERMS[through][site][i] for site in on) for i in range(3))
    return _written(a, b, c) if a * layers + b * distance + c == len(path) and (a or b) else ""


_ONCE, _EACH_LAYER, _EACH_HOP, _NEVER = (0, 0, 1), (1, 0, 0), (0, 1, 0), (0, 0, 0)
_UP = {"words": _ONCE, "input": _ONCE, "between": (1, 0, -1), "output": _ONCE, "input_weights": _EACH_LAYER, "cell": (1, 1, 0)}
# By route and site: how often it is crossed, as the factors of L, of Δ and of 1.
_TERMS = {
    "cell": {
        **_UP,
        **dict.fromkeys(("candidate", "input_gate", "output_gate"), _EACH_LAYER),
        **dict.fromkeys(("forget_gate", "update_gate"), _EACH_HOP),
        **dict.fromkeys(("state", "reset_gate", "recurrent_weights"), _NEVER),
    },
    "state": {
        **_UP,
        **dict.fromkeys(("candidate", "input_gate", "output_gate"), (1, 1, 0)),
        **dict.fromkeys(("forget_gate", "update_gate"), _NEVER),
        **dict.fromkeys(("state", "reset_gate", "recurrent_weights"), _EACH_HOP),
    },
}


def _written(a: int, b: int, c: int) -> str:
    parts = [f"{n if n > 1 else ''}{symbol}" for n, symbol in ((a, "L"), (b, "Δ")) if n]
    constant = f" {'+' if c > 0 else '-'} {abs(c)}" if c else ""
    return parts[0] + constant + "".join(f" + {part}" for part in parts[1:])
