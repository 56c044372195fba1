"""An estimate of the memory that a run will need, made before it runs. No torch here.

It is rough, and rather too high than too low: it decides whether several runs fit into one process.
"""

from core.dropout.cells import GATES
from core.experiment.batches import count_update_draws, load_data
from core.experiment.experiment import Experiment
from core.tasks.task import Data

MB = 2**20
WEIGHT = 16  # bytes: the weight, its gradient, and Adam's two moments
NUMBER = 4  # bytes of a float
DRAW = 8  # bytes of a random number and of the factor that is made of it
KEPT = 3  # copies of the numbers of a pass: forward, kept for the backward pass, and gradients
WINDOW = 16  # bytes of an input and its target
LEAST = 4.0  # megabytes of the smallest run


def estimate_memory(experiment: Experiment) -> float:
    """Return the megabytes of a run: weights, arrays of an update, data. Raises Invalid if the task cannot make its data."""
    data = load_data(experiment)
    parts = WEIGHT * count_weights(experiment, data), _update_size(experiment, data), _data_size(experiment, data)
    return LEAST + sum(parts) / MB


def count_weights(experiment: Experiment, data: Data) -> int:
    """Return the number of trained parameters."""
    shape, gates = experiment.shape, len(GATES[experiment.cell])
    below = (shape.embedding, *shape.hidden[:-1])
    recurrent = sum(gates * h * (i + h + 1) for i, h in zip(below, shape.hidden, strict=True))
    own = 0 if experiment.decoder == "tied" else data.classes * shape.hidden[-1]
    return data.tokens * shape.embedding + recurrent + own + data.classes


def _update_size(experiment: Experiment, data: Data) -> int:
    shape, gates = experiment.shape, len(GATES[experiment.cell])
    numbers = shape.embedding + sum((gates + 3) * h for h in shape.hidden) + data.classes
    passes = 2 if "fraternal" in dict(experiment.placement.losses) else 1
    masks = count_update_draws(experiment, 1)
    return NUMBER * shape.steps * shape.batch * KEPT * passes * numbers + DRAW * passes * masks


def _data_size(experiment: Experiment, data: Data) -> int:
    features = experiment.features or 1
    # The other two parts are together about as large as the training part, at most.
    return 2 * WINDOW * features * data.updates * experiment.steps * experiment.batch
