"""Time the server's work on one tick of the live Lab, in milliseconds: python -m tests.bench_tick.

The tick is the page's own: poll, masks, network, curves and heatmap of a run with `--updates` records.
"""

import argparse
import logging
import statistics

from streamlit.testing.v1 import AppTest


def main() -> None:
    """Print median, p90 and maximum of the ticks, for each depth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hidden", type=int, default=128)
    parser.add_argument("--updates", type=int, default=800)
    parser.add_argument("--ticks", type=int, default=40)
    args = parser.parse_args()
    logging.disable(logging.WARNING)  # Streamlit's, about running without a browser
    for layers in (1, 2, 3, 4):
        times = sorted(time_ticks(layers, args.hidden, args.updates, args.ticks))
        p50, p90 = statistics.median(times), times[int(0.9 * len(times))]
        print(f"L = {layers}  H = {args.hidden}  p50 {p50:.1f} ms  p90 {p90:.1f} ms  most {times[-1]:.1f} ms")


def time_ticks(layers: int, hidden: int, updates: int, count: int) -> list[float]:
    """Return the milliseconds of each of `count` ticks, with all six sites on and one more record at each tick."""
    test = AppTest.from_function(_page, kwargs={"layers": layers, "hidden": hidden, "updates": updates}, default_timeout=60)
    test.run()
    for _tick in range(count):
        test.run()
    return list(test.session_state["times"])[1:]


def _page(layers: int, hidden: int, updates: int) -> None:
    import time

    import streamlit as st

    from core.dropout.placement import Dropout, Placement
    from core.experiment.experiment import build_experiment
    from core.experiment.serialization import to_plain
    from core.training.events import make_record
    from pages.common import visit
    from pages.lab import live, workbench
    from pages.lab.controls import COMMON_SITES

    if "times" not in st.session_state:
        placement = Placement.from_sites({name: Dropout(rate=0.25) for name in COMMON_SITES})
        visit.visit()["experiment"] = to_plain(build_experiment(layers=layers, hidden=hidden, placement=placement))
        events = [{"event": "started", "updates": 10 * updates, "updates_per_epoch": 44}]
        run = workbench.make_run("run", recorded=False) | {"events": events, "state": "finished"}
        visit.visit()["run"] = run
        st.session_state.times = []
    run = visit.visit()["run"]
    while len(run["events"]) < updates + len(st.session_state.times):
        n = len(run["events"])
        evaluated = {"train_loss_clean": 5.0, "val_loss": 5.0, "val": {"perplexity": 148.4}} if n % 44 == 0 else None
        run["events"].append(make_record(n, n / 44, 5.0, evaluated, predicted=[[1] * 20] * 8))
    began = time.perf_counter()
    live._draw()
    st.session_state.times.append(1000 * (time.perf_counter() - began))


if __name__ == "__main__":
    main()
