"""Figures and files of a study. Oracles: medians and ranges by hand; the network's own masks; CSV and JSON read back."""

import csv
import io
import json
import re
import zipfile
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from core.dropout.masks import expand_word_masks
from core.experiment.batches import batch_at, draw_update_masks
from core.experiment.start_study import build_start_study
from core.experiment.study import Study
from core.export.study_scripts import build_zip
from core.figures.network.small import SHOWN_UNITS, SmallScene, render_small_network
from core.figures.placement_text import describe_placement
from core.figures.study_curves import ExperimentCurves, SeedCurve, choose_range, plot_study_curves, summarize_seeds
from core.figures.study_curves_svg import choose_ticks, render_study_curves
from core.figures.study_differences import Difference, render_differences
from core.figures.study_overview import build_overview, describe_evidence, list_differences, list_verdicts
from core.figures.study_report import ReportContent, build_report
from core.figures.study_style import get_slot_color, get_slot_dash
from core.figures.theme import DARK, LIGHT
from core.results.interval import Interval
from core.results.study_files import write_csv, write_json
from core.results.study_progress import Progress, make_progress, select_ended
from core.results.study_stats import RunKey, SplitResult, analyze_study
from tests.test_study import build_study

SVG = "{http://www.w3.org/2000/svg}"


def make_run(*metrics: float, state: str = "finished") -> Progress:
    """Return a run with an evaluation an epoch, whose losses fall with its metric."""
    points = [(10 * n, float(n), 1 - value, 1.1 - value, value) for n, value in enumerate(metrics)]
    run = make_progress() | {"state": state, "points": points, "test": metrics[-1], "seconds": 4.0}
    return run | {"planned": 40, "update": points[-1][0]}


def build_example() -> tuple[Study, dict[RunKey, Progress], dict[str, SplitResult]]:
    """Return a study of three seeds, its runs and their statistics."""
    study = build_study("none", "zaremba2014", seeds=(7, 8, 9))
    runs = {("none", seed): make_run(0.1, 0.5, 0.6 + 0.01 * seed) for seed in study.seeds}
    runs |= {("zaremba2014", seed): make_run(0.1, 0.8 + 0.012 * seed, 0.7) for seed in study.seeds}
    return study, runs, analyze_study(study, select_ended(study, runs), against_first=True)


def build_curves(study: Study, runs: dict[RunKey, Progress]) -> list[ExperimentCurves]:
    """Return the curves of all runs."""
    return [
        ExperimentCurves(name, slot, [SeedCurve(seed, runs[name, seed]["points"], True) for seed in study.seeds])
        for slot, name in enumerate(study.names)
    ]


def test_median_and_range_are_those_of_the_seeds_that_have_ended() -> None:
    rows = [[(0, 0.0, 0, v, 0), (1, 1.0, 0, v + 1, 0)] for v in (3.0, 1.0, 7.0)]
    seeds = [SeedCurve(n, row, True) for n, row in enumerate(rows)] + [SeedCurve(9, [(0, 0.0, 0, 99.0, 0)], False)]
    summary = summarize_seeds(ExperimentCurves("a", 0, seeds), "validation")
    assert (summary.epochs, summary.middle) == ([0.0, 1.0], [3.0, 4.0])
    assert (summary.low, summary.high, summary.seeds) == ([1.0, 2.0], [7.0, 8.0], 3)
    going_on = summarize_seeds(ExperimentCurves("a", 0, seeds[3:]), "validation")
    assert going_on.middle == [99.0]
    assert summarize_seeds(ExperimentCurves("a", 0, []), "validation").epochs == []


def test_a_chart_has_one_color_and_one_dash_for_each_experiment() -> None:
    study, runs, _results = build_example()
    figure = plot_study_curves(build_curves(study, runs), LIGHT, "validation", "word", "accuracy", 300, "id")
    assert [trace["meta"]["experiment"] for trace in figure["data"]] == [0, 0, 0, 1, 1, 1]  # seeds, band, median
    medians = [trace for trace in figure["data"] if "customdata" in trace]
    assert medians[0]["line"]["color"] == get_slot_color(LIGHT, 0)
    json.dumps(figure, allow_nan=False)
    empty = plot_study_curves([ExperimentCurves("a", 0, [])], DARK, "metric", "word", "accuracy", 300, "id")
    assert "Press Play" in empty["layout"]["annotations"][0]["text"]


def test_values_of_the_untrained_network_and_missing_ones_do_not_set_the_range() -> None:
    points = [(0, 0.0, 9.0, 90.0, 0.1), (1, 1.0, 2.0, 3.0, 0.2), (2, 2.0, None, None, 0.2), (3, 3.0, 1.0, 2.0, 0.3)]
    seed = SeedCurve(7, points, True)
    assert choose_range([ExperimentCurves("a", 0, [seed])], "validation") == pytest.approx((1.95, 3.05))


def test_looks_differ_in_color_and_in_dash() -> None:
    for theme in (LIGHT, DARK):
        assert len({get_slot_color(theme, slot) for slot in range(8)}) == 8
    assert len({get_slot_dash(slot) for slot in range(8)}) == 8


def test_differences_are_dots_with_whiskers_on_one_scale() -> None:
    rows = [
        Difference("better <one>", 1, Interval(0.2, 0.1, 0.3), [0.1, 0.2, 0.3], "+0.2 ± 0.1"),
        Difference("one seed", 2, Interval(-0.1, float("-inf"), float("inf")), [-0.1], "-0.1"),
        Difference("nothing yet", 3, None, [], ""),
    ]
    root = ET.fromstring(render_differences(rows, LIGHT, higher_is_better=True))
    groups = [node for node in root if node.get("data-experiment")]
    dots = [[float(str(dot.get("cx"))) for dot in group.iter(f"{SVG}circle")] for group in groups]
    assert [len(row) for row in dots] == [4, 1, 0]
    zero = float(re.findall(r"M([\d.]+)", str(root.findall(f"{SVG}path")[0].get("d")))[0])
    assert dots[1][0] < zero < dots[0][0] < dots[0][1] < dots[0][2]
    texts = [str(node.text) for node in root.findall(f"{SVG}text")]
    assert texts[-2:] == ["← worse", "better →"]
    other = ET.fromstring(render_differences(rows, LIGHT, higher_is_better=False))
    assert [str(node.text) for node in other.findall(f"{SVG}text")][-2:] == ["← better", "worse →"]


def test_one_difference_far_outside_does_not_set_the_scale() -> None:
    near = [Difference(f"near {n}", n, Interval(n, n - 1.0, n + 1.0), [n, n], "n") for n in (-2, 3)]
    far = Difference("far", 3, Interval(400.0, 390.0, 410.0), [400.0, 400.0], "+400")
    root = ET.fromstring(render_differences([*near, far], LIGHT, higher_is_better=True))
    groups = [node for node in root if node.get("data-experiment")]
    places = [float(str(group.findall(f"{SVG}circle")[-1].get("cx"))) for group in groups]
    assert places[1] - places[0] > 100, "the near ones can be told apart"
    assert places[2] > places[1] + 40
    assert "l7 5l-7 5z" in str(groups[2].findall(f"{SVG}path")[-1].get("d")), "an arrow points to where it lies"


def test_ticks_are_round_and_within_the_range() -> None:
    for low, high in ((-30, 12.0), (0.001, 0.0042), (5, 5.9), (0, 18)):
        ticks = choose_ticks(low, high)
        assert 2 <= len(ticks) <= 7
        assert all(low <= tick <= high for tick in ticks)


def test_the_table_holds_means_of_the_runs_and_where_the_best_was() -> None:
    study, runs, results = build_example()
    none, zaremba = build_overview(study, runs, results)
    assert none.best.startswith("68.0 % ±")
    assert (none.epoch, none.updates, none.seconds, none.runs) == ("2", "20", "4", "3 of 3")
    assert (zaremba.epoch, zaremba.updates, zaremba.seconds) == ("1", "10", "2"), "half of the updates: half of the time"
    assert zaremba.gap == "+0.10"
    (verdict,) = list_verdicts(study, results)
    assert (verdict.kind, verdict.word) == ("better", "better")
    (row,) = list_differences(study, runs, results, {"none": 0, "zaremba2014": 1})
    assert row.values == pytest.approx([0.8 + 0.012 * s - 0.6 - 0.01 * s for s in study.seeds])
    assert "±" in row.text


def test_what_the_evidence_allows() -> None:
    study, runs, _results = build_example()
    assert describe_evidence(study, runs) == "From 3 seeds of each."
    assert "One run proves nothing" in describe_evidence(replace(study, seeds=(7,)), runs)
    waiting = {key: make_progress() for key in runs}
    assert "No verdict yet" in describe_evidence(study, waiting)
    assert build_overview(study, waiting, None)[0].list_cells() == ["–"] * 6


def build_scene(number: int, update: int = 5) -> SmallScene:
    """Return the small figure of an experiment of the start study."""
    experiment = build_start_study().experiments[number][1]
    masks = expand_word_masks(draw_update_masks(experiment, update), batch_at(experiment, update).x)
    nothing = [None] * experiment.steps
    return SmallScene(
        placement=experiment.placement.resolve_schedules(update),
        shape=experiment.shape,
        masks=masks,
        sample=0,
        first=0,
        count=7,
        inputs=[""] * experiment.steps,
        predictions=nothing,
        targets=nothing,
        climbs=(0, 2, 5),
    )


@pytest.mark.parametrize("number", range(7))
def test_a_small_network_shows_the_first_units_of_the_masks_that_were_used(number: int) -> None:
    scene = build_scene(number)
    root = ET.fromstring(render_small_network(scene, LIGHT, "n", "a sentence"))
    drawn = [node for node in root.iter(f"{SVG}g") if "small-mask" in str(node.get("class"))]
    kept = sum(str(stripes.get("d")).count("M") for node in drawn for stripes in node.findall(f"{SVG}path"))
    shown = [scene.select_window(site, layer)[:, :SHOWN_UNITS] for site, layer in scene.active_rates]
    assert kept == sum(int((factors != 0).sum()) for factors in shown)
    crossed = [node for node in drawn if "is-crossed" in str(node.get("class"))]
    assert len(crossed) == len(scene.crossing_numbers)


def test_a_placement_in_one_line() -> None:
    texts = [describe_placement(experiment.placement) for _name, experiment in build_start_study().experiments]
    assert texts[0] == "no mask anywhere"
    assert ".5" in texts[1]
    assert "a new mask at every step" in texts[1]
    assert texts[2].endswith("one mask a sequence")


def test_the_csv_has_a_row_a_run_and_the_json_all_curves() -> None:
    study, runs, results = build_example()
    study = replace(study, experiments=(("=evil", study.experiments[0][1]), study.experiments[1]))
    runs = {("=evil" if name == "none" else name, seed): run for (name, seed), run in runs.items()}
    rows = list(csv.DictReader(io.StringIO(write_csv(study, runs))))
    assert len(rows) == 6
    assert rows[0]["experiment"] == "'=evil", "no formula for a spreadsheet"
    assert [float(row["best_validation"]) for row in rows[::2]] == [runs["=evil", s]["points"][-1][4] for s in study.seeds]
    data = json.loads(write_json(study, runs, results, {"date": "today"}))
    assert data["runs"][0]["points"][1]["epoch"] == 1.0
    assert data["provenance"] == {"date": "today"}


def test_the_zip_holds_a_script_for_each_experiment_that_compiles() -> None:
    study = build_study("none", "gal2016")
    with zipfile.ZipFile(io.BytesIO(build_zip(study))) as folder:
        scripts = [name for name in folder.namelist() if name.endswith(".py")]
        assert scripts == ["1-none.py", "2-gal2016.py"]
        for name in scripts:
            compile(folder.read(name), name, "exec")
    assert build_zip(study) == build_zip(study)


def test_the_report_stands_alone_and_carries_its_data() -> None:
    study, runs, results = build_example()
    curves = build_curves(study, runs)
    networks = [("<svg/>", "0 masks")] * 2
    content = ReportContent(study, runs, results, curves, {"none": 0, "zaremba2014": 1}, networks, 5, {"Machine": "here"})
    data: dict[str, Any] = {"name": "</script><script>alert(1)</script>"}
    html = build_report(content, json.dumps(data))
    assert re.findall(r"(?:src|href)=", html) == [], "nothing comes from outside"
    carried = re.search(r"<script type='application/json' id='study-data'>(.*?)</script>", html)
    assert carried
    assert json.loads(carried[1]) == data
    assert "zaremba2014 is better than none" in html
    assert "Machine: here." in html
    ET.fromstring(render_study_curves(curves, DARK, "word", "accuracy"))
