"""How long the server works on one change of the path page: python -m tests.bench_path. No test; numbers for the README."""

import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from streamlit.testing.v1 import AppTest

import core.analysis.path_counts
import core.analysis.path_stats
import core.experiment.batches
from pages.learn.path_state import PICKS

ROOT = Path(__file__).parents[1]
LINKS = {
    "L = 2, T = 20": {},
    "L = 4, T = 40": {"layers": "4", "steps": "40", "path": "0,9,19,29,39", "method": "naive-state"},
}


def timed(act: Callable[[], object]) -> float:
    """Milliseconds of processor time."""
    begin = time.process_time()
    act()
    return 1000 * (time.process_time() - begin)


def page_of(query: Mapping[str, str]) -> AppTest:
    """The page, about to be opened by a link with that query."""
    page = AppTest.from_file(str(ROOT / "pages/learn/path.py"), default_timeout=60)
    for key, value in query.items():
        page.query_params[key] = value
    return page


def forget() -> None:
    """Forgets all that was counted, and all data."""
    for module in (core.analysis.path_counts, core.analysis.path_stats, core.experiment.batches):
        for one in vars(module).values():
            if hasattr(one, "cache_clear"):
                one.cache_clear()


def main() -> None:
    """Prints, for each size: the opening and the first change on a server that has counted nothing yet, the first run of
    another method, and the median of twelve changes of the route."""
    for name, query in LINKS.items():
        page = page_of(query)
        page.run()  # what is loaded once is no counting, nor is that AppTest looks through all packages in its first run
        forget()
        del page.session_state["path-page"]
        opened = timed(page.run)
        forget()
        first = timed(page.segmented_control(key="path-route").set_value("state").run)
        other = timed(page.selectbox(key="path-method").select("gal2016").run)
        changes = [timed(page.segmented_control(key="path-route").set_value(way).run) for way in ["cell", "state", *PICKS] * 3]
        print(
            f"{name}: opened {opened:.0f} ms, first change {first:.0f} ms, another method {other:.0f} ms, "
            f"a change {statistics.median(changes):.0f} ms"
        )


if __name__ == "__main__":
    main()
