"""The load test in short: `pytest -m load`. Its long form is `python -m tests.load`."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.load.__main__ import run_load
from tests.load.report import count_errors, format_report

SESSIONS = 3


@pytest.mark.load
@pytest.mark.timeout(180)
def test_a_few_sessions_at_once_all_train_without_an_error(tmp_path: Path) -> None:
    students, watch, _faults = run_load(SESSIONS, minutes=0.75, arrive=3, workers=1, log=tmp_path / "log")
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
    students, _watch, faults = run_load(SESSIONS, minutes=2, arrive=3, workers=2, log=tmp_path / "log", with_faults=True)
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
