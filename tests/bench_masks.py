"""Time the server's work on a change of the Masks page, in milliseconds: python -m tests.bench_masks.

One script run of the page alone: the next step, and new masks, with two methods beside the first.
"""

import argparse
import logging
import statistics
import time
from pathlib import Path

from streamlit.testing.v1 import AppTest

PAGE = str(Path(__file__).parents[1] / "pages" / "learn" / "masks.py")


def main() -> None:
    """Print median, p90 and maximum of the times, for each depth and for methods whose masks are of weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--changes", type=int, default=30)
    args = parser.parse_args()
    logging.disable(logging.WARNING)  # Streamlit's, about running without a browser
    cases = [("zaremba2014", layers, "between") for layers in (1, 2, 3, 4)] + [
        ("gal2016", 4, "state"),
        ("merity2017", 4, "recurrent_weights"),
        ("dropconnect", 4, "recurrent_weights"),
    ]
    for method, layers, site in cases:
        page = AppTest.from_file(PAGE, default_timeout=60)
        query = {"method": method, "layers": layers, "steps": args.steps, "mask": f"{site}.{min(2, layers)}"}
        for name, value in query.items():
            page.query_params[name] = str(value)
        page.run()
        for what in ("next step", "new masks"):
            times = sorted(time_changes(page, what, args.changes))
            p50, p90 = statistics.median(times), times[int(0.9 * len(times))]
            print(f"{method}  L = {layers}  {what}  p50 {p50:.0f} ms  p90 {p90:.0f} ms  most {times[-1]:.0f} ms")


def time_changes(page: AppTest, what: str, count: int) -> list[float]:
    """Return the milliseconds of each of `count` changes."""
    times = []
    for _change in range(count):
        if what == "new masks":
            page.button(key="masks-new").click()
        else:
            masks = page.session_state["visit"]["masks"]
            masks["step"] = (masks["step"] + 1) % 20
        began = time.perf_counter()
        page.run()
        times.append(1000 * (time.perf_counter() - began))
    return times


if __name__ == "__main__":
    main()
