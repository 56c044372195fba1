"""Sentences about measured sensitivity curves: their trend over the distance, and its cause in the placement of the masks."""

import math
from collections.abc import Sequence

from core.analysis.path_counts import list_routes
from core.analysis.sensitivity_request import SensitivityCurve
from core.dropout.placement import Dropout, Placement
from core.figures.sensitivity_chart import ROUNDING_LIMIT, format_value
from core.i18n import _

FEED_FORWARD_SITES = {"words", "input", "between", "output", "input_weights"}  # outside the recurrence
LEVEL_TOLERANCE = 0.015  # a factor per step within this distance of 1 counts as level
RISE_FACTOR = 1.25  # a larger ratio counts as a rise or fall over the first steps
ZERO_STANDARD_ERRORS = 2  # a value within so many standard errors of 0 counts as 0


def classify_trend(curve: SensitivityCurve, quantity: str) -> str:
    """Return "grows", "falls" or "level" for a quantity over the distance; "" if there are too few steps."""
    values, far = getattr(curve, quantity), len(getattr(curve, quantity)) - 1
    middle = (far + 1) // 2
    if far < 2:
        return ""
    if values[-1] is None or values[middle] is None:
        return "grows"
    if _is_zero(values[-1], curve.error(quantity)):
        return "falls"
    factor = _factor_per_step(values[middle], values[-1], far - middle)
    if factor is None or abs(factor - 1) <= LEVEL_TOLERANCE:
        return "level"
    return "grows" if factor > 1 else "falls"


def describe_trend(curve: SensitivityCurve, quantity: str) -> str:
    """Return a sentence about the trend of a quantity over the distance.

    It names the values at distance 1, in the middle and at the end. The factor per step is computed from the last two,
    since a curve may rise over its first steps.
    """
    values, errors = getattr(curve, quantity), curve.error(quantity)
    far = len(values) - 1
    middle = (far + 1) // 2
    if far < 2:
        return ""
    if values[-1] is None or values[middle] is None:
        return _("{near} at Δ = 1, and not finite at {far}.").format(near=format_value(values[1]), far=far)
    numbers = _("{near} at Δ = 1, {half} at {middle}, {end} at {far}").format(
        near=format_value(values[1]), half=format_value(values[middle]), middle=middle, end=format_value(values[-1]), far=far
    )
    if _is_zero(values[-1], errors):
        return _("falls until it cannot be distinguished from 0: {numbers}.").format(numbers=numbers)
    factor = _factor_per_step(values[middle], values[-1], far - middle)
    if factor is None or abs(factor - 1) <= LEVEL_TOLERANCE:
        return _level_sentence(values[1], values[middle]).format(numbers=numbers)
    text = _("grows by ×{factor:.2f} per step: {numbers}.") if factor > 1 else _("falls by ×{factor:.2f} per step: {numbers}.")
    return text.format(factor=factor, numbers=numbers)


def explain_trend(placement: Placement, cell: str, quantity: str, trend: str) -> str:
    """Return a sentence on the cause of a trend, from the masks of the recurrence; "" if no general cause is known.

    trend: the result of `classify_trend`; a reason for a fall is no reason for growth.
    """
    recurrent = {site for site, _dropout in placement.sites} - FEED_FORWARD_SITES
    if not recurrent:
        return _("No mask acts within the recurrence.")
    if recurrent == {"cell"}:
        return _explain_cell_mask(placement.get("cell"), quantity, trend)
    if recurrent == {"whole_state"}:
        return _explain_whole_state_mask(placement.get("whole_state"), trend)
    return _explain_state_mask(placement.get("state"), cell, trend) if recurrent == {"state"} else ""


def _explain_state_mask(dropout: Dropout | None, cell: str, trend: str) -> str:
    if "cell" not in list_routes(cell):
        only = _("h is the only route along time, and it is masked at every step.")
        return f"{only} {_explain_growing_norm(dropout)}" if trend == "grows" and _is_inverted(dropout) else only
    if _is_shared_over_time(dropout):
        repeated = _("The mask on h is the same at every step: its effect accumulates along time instead of averaging out.")
        return "" if trend == "level" else repeated
    if trend == "grows":
        return ""
    if trend == "falls" and cell == "lstm":
        return _("c has no mask, but what is written to c comes from h, which is masked at every step.")
    if trend == "falls":
        return _("The carry has no mask, but what is written to it comes from h, which is masked at every step.")
    if cell == "lstm":
        return _("Content is carried through c, which has no mask; the count of masks applies to the route through h alone.")
    return _(
        "Content is carried through the carry, which has no mask; the count of masks applies to the route through h alone."
    )


def _explain_whole_state_mask(dropout: Dropout | None, trend: str) -> str:
    both = _("Both routes along time, the carry and the recurrent product, read h as it is masked at every step.")
    if trend == "falls":
        return both
    if trend != "grows" or not _is_inverted(dropout):
        return ""
    if not _is_shared_over_time(dropout):
        return f"{both} {_explain_growing_norm(dropout)}"
    same = _(
        "One mask on h for the whole sequence, with inverted scaling: the same units are multiplied by 1/(1-p) at every step, "
        "{factor} here."
    )
    return f"{both} {same.format(factor=_format_scales(dropout))}"


def _explain_cell_mask(dropout: Dropout | None, quantity: str, trend: str) -> str:
    if dropout is None or dropout.noise != "bernoulli":
        return ""
    if not _is_shared_over_time(dropout):
        fresh = _("The mask on c is fresh at each step: dropped content is lost, and each step drops more.")
        return {
            "falls": f"{fresh} {_explain_correlation(dropout)}" if quantity == "correlation" else fresh,
            "grows": _explain_growing_norm(dropout) if _is_inverted(dropout) else "",
        }.get(trend, "")
    if dropout.scaling != "inverted":
        return _("One mask on c for the whole sequence: the same units are kept at every step.")
    same = _(
        "One mask on c for the whole sequence, with inverted scaling: the same units are multiplied by 1/(1-p) at every "
        "step, {factor} here, and explode."
    ).format(factor=_format_scales(dropout))
    return same if trend == "grows" else f"{same} " + _("The states soon differ strongly from those without masks.")


def _explain_growing_norm(dropout: Dropout | None) -> str:
    """Explain why a fresh mask with inverted scaling increases a norm: a factor has mean 1 and second moment 1/(1-p)."""
    return _(
        "Inverted scaling divides what a mask keeps by 1-p at every step, {factor} here: fewer and fewer units survive, "
        "with ever larger values. The mean stays the same, the norm grows."
    ).format(factor=_format_scales(dropout))


def _explain_correlation(dropout: Dropout) -> str:
    """Explain why the correlation falls more slowly than units are lost: n units kept with q have the cosine √q."""
    return _(
        "A single unit survives with probability (1-p)^Δ; the direction of many independent units decays only by √(1-p) per "
        "step, {factor} here, and less where content also passes from unit to unit."
    ).format(factor=_(" or ").join(f"×{math.sqrt(1 - rate):.2f}" for rate in _list_rates(dropout)))


def _is_inverted(dropout: Dropout | None) -> bool:
    return dropout is not None and dropout.noise == "bernoulli" and dropout.scaling == "inverted"


def _is_shared_over_time(dropout: Dropout | None) -> bool:
    return dropout is not None and not dropout.is_fresh("time")


def _list_rates(dropout: Dropout | None) -> Sequence[float]:
    rate = dropout.rate if dropout else 0.0
    return tuple(dict.fromkeys(rate if isinstance(rate, tuple) else (rate,)))


def _format_scales(dropout: Dropout | None) -> str:
    return _(" or ").join(f"×{1 / (1 - rate):.3g}" for rate in _list_rates(dropout))


def _is_zero(last: float, errors: Sequence[float | None]) -> bool:

    return last < ROUNDING_LIMIT or bool(errors and last < ZERO_STANDARD_ERRORS * (errors[-1] or 0))


def _level_sentence(near: float | None, middle: float) -> str:
    """Return the sentence for a curve that is level from its middle on."""
    if near is None or near <= 0 or 1 / RISE_FACTOR <= middle / near <= RISE_FACTOR:
        return _("hardly depends on the distance: {numbers}.")
    if middle > near:
        return _("rises over the first steps, then hardly depends on the distance: {numbers}.")
    return _("falls over the first steps, then hardly depends on the distance: {numbers}.")


def _factor_per_step(first: float, last: float, steps: int) -> float | None:
    return math.exp(math.log(last / first) / steps) if first > 0 and steps else None
