"""What only a real process shows: exit statuses, signals, closed pipes, and which libraries get loaded."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LONGEST = 60
PYTHON = [sys.executable, "-W", "error"]
CORE = [*PYTHON, "-m", "core"]
ENDLESS = ["train", "--task", "delayed-recall", "--hidden", "4", "--layers", "1", "--updates", "1000000", "--json"]
# Where torch may be: the modules that train. Everything else serves the app's process.
BY_HAND = ("arrays", "gates", "input_product", "recurrent_product", "batched_weights", "zoneout", "lstm", "gru", "rnn", "layer")
BENCH = ("arrays", "clock", "floor", "loop", "table")
WITH_TORCH = {
    "core.nn.network",
    "core.training.trainer",
    "core.training.loss",
    "core.nn.engines",
    "core.nn.forward_mode",
    "core.analysis.sensitivity",
    "core.training.weight_file",
    "core.analysis.update_recorder",
    "core.runs.sensitivity_process",
    "core.runs.trace_process",
    "core.training.evaluation",
    "core.training.optimizer",
    "core.training.checkpoint",
    "core.training.run_state",
    "core.training.decoding",
    "core.training.sampling",
    *(f"core.nn.bptt.{name}" for name in BY_HAND),
    *(f"core.benchmark.{name}" for name in BENCH),
}
# Main programs: importing them runs them.
MAIN = {"core.__main__"}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*CORE, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=LONGEST, check=False)


def test_wrong_arguments_have_status_2_and_one_line() -> None:
    for arguments in (("path",), ("path", "--method", "no", "--layers", "1", "--distance", "1"), ("train", "--layers", "9")):
        ended = run(*arguments)
        assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1), ended.stderr


def test_success_has_status_0_and_nothing_on_standard_error() -> None:
    ended = run("path", "--method", "zaremba2014", "--layers", "3", "--distance", "17", "--json")
    assert (ended.returncode, ended.stderr) == (0, "")
    found = json.loads(ended.stdout)
    assert (found["min"], found["max"]) == (4, 4)


def test_a_whole_training() -> None:
    ended = run(*ENDLESS[:-3], "--updates", "2", "--option", "lag=2", "--json")
    assert (ended.returncode, ended.stderr) == (0, "")
    events = [json.loads(line)["event"] for line in ended.stdout.splitlines()]
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
        assert process.stderr.read() == ""
        assert process.wait(LONGEST) == 130
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
        assert process.wait(LONGEST) == 0


def modules(folder: str) -> list[str]:
    """The names of all modules below a folder."""
    paths = sorted((ROOT / folder).rglob("*.py"))
    return [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in paths]


def loaded_by(names: list[str]) -> set[str]:
    """The top-level packages that a process has loaded once it has imported the modules."""
    imports = "".join(f"import {name}\n" for name in names)
    code = f"{imports}import sys\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=LONGEST, check=False)
    assert ended.returncode == 0, ended.stderr
    return set(ended.stdout.split())


def test_the_core_loads_no_streamlit_and_without_training_no_torch() -> None:
    names = [name for name in modules("core") if name not in WITH_TORCH | MAIN]
    assert len(names) > 30
    assert not loaded_by(names) & {"streamlit", "torch"}


def test_training_loads_no_streamlit() -> None:
    loaded = loaded_by(sorted(WITH_TORCH))
    assert "torch" in loaded
    assert "streamlit" not in loaded


def test_what_pages_share_loads_no_torch() -> None:
    loaded = loaded_by(modules("pages/common"))
    assert "streamlit" in loaded
    assert "torch" not in loaded
