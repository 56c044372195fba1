"""Edits of a study, its text in a link, and the study to begin with. Oracles: round trips; the validator."""

import base64
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dropout.methods import get_method
from core.errors import Invalid
from core.experiment import study_edits as edits
from core.experiment.experiment import build_experiment, replace_seeds
from core.experiment.start_study import METHODS, QUICK_METHODS, QUICK_SETTINGS, TASKS, build_start_study
from core.experiment.study import MAX_EXPERIMENTS, Study
from core.experiment.study_link import MAX_JSON, study_from_text, study_to_text
from tests.test_study import build, build_study


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("task", TASKS)
def test_the_start_study_differs_in_the_placement_alone(task: str, quick: bool) -> None:
    study, names = build_start_study(task, quick=quick), QUICK_METHODS if quick else METHODS
    assert [one.placement for _name, one in study.experiments] == [get_method(name).build_placement() for name in names]
    assert {name for rows in study.list_differences().values() for name, _one, _other in rows} == {"method"}
    epochs = QUICK_SETTINGS[task]["epochs"] if quick else build_experiment(task).epochs
    assert {one.epochs for _name, one in study.experiments} == {epochs}


def test_one_rate_holds_for_every_site_of_the_start_study() -> None:
    rates = {d.rate for _name, one in build_start_study(rate=0.2).experiments for _site, d in one.placement.sites}
    assert rates == {0.2}


def test_an_added_experiment_gets_a_free_name_and_the_seeds_of_the_study() -> None:
    study = edits.add_experiment(build_study("none"), build("gal2016", data_seed=99))
    study = edits.add_experiment(study, build("gal2016", rate=0.1))
    assert study.names == ["none", "Gal and Ghahramani 2016, tied", "Gal and Ghahramani 2016, tied 2"]
    assert study.experiments[1][1] == replace_seeds(build("gal2016"), 7)
    with pytest.raises(Invalid, match="the same experiment"):
        edits.add_experiment(study, build("gal2016"))


def test_an_experiment_on_an_uploaded_file_is_not_added() -> None:
    with pytest.raises(Invalid, match="the file stays yours"):
        edits.add_experiment(build_start_study(), build_experiment("language-model", {"corpus": "/tmp/upload/text.txt"}))


def test_removing_renaming_and_the_baseline() -> None:
    study = build_study("none", "gal2016", "naive-cell")
    assert edits.remove_experiment(study, "none").names == ["gal2016", "naive-cell"]
    assert edits.rename_experiment(study, "none", " Nothing ").names == ["Nothing", "gal2016", "naive-cell"]
    assert edits.make_baseline(study, "naive-cell").names == ["naive-cell", "none", "gal2016"]
    for bad in ("", "gal2016", "x" * 61):
        with pytest.raises(Invalid):
            edits.rename_experiment(study, "none", bad)
    with pytest.raises(Invalid, match="1 to 8"):
        edits.remove_experiment(build_study("none"), "none")


@given(st.lists(st.integers(0, 30), min_size=1, max_size=8, unique=True), st.integers(1, 20))
def test_more_or_fewer_seeds_leave_the_others(seeds: list[int], count: int) -> None:
    before = Study((("a", build("none")),), tuple(seeds))
    after = edits.set_seed_count(before, count)
    assert len(after.seeds) == count
    assert after.seeds[: len(seeds)] == before.seeds[:count]


def test_at_most_eight_experiments() -> None:
    study = build_start_study()
    for rate in (0.1, 0.2)[: MAX_EXPERIMENTS - len(METHODS)]:
        study = edits.add_experiment(study, build_experiment(placement=get_method("keras").build_placement(rate)))
    with pytest.raises(Invalid, match="1 to 8"):
        edits.add_experiment(study, build_experiment(placement=get_method("keras").build_placement(0.3)))


def test_a_study_round_trips_through_a_short_text() -> None:
    study = build_start_study()
    text = study_to_text(study)
    assert study_from_text(text) == study
    assert len(text) < 1000, "a link is to be sent by mail"


@pytest.mark.parametrize(
    "text", ["", "x", "é", "!!!!", "AAAA", "A" * 30_000, study_to_text(build_study("none"))[:-9], "eJwDAAAAAAE"]
)
def test_a_damaged_text_is_one_sentence(text: str) -> None:
    with pytest.raises(Invalid, match="damaged"):
        study_from_text(text)


def test_a_small_text_that_would_become_large_is_refused() -> None:
    bomb = base64.urlsafe_b64encode(zlib.compress(b" " * 50 * MAX_JSON)).decode()
    assert len(bomb) < 20_000
    with pytest.raises(Invalid, match="damaged"):
        study_from_text(bomb)


def test_equal_runs_have_equal_keys_and_others_not() -> None:
    keys = {edits.make_run_key(run.experiment) for run in build_study("none", "gal2016").list_runs()}
    assert len(keys) == 4
    assert edits.make_run_key(build("none")) == edits.make_run_key(build("none"))
