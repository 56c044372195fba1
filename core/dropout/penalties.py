"""The terms that some methods add to the loss: one row a term."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.errors import Invalid
from core.i18n import N_, _

MOST = 1000.0  # the largest weight


@dataclass(frozen=True)
class LossTerm:
    """One term: its name, what it punishes, and its equation in LaTeX. The weight belongs to the placement."""

    name: str
    label: str
    about: str
    equation: str


LOSSES = {
    term.name: term
    for term in (
        LossTerm(
            "ar",
            N_("activation regularisation"),
            N_("Keeps what the last layer tells, as dropped, small."),
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
            N_("Two sets of masks in one update: what the two thinned networks say must not differ."),
            r"\kappa \, \mathrm{mean}\, \lVert \mathrm{logits}_1 - \mathrm{logits}_2 \rVert^2",
        ),
    )
}


def check_losses(losses: Mapping[str, object]) -> tuple[tuple[str, float], ...]:
    """The terms with a weight above 0, in the order of the table. Raises Invalid for what cannot be."""
    for name, weight in losses.items():
        if name not in LOSSES:
            raise Invalid(
                _("There is no loss term “{name}”; the terms are {all}.").format(name=name, all=", ".join(LOSSES)), "losses"
            )
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= MOST:
            raise Invalid(
                _("The weight of “{name}” is {weight}; it must be a number from 0 to {most:g}.").format(
                    name=name, weight=weight, most=MOST
                ),
                "losses",
            )
    given = {name: weight for name, weight in losses.items() if isinstance(weight, int | float) and weight > 0}
    return tuple((name, given[name]) for name in LOSSES if name in given)
