"""What measured curves show, in sentences: how each goes with the distance, from its numbers, and why, from where its masks
are."""

import math
from collections.abc import Sequence

from core.analysis.path_counts import routes_of
from core.analysis.sensitivity_request import Curve
from core.dropout.placement import Dropout, Placement
from core.figures.sensitivity_chart import LEAST, written
from core.i18n import _

UPWARDS = {"words", "input", "between", "output", "input_weights"}  # sites outside the recurrence
STEADY = 0.015  # a factor a step that is no farther from 1 does not count as a change
RISEN = 1.25  # by so much a curve has risen over its first steps, or fallen
ERRORS = 2  # a value within so many standard errors of 0 is told apart from it no more


def goes(curve: Curve, quantity: str) -> str:
    """Whether a quantity of a curve "grows" or "falls" with the distance, or is "level"; "" where there are too few steps."""
    values, far = getattr(curve, quantity), len(getattr(curve, quantity)) - 1
    middle = (far + 1) // 2
    if far < 2:
        return ""
    if values[-1] is None or values[middle] is None:
        return "grows"
    if _vanished(values[-1], curve.error(quantity)):
        return "falls"
    factor = _factor(values[middle], values[-1], far - middle)
    if factor is None or abs(factor - 1) <= STEADY:
        return "level"
    return "grows" if factor > 1 else "falls"


def verdict(curve: Curve, quantity: str) -> str:
    """How a quantity of a curve goes with the distance: values at 1, in the middle and at the end, and from the last two how it
    changes with a step. The first steps, over which a curve may rise, are left out of that."""
    values, errors = getattr(curve, quantity), curve.error(quantity)
    far = len(values) - 1
    middle = (far + 1) // 2
    if far < 2:
        return ""
    if values[-1] is None or values[middle] is None:
        return _("{near} at Δ = 1, and beyond all numbers at {far}.").format(near=written(values[1]), far=far)
    numbers = _("{near} at Δ = 1, {half} at {middle}, {end} at {far}").format(
        near=written(values[1]), half=written(values[middle]), middle=middle, end=written(values[-1]), far=far
    )
    if _vanished(values[-1], errors):
        return _("falls until nothing of it can be told from 0: {numbers}.").format(numbers=numbers)
    factor = _factor(values[middle], values[-1], far - middle)
    if factor is None or abs(factor - 1) <= STEADY:
        return _settled(values[1], values[middle]).format(numbers=numbers)
    said = _("grows by ×{factor:.2f} a step: {numbers}.") if factor > 1 else _("falls by ×{factor:.2f} a step: {numbers}.")
    return said.format(factor=factor, numbers=numbers)


def cause(placement: Placement, cell: str, quantity: str, way: str) -> str:
    """Why, in a sentence, from where the masks along time are; "" where nothing so general can be said. quantity: which one.
    way: how it `goes`: a reason for a fall is none for a growth."""
    along = {site for site, _dropout in placement.sites} - UPWARDS
    if not along:
        return _("No mask lies along time.")
    if along == {"cell"}:
        return _on_cell(placement.get("cell"), quantity, way)
    return _on_state(placement.get("state"), cell, way) if along == {"state"} else ""


def _on_state(dropout: Dropout | None, cell: str, way: str) -> str:
    if "cell" not in routes_of(cell):
        only = _("h is the only way along time, and it is masked at every step.")
        return f"{only} {_larger(dropout)}" if way == "grows" and _inverted(dropout) else only
    if _once(dropout) and way == "level":
        return ""
    if _once(dropout):
        return _("Its mask on h is the same at every step: what it changes adds up along time instead of averaging out.")
    if way == "falls":
        return _("{Carry} has no mask, but what is written to it is read from h, which has one at every step.").format(
            Carry="c" if cell == "lstm" else _("The carry")
        )
    if way == "grows":
        return ""
    return _(
        "Content reaches farther through {carry}, which has no mask: the count through h says what that one route meets, "
        "not what arrives."
    ).format(carry="c" if cell == "lstm" else _("the carry"))


def _on_cell(dropout: Dropout | None, quantity: str, way: str) -> str:
    if dropout is None or dropout.noise != "bernoulli":
        return ""
    if not _once(dropout):
        fresh = _("The mask on c is fresh at each step: what it drops is lost, and each step drops more.")
        return {
            "falls": f"{fresh} {_together(dropout)}" if quantity == "correlation" else fresh,
            "grows": _larger(dropout) if _inverted(dropout) else "",
        }.get(way, "")
    if dropout.scaling != "inverted":
        return _("One mask on c for the whole sequence: the same units live throughout.")
    same = _(
        "One mask on c for the whole sequence, with inverted scaling: the same units are multiplied by 1/(1-p) at every "
        "step, {factor} here, and explode."
    ).format(factor=_times(dropout))
    return same if way == "grows" else f"{same} " + _("The states are soon far from those without masks.")


def _larger(dropout: Dropout | None) -> str:
    """Why a fresh mask in inverted scaling makes a norm grow: the second moment of a factor is 1/(1-p), its mean 1."""
    return _(
        "The scale divides what a mask keeps by 1-p at every step, {factor} here: less and less survives, and what "
        "does is ever larger. The mean stays, the norm grows."
    ).format(factor=_times(dropout))


def _together(dropout: Dropout) -> str:
    """Why the correlation falls more slowly than units do: n units, kept with q each, tell √q of their direction."""
    return _(
        "A single unit is kept with (1-p)^Δ; the direction that many independent units tell together fades only by √(1-p) "
        "a step, {factor} here, and less where content also passes from unit to unit."
    ).format(factor=_(" or ").join(f"×{math.sqrt(1 - rate):.2f}" for rate in _rates(dropout)))


def _inverted(dropout: Dropout | None) -> bool:
    return dropout is not None and dropout.noise == "bernoulli" and dropout.scaling == "inverted"


def _once(dropout: Dropout | None) -> bool:
    return dropout is not None and not dropout.fresh("time")


def _rates(dropout: Dropout | None) -> Sequence[float]:
    rate = dropout.rate if dropout else 0.0
    return tuple(dict.fromkeys(rate if isinstance(rate, tuple) else (rate,)))


def _times(dropout: Dropout | None) -> str:
    return _(" or ").join(f"×{1 / (1 - rate):.3g}" for rate in _rates(dropout))


def _vanished(last: float, errors: Sequence[float | None]) -> bool:
    """Whether the last value cannot be told from 0."""
    return last < LEAST or bool(errors and last < ERRORS * (errors[-1] or 0))


def _settled(near: float | None, middle: float) -> str:
    """What is said of a curve that is level from its middle on."""
    if near is None or near <= 0 or 1 / RISEN <= middle / near <= RISEN:
        return _("hardly depends on the distance: {numbers}.")
    if middle > near:
        return _("rises over the first steps, then hardly depends on the distance: {numbers}.")
    return _("falls over the first steps, then hardly depends on the distance: {numbers}.")


def _factor(first: float, last: float, steps: int) -> float | None:
    return math.exp(math.log(last / first) / steps) if first > 0 and steps else None
