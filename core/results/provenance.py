"""Where and when a stored result was computed."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path


def describe_provenance() -> dict[str, str]:
    """Return the date (UTC), the commit, the machine with its cores, and the versions that the numbers depend on."""
    head = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=Path(__file__).parent, capture_output=True, text=True, check=False
    )
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": head.stdout.strip(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "torch": version("torch"),
        "numpy": version("numpy"),
        "python": platform.python_version(),
    }
