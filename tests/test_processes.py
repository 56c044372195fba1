"""The command line in real processes: exit statuses, signals, closed pipes, and which libraries are imported."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TIMEOUT = 60
PYTHON = [sys.executable, "-W", "error"]
CORE = [*PYTHON, "-m", "core"]
ENDLESS = ["train", "--task", "delayed-recall", "--hidden", "4", "--layers", "1", "--updates", "1000000", "--json"]
# The modules that may import torch: those that train. The app's process imports all others.
BPTT_MODULES = (
    "arrays",
    "gates",
    "input_product",
    "recurrent_product",
    "batched_weights",
    "whole_state",
    "zoneout",
    "lstm",
    "gru",
    "rnn",
    "layer",
)
BENCHMARK_MODULES = ("arrays", "clock", "floor", "loop", "table")
WITH_TORCH = {
    "core.nn.network",
    "core.training.engine_choice",
    "core.training.trainer",
    "core.training.loss",
    "core.nn.engines",
    "core.nn.forward_mode",
    "core.analysis.sensitivity",
    "core.training.weight_file",
    "core.analysis.update_recorder",
    "core.runs.sensitivity_process",
    "core.runs.trace_process",
    "core.results.run_process",
    "core.training.evaluation",
    "core.training.optimizer",
    "core.training.checkpoint",
    "core.training.run_state",
    "core.training.decoding",
    "core.training.sampling",
    *(f"core.nn.bptt.{name}" for name in BPTT_MODULES),
    *(f"core.benchmark.{name}" for name in BENCHMARK_MODULES),
}
# Main programs: importing them runs them.
MAIN_MODULES = {"core.__main__"}


def run_command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*CORE, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT, check=False)


def test_wrong_arguments_have_status_2_and_one_line() -> None:
    for arguments in (("path",), ("path", "--method", "no", "--layers", "1", "--distance", "1"), ("train", "--layers", "9")):
        process = run_command(*arguments)
        assert (process.returncode, process.stdout, process.stderr.count("\n")) == (2, "", 1), process.stderr


def test_success_has_status_0_and_nothing_on_standard_error() -> None:
    process = run_command("path", "--method", "zaremba2014", "--layers", "3", "--distance", "17", "--json")
    assert (process.returncode, process.stderr) == (0, "")
    counts = json.loads(process.stdout)
    assert (counts["min"], counts["max"]) == (4, 4)


def test_a_whole_training() -> None:
    process = run_command(*ENDLESS[:-3], "--updates", "2", "--option", "lag=2", "--json")
    assert (process.returncode, process.stderr) == (0, "")
    events = [json.loads(line)["event"] for line in process.stdout.splitlines()]
    assert events == ["started", "record", "record", "record", "done"]


def test_ctrl_c_ends_cleanly_with_130() -> None:
    # A test that runs in the background may have inherited that Ctrl-C is ignored; its child must not.
    with subprocess.Popen(
        [*CORE, *ENDLESS],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stdout
        assert process.stderr
        assert json.loads(process.stdout.readline())["event"] == "started"
        process.send_signal(signal.SIGINT)
        lines = process.stdout.read().splitlines()
        assert re.fullmatch(r"Stopped after update \d+ of \d+; nothing is saved\. .*\n", process.stderr.read())
        assert process.wait(TIMEOUT) == 130
    assert all(json.loads(line)["event"] == "record" for line in lines)


@pytest.mark.parametrize("arguments", [ENDLESS, ["methods"], ["--help"], ["train", "--help"]])
def test_a_closed_pipe_is_no_error(arguments: list[str]) -> None:
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with subprocess.Popen(
        [*CORE, *arguments], cwd=ROOT, env=buffered, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(TIMEOUT) == 0


def list_modules(folder: str) -> list[str]:
    """Return the names of all modules below a folder."""
    paths = sorted((ROOT / folder).rglob("*.py"))
    return [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in paths]


def list_loaded_packages(names: list[str]) -> set[str]:
    """Return the top-level packages that a process has loaded after importing the modules."""
    imports = "".join(f"import {name}\n" for name in names)
    code = f"{imports}import sys\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    process = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT, check=False
    )
    assert process.returncode == 0, process.stderr
    return set(process.stdout.split())


def test_the_core_loads_no_streamlit_and_without_training_no_torch() -> None:
    """It also loads neither SciPy, which takes half a second, nor what only one export needs."""
    names = [name for name in list_modules("core") if name not in WITH_TORCH | MAIN_MODULES]
    assert len(names) > 30
    assert not list_loaded_packages(names) & {"streamlit", "torch", "scipy", "tensorboardX"}


def test_training_loads_no_streamlit() -> None:
    loaded = list_loaded_packages(sorted(WITH_TORCH))
    assert "torch" in loaded
    assert "streamlit" not in loaded


def test_the_common_modules_of_pages_load_no_torch() -> None:
    loaded = list_loaded_packages(list_modules("pages/common"))
    assert "streamlit" in loaded
    assert "torch" not in loaded
