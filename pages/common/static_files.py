"""The copy of Plotly's page script, from assets/plotly to the folder that Streamlit serves."""

import filecmp
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

ROOT = Path(__file__).parent.parent.parent
# The name has the version, so that no browser uses an old one. assets/plotly/README.md says where the script comes from.
PLOTLY_VERSION = "4.1.1"
PLOTLY = ROOT / "assets" / "plotly" / f"plotly-cartesian-{PLOTLY_VERSION}.min.js"


def provide_plotly(root: Path = ROOT) -> str:
    """Copy the script into root/static if it is missing or different. Return its address relative to the page.

    Further calls cost nothing.
    """
    _copy(PLOTLY, root / "static" / PLOTLY.name)
    return f"app/static/{PLOTLY.name}"


@cache
def _copy(source: Path, target: Path) -> None:
    if target.exists() and filecmp.cmp(source, target, shallow=False):
        return
    target.parent.mkdir(exist_ok=True)
    # Another server may start at the same time: the script appears whole or not at all.
    folder = Path(mkdtemp(dir=target.parent))
    shutil.copyfile(source, folder / target.name).replace(target)
    folder.rmdir()
