"""What was measured, and its table. Oracles: SciPy's t distribution and its confidence interval; runs made up here whose answer
is plain; the file of the runs for the README."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from core.cli.main import main
from core.errors import Invalid
from core.results import run_commands, seed_runs, seed_table
from core.results.interval import T, interval
from core.results.measured_runs import Measured, read, write
from core.results.seed_stats import cells
from core.results.text_table import markdown
from core.tasks import TASKS
from core.tasks.metrics import METRICS

ROOT = Path(__file__).parents[1]
RUN = Measured("", "accuracy", 0.5, 0.5, 0.125, 10, 20, 1.5, 2.5, "", "a machine", 0.5, "2", "2026-01-01", "abc")


def runs(task: str = "parity", **tests: list[float]) -> list[Measured]:
    """Made up: on validation as on the test."""
    return [
        replace(RUN, arguments=seed_runs.arguments(task, method.replace("_", "-"), seed), validation=value, test=value)
        for method, values in tests.items()
        for seed, value in zip(seed_runs.SEEDS, values, strict=False)
    ]


def test_intervals() -> None:
    assert [round(float(stats.t.ppf(0.975, n)), 3) for n in range(1, len(T) + 1)] == list(T)
    values = [131.0, 128.5, 140.25, 133.0, 129.75]
    low, high = stats.t.interval(0.95, 4, loc=sum(values) / 5, scale=stats.sem(values))
    found = interval(values)
    assert (found.mean - found.half, found.mean + found.half) == pytest.approx((low, high), rel=1e-3)
    assert interval([3.0]).half == math.inf
    assert [interval(some).side for some in ([1.0, 1.1, 0.9], [-1.0, -1.1, -0.9], [1.0, -1.1, 0.9], [3.0])] == [1, -1, 0, 0]


def test_placements_are_compared_seed_by_seed() -> None:
    """Data that differ more from seed to seed than dropout does hide nothing: the oracle is SciPy's paired t test."""
    none, zaremba, gal = [0.2, 0.5, 0.8, 0.4, 0.6], [0.25, 0.56, 0.84, 0.46, 0.65], [0.3, 0.4, 0.9, 0.3, 0.6]
    found = cells(runs(none=none, zaremba2014=zaremba, gal2016=gal), "parity")
    low, high = stats.ttest_rel(zaremba, none).confidence_interval(0.95)
    above = found["zaremba2014"].above(found["none"], "test")
    assert (above.mean - above.half, above.mean + above.half) == pytest.approx((low, high), rel=1e-3)
    assert [found[name].better(found["none"], "test") for name in ("zaremba2014", "gal2016", "none")] == [1, 0, 0]
    assert found["none"].better(found["zaremba2014"], "validation") == -1
    # Of a perplexity, and of any loss, less is better.
    worse = [replace(run, metric="perplexity") for run in runs(none=none, zaremba2014=zaremba)]
    assert cells(worse, "parity")["zaremba2014"].better(cells(worse, "parity")["none"], "test") == -1
    lost = [replace(run, loss=run.test, test_loss=run.test) for run in runs(none=none, zaremba2014=zaremba)]
    assert cells(lost, "parity")["zaremba2014"].better(cells(lost, "parity")["none"], "test_loss") == -1


def test_what_the_differences_say() -> None:
    low, high = [0.1, 0.11, 0.12], [0.8, 0.82, 0.81]
    made = runs(none=low, zaremba2014=high, gal2016=low, naive_cell=[0.0, 0.5, 1.0])
    assert next(seed_table.differences(made)) == (
        "parity, accuracy",
        "+70.0 ± 2.5 points better / +70.0 ± 2.5 points better",
        "–",
        "equal / equal",
        "+31 ± 123 points undecided / +31 ± 123 points undecided; claimed: does not show at this size",
    )
    better = [replace(run, arguments=run.arguments.replace("parity", "speech")) for run in made]
    worse = [replace(run, arguments=run.arguments.replace("parity", "speech"), metric="perplexity") for run in made]
    assert next(seed_table.differences(better))[1].endswith("; claimed: shows")
    assert next(seed_table.differences(worse))[1].endswith("; claimed: the opposite shows")


def test_runs_that_failed_are_counted_and_not_averaged() -> None:
    *some, last = runs(none=[0.5, 0.6, 0.7])
    failed = replace(last, validation=None, test=None, baseline=None, failed="ran away")
    (row,) = seed_table.rows([*some, failed])
    assert row[1] == "55 ± 64 % / 55 ± 64 % (2 seeds) (1 ran away)"
    assert row[2:6] == ("–",) * 4
    assert not list(seed_table.rows(some[:1])), "one run has no interval"


def test_the_best_of_all_evaluations_is_the_greatest_accuracy_and_the_least_perplexity() -> None:
    for metric, best in (("accuracy", 0.9), ("perplexity", 0.2)):
        events: list[dict[str, Any]] = [{"event": "started", "metric": metric, "parameters": 5}]
        events += [
            {"event": "record", "val": {metric: value} if value else None, "val_loss": value} for value in (0.2, None, 0.9, 0.4)
        ]
        events += [{"event": "done", "test": {metric: 0.3, "baseline": 0.1, "loss": 0.7}, "update": 3, "seconds": 1.0}]
        found = run_commands.found(events)
        assert (found["loss"], found["test_loss"]) == (0.2, 0.7)
        assert (found["validation"], found["test"], found["baseline"], found["failed"]) == (best, 0.3, 0.1, "")
    failed = run_commands.found([*events[:-1], {"event": "failed", "update": 2, "reason": "ran away"}])
    assert (failed["validation"], failed["test"], failed["failed"]) == (None, None, "ran away")


def test_what_is_there_is_not_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the file is whole after every run."""
    asked: list[str] = []

    def run(arguments: str) -> Measured:
        asked.append(arguments)
        return replace(RUN, arguments=arguments)

    monkeypatch.setattr(run_commands, "measure", run)
    file = tmp_path / "new" / "runs.json"
    going = run_commands.measure_all(["b", "a", "c"], file, 1)
    first = next(going)
    assert first in read(file)
    going.close()
    assert {one.arguments for one in read(file)} == set(asked), "what has ended is kept, though nobody waits for it"
    list(run_commands.measure_all(["a", "b", "c", "d"], file, 2))
    assert sorted(asked) == ["a", "b", "c", "d"]
    assert [one.arguments for one in read(file)] == ["a", "b", "c", "d"]
    assert not list(run_commands.measure_all(["d"], file, 2))


def test_a_damaged_file_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "runs.json"
    for text in ("", "{", '[{"arguments": 1}]', "5"):
        file.write_text(text)
        with pytest.raises(Invalid, match="does not hold measured runs"):
            read(file)
    write(file, [RUN])
    assert read(file) == [RUN]


def test_arguments_that_the_command_refuses_are_said() -> None:
    with pytest.raises(Invalid, match="There is no task"):
        run_commands.measure("--task nonsense")


def test_all_runs_that_are_kept_are_runs_of_the_tables() -> None:
    assert {run.arguments for run in read(seed_runs.FILE)} <= set(seed_runs.wanted(TASKS))
    for run in read(seed_runs.FILE):
        assert run.metric in METRICS
        assert run.date
        assert run.commit


def test_the_command_prints_what_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["seeds", "--json"]) == 0
    printed = [Measured(**json.loads(line)) for line in capsys.readouterr().out.splitlines()]
    assert {run.arguments: run for run in printed} == {run.arguments: run for run in read(seed_runs.FILE)}
    assert main(["seeds", "--task", "parity", "--processes", "0"]) == 2


def test_the_table_of_the_readme_is_that_of_the_file() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    runs = read(seed_runs.FILE)
    values, differences = seed_table.rows(runs), seed_table.differences(runs)
    for line in (
        *markdown(seed_table.head(), values),
        *markdown(seed_table.differences_head(), differences),
        seed_table.about(runs),
    ):
        assert line in readme, "python -m core seeds --markdown prints it"
