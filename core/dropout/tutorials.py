"""Claims of tutorials about dropout in recurrent networks, with their corrections."""

from dataclasses import dataclass

from core.i18n import N_


@dataclass(frozen=True)
class TutorialClaim:
    """A claim that circulates in tutorials, its correction, and the method it belongs to."""

    claim: str
    correction: str
    method: str


TUTORIAL_CLAIMS = (
    TutorialClaim(N_("The gates are called i, j, o, g."), N_("i, f, o, g: the second is the forget gate."), "zaremba2014"),
    TutorialClaim(
        N_("The equations end with h of the top layer, undropped."),
        N_("D(h) of the top layer into the prediction belongs to the method; without it the count is L and not L + 1."),
        "zaremba2014",
    ),
    TutorialClaim(
        N_("Activations (p_a) and connections (p_w) are dropped at each step."),
        N_(
            "No paper does this. The tutorial's equation has the same activation on both sides, where the input belongs on "
            "one; it updates weights inside the loop over time; and its code drops between layers only."
        ),
        "activations-and-connections",
    ),
    TutorialClaim(
        N_("Each unit is multiplied by its probability p_j."),
        N_("A constant is no dropout: a random mask belongs there, drawn in training. Nor are weights or biases set to zero."),
        "none",
    ),
    TutorialClaim(
        N_("Dropping connections is called dropout."),
        N_("That is DropConnect: single weights are dropped, not units."),
        "dropconnect",
    ),
    TutorialClaim(
        N_("λ / (1 - ρ) scales what is kept."),
        N_("With λ = 1 this is inverted scaling; as ρ goes to 0 the weights are what they were."),
        "dropconnect",
    ),
    TutorialClaim(
        N_("LSTM: forget and output gates; GRU: input, reset and output gates are dropped."),
        N_(
            "That is gate dropout, not the usual practice; a GRU has a reset and an update gate only, and a mask on f or z "
            "erases memory."
        ),
        "gate",
    ),
    TutorialClaim(
        N_("Dropout gives uncertainty at test."),
        N_("Only with masks at test: many passes, whose probabilities are averaged."),
        "monte-carlo",
    ),
    TutorialClaim(
        N_("i = (1 - rate) · gate."),
        N_(
            "A constant, not a mask: nothing is dropped. With a mask on i it would be Semeniuta's method, since i and g are "
            "multiplied."
        ),
        "semeniuta2016",
    ),
    TutorialClaim(
        N_("The cell's equations need h of the step before only."),
        N_("They must read x as well: W x + U h + b."),
        "semeniuta2016",
    ),
    TutorialClaim(
        N_("A layer of dropout .5 after each of three LSTM layers."),
        N_("Masks between the layers and on the output, none on the input: L corruptions, not L + 1."),
        "keras-stack",
    ),
    TutorialClaim(
        N_("Dropping the filters of a convolution is dropout."), N_("It is spatial dropout: whole maps at once."), "none"
    ),
)


def list_tutorial_claims(method: str) -> list[TutorialClaim]:
    """Return the statements that belong to a method."""
    return [row for row in TUTORIAL_CLAIMS if row.method == method]
