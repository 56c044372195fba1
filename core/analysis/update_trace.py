"""The trace of one update of a run as plain data, and an estimate of how long it takes to record. Without torch."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from core.dropout.cells import GATES
from core.errors import Invalid
from core.experiment.batches import count_updates, load_data
from core.experiment.bounds import check_integer
from core.experiment.experiment import Experiment
from core.experiment.serialization import from_plain, to_plain
from core.i18n import _

UNITS = 16  # recorded units of each layer, the first ones
MAX_SECONDS = 12.0  # of training up to the update, on a machine like the measured ones
# What an update costs there: seconds for a step of a layer, for a multiplication, and for a weight that is changed.
SECONDS_PER_STEP, SECONDS_PER_PRODUCT, SECONDS_PER_WEIGHT = 3e-4, 6e-11, 8e-9
RECORDING_COST = 3  # cost of recording an update, in updates

UnitRows = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class QuantityTrace:
    """A state of a layer over time, for one sample.

    values: of the first `UNITS` units, [T][units]. gradient: ∂loss/∂values, [T][units]. size, slope: the norms of both over all
    units, [T].
    """

    values: UnitRows
    gradient: UnitRows
    size: tuple[float, ...]
    slope: tuple[float, ...]


@dataclass(frozen=True)
class LayerTrace:
    """A layer over time. carried: h, and c of an LSTM. gates: the mean of each masked gate over all units, [T]."""

    carried: Mapping[str, QuantityTrace]
    gates: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True)
class TargetOutcome:
    """The target and the prediction at step t, with the probability of the target's class.

    Classes by their numbers; real values scaled, with probability None.
    """

    t: int
    target: float
    probability: float | None
    prediction: float


@dataclass(frozen=True)
class WeightTrace:
    """A parameter: the norms of its values before the update, of its gradient before clipping, and of its change."""

    name: str
    weight: float
    gradient: float
    change: float


@dataclass(frozen=True)
class UpdateTrace:
    """One update of a run, for one sample (from 0).

    loss: of the batch under the masks, as the run records it; None without targets. after: the same after the update, on the
    same batch under the same masks. objective: the loss with the method's penalties. answers: the number of targets. norm: of
    the whole gradient. factor: what clipping multiplied the gradient by.
    """

    update: int
    sample: int
    loss: float | None
    after: float | None
    objective: float
    answers: int
    layers: tuple[LayerTrace, ...]
    targets: tuple[TargetOutcome, ...]
    weights: tuple[WeightTrace, ...]
    norm: float
    factor: float


def make_request(experiment: Experiment, update: int, sample: int) -> str:
    """Return a request as one line of JSON; equal traces have equal requests."""
    return json.dumps({"experiment": to_plain(experiment), "update": update, "sample": sample}, sort_keys=True)


def parse_request(line: str) -> tuple[Experiment, int, int]:
    """Return the experiment, update and sample of a request."""
    data = json.loads(line)
    return from_plain(data["experiment"], trusted=True), data["update"], data["sample"]


def trace_to_plain(trace: UpdateTrace) -> dict[str, Any]:
    """Return the trace as JSON-compatible data. Its keys "right" and "guess" are the target and the prediction."""
    targets = [
        {"t": outcome.t, "right": outcome.target, "probability": outcome.probability, "guess": outcome.prediction}
        for outcome in trace.targets
    ]
    return asdict(trace) | {"targets": targets}


def parse_trace(plain: Mapping[str, Any]) -> UpdateTrace:
    """Return the trace of what `trace_to_plain` returned, also after a round trip through JSON."""
    layers = tuple(
        LayerTrace(
            {name: _parse_quantity(quantity) for name, quantity in layer["carried"].items()},
            {name: tuple(values) for name, values in layer["gates"].items()},
        )
        for layer in plain["layers"]
    )
    targets = tuple(
        TargetOutcome(outcome["t"], outcome["right"], outcome["probability"], outcome["guess"]) for outcome in plain["targets"]
    )
    weights = tuple(WeightTrace(**weight) for weight in plain["weights"])
    return UpdateTrace(**{**plain, "layers": layers, "targets": targets, "weights": weights})


def find_last_reachable_update(experiment: Experiment) -> int:
    """Return the last update up to which training takes at most `MAX_SECONDS`; 0 if there is none."""
    return max(0, int(MAX_SECONDS / estimate_seconds(experiment) - RECORDING_COST))


def estimate_seconds(experiment: Experiment) -> float:
    """Return about how many seconds an update takes, from its steps, multiplications and weights."""
    e, data, gates = experiment, load_data(experiment), len(GATES[experiment.cell])
    inputs = (e.shape.embedding, *e.widths[:-1])
    multiplied = sum(gates * h * (i + h) for i, h in zip(inputs, e.widths, strict=True)) + data.classes * e.widths[-1]
    trained = multiplied + data.tokens * e.shape.embedding
    return (
        e.steps * e.layers * SECONDS_PER_STEP
        + 3 * e.steps * e.batch * multiplied * SECONDS_PER_PRODUCT
        + trained * SECONDS_PER_WEIGHT
    )


def check_update_reachable(experiment: Experiment, update: int) -> None:
    """Raise Invalid if there is no such update, or if training up to it would take too long."""
    check_integer("update", update, (1, count_updates(experiment)))
    most = find_last_reachable_update(experiment)
    if not most:
        raise Invalid(
            _("A single update of this network takes too long to wait for. Make it smaller: fewer units, steps or samples."),
            "hidden",
        )
    if update > most:
        raise Invalid(
            _(
                "Update {update} is too far from the start: about {seconds} s of training. Move the slider "
                "to {most} or below, or choose fewer units, steps or samples."
            ).format(update=update, seconds=round(update * estimate_seconds(experiment)), most=most),
            "update",
        )


def _parse_quantity(plain: Mapping[str, Any]) -> QuantityTrace:
    rows = {name: tuple(map(tuple, plain[name])) for name in ("values", "gradient")}
    return QuantityTrace(**rows, size=tuple(plain["size"]), slope=tuple(plain["slope"]))
