"""One update of a run seen from within, as plain data, and how long it takes to make it. No torch here."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.dropout.masks import GATES
from core.errors import Invalid
from core.experiment.batches import count_updates, load_data
from core.experiment.experiment import Experiment, check_whole
from core.experiment.serialization import from_plain, to_plain
from core.i18n import _

UNITS = 16  # of each layer, the first ones


PATIENCE = 12.0  # seconds of training, at most, on a machine like those that were measured


# What an update costs there: seconds for a step of a layer, for a multiplication, and for a weight that is changed.
STEP, PRODUCT, WEIGHT = 3e-4, 6e-11, 8e-9


WITHIN = 3  # what looking into an update costs, in updates


Rows = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Lane:
    """One quantity of a layer over time, of the sample that is looked at. values [T][units]: the first UNITS units. gradient:
    ∂loss/∂values, likewise. size, slope: ‖·‖ of both over all units, for every step."""

    values: Rows
    gradient: Rows
    size: tuple[float, ...]
    slope: tuple[float, ...]


@dataclass(frozen=True)
class Layer:
    """carried: h, and an LSTM's c. gates: the mean of each gate over all units, its mask included, [T]; an RNN has none."""

    carried: Mapping[str, Lane]
    gates: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True)
class Asked:
    """What is asked at step t: the number of the right class, its probability, the most probable class; or, where a real value
    is asked for, that value and the guess, both scaled, and no probability."""

    t: int
    right: float
    probability: float | None
    guess: float


@dataclass(frozen=True)
class Tensor:
    """A group of weights: its name, ‖w‖ before, ‖∂loss/∂w‖ before clipping, and how far the optimiser moved it, ‖Δw‖."""

    name: str
    weight: float
    gradient: float
    change: float


@dataclass(frozen=True)
class UpdateTrace:
    """One update. loss: that of the batch under the masks, as the run records it (None where nothing is asked); answers: how
    many it is the mean of; after: the same after the update, on the same batch under the same masks. objective: with the terms
    that the method adds. norm: of the whole gradient; factor: what clipping multiplied it by."""

    update: int
    sample: int
    loss: float | None
    after: float | None
    objective: float
    answers: int
    layers: tuple[Layer, ...]
    targets: tuple[Asked, ...]
    weights: tuple[Tensor, ...]
    norm: float
    factor: float


def request(experiment: Experiment, update: int, sample: int) -> str:
    """What a process is asked for, as one line of JSON: equal for equal snapshots."""
    return json.dumps({"experiment": to_plain(experiment), "update": update, "sample": sample}, sort_keys=True)


def asked(line: str) -> tuple[Experiment, int, int]:
    """The experiment, update and sample of a request."""
    data = json.loads(line)
    return from_plain(data["experiment"], trusted=True), data["update"], data["sample"]


def read(plain: Mapping[str, Any]) -> UpdateTrace:
    """The snapshot of its plain data (`dataclasses.asdict`), which JSON may have made lists of."""
    layers = tuple(
        Layer(
            {name: _lane(lane) for name, lane in one["carried"].items()},
            {name: tuple(values) for name, values in one["gates"].items()},
        )
        for one in plain["layers"]
    )
    return UpdateTrace(
        **{
            **plain,
            "layers": layers,
            "targets": tuple(Asked(**one) for one in plain["targets"]),
            "weights": tuple(Tensor(**one) for one in plain["weights"]),
        }
    )


def farthest(experiment: Experiment) -> int:
    """The last update that is near enough to be trained up to while somebody waits; 0 where not even one is."""
    return max(0, int(PATIENCE / seconds(experiment) - WITHIN))


def seconds(experiment: Experiment) -> float:
    """About how long an update takes: steps, multiplications, weights."""
    e, data, gates = experiment, load_data(experiment), len(GATES[experiment.cell])
    below = (e.shape.embedding, *e.widths[:-1])
    used = sum(gates * h * (i + h) for i, h in zip(below, e.widths, strict=True)) + data.classes * e.widths[-1]
    trained = used + data.tokens * e.shape.embedding
    return e.steps * e.layers * STEP + 3 * e.steps * e.batch * used * PRODUCT + trained * WEIGHT


def check_reach(experiment: Experiment, update: int) -> None:
    """Raises Invalid where there is no such update, or training up to it would take too long."""
    check_whole("update", update, (1, count_updates(experiment)))
    most = farthest(experiment)
    if not most:
        raise Invalid(
            _("A single update of this network takes too long to wait for. Make it smaller: fewer units, steps or samples."),
            "hidden",
        )
    if update > most:
        raise Invalid(
            _(
                "Update {update} is too far from the start to wait for: about {seconds} s of training. Move the slider "
                "to {most} or below, or choose fewer units, steps or samples."
            ).format(update=update, seconds=round(update * seconds(experiment)), most=most),
            "update",
        )


def _lane(plain: Mapping[str, Any]) -> Lane:
    rows = {name: tuple(map(tuple, plain[name])) for name in ("values", "gradient")}
    return Lane(**rows, size=tuple(plain["size"]), slope=tuple(plain["slope"]))
