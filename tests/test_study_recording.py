"""Recorded studies: written by the command line, read by the page. Oracles: the events of the runs; damaged files."""

import gzip
import json
import sys
from pathlib import Path

import pytest

from core.cli.main import main
from core.errors import Invalid
from core.experiment.start_study import METHODS, TASKS, build_start_study
from core.results.run_folder import RunFolder
from core.results.study_progress import find_best_point, list_keys, select_ended
from core.results.study_recording import get_recording_path, read_recording
from core.results.study_stats import analyze_study
from core.runs.studies import list_news

MAX_SIZE = 300_000  # bytes of a shipped file


def test_the_command_records_the_runs_with_their_curves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file, folder = tmp_path / "study.json.gz", tmp_path / "runs"
    words = ["compare", "--task", "parity", "--methods", "none,gal2016", "--hidden", "4", "--updates", "2", "--seeds", "2"]
    words += ["--runs", str(folder), "--record", str(file), "--processes", "1"]
    monkeypatch.setattr(sys, "argv", ["core", *words])
    assert main(words) == 0
    capsys.readouterr()
    recording = read_recording(file)
    assert recording.made["command"].startswith("python -m core compare --task parity --methods none,gal2016")
    assert str(tmp_path) not in recording.made["command"]
    for run, key in zip(recording.study.list_runs(), recording.runs, strict=True):
        stored = RunFolder(folder).find_run(run.experiment)
        assert stored
        points = [news[2:] for news in list_news(0, stored.events) if news[0] == "point"]
        assert [row[0] for row in recording.runs[key]["points"]] == [point[0] for point in points]
        best = find_best_point(recording.runs[key]["points"], "accuracy")
        assert best
        assert (best.metric, recording.runs[key]["test"]) == (stored.run.validation, stored.run.test)


@pytest.mark.parametrize("task", TASKS)
def test_a_shipped_recording_is_the_start_study_of_its_task(task: str) -> None:
    """Its statistics are those of its runs, and it says where it comes from."""
    path = get_recording_path(task)
    recording, study = read_recording(path), build_start_study(task)
    assert path.stat().st_size < MAX_SIZE
    assert recording.study.names == list(METHODS)
    assert list(recording.runs) == list(list_keys(study).values()), "it is found by the page"
    runs = dict(zip(list_keys(recording.study), recording.runs.values(), strict=True))
    assert {run["state"] for run in runs.values()} == {"finished"}
    assert recording.results == analyze_study(recording.study, select_ended(recording.study, runs), against_first=True)
    assert all(recording.made.values())


@pytest.mark.parametrize("content", [b"", b"{}", gzip.compress(b"{}"), gzip.compress(json.dumps({"study": 1}).encode())])
def test_a_damaged_recording_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "study.json.gz"
    file.write_bytes(content)
    with pytest.raises(Invalid, match=r"study\.json\.gz cannot be read"):
        read_recording(file)
    with pytest.raises(Invalid, match="No such file"):
        read_recording(tmp_path / "none")
