"""The statistics of a study in a process of their own. Oracles: `analyze_study`, called here; Holm's correction by hand."""

from collections.abc import Iterator

import pytest

from core.experiment.study import Study
from core.results.study_answer import results_from_plain, results_to_plain
from core.results.study_jobs import EndedValues, StudyStatsJobs, make_request, parse_request
from core.results.study_progress import apply_news, find_best_point, list_keys, make_progress, select_ended
from core.results.study_stats import RunKey, analyze_study
from core.runs.job_queue import JobQueue
from tests.test_study import build_study

NAMES = ("none", "zaremba2014", "gal2016")


@pytest.fixture(scope="module")
def jobs() -> Iterator[StudyStatsJobs]:
    """Yield jobs with a queue of their own."""
    own = StudyStatsJobs(JobQueue())
    yield own
    own.close()


def build_example(seeds: int = 5) -> tuple[Study, dict[RunKey, EndedValues]]:
    """Return a study and values of its runs; the last run of the second experiment failed."""
    study = build_study(*NAMES, seeds=tuple(range(7, 7 + seeds)))
    shifts = {"none": 0.0, "zaremba2014": 0.1, "gal2016": 0.004}
    runs = {
        (name, seed): EndedValues(0.5 + shifts[name] + 0.01 * (seed % 3) * (1 + 2 * shifts[name]), 0.4)
        for name in NAMES
        for seed in study.seeds
    }
    return study, runs | {("zaremba2014", study.seeds[-1]): EndedValues(None, None, "diverged")}


def test_the_process_answers_what_the_statistics_are(jobs: StudyStatsJobs) -> None:
    study, runs = build_example()
    request = make_request(study, runs)
    assert parse_request(request) == (study, runs)
    jobs.submit(request)
    answer = jobs.wait_for_request_answer(request, 60)
    assert answer
    assert answer.state == "done", answer.reason
    assert answer.results == analyze_study(study, runs, against_first=True)


def test_against_the_first_holm_counts_fewer_pairs() -> None:
    study, runs = build_example()
    few, all_pairs = (analyze_study(study, runs, against_first=one)["validation"].pairs for one in (True, False))
    assert [(pair.name, pair.reference) for pair in few] == [("zaremba2014", "none"), ("gal2016", "none")]
    smallest = min(few, key=lambda pair: pair.p_value)
    assert smallest.adjusted_p_value == pytest.approx(2 * smallest.p_value)
    same = next(pair for pair in all_pairs if (pair.name, pair.reference) == (smallest.name, "none"))
    assert same.p_value == smallest.p_value
    assert same.adjusted_p_value >= smallest.adjusted_p_value


def test_results_round_trip_as_plain_data_with_one_seed_too() -> None:
    for seeds in (1, 2, 5):
        results = analyze_study(*build_example(seeds), against_first=True)
        assert results_from_plain(results_to_plain(results)) == results


def test_news_become_runs_and_those_that_ended_are_compared() -> None:
    study = build_study("none", "gal2016", seeds=(7,))
    runs = [make_progress(), make_progress()]
    apply_news(
        runs,
        [
            ("started", 0, 4, 2),
            ("point", 0, 2, 1.0, 0.7, 0.8, 0.5),
            ("point", 0, 4, 2.0, 0.6, 0.9, 0.75),
            ("ended", 0, "finished", "", 0.7, 1.5, 4),
            ("started", 1, 4, 2),
            ("point", 1, 2, 1.0, 0.7, 0.8, 0.5),
        ],
    )
    assert [run["state"] for run in runs] == ["finished", "running"]
    best = find_best_point(runs[0]["points"], "accuracy")
    assert best
    assert (best.update, best.metric) == (4, 0.75)
    by_key = dict(zip(list_keys(study), runs, strict=True))
    assert select_ended(study, by_key) == {("none", 7): EndedValues(0.75, 0.7)}
