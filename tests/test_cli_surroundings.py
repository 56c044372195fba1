"""The surroundings of the command line: settings without effect, broken streams, interruption, checkpoints.

Oracles: the contract of the README, and real processes.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.cli.main import main

RUN = "train --task delayed-recall --option lag=3 sequences=64 --hidden 4 --layers 1 --device cpu".split()  # noqa: SIM905


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("train --method none --rate .5", "There is no site that --rate .5 could act on"),
        ("train --layers 1 --layers 2", "--layers is given twice"),
        ("train --layers=1 --layers 2", "--layers is given twice"),
        ("train --option words=2000 --option words=3000", "gives a value to the same key twice"),
        ("train --checkpoint /dev/zero", "The checkpoint /dev/zero is a device, not a file"),
    ],
)
def test_what_cannot_count_is_refused(capsys: pytest.CaptureFixture[str], line: str, says: str) -> None:
    assert main(line.split()) == 2
    printed = capsys.readouterr()
    assert says in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--method", "pytorch"], "with layers=1 this dropout has no place to act"),
        (
            ["--method", "krueger2016", "--engine", "fused"],
            "cannot apply these masks; the layers run with bptt",
        ),
    ],
)
def test_what_has_no_effect_is_said(capsys: pytest.CaptureFixture[str], arguments: list[str], says: str) -> None:
    assert main([*RUN, "--updates", "1", *arguments]) == 0
    printed = capsys.readouterr()
    assert says in printed.err
    assert "on cpu, engine " in printed.out


def run_process(*arguments: str, **settings: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["bash", "-c", *arguments], capture_output=True, check=False, env=os.environ | {"PYTHON": sys.executable} | settings
    )


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("$PYTHON -m core methods", 0),
        ("$PYTHON -m core methods >&-", 0),
        ("$PYTHON -m core methods > /dev/full", 1),
        ("$PYTHON -m core methods | head -1; exit ${PIPESTATUS[0]}", 0),
    ],
)
def test_a_stream_that_cannot_be_written(command: str, status: int) -> None:
    """A console without the characters, a closed stream, a full disk, a reader that has left."""
    done = run_process(command, PYTHONIOENCODING="cp1252")
    assert done.returncode == status
    assert b"Traceback" not in done.stderr
    assert done.stderr.count(b"\n") == status


def test_an_interrupted_run_says_how_to_go_on(tmp_path: Path) -> None:
    path = tmp_path / "run.checkpoint"
    arguments = [*RUN, "--updates", "100000", "--checkpoint", str(path), "--checkpoint-every", "10", "--json"]
    with subprocess.Popen(
        [sys.executable, "-m", "core", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell lets what it starts in the background ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stdout
        assert process.stderr
        while '"update": 25,' not in process.stdout.readline():
            pass
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        said = process.stderr.read()
        assert process.wait() == 130
    assert said.startswith("Stopped after update ")
    assert said.endswith(
        f"of 100000; the same command goes on after update {said.split('update ')[2].split(',')[0]}, from {path}.\n"
    )
    assert said.count("\n") == 1
    assert [one.name for one in tmp_path.iterdir()] == ["run.checkpoint"]


def test_a_last_write_that_failed_is_no_success(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Writing fails from the second time on."""
    replace, calls = os.replace, []

    def fail(source: Path, target: Path) -> None:
        calls.append(source)
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail)
    assert main([*RUN, "--updates", "2", "--checkpoint", str(tmp_path / "run")]) == 1
    assert len(set(calls)) == len(calls) == 2
    assert [one.name for one in tmp_path.iterdir()] == ["run"]
