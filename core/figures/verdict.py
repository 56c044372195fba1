"""What measured curves show, in sentences: how each goes with the distance, from its numbers, and why, from where its masks
are."""

import math
from collections.abc import Sequence

from core.dropout.placement import Dropout, Placement
from core.figures.measured import LEAST, written
from core.language import _
from core.paths import routes_of
from core.runs.measuring import Curve

UPWARDS = {"words", "input", "between", "output", "input_weights"}  # sites outside the recurrence
STEADY = 0.015  # a factor a step that is no farther from 1 does not count as a change
RISEN = 1.25  # by so much a curve has risen over its first steps, or fallen
ERRORS = 2  # a value within so many standard errors of 0 is told apart from it no more


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
        near=written(values[1]), half=written(values[middle]), middle=middle, end=written(values[-1]), far=far)  # fmt: skip
    if values[-1] < LEAST or (errors and values[-1] < ERRORS * (errors[-1] or 0)):
        return _("falls until nothing of it can be told from 0: {numbers}.").format(numbers=numbers)
    factor = _factor(values[middle], values[-1], far - middle)
    if factor is None or abs(factor - 1) <= STEADY:
        return _settled(values[1], values[middle]).format(numbers=numbers)
    goes = _("grows by ×{factor:.2f} a step: {numbers}.") if factor > 1 else _("falls by ×{factor:.2f} a step: {numbers}.")
    return goes.format(factor=factor, numbers=numbers)


def cause(placement: Placement, cell: str) -> str:
    """Why, in a sentence, from where the masks along time are; "" where nothing so general can be said."""
    along = {site for site, _dropout in placement.sites} - UPWARDS
    if not along:
        return _("No mask lies along time.")
    if along == {"cell"}:
        return _on_cell(placement.get("cell"))
    if along != {"state"}:
        return ""
    if "cell" not in routes_of(cell):
        return _("h is the only way along time, and it is masked at every step.")
    if _once(placement.get("state")):
        return _("Its mask on h is the same at every step: what it changes adds up along time instead of averaging out.")
    return _("Content reaches farther through {carry}, which has no mask: the count through h says what that one route meets, "
             "not what arrives.").format(carry="c" if cell == "lstm" else _("the carry"))  # fmt: skip


def _on_cell(dropout: Dropout | None) -> str:
    if dropout is None or dropout.noise != "bernoulli":
        return ""
    if not _once(dropout):
        return _("The mask on c is fresh at each step: what it drops is lost, and each step drops more.")
    if dropout.scaling != "inverted":
        return _("One mask on c for the whole sequence: the same units live throughout.")
    return _("One mask on c for the whole sequence, with inverted scaling: the same units are multiplied by 1/(1-p) at every "
             "step, {factor} here, and explode.").format(factor=_times(dropout))  # fmt: skip


def _once(dropout: Dropout | None) -> bool:
    return dropout is not None and not dropout.fresh("time")


def _times(dropout: Dropout) -> str:
    rates: Sequence[float] = dropout.rate if isinstance(dropout.rate, tuple) else (dropout.rate,)
    return _(" or ").join(f"×{1 / (1 - rate):.3g}" for rate in dict.fromkeys(rates))


def _settled(near: float | None, middle: float) -> str:
    """What is said of a curve that is level from its middle on."""
    if near is None or near <= 0 or 1 / RISEN <= middle / near <= RISEN:
        return _("hardly depends on the distance: {numbers}.")
    if middle > near:
        return _("rises over the first steps, then hardly depends on the distance: {numbers}.")
    return _("falls over the first steps, then hardly depends on the distance: {numbers}.")


def _factor(first: float, last: float, steps: int) -> float | None:
    return math.exp(math.log(last / first) / steps) if first > 0 and steps else None
