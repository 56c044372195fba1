"""Measuring the runs of a study in processes, and storing them. Oracles: the trainer called here; damaged files."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.errors import Invalid
from core.experiment.experiment import Experiment, build_experiment
from core.experiment.serialization import to_plain
from core.results import run_folder
from core.results.event_summary import find_best_evaluation
from core.results.measured_runs import MeasuredRun
from core.results.provenance import describe_engine
from core.results.run_folder import RunFolder, select_curves
from core.results.runner import RunProcess, measure_runs
from core.training.events import Event, make_record
from core.training.trainer import prepare, train
from tests.test_results import RUN
from tests.test_study import build_study

E = build_experiment("parity", hidden=4, layers=1, updates=2, device="cpu")


def measure(experiments: Sequence[Experiment], processes: int = 2) -> dict[int, tuple[MeasuredRun, list[Event]]]:
    """Return run and events of each experiment, by its index."""
    saved: dict[int, tuple[MeasuredRun, list[Event]]] = {}

    def save(index: int, run: MeasuredRun, events: Sequence[Event]) -> None:
        saved[index] = run, list(events)

    assert dict(measure_runs(experiments, processes, save)) == {index: run for index, (run, _events) in saved.items()}
    return saved


def drop_seconds(events: Sequence[Event]) -> list[Event]:
    """Return the events without the time that the run took."""
    return [{name: value for name, value in event.items() if name != "seconds"} for event in events]


def test_runs_of_a_study_are_those_of_the_trainer_to_the_bit() -> None:
    """In two processes, one run after another, each equals a run alone in this process with one thread."""
    runs = build_study("none", "gal2016", seeds=(7, 8)).list_runs()
    measured = measure([run.experiment for run in runs])
    prepare(threads=1)
    for index, run in enumerate(runs):
        events = json.loads(json.dumps(list(train(run.experiment))))
        assert drop_seconds(measured[index][1]) == drop_seconds(events)
        found = measured[index][0]
        assert (found.test, found.metric, found.failed) == (events[-1]["test"]["accuracy"], "accuracy", "")
        best = find_best_evaluation(events)
        assert best
        assert found.validation == best["val"]["accuracy"]
        assert found.processor > 0
        assert found.torch


def test_varied_windows_and_files_of_this_machine_can_be_measured(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("the cat sat on the mat and the dog lay by the door . " * 100)
    options: dict[str, Any] = {"corpus": str(text)}
    experiment = build_experiment("language-model", options, windows="varied", hidden=4, layers=1, batch=2, updates=2)
    assert measure([experiment])[0][0].updates == 2


def test_a_run_that_cannot_be_made_ends_the_others_with_a_sentence() -> None:
    missing = build_experiment("language-model", {"corpus": "/no/such/file"})
    endless = replace(E, updates=1_000_000)
    with pytest.raises(Invalid, match="/no/such/file"):
        measure([endless, missing])


def test_a_process_that_is_killed_ends_with_a_sentence() -> None:
    worker = RunProcess()
    worker.kill()
    with pytest.raises(Invalid, match="ended with status -9: killed from outside"):
        worker.train(replace(E, updates=1_000_000))
    worker.close()


def list_children() -> set[str]:
    """Return the ids of the processes that this one has begun and not yet reaped."""
    return {child for file in Path("/proc/self/task").glob("*/children") for child in file.read_text().split()}


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="children are read as Linux tells them")
def test_who_stops_listening_leaves_no_process() -> None:
    before = list_children()  # of other tests, which share the process
    saved: list[int] = []
    running = measure_runs([E, replace(E, updates=1_000_000)], 2, lambda index, _run, _events: saved.append(index))
    assert next(running)[0] == 0
    running.close()
    assert saved == [0]
    assert list_children() <= before


def test_no_run_needs_no_process() -> None:
    assert measure([]) == {}


def make_events(n: int = 3) -> list[Event]:
    """Return invented events of a run with n updates."""
    evaluated = {"train_loss_clean": 1.0, "val_loss": 2.0, "val": {"accuracy": 0.5}}
    records = [make_record(i, i / 2, 0.5, evaluated if i % 2 else None, predicted=[[1]]) for i in range(n)]
    return [{"event": "started", "metric": "accuracy"}, *records, {"event": "done", "test": {}}]


def test_a_stored_run_is_found_again(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "new" / "runs")
    assert folder.find_run(E) is None
    stored = folder.save_run(E, RUN, make_events())
    assert folder.find_run(E) == stored == RunFolder(folder.folder).find_run(E)
    assert stored.run == RUN
    assert [event["event"] for event in stored.events] == ["started", "record", "record", "record", "done"]
    assert "predicted" not in stored.events[1]
    assert folder.find_run(replace(E, mask_seed=8)) is None
    (file,) = folder.folder.iterdir()
    assert json.loads(file.read_text())["experiment"] == to_plain(E)


def test_a_run_of_other_code_or_versions_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compared runs may differ in the settings that the study names, not in the code that computed them."""
    folder = RunFolder(tmp_path)
    folder.save_run(E, RUN, make_events())
    engine = describe_engine()
    assert {"code", "torch", "numpy", "python", "machine"} == set(engine)
    for name in engine:
        monkeypatch.setattr(run_folder, "describe_engine", lambda name=name: engine | {name: "another"})
        assert folder.find_run(E) is None
    monkeypatch.undo()
    assert folder.find_run(E)


def test_a_run_on_a_file_that_has_changed_is_not_used(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("one")
    for corpus in (text, tmp_path):
        experiment = build_experiment("language-model", {"corpus": str(corpus)})
        folder = RunFolder(tmp_path / "runs")
        text.write_text("one")
        folder.save_run(experiment, RUN, make_events())
        assert folder.find_run(experiment)
        text.write_text("two")
        assert folder.find_run(experiment) is None
    text.unlink()
    assert folder.find_run(build_experiment("language-model", {"corpus": str(text)})) is None


def test_a_damaged_run_is_refused_in_a_sentence(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.save_run(E, RUN, make_events())
    (file,) = tmp_path.iterdir()
    content = file.read_bytes()
    for damaged in (content[:-20], b"", b"\xff", b"[]", b'{"version": 1}', b'{"version": 1, "run": {}, "events": []}'):
        file.write_bytes(damaged)
        with pytest.raises(Invalid, match="is damaged"):
            folder.find_run(E)
    file.write_bytes(content.replace(b'"version": 1', b'"version": 0'))
    assert folder.find_run(E) is None
    folder.save_run(E, RUN, make_events())
    assert folder.find_run(E)


def test_a_folder_that_cannot_be_written_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Invalid, match="cannot be saved"):
        RunFolder(tmp_path / "file").save_run(E, RUN, make_events())
    with pytest.raises(Invalid, match="cannot be saved"):
        RunFolder(tmp_path / "file").check_writable()
    with pytest.raises(Invalid, match="cannot be read"):
        RunFolder(tmp_path / "file").find_run(E)


def test_long_curves_are_thinned() -> None:
    """The best evaluation stays, because its update is reported."""
    events = make_events(5000)
    events[1236]["val"] = {"accuracy": 0.9}
    kept = select_curves(events)
    assert len(kept) < 1100
    assert [event["update"] for event in kept if event["event"] == "record"][-1] == 4999
    assert (find_best_evaluation(kept) or {})["update"] == (find_best_evaluation(events) or {})["update"] == 1235
    assert kept[0] == events[0]
    assert kept[-1] == events[-1]
