"""How long the server works on one change of the path page: python -m tests.bench_path. No test; numbers for the README."""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).parents[1]
LINKS = {
    "L = 2, T = 20": {},
    "L = 4, T = 40": {"layers": "4", "steps": "40", "path": "0,9,19,29,39", "method": "naive-state"},
}  # fmt: skip


def timed(act: Callable[[], object]) -> float:
    """Milliseconds of processor time."""
    begin = time.process_time()
    act()
    return 1000 * (time.process_time() - begin)


def main() -> None:
    """Prints, for each size: the first run, the first run of another method, and the median of ten changes of the distance."""
    for name, query in LINKS.items():
        page = AppTest.from_file(str(ROOT / "pages/learn/path.py"), default_timeout=60)
        for key, value in query.items():
            page.query_params[key] = value
        first = timed(page.run)
        other = timed(page.selectbox(key="path-method").select("gal2016").run)
        routes = ["cell", "state", "least", "most"] * 3
        changes = [timed(page.segmented_control(key="path-route").set_value(way).run) for way in routes]
        print(f"{name}: first {first:.0f} ms, another method {other:.0f} ms, a change {statistics.median(changes):.0f} ms")


if __name__ == "__main__":
    main()
