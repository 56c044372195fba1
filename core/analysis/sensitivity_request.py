"""What is asked of a sensitivity measurement, and the curves that it gives. Plain data, without torch."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

from core.analysis.path_stats import full
from core.dropout.methods import METHODS
from core.dropout.placement import Placement, from_data, to_data
from core.experiment.experiment import Experiment
from core.experiment.serialization import from_plain, to_plain

DRAWS = 200  # of all masks, for each placement


WIDEST = 128  # units of a layer, at most


FARTHEST = 40  # steps, at most


# What is measured beside the method that is chosen; Moon's with the scale that it must not have.
BESIDE = ("zaremba2014", "naive-state", "naive-cell", "moon2015", "gal2016")


INVERTED = "moon2015"


# What tells how an experiment trains, and nothing of its model.
TRAINED = ("optimiser", "learning_rate", "decay", "decay_after", "clip", "weight_decay", "loss")


Values = tuple[float | None, ...]


@dataclass(frozen=True)
class Curve:
    """Of one placement, for every distance from 0 on, each with its standard error: None where it is not finite.

    correlation: with the response of the same model without masks, -1 to 1, mean over the draws. signal_to_noise: the power of
    the part along that response over the power of the rest. gradient: the root mean square norm of ∂y_t/∂x_s over that norm
    without masks. draws: of all masks, over which that was taken.
    """

    correlation: Values
    signal_to_noise: Values
    gradient: Values
    correlation_error: Values = ()
    signal_to_noise_error: Values = ()
    gradient_error: Values = ()
    draws: int = 0

    def error(self, quantity: str) -> Values:
        """The standard errors of a quantity."""
        errors: Values = getattr(self, f"{quantity}_error")
        return errors


def as_it_is(experiment: Experiment) -> bool:
    """Whether the experiment's model is measured as it is, and not a smaller one in its place."""
    return max(experiment.shape.embedding, *experiment.widths) <= WIDEST


def measurable(experiment: Experiment) -> Experiment:
    """The experiment's model, small enough to be measured in seconds: at most `WIDEST` units."""
    hidden = tuple(min(width, WIDEST) for width in experiment.widths)
    embedding = min(experiment.shape.embedding, WIDEST) if experiment.words else None
    trained = {name: getattr(Experiment, name) for name in TRAINED}
    return replace(
        experiment,
        hidden=hidden,
        embedding=embedding,
        placement=Placement(),
        **trained,
        epochs=1,
        updates=None,
        monte_carlo=0,
        engine="reference",
        device="cpu",
    )


def candidates(experiment: Experiment) -> dict[str, Placement]:
    """What is measured, by name: "own" is the experiment's placement, the others are methods of its cell at usual rates."""
    every = {"own": full(experiment.placement)}
    for name in BESIDE:
        if experiment.cell in METHODS[name].cells:
            whole = METHODS[name].placement(cell=experiment.cell)
            every[name] = whole if experiment.words else whole.without("words")
    if INVERTED in every:
        sites = {site: replace(dropout, scaling="inverted") for site, dropout in every[INVERTED].sites}
        every[INVERTED] = Placement.of(sites)
    # A chosen method that is measured anyway, or has no mask, has no curve of its own.
    if any(every["own"] == one for name, one in every.items() if name != "own") or not every["own"].sites:
        del every["own"]
    return every


def written(weights: Path | None) -> int:
    """When the file was written, in nanoseconds; 0 without one."""
    try:
        return weights.stat().st_mtime_ns if weights else 0
    except OSError:  # gone meanwhile: who measures will say so
        return 0


def request(experiment: Experiment, weights: Path | None = None) -> str:
    """What a process is asked for, as one line of JSON: equal for equal measurements."""
    placements = {name: to_data(one) for name, one in candidates(experiment).items()}
    plain = {"experiment": to_plain(measurable(experiment)), "placements": placements, "weights": str(weights or "")}
    return json.dumps(plain, sort_keys=True)


def asked(line: str) -> tuple[Experiment, dict[str, Placement], Path | None]:
    """The experiment, the placements and the weights of a request."""
    data = json.loads(line)
    placements = {name: from_data(one) for name, one in data["placements"].items()}
    return from_plain(data["experiment"], trusted=True), placements, Path(data["weights"]) if data["weights"] else None
