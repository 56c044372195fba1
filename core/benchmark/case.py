"""What is measured: layers of one size over a window, with one method's masks."""

from dataclasses import dataclass

from core.dropout.methods import METHODS
from core.experiment.experiment import Experiment, build_experiment

STEPS, BATCH, LAYERS = 40, 32, 2
SEQUENCES = 50_000  # so many that no epoch ends, with its evaluation, while updates are timed
UPDATE = 150  # of which the masks are: past the beginning of every usual schedule


@dataclass(frozen=True)
class Case:
    """One row of the table."""

    cell: str
    method: str
    hidden: int
    steps: int = STEPS
    batch: int = BATCH
    layers: int = LAYERS
    device: str = "cpu"
    engine: str = "auto"

    def experiment(self) -> Experiment:
        """A small task on exactly this network: the update's other parts are those of a real run, and cost little."""
        placement = METHODS[self.method].placement(cell=self.cell).at(UPDATE)
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
