"""The provenance of a stored result: date, commit, machine and versions."""

import hashlib
import os
import platform
import subprocess
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[2]
# The numbers of a run depend on its experiment, on the code that trains and on the built-in data.
_ENGINE_FOLDERS = ("core/dropout", "core/tasks", "core/experiment", "core/nn", "core/training", "assets/data")


def describe_provenance() -> dict[str, str]:
    """Return the date (UTC), the commit, the machine with its cores, and the versions that the numbers depend on."""
    head = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=Path(__file__).parent, capture_output=True, text=True, check=False
    )
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": head.stdout.strip(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        **describe_versions(),
    }


def describe_versions() -> dict[str, str]:
    """Return the versions that the numbers depend on."""
    return {"torch": version("torch"), "numpy": version("numpy"), "python": platform.python_version()}


@lru_cache(maxsize=1)
def describe_engine() -> dict[str, str]:
    """Return what two runs must have in common for their numbers to be comparable: machine, versions, a hash of the code."""
    digest = hashlib.sha256()
    files = sorted(path for folder in _ENGINE_FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file())
    for path in (file for file in files if "__pycache__" not in file.parts):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    provenance = describe_provenance()
    return {name: provenance[name] for name in ("machine", "torch", "numpy", "python")} | {"code": digest.hexdigest()}
