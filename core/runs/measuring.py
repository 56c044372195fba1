"""Measurements of what arrives of a small change, asked for by the pages and made in processes of their own. No torch here.

One process at a time (`python -m core.measure`), one JSON object a line.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
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


@dataclass(frozen=True)
class Curve:
    """Of one placement, for every distance from 0 on: None where it is not finite.

    correlation: with the response of the same model without masks, -1 to 1, mean over the draws. signal_to_noise: the power of
    the part along that response over the power of the rest. gradient: the root mean square norm of ∂y_t/∂x_s over that norm
    without masks.
    """

    correlation: tuple[float | None, ...]
    signal_to_noise: tuple[float | None, ...]
    gradient: tuple[float | None, ...]


CURVES = tuple(one.name for one in fields(Curve))


@dataclass(frozen=True)
class Measurement(Answer):
    """curves: those that are known so far, by the names that were asked for."""

    curves: Mapping[str, Curve] = field(default_factory=dict)


def measurable(experiment: Experiment) -> Experiment:
    """The experiment's model, small enough to be measured in seconds: at most `WIDEST` units."""
    hidden = tuple(min(width, WIDEST) for width in experiment.widths)
    return replace(experiment, hidden=hidden, embedding=min(experiment.shape.embedding, WIDEST), placement=Placement(),
                   epochs=1, updates=None, learning_rate=Experiment.learning_rate, clip=Experiment.clip, monte_carlo=0,
                   engine="reference", device="cpu")  # fmt: skip


def candidates(experiment: Experiment) -> dict[str, Placement]:
    """What is measured, by name: "own" is the experiment's placement, the others are methods of its cell at usual rates.

    A placement with masks on weights is left out: it would need weights of its own for every draw.
    """
    every = {"own": full(experiment.placement)}
    for name in BESIDE:
        if experiment.cell in METHODS[name].cells:
            every[name] = METHODS[name].placement(cell=experiment.cell)
    if INVERTED in every:
        sites = {site: replace(dropout, scaling="inverted") for site, dropout in every[INVERTED].sites}
        every[INVERTED] = Placement.of(sites)
    # A chosen method that is measured anyway, or has no mask, has no curve of its own.
    if any(every["own"] == one for name, one in every.items() if name != "own") or not every["own"].sites:
        del every["own"]
    return {name: one for name, one in every.items() if not any(site.kind == "weights" for site, _dropout in one)}


class Measurements(Errands[Measurement]):
    """The measurements of a server. Thread-safe."""

    module = "core.measure"
    blank = Measurement()

    def ask(self, experiment: Experiment) -> None:
        """Has the experiment measured, unless it is or is being. Raises Invalid where too many are waiting."""
        self.ask_for(request(experiment))

    def look(self, experiment: Experiment) -> Measurement | None:
        """How far the measurement of the experiment is; None where nobody has asked for it."""
        return self.answer_to(request(experiment))

    def heard(self, before: Measurement, event: dict[str, Any]) -> Measurement:
        """One more curve; the event without a name is what all are compared with."""
        curves = dict(before.curves)
        if event["name"]:
            curves[event["name"]] = Curve(*(tuple(event[name]) for name in CURVES))
        return Measurement("done" if event["part"] == 1 else "running", event["part"], curves=curves)


def request(experiment: Experiment) -> str:
    """What a process is asked for, as one line of JSON: equal for equal measurements."""
    placements = {name: to_data(one) for name, one in candidates(experiment).items()}
    return json.dumps({"experiment": to_plain(measurable(experiment)), "placements": placements}, sort_keys=True)


def asked(line: str) -> tuple[Experiment, dict[str, Placement]]:
    """The experiment and the placements of a request."""
    data = json.loads(line)
    return from_plain(data["experiment"]), {name: from_data(one) for name, one in data["placements"].items()}
