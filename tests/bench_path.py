"""Time the server's work on a change of the path page: python -m tests.bench_path. Not a test; figures for the README."""

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


def measure_milliseconds(act: Callable[[], object]) -> float:
    """Return the processor time of an action in milliseconds."""
    begin = time.process_time()
    act()
    return 1000 * (time.process_time() - begin)


def make_page(query: Mapping[str, str]) -> AppTest:
    """Return the page before its first run, with the query of a link."""
    page = AppTest.from_file(str(ROOT / "pages/learn/path.py"), default_timeout=60)
    for key, value in query.items():
        page.query_params[key] = value
    return page


def clear_caches() -> None:
    """Clear the caches of counts and data."""
    for module in (core.analysis.path_counts, core.analysis.path_stats, core.experiment.batches):
        for function in vars(module).values():
            if hasattr(function, "cache_clear"):
                function.cache_clear()


def main() -> None:
    """Print the milliseconds of the page's runs, for each size.

    These are opening it and the first change with empty caches, the first run of another method, and the median of twelve
    changes of the route.
    """
    for name, query in LINKS.items():
        page = make_page(query)
        page.run()  # the first run of AppTest looks through all packages, which is not part of the page's work
        clear_caches()
        del page.session_state["visit"]
        opening = measure_milliseconds(page.run)
        clear_caches()
        first = measure_milliseconds(page.segmented_control(key="path-route").set_value("state").run)
        other_method = measure_milliseconds(page.selectbox(key="path-method").select("gal2016").run)
        changes = [
            measure_milliseconds(page.segmented_control(key="path-route").set_value(way).run)
            for way in ["cell", "state", *PICKS] * 3
        ]
        print(
            f"{name}: opened {opening:.0f} ms, first change {first:.0f} ms, another method {other_method:.0f} ms, "
            f"a change {statistics.median(changes):.0f} ms"
        )


if __name__ == "__main__":
    main()
