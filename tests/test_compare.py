"""The command compare.

Oracles: `train` with the same arguments, the statistics of invented runs, real processes that are killed, and the format of
TensorBoard's files.
"""

import json
import os
import select
import shlex
import signal
import struct
import subprocess
import sys
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.cli.main import main
from core.experiment.experiment import Experiment
from core.experiment.serialization import from_plain
from core.experiment.study import study_from_plain, study_to_json
from core.results.interval import Interval
from core.results.measured_runs import MeasuredRun
from core.results.runner import Save
from core.results.study_stats import PairResult
from core.results.study_table import describe_pair
from core.results.tensorboard import list_scalars
from core.training.events import Event, make_record
from tests.test_cli import parse_experiment, parse_json_lines
from tests.test_processes import CORE, ROOT, TIMEOUT
from tests.test_results import RUN
from tests.test_study import build_study

SMALL = "--task delayed-recall --option lag=3 sequences=64 --hidden 4 --layers 1 --updates 3"
METHODS = {"none": 0.5, "zaremba2014": 0.75, "naive-cell": 0.25}  # with the test accuracy of invented runs at seed 7


class InventedRuns:
    """In place of the processes: runs whose accuracy depends on the method and the seed. trained: all experiments."""

    def __init__(self) -> None:
        self.trained: list[Experiment] = []
        self.failing: set[int] = set()  # seeds

    def measure_runs(
        self, experiments: Sequence[Experiment], processes: int, save: Save
    ) -> Generator[tuple[int, MeasuredRun], None, None]:
        for index, experiment in enumerate(experiments):
            self.trained.append(experiment)
            run = self._make_run(experiment)
            save(index, run, make_events(run))
            yield index, run

    def _make_run(self, experiment: Experiment) -> MeasuredRun:
        if experiment.mask_seed in self.failing:
            return replace(RUN, validation=None, test=None, failed="Training diverged.")
        value = METHODS[experiment.method or ""] + 0.01 * (experiment.mask_seed % 3) * METHODS[experiment.method or ""]
        return replace(RUN, validation=value, test=value, metric="accuracy")


def make_events(run: MeasuredRun) -> list[Event]:
    """Return the events of an invented run, best at update 1."""
    values = [0.1, run.validation or 0.0, 0.2]
    records = [
        make_record(n, n / 2, 0.5, {"train_loss_clean": 1.0, "val_loss": 2.0 - v, "val": {"accuracy": v}})
        for n, v in enumerate(values)
    ]
    last = {"event": "done", "update": 2, "test": {"accuracy": run.test, "loss": 1.0}}
    return [{"event": "started", "metric": "accuracy"}, *records, last]


@pytest.fixture
def invented(monkeypatch: pytest.MonkeyPatch) -> InventedRuns:
    """Replace the processes that train."""
    runs = InventedRuns()
    monkeypatch.setattr("core.results.runner.measure_runs", runs.measure_runs)
    return runs


@pytest.fixture
def call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Return a function that runs compare and returns its status, standard output and standard error."""

    def run(line: str) -> tuple[int, str, str]:
        status = main(["compare", *shlex.split(line), "--runs", str(tmp_path / "runs")])
        return status, *capsys.readouterr()

    return run


def test_the_events(invented: InventedRuns, call: Any) -> None:
    status, out, err = call(f"{SMALL} --methods none,zaremba2014,naive-cell --rate 0.25 --seeds 4 --json")
    assert (status, err) == (0, "")
    started, *cells, summary = parse_json_lines(out)
    assert (started["event"], started["runs"], started["seeds"]) == ("started", 12, [7, 8, 9, 10])
    assert started["differences"]["naive-cell"] == [{"setting": "method", "reference": "none", "value": "naive-cell"}]
    assert [(cell["name"], cell["seed"]) for cell in cells] == [(name, seed) for seed in (7, 8, 9, 10) for name in METHODS]
    for cell in cells:
        assert cell["event"] == "cell"
        rate = "" if cell["name"] == "none" else "--rate 0.25"  # without dropout there is no site for it
        trained = parse_experiment(*shlex.split(f"{SMALL} --method {cell['name']} {rate} --seed {cell['seed']}"))
        assert from_plain(cell["settings"]) == trained
        assert (cell["metric"], cell["best_update"], cell["stored"], cell["failed"]) == ("accuracy", 1, False, "")
        assert cell["test"] == cell["validation"] > 0
    assert (summary["event"], summary["metric"], summary["higher_is_better"]) == ("summary", "accuracy", True)
    for split in ("validation", "test"):
        assert [(row["name"], row["n"]) for row in summary[split]["experiments"]] == [(name, 4) for name in METHODS]
        for row in summary[split]["experiments"]:
            values = [cell[split] for cell in cells if cell["name"] == row["name"]]
            assert row["mean"] == pytest.approx(sum(values) / 4)
            assert row["interval"][0] < row["mean"] < row["interval"][1]
        verdicts = {(pair["name"], pair["reference"]): pair["verdict"] for pair in summary[split]["pairs"]}
        assert verdicts == {
            ("zaremba2014", "none"): "better",
            ("naive-cell", "none"): "worse",
            ("naive-cell", "zaremba2014"): "worse",
        }
        for pair in summary[split]["pairs"]:
            assert pair["interval"][0] < pair["difference"] < pair["interval"][1]
            assert pair["n"] == 4


def test_what_has_ended_is_not_trained_again(invented: InventedRuns, call: Any) -> None:
    first = parse_json_lines(call(f"{SMALL} --methods none,zaremba2014 --seeds 2 --json")[1])
    assert len(invented.trained) == 4
    again = parse_json_lines(call(f"{SMALL} --methods none,zaremba2014 --seeds 2 --json")[1])
    assert len(invented.trained) == 4
    assert [cell["stored"] for cell in again[1:-1]] == [True] * 4
    assert again[-1] == first[-1]
    more = parse_json_lines(call(f"{SMALL} --methods zaremba2014,naive-cell --seeds 3 --json")[1])
    assert [(cell["name"], cell["seed"], cell["stored"]) for cell in more[1:-1]] == [
        ("zaremba2014", 7, True),
        ("zaremba2014", 8, True),
        ("naive-cell", 7, False),
        ("naive-cell", 8, False),
        ("zaremba2014", 9, False),
        ("naive-cell", 9, False),
    ]


def test_without_json_it_is_readable(invented: InventedRuns, call: Any) -> None:
    status, out, _err = call(f"{SMALL} --methods none,zaremba2014 --seeds 3")
    assert status == 0
    lines = out.splitlines()
    assert lines[:2] == ["delayed-recall: 6 runs, seeds 7, 8, 9", "  zaremba2014: method is zaremba2014 instead of none"]
    assert "none, seed 7: best validation accuracy 50.5 %, test 50.5 %; 1.5 s" in lines
    assert any(line.split() == ["experiment", "best", "validation", "test", "at", "the", "end", "runs"] for line in lines)
    assert "  zaremba2014 is better than none: +25.25 points [+24.63, +25.87] at 95 %, 3 seeds." in lines
    assert "{" not in out
    assert "kept from an earlier call" in call(f"{SMALL} --methods none,zaremba2014 --seeds 3")[1]


def test_one_seed_has_no_winner(invented: InventedRuns, call: Any) -> None:
    out = call(f"{SMALL} --methods none,zaremba2014 --seeds 1")[1]
    assert "zaremba2014 and none cannot be told apart with one seed: +25.25 points." in out
    summary = parse_json_lines(call(f"{SMALL} --methods none,zaremba2014 --seeds 1 --json")[1])[-1]
    (pair,) = summary["test"]["pairs"]
    assert (pair["verdict"], pair["interval"], pair["needed_seeds"]) == ("undecided", None, None)


def test_failed_runs_are_counted_and_set_the_status(invented: InventedRuns, call: Any) -> None:
    invented.failing = {8}
    status, out, _err = call(f"{SMALL} --methods none,zaremba2014 --seeds 3 --json")
    assert status == 1
    _started, *cells, summary = parse_json_lines(out)
    assert [cell["seed"] for cell in cells if cell["failed"]] == [8, 8]
    assert [(row["n"], row["failed"]) for row in summary["test"]["experiments"]] == [(2, 1), (2, 1)]
    assert "(1 failed)" in call(f"{SMALL} --methods none,zaremba2014 --seeds 3")[1]
    invented.failing = {7, 8, 9}
    out = call(f"{SMALL} --methods none,zaremba2014 --seeds 3 --batch 8")[1]
    assert "have no seed at which both ran to the end" in out


def test_rates_of_sites_are_for_the_methods_that_have_them(invented: InventedRuns, call: Any) -> None:
    call(f"{SMALL} --methods none,zaremba2014,naive-cell --rate cell=0.125 between=0.25 --seeds 1")
    rates = {e.method: {site.name: dropout.rate for site, dropout in e.placement} for e in invented.trained}
    assert rates["none"] == {}
    assert rates["zaremba2014"]["between"] == 0.25
    assert "cell" not in rates["zaremba2014"]
    assert rates["naive-cell"]["cell"] == 0.125


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("", "Name the methods to compare"),
        ("--methods none,nonsense", "nonsense"),
        ("--methods none,none", "two experiments with the name “none”"),
        ("--methods none,", "method"),
        (f"--methods {','.join(['none'] * 9)}", "from 1 to 8"),
        ("--methods none,gal2016 --seeds 0", "seeds is 0"),
        ("--methods none,gal2016 --seeds 101", "from 1 to 100"),
        ("--methods none,gal2016 --seeds x", "“x” is not a whole number"),
        ("--methods none,gal2016 --seed -1", "seed is -1"),
        ("--methods none,gal2016 --task nonsense", "no task"),
        ("--methods none,gal2016 --rate 2", "rate"),
        ("--methods none,zaremba2014 --rate cell=0.5", "None of these methods has the site"),
        ("--methods none,gal2016 --processes 0", "processes is 0"),
        ("--methods none,gal2016 --layers 9", "layers is 9"),
        ("--methods none,gal2016 --study x.json", "leave --methods out"),
        ("--study x.json --cell gru", "leave --cell out"),
        ("--study x.json --learning-rate 1", "leave --learning-rate out"),
        ("--study /no/such/file", "cannot be read"),
        ("--seeds 3 --method none", "unrecognized arguments"),
    ],
)
def test_wrong_arguments_have_status_2_and_one_line(line: str, sentence: str, invented: InventedRuns, call: Any) -> None:
    status, out, err = call(line)
    assert (status, out, err.count("\n")) == (2, "", 1), err
    assert sentence in err
    assert invented.trained == []


def test_a_folder_that_cannot_be_written_is_known_before_the_first_run(
    invented: InventedRuns, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert main(["compare", "--methods", "none,gal2016", "--runs", str(tmp_path / "file")]) == 2
    assert "Runs cannot be saved" in capsys.readouterr().err
    assert invented.trained == []


def test_a_study_from_a_file(invented: InventedRuns, call: Any, tmp_path: Path) -> None:
    study, file = build_study("none", "naive-cell", seeds=(3, 5)), tmp_path / "study.json"
    file.write_text(study_to_json(study))
    started, *cells, _summary = parse_json_lines(call(f"--study {file} --json")[1])
    assert [(cell["name"], cell["seed"]) for cell in cells] == [(run.name, run.seed) for run in study.list_runs()]
    plain = {"version": 1, "seeds": started["seeds"]}
    experiments = [{"name": row["name"], "experiment": row["settings"]} for row in started["experiments"]]
    assert study_from_plain(plain | {"experiments": experiments}) == study, "the first event holds the whole study"
    assert parse_json_lines(call(f"--study {file} --json --seeds 3")[1])[0]["seeds"] == [3, 4, 5]
    for damaged in ("{", "[]", "\x00"):
        file.write_text(damaged)
        assert call(f"--study {file}")[0] == 2
    file.write_bytes(b"\xff\xff")
    assert call(f"--study {file}")[0] == 2


def test_sentences_of_verdicts() -> None:
    pair = PairResult("b", "a", 5, None, 0.95, 1.0, 1.0, "undecided", None)
    assert describe_pair(pair, "accuracy") == "b and a have no seed at which both ran to the end."
    percent = replace(pair, interval=Interval(0.031, -0.012, 0.074), level=1 - 0.05 / 3, needed_seeds=17)
    assert describe_pair(percent, "accuracy") == (
        "b and a cannot be told apart with these 5 seeds: +3.1 points [−1.2, +7.4] at 98.33 %. "
        "To tell a difference like this one, about 17 seeds are needed."
    )
    plain = replace(pair, interval=Interval(-12.0, -16.04, -8.0), verdict="better")
    assert describe_pair(plain, "perplexity") == "b is better than a: −12.0 [−16.0, −8.0] at 95 %, 5 seeds."
    assert describe_pair(replace(plain, verdict="worse"), "perplexity").startswith("b is worse than a: −12.0")
    same = replace(pair, interval=Interval(0.0, 0.0, 0.0), verdict="equal")
    assert describe_pair(same, "accuracy") == "b and a are equal at each of 5 seeds."


def start_compare(folder: Path, *more: str) -> "subprocess.Popen[str]":
    """Start a comparison of many short runs, one after another, in a real process."""
    command = [*CORE, "compare", *shlex.split(SMALL), "--methods", "none,gal2016", "--seeds", "50", "--json", *more]
    return subprocess.Popen(
        [*command, "--runs", str(folder), "--processes", "1"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def read_cells(process: "subprocess.Popen[str]", until: Any) -> Iterator[dict[str, Any]]:
    """Yield the cells that a comparison prints, up to and with the first for which `until` holds."""
    assert process.stdout
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "cell":
            yield event
            if until(event):
                return


def open_child(process: "subprocess.Popen[str]") -> int:
    """Return a descriptor of the process that trains, which can be waited for."""
    (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return os.pidfd_open(int(child))


def wait_for_end(descriptor: int) -> None:
    """Fail if a process does not end in time."""
    assert select.select([descriptor], [], [], TIMEOUT)[0]
    os.close(descriptor)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="finds child processes in /proc")
def test_killed_and_started_again_it_goes_on_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    with start_compare(tmp_path) as process:
        ended = list(read_cells(process, lambda cell: cell["seed"] == 8))
        child = open_child(process)
        process.kill()
        wait_for_end(child)  # nobody reads its events any more
    with start_compare(tmp_path) as process:
        assert process.stderr
        cells = list(read_cells(process, lambda cell: not cell["stored"]))
        child = open_child(process)
        process.send_signal(signal.SIGINT)
        wait_for_end(child)
        assert process.stderr.read() == ""
        assert process.wait(TIMEOUT) == 130
    assert [cell | {"stored": False} for cell in cells[: len(ended)]] == ended


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    with start_compare(tmp_path) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(TIMEOUT) == 0


def compute_crc32c(data: bytes) -> int:
    """Return the CRC-32C of RFC 3720, bit by bit."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _bit in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def read_records(path: Path) -> Iterator[bytes]:
    """Yield the records of a TFRecord file: length, its masked CRC, the data, their masked CRC."""

    def check(content: bytes, crc: bytes) -> None:
        plain = compute_crc32c(content)
        assert struct.unpack("<I", crc)[0] == ((plain >> 15 | plain << 17) + 0xA282EAD8) & 0xFFFFFFFF

    data = path.read_bytes()
    while data:
        check(data[:8], data[8:12])
        end = 12 + struct.unpack("<Q", data[:8])[0]
        check(data[12:end], data[end : end + 4])
        yield data[12:end]
        data = data[end + 4 :]


def test_the_files_of_tensorboard(invented: InventedRuns, call: Any, tmp_path: Path) -> None:
    from tensorboardX.proto.event_pb2 import Event as TensorboardEvent

    assert compute_crc32c(b"123456789") == 0xE3069283, "the check value of the CRC catalogue"
    line = f"{SMALL} --methods none,zaremba2014 --seeds 2 --json --tensorboard {tmp_path / 'board'}"
    for _time in range(2):  # a second export replaces the files of the first
        assert call(line)[0] == 0
        files = sorted(path.relative_to(tmp_path / "board") for path in (tmp_path / "board").rglob("*") if path.is_file())
        assert [file.parts[:2] for file in files] == [(name, f"seed-{seed}") for name in sorted(METHODS)[1:] for seed in (7, 8)]
    events = [TensorboardEvent.FromString(record) for record in read_records(tmp_path / "board" / files[0])]
    assert events[0].file_version == "brain.Event:2"
    values = {(event.summary.value[0].tag, event.step): event.summary.value[0].simple_value for event in events[1:]}
    expected = make_events(replace(RUN, validation=0.505, test=0.505))
    assert values == pytest.approx({(tag, update): value for tag, value, update in list_scalars(expected)})
    assert values["loss/validation", 1] == pytest.approx(1.495)
    assert values["validation/accuracy", 2] == pytest.approx(0.2)
    assert values["test/accuracy", 2] == pytest.approx(0.505)
    assert values["loss/train_with_masks", 0] == 0.5


def test_without_tensorboardx_it_says_what_to_install(
    invented: InventedRuns, call: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    status, out, err = call(f"{SMALL} --methods none,zaremba2014 --tensorboard {tmp_path / 'board'}")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "pip install tensorboardX==" in err
    requirement = next(
        line for line in (ROOT / "requirements-dev.txt").read_text().splitlines() if line.startswith("tensorboardX")
    )
    assert requirement in err
    assert invented.trained == []
