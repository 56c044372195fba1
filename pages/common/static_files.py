"""The copy of Plotly's page script, from the plotly package to the folder that Streamlit serves."""

import filecmp
import shutil
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp

ROOT = Path(__file__).parent.parent.parent


def provide_plotly(root: Path = ROOT) -> str:
    """Copy plotly.min.js into root/static if it is missing or different. Return its address relative to the page.

    The name has the version, so that no browser uses an old one. Further calls cost nothing.
    """
    name = _name()
    _copy(_source(), root / "static" / name)
    return f"app/static/{name}"


@cache
def _name() -> str:
    # Cached: called at every redraw, and the version is read from a file.
    return f"plotly-{version('plotly')}.min.js"


@cache
def _copy(source: Path, target: Path) -> None:
    if target.exists() and filecmp.cmp(source, target, shallow=False):
        return
    target.parent.mkdir(exist_ok=True)
    # Another server may start at the same time: the script appears whole or not at all.
    folder = Path(mkdtemp(dir=target.parent))
    shutil.copyfile(source, folder / target.name).replace(target)
    folder.rmdir()


def _source() -> Path:
    # Found without importing plotly, which nothing here needs.
    spec = find_spec("plotly")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("plotly is not installed; requirements.txt names it.")
    return Path(spec.origin).parent / "package_data" / "plotly.min.js"
