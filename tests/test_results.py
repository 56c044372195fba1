"""Measured runs and their tables.

Oracles: SciPy's t distribution and confidence interval; invented runs; the files of measured runs.
"""

import json
import math
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from core.cli import run_tables
from core.cli.main import main
from core.errors import Invalid
from core.experiment.experiment import Experiment
from core.experiment.recipes import RECIPES
from core.results import recipe_runs, seed_runs, seed_table
from core.results.event_summary import summarize_events
from core.results.interval import T_QUANTILES, compute_interval
from core.results.measured_runs import FOLDER, MeasuredRun, load_runs, save_runs
from core.results.runner import Save
from core.results.seed_stats import group_runs
from core.tasks import TASKS
from core.tasks.metrics import METRICS
from tests.test_cli import parse_experiment

RUN = MeasuredRun("", "accuracy", 0.5, 0.5, 0.125, 10, 20, 1.5, 2.5, "", "a machine", 0.5, "2", "2026-01-01", "abc")


def make_runs(task: str = "parity", **tests: list[float]) -> list[MeasuredRun]:
    """Return invented runs with equal validation and test values."""
    return [
        replace(RUN, arguments=seed_runs.format_arguments(task, method.replace("_", "-"), seed), validation=value, test=value)
        for method, values in tests.items()
        for seed, value in zip(seed_runs.SEEDS, values, strict=False)
    ]


def test_intervals() -> None:
    assert [round(float(stats.t.ppf(0.975, n)), 3) for n in range(1, len(T_QUANTILES) + 1)] == list(T_QUANTILES)
    values = [131.0, 128.5, 140.25, 133.0, 129.75]
    low, high = stats.t.interval(0.95, 4, loc=sum(values) / 5, scale=stats.sem(values))
    found = compute_interval(values)
    assert (found.mean - found.half_width, found.mean + found.half_width) == pytest.approx((low, high), rel=1e-3)
    assert compute_interval([3.0]).half_width == math.inf
    assert [compute_interval(some).sign for some in ([1.0, 1.1, 0.9], [-1.0, -1.1, -0.9], [1.0, -1.1, 0.9], [3.0])] == [
        1,
        -1,
        0,
        0,
    ]


def test_methods_are_compared_by_seed() -> None:
    """A paired comparison is not affected by differences between seeds; the oracle is SciPy's paired t test."""
    none, zaremba, gal = [0.2, 0.5, 0.8, 0.4, 0.6], [0.25, 0.56, 0.84, 0.46, 0.65], [0.3, 0.4, 0.9, 0.3, 0.6]
    found = group_runs(make_runs(none=none, zaremba2014=zaremba, gal2016=gal), "parity")
    low, high = stats.ttest_rel(zaremba, none).confidence_interval(0.95)
    above = found["zaremba2014"].compute_difference(found["none"], "test")
    assert (above.mean - above.half_width, above.mean + above.half_width) == pytest.approx((low, high), rel=1e-3)
    assert [found[name].compare_with(found["none"], "test") for name in ("zaremba2014", "gal2016", "none")] == [1, 0, 0]
    assert found["none"].compare_with(found["zaremba2014"], "validation") == -1
    # Of a perplexity, and of any loss, less is better.
    worse = [replace(run, metric="perplexity") for run in make_runs(none=none, zaremba2014=zaremba)]
    assert group_runs(worse, "parity")["zaremba2014"].compare_with(group_runs(worse, "parity")["none"], "test") == -1
    lost = [replace(run, loss=run.test, test_loss=run.test) for run in make_runs(none=none, zaremba2014=zaremba)]
    assert group_runs(lost, "parity")["zaremba2014"].compare_with(group_runs(lost, "parity")["none"], "test_loss") == -1


def test_the_texts_of_the_differences() -> None:
    low, high = [0.1, 0.11, 0.12], [0.8, 0.82, 0.81]
    made = make_runs(none=low, zaremba2014=high, gal2016=low, naive_cell=[0.0, 0.5, 1.0])
    assert next(seed_table.build_difference_rows(made)) == (
        "parity, accuracy",
        "+70.0 ± 2.5 points better / +70.0 ± 2.5 points better",
        "–",
        "equal / equal",
        "+31 ± 123 points undecided / +31 ± 123 points undecided; claim not confirmed at this size",
    )
    better = [replace(run, arguments=run.arguments.replace("parity", "speech")) for run in made]
    worse = [replace(run, arguments=run.arguments.replace("parity", "speech"), metric="perplexity") for run in made]
    assert next(seed_table.build_difference_rows(better))[1].endswith("; claim confirmed")
    assert next(seed_table.build_difference_rows(worse))[1].endswith("; claim contradicted")


def test_failed_runs_are_counted_and_not_averaged() -> None:
    *some, last = make_runs(none=[0.5, 0.6, 0.7])
    failed = replace(last, validation=None, test=None, baseline=None, failed="diverged")
    (row,) = seed_table.build_rows([*some, failed])
    assert row[1] == "55 ± 64 % / 55 ± 64 % (2 seeds) (1 diverged)"
    assert row[2:6] == ("–",) * 4
    assert not list(seed_table.build_rows(some[:1])), "one run has no interval"


def test_the_best_evaluation_has_the_highest_accuracy_or_the_lowest_perplexity() -> None:
    for metric, best in (("accuracy", 0.9), ("perplexity", 0.2)):
        events: list[dict[str, Any]] = [{"event": "started", "metric": metric, "parameters": 5}]
        events += [
            {"event": "record", "val": {metric: value} if value else None, "val_loss": value} for value in (0.2, None, 0.9, 0.4)
        ]
        events += [{"event": "done", "test": {metric: 0.3, "baseline": 0.1, "loss": 0.7}, "update": 3, "seconds": 1.0}]
        found = summarize_events(events)
        assert (found["loss"], found["test_loss"]) == (0.2, 0.7)
        assert (found["validation"], found["test"], found["baseline"], found["failed"]) == (best, 0.3, 0.1, "")
    failed = summarize_events([*events[:-1], {"event": "failed", "update": 2, "reason": "diverged"}])
    assert (failed["validation"], failed["test"], failed["failed"]) == (None, None, "diverged")
    at_once = summarize_events([events[0], {"event": "failed", "update": 0, "reason": "diverged"}])
    assert (at_once["validation"], at_once["updates"]) == (None, 0)


@pytest.mark.parametrize("command", ["seeds", "tables"])
def test_stored_runs_are_not_measured_again(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file is complete after every run, even if the command is interrupted."""
    requested: list[Experiment] = []

    def measure(experiments: Sequence[Experiment], processes: int, save: Save) -> Iterator[tuple[int, MeasuredRun]]:
        assert processes == 3
        for index, experiment in enumerate(experiments):
            if len(requested) == 2 + interrupted:
                raise KeyboardInterrupt
            requested.append(experiment)
            save(index, replace(RUN, metric="perplexity"), [])
            yield index, RUN

    monkeypatch.setattr(run_tables, "measure_runs", measure)
    monkeypatch.setattr(seed_runs if command == "seeds" else recipe_runs, "FILE", tmp_path / "new" / "runs.json")
    names = ["--task", "parity"] if command == "seeds" else ["--recipe", "gal2016-medium", "zaremba2014-medium"]
    call, interrupted = [command, *names, "--run", "--processes", "3", "--json"], 0
    assert main(call) == 130
    assert len(load_runs(tmp_path / "new" / "runs.json")) == 2
    interrupted = 1000
    assert main(call) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(requested) == len(set(map(repr, requested))) == len(lines) == (25 if command == "seeds" else 4)
    for line in lines:
        assert parse_experiment(*shlex.split(line["arguments"])) in requested
    assert main(call) == 0
    assert len(requested) == len(lines)


def test_the_studies_of_the_tables_are_the_runs_of_train() -> None:
    """A table's run with the arguments that it stores is the run of `python -m core train` with them."""
    for built, listed in (
        (seed_runs.build_experiments(TASKS), seed_runs.list_arguments(TASKS)),
        (recipe_runs.build_experiments(RECIPES), recipe_runs.list_arguments(RECIPES)),
    ):
        assert sorted(built) == sorted(listed)
        for arguments in listed:
            assert built[arguments] == parse_experiment(*shlex.split(arguments)), arguments


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "runs.json"
    for text in ("", "{", '[{"arguments": 1}]', "5"):
        file.write_text(text)
        with pytest.raises(Invalid, match="does not hold measured runs"):
            load_runs(file)
    save_runs(file, [RUN])
    assert load_runs(file) == [RUN]


def test_all_stored_runs_belong_to_the_tables() -> None:
    assert {run.arguments for run in load_runs(seed_runs.FILE)} <= set(seed_runs.list_arguments(TASKS))
    for run in load_runs(seed_runs.FILE):
        assert run.metric in METRICS
        assert run.date
        assert run.commit


def test_the_command_prints_the_stored_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["seeds", "--json"]) == 0
    printed = [MeasuredRun(**json.loads(line)) for line in capsys.readouterr().out.splitlines()]
    assert {run.arguments: run for run in printed} == {run.arguments: run for run in load_runs(seed_runs.FILE)}
    assert main(["seeds", "--task", "parity", "--processes", "0"]) == 2


@pytest.mark.parametrize("command", ["seeds", "tables"])
def test_the_tables_of_the_measured_results_are_those_of_the_command(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    section = text.split(f"<!-- {command} -->")[1].split("<!-- end -->")[0]
    assert main([command, "--markdown"]) == 0
    assert section.strip() == capsys.readouterr().out.strip(), f"python -m core {command} --markdown prints this section"
