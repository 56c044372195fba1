"""The request for a sensitivity measurement and the curves that it returns: plain data, without torch."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

from core.analysis.path_stats import remove_schedules
from core.dropout.methods import METHODS
from core.dropout.placement import Placement, placement_from_plain, placement_to_plain
from core.experiment.experiment import Experiment
from core.experiment.serialization import from_plain, to_plain

DRAWS = 200  # of all masks, for each placement
MAX_UNITS = 128  # of a layer
MAX_STEPS = 40
# The methods that are measured beside the chosen one.
COMPARED_METHODS = ("zaremba2014", "naive-state", "naive-cell", "moon2015", "gal2016")
# Measured with inverted scaling, whose factors compound over the steps, to show why it must not be used.
RESCALED_METHOD = "moon2015"
# The fields of an experiment that say how it trains; they do not change the network that is measured.
TRAINING_FIELDS = ("optimiser", "learning_rate", "decay", "decay_after", "clip", "weight_decay", "loss")

CurveValues = tuple[float | None, ...]


@dataclass(frozen=True)
class SensitivityCurve:
    """The sensitivity under one placement, for every distance from 0 on; None if a value is not finite.

    correlation: of the response with that of the same network without masks, -1 to 1, mean over the draws. signal_to_noise: the
    power of the part along that response over the power of the rest. gradient: the root mean square norm of ∂y_t/∂x_s over the
    norm without masks. …_error: the standard error of each. draws: how many draws of all masks were taken.
    """

    correlation: CurveValues
    signal_to_noise: CurveValues
    gradient: CurveValues
    correlation_error: CurveValues = ()
    signal_to_noise_error: CurveValues = ()
    gradient_error: CurveValues = ()
    draws: int = 0

    def error(self, quantity: str) -> CurveValues:
        """Return the standard errors of a quantity."""
        errors: CurveValues = getattr(self, f"{quantity}_error")
        return errors


def is_small_enough(experiment: Experiment) -> bool:
    """Return whether the experiment's own network can be measured; otherwise a smaller one is measured in its place."""
    return max(experiment.shape.embedding, *experiment.widths) <= MAX_UNITS


def shrink_for_measurement(experiment: Experiment) -> Experiment:
    """Return the experiment without dropout and with at most `MAX_UNITS` units in a layer, which is measured in seconds."""
    hidden = tuple(min(width, MAX_UNITS) for width in experiment.widths)
    embedding = min(experiment.shape.embedding, MAX_UNITS) if experiment.has_tokens else None
    defaults = {name: getattr(Experiment, name) for name in TRAINING_FIELDS}
    return replace(
        experiment,
        hidden=hidden,
        embedding=embedding,
        placement=Placement(),
        **defaults,
        epochs=1,
        updates=None,
        monte_carlo=0,
        engine="reference",
        device="cpu",
    )


def collect_placements(experiment: Experiment) -> dict[str, Placement]:
    """Return the placements to measure: "own" is the experiment's, the others are methods of its cell at usual rates."""
    placements = {"own": remove_schedules(experiment.placement)}
    for name in COMPARED_METHODS:
        if experiment.cell in METHODS[name].cells:
            placement = METHODS[name].build_placement(cell=experiment.cell)
            placements[name] = placement if experiment.has_tokens else placement.remove_site("words")
    if RESCALED_METHOD in placements:
        sites = {site: replace(dropout, scaling="inverted") for site, dropout in placements[RESCALED_METHOD].sites}
        placements[RESCALED_METHOD] = Placement.from_sites(sites)
    # A chosen placement that equals a compared method, or has no mask, gets no curve of its own.
    own = placements["own"]
    if not own.sites or any(own == placement for name, placement in placements.items() if name != "own"):
        del placements["own"]
    return placements


def get_modification_time(weights: Path | None) -> int:
    """Return when the file was last written, in nanoseconds since the epoch; 0 without a file."""
    try:
        return weights.stat().st_mtime_ns if weights else 0
    except OSError:  # removed meanwhile: the measurement reports that
        return 0


def make_request(experiment: Experiment, weights: Path | None = None) -> str:
    """Return a request as one line of JSON; equal measurements have equal requests."""
    placements = {name: placement_to_plain(placement) for name, placement in collect_placements(experiment).items()}
    plain = {
        "experiment": to_plain(shrink_for_measurement(experiment)),
        "placements": placements,
        "weights": str(weights or ""),
    }
    return json.dumps(plain, sort_keys=True)


def parse_request(line: str) -> tuple[Experiment, dict[str, Placement], Path | None]:
    """Return the experiment, the placements and the weights file of a request."""
    data = json.loads(line)
    placements = {name: placement_from_plain(plain) for name, plain in data["placements"].items()}
    return from_plain(data["experiment"], trusted=True), placements, Path(data["weights"]) if data["weights"] else None
