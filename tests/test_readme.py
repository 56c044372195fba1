"""The claims of the README. Oracles: the command line's parser, the installed packages, and the files of the checkout."""

import re
import shlex
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from core.cli.main import COMMANDS, main
from core.results.runner import EndedRun

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```bash\n(.*?)```", README, re.DOTALL)
LINES = [line for block in BLOCKS for line in block.splitlines()]
COMMAND_LINES = [line for line in LINES if line.startswith("python -m core")]
REQUIREMENTS = [ROOT / "requirements.txt", ROOT / "requirements-dev.txt"]


@pytest.mark.parametrize("line", COMMAND_LINES)
def test_every_command_of_the_readme_can_be_run(
    line: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Short commands run to their end, training commands until their experiment is built."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("core.training.trainer.train", lambda experiment, checkpoint: iter(()))
    monkeypatch.setattr("core.cli.train.print_run", lambda *_arguments: 0)
    monkeypatch.setattr("core.cli.compare.run_study", no_runs)
    monkeypatch.setattr("core.cli.compare.DEFAULT_FOLDER", tmp_path)
    assert main(shlex.split(line)[3:]) == 0, capsys.readouterr().err


def no_runs(*_arguments: object) -> Iterator[EndedRun]:
    """Yield no run, in place of those of a study."""
    yield from ()


def test_the_readme_shows_every_command() -> None:
    shown = {shlex.split(line)[3] for line in COMMAND_LINES}
    assert shown == set(COMMANDS) - {"record"}


def test_the_commands_that_install() -> None:
    for end in (
        "-r requirements.txt && .venv/bin/streamlit run app.py",
        "-r requirements-dev.txt && .venv/bin/python -m pytest -n 2",
    ):
        assert f"python3 -m venv .venv && .venv/bin/pip install {end}" in LINES
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "pip" in ci
    assert "-r requirements-dev.txt" in ci
    assert "-m pytest -n 2" in ci


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_requirements_are_pinned_to_what_is_tested(path: Path) -> None:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("-r ")]
    assert lines
    for line in lines:
        package, _equals, pinned = line.partition("==")
        assert version(package).split("+")[0] == pinned, f"{line} is pinned; {version(package)} is installed"
    assert f"torch=={version('torch').split('+')[0]}" in README


def test_the_files_that_the_readme_names_exist() -> None:
    named = re.findall(r"`((?:core|tests|assets|pages|\.ci)/[\w./-]+)`", README)
    named += re.findall(r"!\[[^]]+\]\(([^)]+)\)", README)
    assert named
    assert all((ROOT / name).exists() for name in named)
