"""The files of deploy/: they agree with the rest of the repository."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"


def read_pins(path: Path) -> dict[str, set[str]]:
    """Return the versions that a requirements file names, by package; of an address that of its wheel."""
    pins: dict[str, set[str]] = {}
    for line in path.read_text().splitlines():
        if found := re.match(r"([\w-]+)(?:==| @ .*/\w+-)([\d.]+)", line):
            pins.setdefault(found[1], set()).add(found[2])
    return pins


def test_the_host_gets_the_versions_that_are_tested() -> None:
    pins = read_pins(ROOT / "requirements.txt")
    assert len(pins) == len((ROOT / "requirements.txt").read_text().splitlines())
    assert read_pins(DEPLOY / "requirements.txt") == pins


def test_pytorch_is_the_build_without_cuda() -> None:
    wheels = [line for line in (DEPLOY / "requirements.txt").read_text().splitlines() if line.startswith("torch")]
    assert [re.findall(r'%2Bcpu-cp(\d+)-cp\1-.*python_version == "3\.(\d+)"', line) for line in wheels] == [
        [(f"3{minor}", f"{minor}")] for minor in (11, 12, 13)
    ]


@pytest.mark.parametrize("name", [".streamlit", "assets", "core", "pages", "app.py", "deploy/requirements.txt"])
def test_the_image_holds_what_the_app_needs(name: str) -> None:
    assert (ROOT / name).exists()
    assert f"COPY {name} " in (DEPLOY / "Dockerfile").read_text()
    assert f"!{name}" in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
