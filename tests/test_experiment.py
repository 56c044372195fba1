"""The validator of experiments. Oracle: the bounds in the error messages, at both ends and one step beyond."""

from typing import Any

import pytest

from core.dropout.methods import METHODS
from core.dropout.placement import Dropout, Placement
from core.errors import Invalid
from core.experiment.batches import load_data
from core.experiment.bounds import CHOICES, CLOSED_BOUNDS, HALF_OPEN_BOUNDS, HIDDEN_BOUNDS, INTEGER_BOUNDS, OPTIONAL_FIELDS
from core.experiment.experiment import MAX_ACTIVATIONS, Experiment, build_experiment, replace_seeds
from core.tasks import TASKS

# The smallest network, so that a value at a bound does not exceed the memory.
SMALL: dict[str, Any] = {"layers": 1, "hidden": 1, "batch": 1}
NAN, INF = float("nan"), float("inf")
NOT_NUMBERS = [True, "3", None, [3], {}, NAN, INF]


def build_language_model(**given: Any) -> Experiment:
    """Return a language model's experiment with fields that the type checker does not check."""
    return build_experiment("language-model", {}, **given)


@pytest.mark.parametrize("name", [*INTEGER_BOUNDS, "hidden"])
def test_integer_bounds(name: str) -> None:
    low, high = HIDDEN_BOUNDS if name == "hidden" else INTEGER_BOUNDS[name]
    for allowed in (low, high):
        assert getattr(build_experiment(**{**SMALL, name: allowed}), name) == allowed
    for beyond in (low - 1, high + 1, 10**30, -(10**30)):
        with pytest.raises(Invalid, match=f"{name} is {beyond}; it must be a whole number from {low} to {high}") as caught:
            build_experiment(**{**SMALL, name: beyond})
        assert caught.value.field == name


@pytest.mark.parametrize("value", [*NOT_NUMBERS, 2.0, 2.5])
@pytest.mark.parametrize("name", [*INTEGER_BOUNDS, "hidden"])
def test_values_that_are_not_integers(name: str, value: object) -> None:
    if value is None and name in OPTIONAL_FIELDS:
        assert getattr(build_experiment(**{**SMALL, name: None}), name) is None
        return
    with pytest.raises(Invalid, match=f"{name} is .*; it must be a whole number"):
        build_experiment(**{**SMALL, name: value})


@pytest.mark.parametrize("name", HALF_OPEN_BOUNDS)
def test_half_open_bounds(name: str) -> None:
    above, most = HALF_OPEN_BOUNDS[name]
    for allowed in (above + 1e-9, most, 1):
        assert getattr(build_language_model(**{name: allowed}), name) == allowed
    for wrong in (above, above - 1, most + 1e-9, 10**30, *NOT_NUMBERS):
        if wrong is None and name in OPTIONAL_FIELDS:
            assert getattr(build_language_model(**{name: None}), name) is None
            continue
        with pytest.raises(Invalid, match=f"{name} is .*; it must be a number above {above} and at most {most}") as caught:
            build_language_model(**{name: wrong})
        assert caught.value.field == name


@pytest.mark.parametrize("name", CLOSED_BOUNDS)
def test_closed_bounds(name: str) -> None:
    low, high = CLOSED_BOUNDS[name]
    for allowed in (low, high, (low + high) / 2):
        assert getattr(build_language_model(**{name: allowed}), name) == allowed
    for wrong in (low - 1e-9, high + 1e-9, 10**30, *NOT_NUMBERS[1:]):
        with pytest.raises(Invalid, match=f"{name} is .*; it must be a number from {low} to {high}") as caught:
            build_language_model(**{name: wrong})
        assert caught.value.field == name


@pytest.mark.parametrize("name", CHOICES)
@pytest.mark.parametrize("value", ["", "LSTM", "abacus", None, 1, True, ["lstm"], {}])
def test_the_choices(name: str, value: object) -> None:
    with pytest.raises(Invalid, match=f"{name} is “.*”; it must be one of {CHOICES[name][0]}") as caught:
        build_language_model(**{name: value})
    assert caught.value.field == name


@pytest.mark.parametrize("name", TASKS)
def test_the_options_of_a_task(name: str) -> None:
    for option in TASKS[name].options:
        if not option.is_integer:
            continue
        for allowed in (option.low, option.high):
            assert dict(build_experiment(name, {option.name: allowed}).options)[option.name] == allowed
        for wrong in (option.low - 1, option.high + 1, *NOT_NUMBERS, 3.5):
            with pytest.raises(Invalid, match=f"{option.name} is .* whole number from {option.low} to {option.high}"):
                build_experiment(name, {option.name: wrong})  # type: ignore[dict-item]
    with pytest.raises(Invalid, match=f"“{name}” has no option “depth”; it has {TASKS[name].options[0].name}"):
        build_experiment(name, {"depth": 3})


def test_a_task_that_does_not_exist() -> None:
    with pytest.raises(Invalid, match="There is no task “recall”; did you mean delayed-recall"):
        build_experiment("recall")


@pytest.mark.parametrize(("lag", "steps"), [(25, 26), (100, 1), (1, 2)])
def test_a_lag_longer_than_the_sequence(lag: int, steps: int) -> None:
    with pytest.raises(
        Invalid, match=f"A lag of {lag} needs sequences of at least {lag + 2} steps.*steps is {steps}"
    ) as caught:
        build_experiment("delayed-recall", {"lag": lag}, steps=steps)
    assert caught.value.field == "lag"
    assert build_experiment("delayed-recall", {"lag": lag}).steps == lag + 2


def test_hidden_per_layer() -> None:
    experiment = build_experiment(layers=3, hidden=(4, 5, 6), embedding=3, steps=7, batch=2)
    assert experiment.widths == (4, 5, 6)
    assert (experiment.shape.embedding, experiment.shape.hidden) == (3, (4, 5, 6))
    assert build_experiment(layers=3, hidden=5).widths == (5, 5, 5)
    assert build_experiment(layers=3, hidden=(4, 5, 6)).shape.embedding == 4
    for wrong in ((4, 5), (4, 5, 6, 7), ()):
        with pytest.raises(Invalid, match=f"hidden names {len(wrong)} sizes for 3 layers"):
            build_experiment(layers=3, hidden=wrong)
    with pytest.raises(Invalid, match="hidden is 0; it must be a whole number"):
        build_experiment(layers=2, hidden=(4, 0))


def test_rates_per_layer() -> None:
    three = Placement.from_sites({"state": Dropout((0.1, 0.2, 0.3)), "between": Dropout((0.4, 0.5))})
    assert build_experiment(layers=3, placement=three).placement.get_rate("state", 3, 3) == 0.3
    with pytest.raises(Invalid, match="“between” has 1 layers in this network but 2 rates"):
        build_experiment(layers=2, placement=three)


def test_a_placement_made_without_validation() -> None:
    with pytest.raises(Invalid, match="The rate of “cell” is 2"):
        Experiment(options=build_experiment().options, placement=Placement((("cell", Dropout(2.0)),)))


def test_sizes_that_do_not_fit_together() -> None:
    most = {"layers": 4, "hidden": 1500, "batch": 2, "steps": MAX_ACTIVATIONS // (4 * 1500 * 2) // 2}
    assert build_language_model(**most).widths == (1500,) * 4
    with pytest.raises(Invalid, match=f"at most {MAX_ACTIVATIONS} fit in memory") as caught:
        build_language_model(**(most | {"batch": 256}))
    assert caught.value.field == "hidden"


def test_a_tied_decoder_needs_equal_widths_and_one_vocabulary() -> None:
    assert build_experiment(decoder="tied", hidden=(9, 5), embedding=5).widths == (9, 5)
    for task, hidden in (("language-model", (9, 5)), ("adding", 9)):
        with pytest.raises(Invalid, match="the last layer must be as wide as that, and the task must read tokens") as caught:
            build_experiment(task, decoder="tied", hidden=hidden)
        assert caught.value.field == "decoder"
    with pytest.raises(Invalid, match="“delayed-recall” has 18 input tokens and 8 classes"):
        load_data(build_experiment("delayed-recall", decoder="tied"))


def test_varied_windows_need_enough_steps_and_a_text() -> None:
    with pytest.raises(Invalid, match="need steps of at least 20; steps is 19"):
        build_experiment(windows="varied", steps=19)
    with pytest.raises(Invalid, match="this task has separate sequences"):
        load_data(build_experiment("delayed-recall", windows="varied"))


def test_missing_fields_have_the_defaults_of_the_task() -> None:
    for name, task in TASKS.items():
        default = build_experiment(name)
        assert {field: getattr(default, field) for field in task.defaults} == dict(task.defaults)
        assert dict(default.options) == {option.name: option.default for option in task.shared_options}
        assert default.steps == task.default_steps(dict(default.options))
    assert build_experiment("delayed-recall", hidden=9, clip=3).hidden == 9
    assert build_experiment("language-model").placement == METHODS["zaremba2014"].build_placement()


def test_one_seed_for_all_three() -> None:
    seeded = replace_seeds(build_experiment(), 11)
    assert (seeded.data_seed, seeded.weight_seed, seeded.mask_seed) == (11, 11, 11)
    with pytest.raises(Invalid, match="data_seed is -1"):
        replace_seeds(build_experiment(), -1)
