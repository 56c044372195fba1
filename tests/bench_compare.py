"""Time the server's work (processor time) on a tick of the Compare page with eight experiments: python -m tests.bench_compare.

At each tick every run of the first seed has another evaluation, so that all parts of the page change. Half of the seeds have
ended.
"""

import argparse
import logging
import statistics

from streamlit.testing.v1 import AppTest


def main() -> None:
    """Print median, p90 and maximum of the ticks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--ticks", type=int, default=40)
    args = parser.parse_args()
    logging.disable(logging.WARNING)  # Streamlit's, about running without a browser
    for quiet in (False, True):
        times = sorted(time_ticks(args.seeds, args.ticks, quiet))
        p50, p90 = statistics.median(times), times[int(0.9 * len(times))]
        what = "nothing new" if quiet else "an evaluation of each"
        print(f"8 experiments, {args.seeds} seeds, {what}: p50 {p50:.1f} ms  p90 {p90:.1f} ms  most {times[-1]:.1f} ms")


def time_ticks(seeds: int, count: int, quiet: bool) -> list[float]:
    """Return the milliseconds of each of `count` ticks. quiet: whether nothing has changed."""
    test = AppTest.from_function(_page, kwargs={"seeds": seeds, "quiet": quiet}, default_timeout=120)
    for _tick in range(count + 2):
        test.run()
    return list(test.session_state["times"])[2:]


def _page(seeds: int, quiet: bool) -> None:
    import time

    import streamlit as st

    from core.dropout.methods import get_method
    from core.experiment import study_edits as edits
    from core.experiment.experiment import build_experiment
    from core.experiment.start_study import build_start_study
    from core.figures.theme import LIGHT
    from core.results.study_progress import make_progress
    from pages.common import news
    from pages.lab import compare_board
    from pages.lab import compare_state as state

    state.begin()
    page = state.get_state()
    if "times" not in st.session_state:
        last = build_experiment(placement=get_method("keras").build_placement(0.3))
        study = edits.set_seed_count(edits.add_experiment(build_start_study(), last), seeds)
        state.open_study(study)
        for (_name, seed), key in state.get_keyed_study().keys.items():
            run = page["runs"][key] = make_progress() | {"planned": 792, "per_epoch": 44, "state": "running"}
            if seed < study.seeds[len(study.seeds) // 2]:
                run.update(state="finished", test=120.0, update=792)
                run["points"] += [(22 * n, n / 2, 4.0, 5.0 - n / 100, 150.0 - n) for n in range(37)]
        page["shows_recorded"] = False
        st.session_state.times = []
    n = len(st.session_state.times)
    for (_name, seed), key in state.get_keyed_study().keys.items() if not quiet else ():
        if seed == state.get_study().seeds[-1 if seeds > 1 else 0]:
            page["runs"][key]["points"].append((22 * n, n / 2, 4.0, 5.0, 150.0 - n))
    page["news"] += not quiet
    page["update"] = 1 + (n if not quiet else 0) % 700
    began = time.thread_time()
    news.begin_message()
    with news.collect():
        compare_board.draw_cards(LIGHT)
        compare_board.draw_chart(LIGHT)
        compare_board.draw_table(LIGHT)
        compare_board.draw_results(LIGHT)
    st.session_state.times.append(1000 * (time.thread_time() - began))


if __name__ == "__main__":
    main()
