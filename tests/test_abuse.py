"""The attacks in short: `pytest -m load`. Their long form is `python -m tests.abuse`."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.abuse.__main__ import MOST_GROWTH, Row, format_report, judge, run_abuse
from tests.abuse.second_visitor import Waits


@pytest.mark.load
@pytest.mark.timeout(300)
def test_what_an_attacker_is_told_and_that_the_server_stays_small(tmp_path: Path) -> None:
    """Only the command judges how long the second visitor waits: here other tests may have the processors."""
    names = ["masks", "rows", "json", "locale", "measurements", "uploads", "kill"]
    rows = run_abuse(names, seconds=2, sessions=1, folder=tmp_path)
    assert [row.name for row in rows] == names
    for row in rows:
        allowed = not row.failure or row.failure == judge(row)
        assert allowed, format_report(rows)
        assert row.growth <= MOST_GROWTH, format_report(rows)


def test_a_long_wait_or_much_memory_fails() -> None:
    quick = Waits([0.5, 1.0], [1.0], [0.1])
    assert judge(Row("masks", quick, 200.0, [])) == ""
    assert judge(Row("masks", quick, 201.0, [])) == "memory + 201 MB"
    slow = Waits([1.2], [2.0], [0.1])
    assert judge(Row("masks", slow, 0.0, [])) == "page 1.2 s, tick 2.0 s"
    assert judge(Row("crowd", slow, 0.0, [])) == "", "of a crowd the health alone is judged"
    assert judge(Row("crowd", Waits(health=[1.5]), 0.0, [])) == "health 1.5 s"


@pytest.mark.load
@pytest.mark.parametrize("wrong", [["--only", "nobody"], ["--seconds", "0"], ["--sessions", "1000"]])
def test_only_what_is_known_is_tried_and_within_bounds(wrong: list[str]) -> None:
    command = [sys.executable, "-m", "tests.abuse", *wrong]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
