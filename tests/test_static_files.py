"""Plotly's page script: it is the published file, it has every trace that the figures use, and the server gets it whole.

Oracles: the sum of the file in the npm package; the figures' own source.
"""

import hashlib
import re
from pathlib import Path

from pages.common.static_files import PLOTLY, PLOTLY_VERSION, provide_plotly

ROOT = Path(__file__).parents[1]
SHA256 = "79542150855a52c567260e3137095dbe2b744e6d702a5cabe67da246942fba7a"


def test_the_script_is_the_published_one() -> None:
    assert hashlib.sha256(PLOTLY.read_bytes()).hexdigest() == SHA256
    assert f"plotly.js (cartesian - minified) v{PLOTLY_VERSION}" in PLOTLY.read_text(encoding="utf-8")[:200]
    assert "MIT" in (PLOTLY.parent / "LICENSE").read_text(encoding="utf-8")


def test_it_has_every_trace_that_the_figures_use() -> None:
    traces = {"bar", "box", "contour", "heatmap", "histogram", "histogram2d", "image", "pie", "scatter", "violin"}
    layout = {"line", "rect", "log"}  # of shapes and axes
    source = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "core" / "figures").rglob("*.py"))
    assert set(re.findall(r'"type": "(\w+)"', source)) <= traces | layout


def test_it_is_copied_once_and_whole(tmp_path: Path) -> None:
    address = provide_plotly(tmp_path)
    copy = tmp_path / "static" / Path(address).name
    assert copy.read_bytes() == PLOTLY.read_bytes()
    assert list(copy.parent.iterdir()) == [copy], "nothing is left beside it"
