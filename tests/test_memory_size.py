"""The estimated size of values in memory, and how much of a class's data the caches keep."""

from functools import partial

import numpy as np

from core.experiment.batches import count_inputs, count_targets, load_data
from core.experiment.experiment import build_experiment
from core.experiment.memory_size import estimate_bytes


def test_what_functions_enclose_counts_once() -> None:
    array = np.zeros(1000)

    def enclosing() -> float:
        return float(array[0])

    for holder in (array, [array, array], {"a": array}, enclosing, partial(min, array), array[1:]):
        assert 8000 <= estimate_bytes(holder) < 9000


def test_ten_seeds_of_a_class_are_made_once() -> None:
    experiments = [build_experiment("adding", data_seed=seed) for seed in range(10)]
    first = [load_data(one) for one in experiments]
    assert all(load_data(one) is data for one, data in zip(experiments, first, strict=True))


def test_the_counts_are_those_of_the_batches() -> None:
    experiment = build_experiment("adding")
    data = load_data(experiment)
    assert count_inputs(experiment) == sum(batch.x.shape[0] * batch.x.shape[1] for batch in data.train(0))
    assert count_targets(experiment)["test"] == sum(int(batch.target_mask.sum()) for batch in data.split("test"))
    count_targets(experiment).clear()
    assert count_targets(experiment)
