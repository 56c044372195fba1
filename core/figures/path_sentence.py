"""Sentences about the number of masks on a path to a prediction, and the formula of that number in L and Δ."""

from collections import Counter
from collections.abc import Sequence

from core.analysis.path_counts import CorruptionCounts, MaskCrossing
from core.figures.number_format import format_count
from core.i18n import N_, _, ngettext

ALONG_TIME = {"state", "whole_state", "cell", "forget_gate", "update_gate", "reset_gate", "recurrent_weights"}
SENTENCE_DIGITS = 15  # longer counts are written as powers of ten
_WHERE = {
    "words": N_("{n} on the words"),
    "input": N_("{n} at the input"),
    "between": N_("{n} between the {layers} layers"),
    "output": N_("{n} at the output"),
    "state": N_("{n} on the state"),
    "whole_state": N_("{n} on the whole state"),
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


def format_count_sentence(word: str, distance: int, count: int, formula: str) -> str:
    """Return “word” reaches the prediction Δ steps later through n masks = formula.

    formula: may be ""; if it contains Δ, the number of steps is introduced as Δ.
    """
    masks = ngettext("{n} mask", "{n} masks", count).format(n=count)
    equal = f" = {formula}" if formula else ""
    delta = "Δ = " if "Δ" in formula else ""
    steps = ngettext("{n} step later", "{n} steps later", distance).format(n=distance)
    return _("“{word}” reaches the prediction {steps} through **{masks}**{equal}").format(
        word=word, steps=delta + steps, masks=masks, equal=equal
    )


def name_cell_route(cell: str) -> str:
    """Return the name of the route through the cell: an LSTM has a cell c, a GRU carries h itself."""
    return _("through the cell") if cell == "lstm" else _("through the carry")


def explain_count(path: list[MaskCrossing], layers: int, counts: CorruptionCounts, cell: str = "lstm") -> str:
    """Return why the path crosses this many masks: how many at each site, and how many other paths cross.

    counts: of all paths over the same distance. cell: the kind of cell, which names the routes along time.
    """
    return " ".join(
        filter(None, [_format_parts(path, layers), _describe_arrays(path), _compare_other_paths(path, counts, cell)])
    )


def describe_gate_routes(gated: Sequence[int]) -> str:
    """Return a sentence on the routes through gates. gated: their histogram by number of masks, not empty."""
    present, paths = [n for n, routes in enumerate(gated) if routes], sum(gated)
    if present[0] == present[-1]:
        each = ngettext("{n} mask on each", "{n} masks on each", present[0]).format(n=present[0])
        return _("Through a gate: {each} of {n} more routes (dotted).").format(
            each=each, n=format_count(paths, SENTENCE_DIGITS)
        )
    masks = ngettext("at least {n} mask", "at least {n} masks", present[0]).format(n=present[0])
    routes = ngettext("on {n} more route (dotted)", "on {n} more routes (dotted)", paths).format(
        n=format_count(paths, SENTENCE_DIGITS)
    )
    return _("Through a gate: {masks}, at most {most}, {routes}.").format(masks=masks, most=present[-1], routes=routes)


def _format_parts(path: list[MaskCrossing], layers: int) -> str:
    # In the order of the path: 1 at the input + 1 between the 2 layers + 1 at the output = 3.
    parts = [_(_WHERE[site]).format(n=n, layers=layers) for site, n in Counter(mask.site for mask in path).items()]
    return _("{parts} = {n}.").format(parts=" + ".join(parts), n=len(path)) if len(parts) > 1 else ""


def _describe_arrays(path: list[MaskCrossing]) -> str:
    different = len({mask.array for mask in path})
    if different == len(path):
        return _("Each is the same array at every step.") if path and all(mask.shared for mask in path) else ""
    return ngettext(
        "{n} array, crossed more than once.", "{n} different arrays, some crossed more than once.", different
    ).format(n=different)


def _compare_other_paths(path: list[MaskCrossing], counts: CorruptionCounts, kind: str) -> str:
    if counts.held[1] and not counts.most:
        return _("Zoneout erases nothing: it can hold content back {least} to {most} times.").format(
            least=counts.held[0], most=counts.held[1]
        )
    if counts.least < counts.most and counts.through_cell is not None:
        if not ALONG_TIME & {mask.site for mask in path} and (counts.through_state or 0) > len(path):
            return _(
                "Along time this path crosses none; through the state it would be {state}; all other paths cross {least} to "
                "{most}."
            ).format(state=counts.through_state, least=counts.least, most=counts.most)
        text = _("Through the cell {cell}, through the state {state}; all other paths {least} to {most}.")
        if kind != "lstm":
            text = _("Through the carry {cell}, through the state {state}; all other paths {least} to {most}.")
        return text.format(cell=counts.through_cell, state=counts.through_state, least=counts.least, most=counts.most)
    if path and not ALONG_TIME & {mask.site for mask in path}:
        return _("There is none along time, so the count does not depend on the distance.")
    return _("Every content path between the two crosses {n}, on every route along time.").format(n=counts.least)


def derive_formula(path: list[MaskCrossing], layers: int, distance: int, through: str) -> str:
    """Return the count of a path as a formula such as "L + 1 + Δ"; "" if no such formula gives this count.

    Sites on the way up are crossed once per layer, sites of the recurrence once per time step or visit, by the route.
    """
    sites = {mask.site for mask in path}
    if layers == 1 and {"input", "output"} <= sites:
        sites.add("between")  # one layer has L - 1 = 0 of these masks
    a, b, c = (sum(_TERMS[through][site][i] for site in sites) for i in range(3))
    return _format_terms(a, b, c) if a * layers + b * distance + c == len(path) and (a or b) else ""


_ONCE, _EACH_LAYER, _EACH_HOP, _NEVER = (0, 0, 1), (1, 0, 0), (0, 1, 0), (0, 0, 0)
_UPWARD_TERMS = {
    "words": _ONCE,
    "input": _ONCE,
    "between": (1, 0, -1),
    "output": _ONCE,
    "input_weights": _EACH_LAYER,
    "cell": (1, 1, 0),
}
# How often a site is crossed, by route and site, as the coefficients of L, Δ and 1.
_TERMS = {
    "cell": {
        **_UPWARD_TERMS,
        **dict.fromkeys(("candidate", "input_gate", "output_gate"), _EACH_LAYER),
        **dict.fromkeys(("forget_gate", "update_gate", "whole_state"), _EACH_HOP),
        **dict.fromkeys(("state", "reset_gate", "recurrent_weights"), _NEVER),
    },
    "state": {
        **_UPWARD_TERMS,
        **dict.fromkeys(("candidate", "input_gate", "output_gate"), (1, 1, 0)),
        **dict.fromkeys(("forget_gate", "update_gate"), _NEVER),
        **dict.fromkeys(("state", "whole_state", "reset_gate", "recurrent_weights"), _EACH_HOP),
    },
}


def _format_terms(a: int, b: int, c: int) -> str:
    parts = [f"{n if n > 1 else ''}{symbol}" for n, symbol in ((a, "L"), (b, "Δ")) if n]
    constant = f" {'+' if c > 0 else '-'} {abs(c)}" if c else ""
    return parts[0] + constant + "".join(f" + {part}" for part in parts[1:])
