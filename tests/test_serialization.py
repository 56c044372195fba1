"""Experiments as JSON and as links. Oracles: the round trip of arbitrary experiments; damaged input always raises Invalid."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.dropout.methods import METHODS
from core.dropout.placement import Dropout, Placement
from core.dropout.schedule import RateSchedule
from core.dropout.sites import SITES
from core.errors import MAX_QUOTED_CHARACTERS, Invalid
from core.experiment.experiment import Experiment, build_experiment
from core.experiment.serialization import (
    VERSION,
    from_json,
    from_plain,
    from_plain_cached,
    from_query,
    to_json,
    to_plain,
    to_query,
)
from core.tasks import TASKS
from core.training.events import validate_command
from pages.common import path_view
from pages.common.link_fields import read_fields
from pages.learn import masks_view, path_state
from pages.reference import method_controls
from tests.strategies import experiments, json_values

PLAIN = to_plain(build_experiment("delayed-recall", layers=2, placement=METHODS["gal2016"].build_placement()))
OPTIONS = [option.name for task in TASKS.values() for option in task.options]
NAMES = [*PLAIN, *OPTIONS, *(f"p_{site}" for site in SITES), "v", "method", "rate", "sites", "x"]
NUMBERS = ["0.25", "1", "-1", "nan", "inf", "1e400", "9" * 5000, "1_0", "٣", "", " 2 ", "0x10", "1,2", ",", "0.1,0.2", "0.5,"]
WORDS = ["0.5~sequence~test", "0.5~", "~", "0.5~perhaps", "gal2016", "lstm", "delayed-recall", "None", "\ud800", "<b>", "%00"]


@given(experiment=experiments())
def test_json_round_trip(experiment: Experiment) -> None:
    again = from_json(to_json(experiment))
    assert again == experiment
    assert to_json(again) == to_json(experiment)
    assert from_plain_cached(to_plain(experiment)) == experiment


@given(experiment=experiments())
def test_query_round_trip(experiment: Experiment) -> None:
    """The query passes through an encoded address, as a browser sends it."""
    address = urlencode(to_query(experiment))
    assert from_query(dict(parse_qsl(address))) == experiment


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("method", METHODS)
def test_a_default_experiment_has_a_short_link(task: str, method: str) -> None:
    query = to_query(build_experiment(task, placement=METHODS[method].build_placement()))
    assert len(urlencode(query)) < 60
    assert set(query) <= {"v", "task", "method"}


def test_the_site_cell_and_the_field_cell_have_different_keys() -> None:
    query = to_query(build_experiment(placement=METHODS["naive-cell"].build_placement(0.1)))
    assert query | {"p_cell": "0.1"} == query
    assert from_query(query | {"cell": "lstm"}) == build_experiment(placement=METHODS["naive-cell"].build_placement(0.1))


def test_a_tuple_of_one_stays_a_tuple() -> None:
    experiment = build_experiment(
        layers=1, hidden=(8,), placement=Placement.from_sites({"state": Dropout((0.3,)), "cell": Dropout(0.2)})
    )
    assert to_query(experiment) | {"hidden": "8,", "p_state": "0.3,", "p_cell": "0.2"} == to_query(experiment)
    assert from_query(to_query(experiment)) == experiment


def test_missing_fields_have_the_defaults_of_the_task() -> None:
    assert from_json('{"task": "delayed-recall", "options": {"lag": 30}}') == build_experiment("delayed-recall", {"lag": 30})
    assert from_query({"task": "delayed-recall", "lag": "30"}) == build_experiment("delayed-recall", {"lag": 30})
    assert from_json("{}") == from_query({}) == build_experiment()


def test_a_query_may_name_a_method_a_rate_and_single_sites() -> None:
    query = {"method": "zaremba2014", "rate": "0.3", "p_state": "0.1~sequence~batch~test", "utm_source": "elsewhere"}
    expected = {
        **dict(METHODS["zaremba2014"].build_placement(0.3).sites),
        "state": Dropout(0.1, time="sequence", batch="batch", scaling="test"),
    }
    assert from_query(query).placement == Placement.from_sites(expected)
    assert from_query({"rate": "0.3"}) == build_experiment(placement=METHODS["zaremba2014"].build_placement(0.3))
    assert from_query({"sites": "none"}).placement == Placement()
    assert from_query({"task": "delayed-recall", "p_input": "0"}).placement == Placement()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "the JSON is damaged"),
        ("{", "the JSON is damaged"),
        ("[" * 100_000, "the JSON is damaged"),
        ("9" * 5000, "the JSON is damaged"),
        ("[]", "an object with the key “task” is expected"),
        ('"text"', "an object with the key “task” is expected"),
        ('{"version": 2}', "has version 2; this program reads version 1"),
        ('{"version": "one"}', "has version one"),
        ('{"learning": 1}', "has no “learning”; it has batch, cell"),
        ('{"task": 3}', "task is 3; a name is expected"),
        ('{"options": [25]}', "The options of a task are an object"),
        ('{"options": {"lag": 25}}', "has no option “lag”; it has words"),
        ('{"task": "delayed-recall", "options": {"lag": 25}, "steps": 20}', "A lag of 25 needs"),
        ('{"hidden": [8]}', "hidden names 1 sizes for 2 layers"),
        ('{"hidden": []}', "hidden names 0 sizes for 2 layers"),
        ('{"hidden": [[8], 8]}', "hidden is .* whole number"),
        ('{"learning_rate": NaN}', "learning_rate is nan"),
        ('{"clip": Infinity}', "clip is inf"),
        ('{"batch": 1e400}', "batch is inf"),
        ('{"batch": true}', "batch is True"),
        ('{"placement": []}', "A placement is an object of sites"),
        ('{"placement": {"state": {"rate": [0.1, 0.2, 0.3]}}}', "2 layers in this network but 3 rates"),
    ],
)
def test_damaged_json(text: str, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence):
        from_json(text)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"v": "2"}, "has version 2"),
        ({"v": "new"}, "v is “new”; a number is expected"),
        ({"task": "recal"}, "did you mean delayed-recall"),
        ({"layers": "two"}, "layers is “two”; a number is expected"),
        ({"layers": "9"}, "from 1 to 4"),
        ({"hidden": "4,5,x"}, "hidden is “x”; a number is expected"),
        ({"hidden": ","}, "hidden is “”; a number is expected"),
        ({"p_state": "1"}, "The rate of “state” is 1"),
        ({"p_state": "nan"}, "The rate of “state” is nan"),
        ({"p_state": "half"}, "state is “half”; a number is expected"),
        ({"p_state": "0.5~sometimes"}, "“sometimes” is not a setting of a site; the settings are step, sequence"),
        ({"p_output": "0.5~separate"}, "“output” has no axis “gates”"),
        ({"method": "dropout"}, "There is no method “dropout”"),
        ({"method": "gal2016", "rate": "lots"}, "rate is “lots”; a number is expected"),
        ({"learning_rate": "1e400"}, "learning_rate is inf"),
        ({"rate": ""}, "rate is “”; a number is expected"),
        ({"device": "toaster"}, "must be one of auto, cpu, cuda, mps"),
    ],
)
def test_damaged_query(query: dict[str, str], sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence):
        from_query(query)


# Links and a JSON file that an earlier version wrote; they must open as long as VERSION is 1.
OLD_EXPERIMENTS = {
    "v=1&task=delayed-recall&lag=30&cell=gru&hidden=8%2C12&method=semeniuta2016": build_experiment(
        "delayed-recall",
        {"lag": 30},
        cell="gru",
        hidden=(8, 12),
        placement=METHODS["semeniuta2016"].build_placement(cell="gru"),
    ),
    "v=1&task=adding&cell=rnn-logistic&updates=120&device=cpu&engine=reference"
    "&p_recurrent_weights=0.2~sequence~batch~separate&p_input_weights=0.2~sequence~batch~separate": build_experiment(
        "adding",
        cell="rnn-logistic",
        updates=120,
        device="cpu",
        engine="reference",
        placement=METHODS["dropconnect"].build_placement(0.2),
    ),
    "v=1&task=language-model&words=4000&hidden=32&embedding=32&optimiser=nt-asgd&loss=sum&forget_bias=none&decoder=tied"
    "&states=fresh&monte_carlo=5&data_seed=1&weight_seed=2&mask_seed=3&p_input=0.5~separate~ramp%2C300%2C0.1"
    "&p_output=0.3~batch~layer~none~gaussian&p_cell=0.1%2C0.2~sequence~none&p_zoneout_state=0.05~test&loss_ar=2"
    "&loss_fraternal=0.15": build_experiment(
        "language-model",
        {"words": 4000},
        hidden=32,
        embedding=32,
        optimiser="nt-asgd",
        loss="sum",
        forget_bias=None,
        decoder="tied",
        states="fresh",
        monte_carlo=5,
        data_seed=1,
        weight_seed=2,
        mask_seed=3,
        placement=Placement.from_sites(
            {
                "input": Dropout(0.5, gates="separate", schedule=RateSchedule("ramp", 300, 0.1)),
                "output": Dropout(0.3, batch="batch", units="layer", scaling="none", noise="gaussian"),
                "cell": Dropout((0.1, 0.2), time="sequence", scaling="none"),
                "zoneout_state": Dropout(0.05, scaling="test"),
            },
            {"ar": 2.0, "fraternal": 0.15},
        ),
    ),
}
OLD_JSON = """{"version": 1, "task": "language-model", "options": {"words": 4000}, "cell": "lstm", "layers": 2, "hidden": 32,
"embedding": 32, "batch": 20, "steps": 20, "epochs": 18, "updates": null, "optimiser": "nt-asgd", "learning_rate": 0.012,
"decay": 1.0, "decay_after": 1, "clip": 1.0, "weight_decay": 0.0, "loss": "sum", "init_range": null, "forget_bias": null,
"decoder": "tied", "windows": "equal", "states": "fresh", "monte_carlo": 5, "data_seed": 1, "weight_seed": 2, "mask_seed": 3,
"device": "auto", "engine": "auto", "placement": {"input": {"rate": 0.5, "gates": "separate", "schedule": {"kind": "ramp",
"length": 300, "start": 0.1}}, "output": {"rate": 0.3, "batch": "batch", "units": "layer", "scaling": "none", "noise":
"gaussian"}, "cell": {"rate": [0.1, 0.2], "time": "sequence", "scaling": "none"}, "zoneout_state": {"rate": 0.05, "scaling":
"test"}, "losses": {"ar": 2.0, "fraternal": 0.15}}}"""


@pytest.mark.parametrize("link", OLD_EXPERIMENTS)
def test_old_links_open(link: str) -> None:
    query = dict(parse_qsl(link))
    assert from_query(query) == OLD_EXPERIMENTS[link]
    assert to_query(OLD_EXPERIMENTS[link]) == query


def test_old_json_opens() -> None:
    experiment = list(OLD_EXPERIMENTS.values())[-1]
    assert from_json(OLD_JSON) == experiment
    assert json.loads(to_json(experiment)) == json.loads(OLD_JSON)


def assert_round_trip_or_invalid(make: Any, given: Any) -> None:
    """Assert that the input either raises Invalid or makes an experiment that round-trips."""
    with suppress(Invalid):
        experiment = make(given)
        assert from_json(to_json(experiment)) == from_query(to_query(experiment)) == experiment


@given(changes=st.dictionaries(st.sampled_from(list(PLAIN)), json_values, min_size=1, max_size=3))
@settings(max_examples=300)
def test_wrong_values_in_json(changes: dict[str, Any]) -> None:
    assert_round_trip_or_invalid(from_json, json.dumps(PLAIN | changes))


@given(value=json_values)
def test_any_json(value: object) -> None:
    assert_round_trip_or_invalid(from_json, json.dumps(value))
    assert_round_trip_or_invalid(from_plain, value)


@given(data=st.data())
@settings(max_examples=300)
def test_damaged_text(data: st.DataObject) -> None:
    """Characters are removed, changed or inserted, or the end is cut off."""
    text = json.dumps(PLAIN)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(start + 3, len(text))) | st.just(len(text)))
    assert_round_trip_or_invalid(from_json, text[:start] + data.draw(st.text(max_size=3)) + text[end:])


@given(query=st.dictionaries(st.sampled_from(NAMES), st.sampled_from(NUMBERS + WORDS) | st.text(max_size=12), max_size=4))
@settings(max_examples=400)
def test_any_query(query: dict[str, str]) -> None:
    assert_round_trip_or_invalid(from_query, query)


LONG = "x" * 10_000
# What is no word, no number and no object of settings, wherever it stands.
WRONG: list[Any] = [[], {}, [[]], {"a": []}, [None], [LONG], LONG, "", None, True, 1.5, 10**400, -1, float("nan")]
FULL = to_plain(
    build_experiment(
        "classification",
        placement=Placement.from_sites(
            {"words": Dropout(0.2, time="sequence"), "state": Dropout(0.3, schedule=RateSchedule("ramp", 5))}, {"ar": 2.0}
        ),
    )
)


def list_places(data: object, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of keys to every value, and to the values within it."""
    if isinstance(data, dict):
        for name, value in data.items():
            yield (*above, name)
            yield from list_places(value, (*above, name))


def replace_at(data: Any, place: tuple[str, ...], value: object) -> dict[str, Any]:
    """Return a copy of the data with another value at a path of keys."""
    changed: dict[str, Any] = data | {place[0]: value if len(place) == 1 else replace_at(data[place[0]], place[1:], value)}
    return changed


def assert_short_sentence(error: Invalid) -> None:
    assert "x" * (MAX_QUOTED_CHARACTERS + 1) not in str(error)
    assert len(str(error)) < 1200


@pytest.mark.parametrize("place", list(list_places(FULL)), ids=".".join)
def test_a_wrong_type_in_any_field_is_a_sentence(place: tuple[str, ...]) -> None:
    """Also under a long unknown key, which is quoted only in part."""
    for value in WRONG:
        for damaged in (replace_at(FULL, place, value), replace_at(FULL, (*place[:-1], LONG), value)):
            try:
                experiment = from_json(json.dumps(damaged))
                assert from_json(to_json(experiment)) == experiment
            except Invalid as error:
                assert_short_sentence(error)
            with suppress(Invalid):
                validate_command({"command": "change", **damaged})


@pytest.mark.parametrize("task", TASKS)
def test_a_wrong_type_in_any_option_is_a_sentence(task: str) -> None:
    for option in (*TASKS[task].options, TASKS["classification"].options[0]):
        for value in WRONG:
            with suppress(Invalid):
                from_json(json.dumps({"task": task, "options": {option.name: value}}))


def test_what_a_link_is_told_to_quote_is_cut() -> None:
    for name in NAMES:
        for text in (LONG, f"0.1~{LONG}", f"0.1~ramp,{LONG}", f"1.{LONG}"):
            try:
                from_query({name: text})
            except Invalid as error:
                assert_short_sentence(error)
    for module in (path_view, masks_view, path_state, method_controls):
        for field in module.FIELDS:
            for text in (LONG, f"{LONG}.1", f"between.{LONG}", f"1,{LONG}"):
                for refusal in read_fields(module.FIELDS, {field.name: text})[1]:
                    assert_short_sentence(refusal)


@given(version=json_values.filter(lambda value: value != VERSION))
def test_any_other_version_is_refused(version: object) -> None:
    with pytest.raises(Invalid, match="this program reads version"):
        from_plain(PLAIN | {"version": version})
