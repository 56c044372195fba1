"""The penalties that some methods add to the loss: one row per term."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.errors import Invalid, quote
from core.i18n import N_, _

MAX_PENALTY_WEIGHT = 1000.0


@dataclass(frozen=True)
class LossTerm:
    """A term of the loss: its name, what it penalizes, and its equation in LaTeX. Its weight belongs to the placement."""

    name: str
    label: str
    about: str
    equation: str


LOSS_TERMS = {
    term.name: term
    for term in (
        LossTerm(
            "ar",
            N_("activation regularisation"),
            N_("Keeps the output of the last layer, with its dropout mask, small."),
            r"\alpha \, \mathrm{mean}\, \lVert m \odot h_t^L \rVert^2",
        ),
        LossTerm(
            "tar",
            N_("temporal activation regularisation"),
            N_("Keeps the last layer's state from changing much from step to step."),
            r"\beta \, \mathrm{mean}\, \lVert h_t^L - h_{t-1}^L \rVert^2",
        ),
        LossTerm(
            "fraternal",
            N_("fraternal term"),
            N_("Two sets of masks in one update: the outputs of the two thinned networks should not differ."),
            r"\kappa \, \mathrm{mean}\, \lVert \mathrm{logits}_1 - \mathrm{logits}_2 \rVert^2",
        ),
    )
}


def check_loss_terms(losses: Mapping[str, object]) -> tuple[tuple[str, float], ...]:
    """Return the terms with a weight above 0, in the order of the table. Raises Invalid for an unknown term or a bad weight."""
    for name, weight in losses.items():
        if name not in LOSS_TERMS:
            raise Invalid(
                _("There is no loss term “{name}”; the terms are {all}.").format(name=quote(name), all=", ".join(LOSS_TERMS)),
                "losses",
            )
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= MAX_PENALTY_WEIGHT:
            raise Invalid(
                _("The weight of “{name}” is {weight}; it must be a number from 0 to {most:g}.").format(
                    name=name, weight=quote(weight), most=MAX_PENALTY_WEIGHT
                ),
                "losses",
            )
    given = {name: weight for name, weight in losses.items() if isinstance(weight, int | float) and weight > 0}
    return tuple((name, given[name]) for name in LOSS_TERMS if name in given)
