"""A benchmark case: layers of one size over a window, with the masks of one method."""

from dataclasses import dataclass

from core.dropout.methods import METHODS
from core.experiment.experiment import Experiment, build_experiment

STEPS, BATCH, LAYERS = 40, 32, 2
SEQUENCES = 50_000  # enough that no epoch ends, and no evaluation is timed
UPDATE = 150  # whose masks are used: late enough that every usual schedule has a rate above 0


@dataclass(frozen=True)
class Case:
    """One row of the benchmark table."""

    cell: str
    method: str
    hidden: int
    steps: int = STEPS
    batch: int = BATCH
    layers: int = LAYERS
    device: str = "cpu"
    engine: str = "auto"

    def experiment(self) -> Experiment:
        """Return a small task on this network, so that a whole update is that of a real run and its other parts cost little."""
        placement = METHODS[self.method].build_placement(cell=self.cell).resolve_schedules(UPDATE)
        options = {"lag": self.steps - 2, "sequences": SEQUENCES}
        return build_experiment(
            "delayed-recall",
            options,
            cell=self.cell,
            hidden=self.hidden,
            layers=self.layers,
            steps=self.steps,
            batch=self.batch,
            placement=placement,
            device=self.device,
            engine=self.engine,
        )
