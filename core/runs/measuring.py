"""Measurements of what arrives of a small change, asked for by the pages and made in processes of their own. No torch here.

One process at a time (`python -m core.measure`), one JSON object a line.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from core.codec import from_plain, to_plain
from core.dropout.methods import METHODS
from core.dropout.placement import Placement, from_data, to_data
from core.experiment import Experiment
from core.reach import full
from core.runs.errands import Answer, Errands

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


@dataclass(frozen=True)
class Measurement(Answer):
    """curves: those that are known so far, by the names that were asked for. update: how many updates the weights have seen
    that are measured. written: when their file was written, in nanoseconds; 0 for an untrained network."""

    curves: Mapping[str, Curve] = field(default_factory=dict)
    update: int = 0
    written: int = 0


def as_it_is(experiment: Experiment) -> bool:
    """Whether the experiment's model is measured as it is, and not a smaller one in its place."""
    return max(experiment.shape.embedding, *experiment.widths) <= WIDEST


def measurable(experiment: Experiment) -> Experiment:
    """The experiment's model, small enough to be measured in seconds: at most `WIDEST` units."""
    hidden = tuple(min(width, WIDEST) for width in experiment.widths)
    embedding = min(experiment.shape.embedding, WIDEST) if experiment.words else None
    trained = {name: getattr(Experiment, name) for name in TRAINED}
    return replace(experiment, hidden=hidden, embedding=embedding, placement=Placement(), **trained,
                   epochs=1, updates=None, monte_carlo=0, engine="reference", device="cpu")  # fmt: skip


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


class Measurements(Errands[Measurement]):
    """The measurements of a server. Thread-safe."""

    module = "core.measure"
    blank = Measurement()

    def ask(self, experiment: Experiment, weights: Path | None = None) -> None:
        """Has the experiment measured, unless it is or is being. weights: of a run, where it is not to be the untrained
        network; they are measured again when they have been written again. Raises Invalid where too many are waiting."""
        known = self.look(experiment, weights)
        self.ask_for(request(experiment, weights), again=known is not None and outdated(known, weights))

    def look(self, experiment: Experiment, weights: Path | None = None) -> Measurement | None:
        """How far the measurement of the experiment is; None where nobody has asked for it."""
        return self.answer_to(request(experiment, weights))

    def heard(self, before: Measurement, event: dict[str, Any]) -> Measurement:
        """One more curve; the event without a name is what all are compared with."""
        curves = dict(before.curves)
        if event["name"]:
            curves[event["name"]] = _curve(event)
        known = {name: event.get(name, getattr(before, name)) for name in ("update", "written")}
        return Measurement("done" if event["part"] == 1 else "running", event["part"], curves=curves, **known)


def outdated(found: Measurement, weights: Path | None) -> bool:
    """Whether the weights have been written again since they were measured."""
    return found.written != written(weights)


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
    return from_plain(data["experiment"], own=True), placements, Path(data["weights"]) if data["weights"] else None


def _curve(event: Mapping[str, Any]) -> Curve:
    given = ((one.name, event[one.name]) for one in fields(Curve))
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in given}
    return Curve(**values)
