"""The load test in short: `pytest -m load`. Its long form is `python -m tests.load`."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.load.__main__ import run_load
from tests.load.machine import Turn
from tests.load.recovery import Kill, Recovery, find_recoveries
from tests.load.report import count_errors, format_report

SESSIONS = 3


@pytest.mark.load
@pytest.mark.timeout(180)
def test_a_few_sessions_at_once_all_train_without_an_error(tmp_path: Path) -> None:
    students, watch, _faults, _attacker = run_load(SESSIONS, minutes=0.75, arrive=3, workers=1, log=tmp_path / "log")
    report = format_report(students, watch, "")
    assert not count_errors(students), report
    assert all(student.began is not None for student in students), report
    assert all(student.tab.waits["tick"] for student in students), report
    granted = [sum(watch.granted().get(run, 0.0) for run in student.updates) for student in students]
    assert min(granted) > 0, report
    assert watch.samples[-1].server > 0


@pytest.mark.load
@pytest.mark.timeout(240)
def test_nothing_is_lost_by_killed_workers_closed_tabs_cut_connections_and_garbage(tmp_path: Path) -> None:
    students, _watch, faults, _attacker = run_load(
        SESSIONS, minutes=2, arrive=3, workers=2, log=tmp_path / "log", with_faults=True
    )
    assert faults
    report = format_report(students, None, "", faults)
    assert faults.made.total() >= 5, report
    assert not faults.lost, report
    assert not count_errors(students), report


@pytest.mark.load
@pytest.mark.parametrize("wrong", [["--server", "http://example.org:8501"], ["--sessions", "100000"], ["--minutes", "0"]])
def test_only_this_machine_is_loaded_and_within_bounds(wrong: list[str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tests.load", *wrong], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 2


def test_a_recovery_is_the_wait_of_a_run_of_the_killed_worker_for_its_turn_in_another() -> None:
    first, second = Path("turn-1"), Path("turn-2")
    turns = [
        Turn(1.0, first, "a"),
        Turn(1.1, second, "b"),
        Turn(1.2, first, "c"),
        Turn(2.5, second, "a"),
        Turn(4.0, second, "b"),
    ]
    assert find_recoveries(turns, [Kill(2.0, first)]) == [Recovery("a", 0.5, had_other=True)]
    assert find_recoveries(turns, [Kill(2.0, first), Kill(2.6, second)])[0] == Recovery("a", 0.5, had_other=False)
    assert find_recoveries(turns, [Kill(20.0, second)]) == []
    assert find_recoveries([*turns, Turn(9.0, Path("turn-3"), "a")], [Kill(8.0, second)]) == [
        Recovery("a", 1.0, had_other=False)
    ]
