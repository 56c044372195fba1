"""Studies as data, and their fairness to the bit. Oracles: round trips; the data, masks and initial weights of the trainer."""

import json
from dataclasses import fields, replace
from itertools import islice
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.dropout.methods import get_method
from core.errors import Invalid
from core.experiment.batches import load_data
from core.experiment.experiment import Experiment, build_experiment, replace_seeds
from core.experiment.study import (
    MAX_SEEDS,
    Study,
    StudyRun,
    describe_differences,
    study_from_json,
    study_to_json,
)
from core.training.events import NoCommands
from core.training.loss import forward
from core.training.trainer import Trainer
from tests.strategies import experiments, json_values

# "Where should dropout go?"
START_SET = ("none", "zaremba2014", "gal2016", "semeniuta2016", "moon2015", "naive-state", "naive-cell")
TINY = {"hidden": 6, "layers": 2, "batch": 4, "updates": 4, "device": "cpu"}


def build(method: str, rate: float | None = None, **given: Any) -> Experiment:
    """Return a small experiment with a method."""
    placement = get_method(method).build_placement(rate)
    return build_experiment("delayed-recall", {"lag": 3, "sequences": 64}, placement=placement, **TINY | given)


def build_study(*methods: str, seeds: tuple[int, ...] = (7, 8)) -> Study:
    """Return a study of methods."""
    return Study(tuple((method, build(method)) for method in methods), seeds)


@settings(max_examples=30)
@given(experiments(), st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=5, unique=True))
def test_a_study_round_trips_as_json(experiment: Experiment, seeds: list[int]) -> None:
    other = replace(experiment, mask_seed=1, clip=1.0 if experiment.clip != 1 else 2.0)
    study = Study((("a", experiment), ("b", other)), tuple(seeds))
    assert study_from_json(study_to_json(study)) == study


def test_every_run_is_the_experiment_with_one_seed() -> None:
    study = build_study("none", "zaremba2014")
    assert study.list_runs() == [
        StudyRun(name, seed, replace_seeds(build(name), seed)) for seed in (7, 8) for name in ("none", "zaremba2014")
    ]
    given = Study((("a", build("none", data_seed=1, mask_seed=2, weight_seed=3)),), (9,))
    assert given == Study((("a", replace_seeds(build("none"), 9)),), (9,)), "the seeds are those of the study"


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Study((), (1,)), "this one has 0"),
        (
            lambda: Study(tuple((str(n), build("none", clip=n)) for n in range(1, 10)), (1,)),
            "experiments; this one has 9",
        ),
        (lambda: build_study("none", seeds=()), "seeds; this one has 0"),
        (lambda: build_study("none", seeds=tuple(range(MAX_SEEDS + 1))), "from 1 to 100"),
        (lambda: build_study("none", seeds=(1, 1)), "each seed once"),
        (lambda: build_study("none", seeds=(-1,)), "seed is -1"),
        (lambda: build_study("none", seeds=(True,)), "seed is True"),
        (lambda: Study((("a", build("none")), ("a", build("gal2016"))), (1,)), "two experiments with the name “a”"),
        (lambda: Study((("a", build("none")), ("b", build("none", mask_seed=9))), (1,)), "are the same experiment"),
        (lambda: Study((("a\nb", build("none")),), (1,)), "a text of one line"),
        (lambda: Study((("x" * 61, build("none")),), (1,)), "1 to 60 characters"),
        (lambda: Study((("a", build("none")), ("b", build_experiment("parity"))), (1,)), "not tested on the same data"),
        (lambda: Study((("a", build("none")), ("b", build("none", steps=30))), (1,)), "they differ in steps"),
    ],
)
def test_what_is_not_allowed_is_refused_in_one_sentence(make: Any, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence):
        make()


def test_a_larger_training_split_is_a_fair_comparison() -> None:
    more = build_experiment("delayed-recall", {"lag": 3, "sequences": 128}, placement=build("none").placement, **TINY)
    assert Study((("few", build("none")), ("many", more)), (1,)).list_differences() == {"many": [("sequences", "64", "128")]}


@settings(max_examples=50)
@given(json_values)
def test_arbitrary_json_is_refused(value: Any) -> None:
    for damaged in (
        value,
        {"version": 1, "seeds": [1], "experiments": value},
        {"version": 1, "seeds": value, "experiments": []},
    ):
        with pytest.raises(Invalid):
            study_from_json(json.dumps(damaged))
    with pytest.raises(Invalid):
        study_from_json("{")


def test_a_study_of_an_uploaded_file_is_refused() -> None:
    plain = json.loads(study_to_json(build_study("none")))
    plain["experiments"][0]["experiment"]["file"] = "own"
    with pytest.raises(Invalid, match="trains on a file"):
        study_from_json(json.dumps(plain))


def test_differences_are_named_in_a_line_each() -> None:
    study = Study((("a", build("none")), ("b", build("gal2016", clip=2.0)), ("c", build("none", cell="gru"))), (1,))
    assert describe_differences(study) == [
        "b: method is gal2016 instead of none",
        "b: clip is 2.0 instead of 1.0",
        "c: cell is gru instead of lstm",
    ]


def test_what_is_not_named_does_not_differ() -> None:
    """All fields of the experiments are equal except the placement and the fields that the method's name stands for."""
    first, *others = build_study(*START_SET).list_runs()[: len(START_SET)]
    for other in others:
        values = [[getattr(run.experiment, field.name) for field in fields(Experiment)] for run in (first, other)]
        assert [field.name for field, a, b in zip(fields(Experiment), *values, strict=True) if a != b] == ["placement"]


class TracedRun:
    """The initial weights of a run, and its data and masks at each update, as bytes."""

    def __init__(self, experiment: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
        run = Trainer(experiment, NoCommands(), 0)
        self.weights = {name: value.numpy().tobytes() for name, value in run.network.state_dict().items()}
        self.batches: list[tuple[bytes, bytes, bool]] = []
        self.masks: list[dict[str, Any]] = []

        def record(network: Any, batch: Any, states: Any, masks: Any) -> Any:
            self.batches.append((batch.x.tobytes(), batch.y.tobytes(), batch.starts_sequence))
            self.masks.append({name: mask.numpy().copy() for name, mask in masks.items()})
            return forward(network, batch, states, masks)

        with monkeypatch.context() as patched:
            patched.setattr("core.training.trainer.forward", record)
            for batch in islice(run.data.train(0), run.total):
                run.update += 1
                run.change_weights(batch)


def test_compared_runs_share_data_weights_batches_and_masks_to_the_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    study = build_study(*START_SET)
    for seed in study.seeds:
        planned = [run for run in study.list_runs() if run.seed == seed]
        runs = [TracedRun(run.experiment, monkeypatch) for run in planned]
        assert len(runs[0].batches) == TINY["updates"]
        for plan, run in zip(planned, runs, strict=True):
            assert load_data(plan.experiment) is load_data(planned[0].experiment)
            assert run.weights == runs[0].weights
            assert run.batches == runs[0].batches
            assert all(bool(masks) == (plan.name != "none") for masks in run.masks)
        assert count_shared_masks(planned, runs) > 0


def count_shared_masks(planned: list[StudyRun], runs: list[TracedRun]) -> int:
    """Return how many masks are at sites that two experiments configure alike; they must be equal, bit for bit."""
    shared = 0
    for i, one in enumerate(planned):
        for j, other in enumerate(planned[:i]):
            for site in {site.name for site, _dropout in one.experiment.placement}:
                if one.experiment.placement.get(site) != other.experiment.placement.get(site):
                    continue
                for mine, theirs in zip(runs[i].masks, runs[j].masks, strict=True):
                    names = [name for name in mine if name.split(".")[0] == site]
                    assert names == [name for name in theirs if name.split(".")[0] == site]
                    assert all(mine[name].tobytes() == theirs[name].tobytes() for name in names)
                    shared += len(names)
    return shared


def test_a_higher_rate_only_drops_more_units(monkeypatch: pytest.MonkeyPatch) -> None:
    study = Study((("low", build("zaremba2014", 0.25)), ("high", build("zaremba2014", 0.5))), (7,))
    low, high = (TracedRun(run.experiment, monkeypatch) for run in study.list_runs())
    assert study.list_differences()["high"][0][0] == "rate"
    for few, many in zip(low.masks, high.masks, strict=True):
        assert few.keys() == many.keys()
        assert all(np.all((few[name] != 0) | (many[name] == 0)) for name in few)


def test_different_seeds_are_different_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = (TracedRun(run.experiment, monkeypatch) for run in build_study("zaremba2014").list_runs())
    assert one.weights != other.weights
    assert one.batches != other.batches
    assert any(mask.tobytes() != other.masks[0][name].tobytes() for name, mask in one.masks[0].items())
