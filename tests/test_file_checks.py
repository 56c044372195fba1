"""The check of an uploaded file: its limits, its process, and the page that waits for it.

Oracles: files just within and just beyond a limit, the readers called here, and the memory that a process may have.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import Invalid
from core.runs.file_check_jobs import FileCheckAnswer, FileCheckJobs
from core.runs.job_queue import JobQueue
from core.runs.settings import Settings
from core.tasks import table_limits
from core.tasks.series_file import find_series_column, list_csv_columns, load_csv_column
from core.tasks.table_limits import MAX_CELLS, MAX_ROWS

LONGEST = 60.0  # seconds after which a test gives up waiting


@pytest.fixture(scope="module")
def checks() -> Iterator[FileCheckJobs]:
    jobs = FileCheckJobs(JobQueue(Settings(job_time=30, job_memory=Settings.file_memory)))
    yield jobs
    jobs.close()


def check(checks: FileCheckJobs, path: Path, column_count: int = 1) -> FileCheckAnswer:
    request = checks.submit(str(path), column_count, "en", "ann")
    answer = checks.wait_for_request_answer(request, LONGEST)
    assert answer
    return answer


def test_rows_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "long.csv"
    monkeypatch.setattr(table_limits, "MAX_ROWS", 1000)
    path.write_text("level\n" + "1\n" * 999)
    assert list_csv_columns(str(path)) == (("level", 0),)
    path = tmp_path / "longer.csv"
    path.write_text("level\n" + "1\n" * 1000)
    with pytest.raises(Invalid, match=r"has more than 1000 rows\. Keep a part of them: the last rows"):
        load_csv_column(str(path))


@pytest.mark.parametrize("row", ["1,1,1", "1"])
def test_cells_are_limited_also_in_short_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: str) -> None:
    """The 200 columns of the first row count in every row, also in rows with one cell."""
    monkeypatch.setattr(table_limits, "MAX_CELLS", 3000)
    paths = {n: tmp_path / f"{n}.csv" for n in (999, 1000)}
    for n, path in paths.items():
        path.write_text("a,b,c\n" + f"{row}\n" * n)
    assert len(list_csv_columns(str(paths[999]))) == 3
    with pytest.raises(Invalid, match=r"has more than 3000 cells: rows times columns"):
        list_csv_columns(str(paths[1000]))


def test_the_largest_file_that_is_allowed_is_checked_in_a_few_seconds(checks: FileCheckJobs, tmp_path: Path) -> None:
    """The files of the attacks are refused: 200 columns with millions of short rows; millions of rows."""
    largest, short, many = (tmp_path / f"{name}.csv" for name in ("largest", "short", "many"))
    largest.write_text("a,b,c,d,e\n" + "1,2,3,4,5\n" * (MAX_CELLS // 5 - 1))
    short.write_text(",".join(f"c{n}" for n in range(200)) + "\n" + "1\n" * 2_400_000)
    many.write_text("level\n" + "1\n" * 1_200_000)
    began = time.monotonic()
    answer = check(checks, largest)
    assert (answer.state, answer.columns) == ("done", ("a", "b", "c", "d", "e"))
    assert time.monotonic() - began < Settings.file_time
    for path, says in ((short, f"more than {MAX_CELLS} cells"), (many, f"more than {MAX_ROWS} rows")):
        failed = check(checks, path)
        assert failed.state == "failed"
        assert says in failed.reason


def test_the_process_finds_what_the_readers_find_here(checks: FileCheckJobs, tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("day,level,note\n" + "".join(f"{n},{n * n % 7},x\n" for n in range(40)))
    answer = check(checks, path)
    assert answer.columns == tuple(name for name, _missing in list_csv_columns(str(path)))
    assert answer.series_column == find_series_column(str(path)) == "level"
    assert check(checks, path, 2).series_column == ""
    text = tmp_path / "own.txt"
    text.write_text("a word, and another")
    assert check(checks, text, 0) == FileCheckAnswer("done", 1.0)


def test_what_is_wrong_is_said_in_the_readers_words(checks: FileCheckJobs, tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    for content, says in ((b"", "is empty."), (b"\x89PNG\0\0", "contains zero bytes."), (b"a\n", "no data.")):
        path.write_bytes(content)
        assert says in check(checks, path, 1 if content else 2).reason
        path = path.with_name(f"{path.name}x")


def test_too_little_memory_is_said(tmp_path: Path) -> None:
    jobs = FileCheckJobs(JobQueue(Settings(job_memory=60)))
    path = tmp_path / "own.csv"
    path.write_text("level\n" + "1.5\n" * 190_000)
    assert check(jobs, path).state == "failed"
    jobs.close()


def test_the_check_is_cancelled_with_its_page(tmp_path: Path) -> None:
    jobs = FileCheckJobs(JobQueue(Settings()))
    path = tmp_path / "own.csv"
    path.write_text("level\n1\n")
    request = jobs.submit(str(path), 1, "en", "ann")
    jobs.cancel("ann")
    assert jobs.wait_for_request_answer(request, LONGEST) is None
    jobs.close()
