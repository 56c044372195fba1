"""Tests of the loss curves, run metrics and change marks, compared with plain loops over the records."""

import json
import math
from dataclasses import replace
from itertools import pairwise
from statistics import fmean
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dropout.methods import get_method
from core.dropout.placement import Dropout, Placement, placement_to_plain
from core.experiment.experiment import Experiment, build_experiment
from core.figures.change_marks import ChangeMark, build_change_marks, join_near_marks
from core.figures.curve_lines import LOSS, MAX_POINTS, METRIC, SMOOTHING, CurveView, build_legend, smooth_values
from core.figures.label_layout import assign_columns, spread_labels
from core.figures.loss_curves import END_FRACTION, plot_loss_curves
from core.figures.run_summary import RunCurve, compute_run_metrics, describe_runs, format_metric, name_run
from core.figures.theme import DARK, LIGHT
from core.training.events import Event, make_record

PER_EPOCH = 5


def make_records(validation: list[float], metric: str = "perplexity", gap: float = 0.5) -> list[Event]:
    """Return records with an evaluation per epoch, the first before any update, and PER_EPOCH updates between two."""
    records = []
    for update in range((len(validation) - 1) * PER_EPOCH + 1):
        epoch = update // PER_EPOCH
        due = {"train_loss_clean": validation[epoch] - gap, "val_loss": validation[epoch], "val": {metric: 10.0 + epoch}}
        loss = float("nan") if update == 0 else 3 + 1 / update
        records.append(make_record(update, update / PER_EPOCH, loss, due if update % PER_EPOCH == 0 else None))
    return records


def plot(*runs: RunCurve, **options: Any) -> dict[str, Any]:
    figure = plot_loss_curves(runs, LIGHT, "word", **options)
    json.dumps(figure, allow_nan=False)  # plain data throughout
    return figure


def find_trace(figure: dict[str, Any], name: str) -> dict[str, Any]:
    traces: list[dict[str, Any]] = [trace for trace in figure["data"] if trace["name"] == name]
    assert len(traces) == 1, name
    return traces[0]


CURVE = make_records([8.0, 5.0, 4.0, 4.5])
RUN = RunCurve("a", "Zaremba", CURVE)
OLD = RunCurve("b", "no dropout", make_records([8.0, 5.2, 5.1, 6.0]), previous=True, color=None)


def test_the_axis_of_a_long_run_grows_with_it() -> None:
    def end(epochs: float, reached: int) -> float:
        return float(
            plot(RunCurve("a", "a", make_records([5.0] * (reached + 1)), epochs=epochs))["layout"]["xaxis"]["autorangeoptions"][
                "include"
            ][1]
        )

    assert [end(24, 3), end(81, 3), end(81, 30), end(81, 31), end(81, 61), end(81, 81)] == [24, 30, 30, 60, 81, 81]


def test_every_evaluation_is_drawn_as_it_was_recorded() -> None:
    figure = plot(RUN)
    assert find_trace(figure, "validation")["x"] == [0, 1, 2, 3]
    assert find_trace(figure, "validation")["y"] == [8.0, 5.0, 4.0, 4.5]
    assert find_trace(figure, "train, clean")["y"] == [7.5, 4.5, 3.5, 4.0]
    assert find_trace(figure, "validation")["customdata"] == [
        "perplexity 10",
        "perplexity 11",
        "perplexity 12",
        "perplexity 13",
    ]


@given(st.lists(st.floats(0, 9), max_size=900))
def test_the_masked_loss_is_the_mean_of_neighbors(losses: list[float]) -> None:
    figure = plot(RunCurve("a", "a", [make_record(i + 1, i + 1, loss) for i, loss in enumerate(losses)]))
    if not losses:
        assert figure["data"] == []
        return
    size = next(2**n for n in range(20) if len(losses) <= MAX_POINTS * 2**n)
    buckets = [range(start, min(start + size, len(losses))) for start in range(0, len(losses), size)]
    line = find_trace(figure, "train, masked")
    assert len(line["x"]) <= MAX_POINTS
    assert line["x"] == pytest.approx([fmean(i + 1 for i in bucket) for bucket in buckets], abs=1e-3)
    assert line["y"] == pytest.approx([fmean(losses[i] for i in bucket) for bucket in buckets], abs=1e-4)
    assert (f"mean of {size} updates" in line["hovertemplate"]) == (size > 1)


def test_a_growing_curve_keeps_what_is_drawn() -> None:
    losses = [make_record(i, i / 45, 5 - i / 1000) for i in range(1, 1081)]
    short, long = (find_trace(plot(RunCurve("a", "a", losses[:n], epochs=24)), "train, masked") for n in (400, 1080))
    whole = len(short["x"]) - 1  # the last point still grows
    assert short["x"][:whole] == long["x"][:whole]
    assert short["y"][:whole] == long["y"][:whole]


def test_the_grammar_never_color_alone() -> None:
    figure = plot(RUN, OLD)
    dashes = {trace["name"]: trace["line"]["dash"] for trace in figure["data"] if "dash" in trace.get("line", {})}
    assert dashes == {"train, masked": "solid", "train, clean": "solid", "validation": "dash", "no dropout, validation": "dash"}
    assert find_trace(figure, "train, masked")["line"]["width"] < find_trace(figure, "train, clean")["line"]["width"]
    assert find_trace(figure, "no dropout, validation")["line"]["color"] == LIGHT.previous


def test_each_line_is_named_in_the_legend_with_its_newest_value_and_at_its_end_when_the_run_has_ended() -> None:
    legend = [(entry["run"], entry["name"], entry["value"]) for entry in build_legend([RUN, OLD], LIGHT, CurveView())]
    now = [("", "train, masked", "3.07"), ("", "train, clean", "4.00"), ("", "validation", "4.50"), ("b", "no dropout", "12")]
    assert legend == now
    assert plot(RUN, OLD)["layout"]["annotations"] == [], "no label covers what comes"
    figure = plot(RUN, OLD, ended=True)
    labels = {note["text"].replace("<br>", " ") for note in figure["layout"]["annotations"]}
    assert labels == {f"{name} {value}" for _run, name, value in now}
    start, end = figure["layout"]["xaxis"]["autorangeoptions"]["include"]
    longest = max(x for trace in figure["data"] if trace.get("yaxis") != "y2" for x in trace["x"])
    assert all(longest <= note["x"] for note in figure["layout"]["annotations"]), "no label lies on a line"
    assert end - longest == pytest.approx(END_FRACTION * (end - start))


def test_the_gap_is_shaded_between_clean_training_loss_and_validation_loss() -> None:
    gap = find_trace(plot(RUN, OLD), "gap")
    assert gap["fill"] == "toself"
    assert gap["x"] == [0, 1, 2, 3, 3, 2, 1, 0]
    assert gap["y"] == [7.5, 4.5, 3.5, 4.0, 4.5, 4.0, 5.0, 8.0]


def test_a_metric_of_the_loss_alone_has_three_lines_and_any_other_is_known_of_the_validation_only() -> None:
    view = CurveView(METRIC)
    perplexity, accuracy = (
        plot_loss_curves([RunCurve("a", "a", make_records([3.0, 2.0, 1.5], metric))], LIGHT, "word", metric=metric, view=view)
        for metric in ("perplexity", "accuracy")
    )
    assert find_trace(perplexity, "validation")["y"] == [10, 11, 12], "as recorded"
    assert find_trace(perplexity, "train, clean")["y"] == pytest.approx([math.exp(loss) for loss in (2.5, 1.5, 1.0)], 1e-5)
    assert {trace["name"] for trace in accuracy["data"]} == {"validation", "best"}
    assert accuracy["layout"]["yaxis"]["title"]["text"] == "accuracy"


def test_a_smoothed_line_is_the_weighted_mean_of_what_came_before() -> None:
    values = [3.0, 1.0, 2.0, 8.0]
    for n, smoothed in enumerate(smooth_values(values)):
        weights = [SMOOTHING ** (n - i) for i in range(n + 1)]
        mean = sum(w * v for w, v in zip(weights, values[: n + 1], strict=True)) / sum(weights)
        assert smoothed == pytest.approx(mean)
    rough, smooth = (find_trace(plot(RUN, view=CurveView(LOSS, smooth=on)), "train, masked")["y"] for on in (False, True))
    assert smooth == pytest.approx(smooth_values(rough), 1e-4)


def test_a_logarithmic_axis_and_the_zoom_to_the_newest_show_what_they_say() -> None:
    axis = plot(RUN, view=CurveView(log=True))["layout"]["yaxis"]
    assert axis["type"] == "log"
    low, high = axis["autorangeoptions"]["include"]
    assert 0 < low < 3.07 < 5 < high
    long = RunCurve("a", "a", make_records([9.0 - n / 4 for n in range(21)]), epochs=40)
    start, end = plot(long, view=CurveView(newest=True))["layout"]["xaxis"]["autorangeoptions"]["include"]
    assert (start, end) == (15, 20)
    _low, top = plot(long, view=CurveView(newest=True))["layout"]["yaxis"]["autorangeoptions"]["include"]
    assert top < 6, "the values of the older epochs count no more"


def test_a_run_keeps_its_color_when_it_has_become_an_earlier_one() -> None:
    now, later = (
        {
            trace["line"]["color"]
            for trace in plot(replace(RUN, color=2, previous=earlier))["data"]
            if "dash" in trace.get("line", {})
        }
        for earlier in (False, True)
    )
    assert now == later == {LIGHT.method_colors[2]}


def test_the_best_point_is_marked() -> None:
    current, old = [trace for trace in plot(RUN, OLD)["data"] if trace["name"] == "best"]
    assert (current["x"], current["y"], current["customdata"]) == ([2], [4.0], ["perplexity 12"])
    assert (old["x"], old["y"], old["customdata"]) == ([2], [5.1], ["perplexity 12"])
    assert "best" not in json.dumps(plot(replace(RUN, records=CURVE[:6]))), "after one epoch nothing is best"


def test_the_window_shows_the_trained_network_and_the_whole_run() -> None:
    layout = plot(replace(RUN, epochs=20), OLD)["layout"]
    assert layout["xaxis"]["autorangeoptions"]["include"] == [0, 20]
    low, high = layout["yaxis"]["autorangeoptions"]["include"]
    assert low < 3.0
    assert 6.0 < high < 8.0, "all but the untrained network's loss"


def test_before_the_first_epoch_ends_all_is_shown() -> None:
    low, high = plot(RunCurve("a", "a", CURVE[:3]))["layout"]["yaxis"]["autorangeoptions"]["include"]
    assert low < 3.5
    assert high > 8.0


def test_a_tick_leaves_the_users_zoom_alone() -> None:
    before, after = plot(replace(RUN, records=CURVE[:8]))["layout"], plot(RUN)["layout"]
    assert before["uirevision"] == after["uirevision"]
    assert plot(RUN, view=CurveView(newest=True))["layout"]["uirevision"] != after["uirevision"], "another look is another zoom"
    for axis in ("xaxis", "yaxis"):
        assert before[axis]["autorange"] is after[axis]["autorange"] is True
        assert "range" not in after[axis]


@pytest.mark.parametrize("runs", [(), (RunCurve("a", "a", []),), (RunCurve("a", "a", [make_record(0, 0, float("nan"))]),)])
def test_without_any_point_it_says_what_to_do(runs: tuple[RunCurve, ...]) -> None:
    figure = plot(*runs)
    assert figure["data"] == []
    assert "Play" in figure["layout"]["annotations"][0]["text"]


def test_one_point_is_seen_and_a_loss_that_is_no_number_is_left_out() -> None:
    assert find_trace(plot(RunCurve("a", "a", CURVE[:1])), "validation")["mode"] == "markers"
    diverged = [*CURVE, make_record(16, 3.2, float("nan"))]
    assert find_trace(plot(RunCurve("a", "a", diverged)), "train, masked") == find_trace(plot(RUN), "train, masked")


def test_a_long_run_stays_small() -> None:
    long = [make_record(i, i / 100, 5 - i / 10_000) for i in range(20_000)]
    assert len(json.dumps(plot(RunCurve("a", "a", long)))) < 10_000


def test_changes_are_ticks_above_the_plot_and_near_ones_share_one() -> None:
    far, near = [ChangeMark(float(i), f"change {i}") for i in range(3)], ChangeMark(2.01, "one more")
    figure = plot(replace(RUN, marks=[*far, near]), OLD)
    ticks = find_trace(figure, "changed")
    assert [line["x0"] for line in figure["layout"]["shapes"]] == ticks["x"] == [0, 1, 2]
    (top,) = {line["y1"] for line in figure["layout"]["shapes"]}
    low, high = figure["layout"]["yaxis"]["autorangeoptions"]["include"]
    trained = max(record["val_loss"] for record in CURVE if record["update"] > 0 and record["val_loss"] is not None)
    assert min(ticks["y"]) > top > (trained - low) / (high - low), "above all that has been trained"
    assert ticks["customdata"] == [
        "change 0 at epoch 0",
        "change 1 at epoch 1",
        "change 2 at epoch 2<br>one more at epoch 2",
    ], "hovering says all of them"
    assert [text.strip() for text in ticks["text"]] == ["change 0", "change 1", "2 changes"]


def test_a_label_that_would_reach_the_next_tick_is_left_out() -> None:
    marks = [ChangeMark(i / 5, f"a change of a long name {i}") for i in range(5)]
    ticks = find_trace(plot(replace(RUN, marks=marks)), "changed")
    assert set(ticks["text"][:-1]) == {""}


@given(st.lists(st.floats(0, 9), max_size=30), st.floats(0, 2))
def test_joined_marks_are_all_there_and_groups_are_apart(epochs: list[float], distance: float) -> None:
    groups = join_near_marks([ChangeMark(epoch, "") for epoch in epochs], distance)
    assert [mark.epoch for group in groups for mark in group] == sorted(epochs)
    for one, other in pairwise(groups):
        assert other[0].epoch - one[-1].epoch > distance
    assert all(b.epoch - a.epoch <= distance for group in groups for a, b in pairwise(group))


@given(st.lists(st.tuples(st.floats(-500, 500), st.floats(1, 40), st.integers(0, 1)), max_size=8))
def test_labels_never_overlap_and_keep_their_order(labels: list[tuple[float, float, int]]) -> None:
    at, sizes, columns = [one[0] for one in labels], [one[1] for one in labels], [one[2] for one in labels]
    shifts = spread_labels(at, sizes, columns)
    for column in (0, 1):
        placed = sorted((at[i] + shifts[i], sizes[i], at[i]) for i in range(len(at)) if columns[i] == column)
        for (low, small, was), (high, large, then) in pairwise(placed):
            assert high - low >= (small + large) / 2 - 1e-6
            assert was <= then
    alone = [i for i in range(len(at)) if columns.count(columns[i]) == 1]
    assert [shifts[i] for i in alone] == pytest.approx([0] * len(alone)), "what has room stays"


@given(st.lists(st.tuples(st.floats(-50, 450), st.floats(1, 40)), max_size=8))
def test_labels_stay_within_the_frame(labels: list[tuple[float, float]]) -> None:
    at, sizes = ([label[i] for label in labels] for i in range(2))
    shifts = spread_labels(at, sizes, [0] * len(at), 0, 400)
    placed = sorted((at[i] + shifts[i], sizes[i]) for i in range(len(at)))
    for (low, small), (high, large) in pairwise(placed):
        assert high - low >= (small + large) / 2 - 1e-6
    assert all(middle - size / 2 >= -1e-6 and middle + size / 2 <= 400 + 1e-6 for middle, size in placed)


def test_two_ends_that_are_near_share_a_column_wherever_they_lie() -> None:
    assert assign_columns([0.24, 0.26, 1.0, 0.9], 0.45) == [0, 0, 1, 1]
    assert assign_columns([0.0, 0.4, 0.8], 0.45) == [0, 0, 0], "a chain"
    assert assign_columns([], 0.45) == []


def test_no_label_lies_on_the_axis_or_on_another() -> None:
    flat = [replace(RUN, id=str(i), records=make_records([3.0, 2.0, 2.0, 2.0], gap=0.0), previous=i > 0) for i in range(2)]
    figure = plot(*flat, height=200, ended=True)
    window = figure["layout"]["yaxis"]["autorangeoptions"]
    low, high = window["clipmin"], window["clipmax"]
    margin = figure["layout"]["margin"]
    scale = (200 - margin["t"] - margin["b"]) / (high - low)
    spans = []
    for note in figure["layout"]["annotations"]:
        half = 7.5 * len(note["text"].split("<br>"))
        middle = (note["y"] - low) * scale + note["yshift"]
        spans.append((middle - half, middle + half))
    assert all(bottom >= -0.1 for bottom, _top in spans)
    assert all(below[1] <= above[0] + 0.1 for below, above in pairwise(sorted(spans)))


@given(st.lists(st.floats(0.5, 9), min_size=1, max_size=9), st.floats(-1, 1))
def test_metrics_say_what_the_records_say(validation: list[float], gap: float) -> None:
    metrics = compute_run_metrics(make_records(validation, gap=gap))
    epoch = min(range(len(validation)), key=lambda i: validation[i])
    assert metrics
    assert (metrics.metric, metrics.value, metrics.best, metrics.best_epoch) == (
        "perplexity",
        10 + len(validation) - 1,
        10 + epoch,
        epoch,
    )
    assert metrics.gap == pytest.approx(gap)


def test_no_evaluation_no_metrics() -> None:
    assert compute_run_metrics([]) is None
    assert compute_run_metrics([make_record(1, 0.2, 3.0)]) is None


def test_the_sentence_has_the_numbers() -> None:
    sentence = describe_runs([replace(RUN, marks=[ChangeMark(1.5, "input .5 → .2")]), OLD, RunCurve("c", "empty", [])])
    assert "Zaremba: at epoch 3, validation perplexity 13; at the lowest loss, epoch 2, 12." in sentence
    assert "0.50 nats above the training loss without masks" in sentence
    assert "Changed: input .5 → .2 at epoch 1.5." in sentence
    assert "empty: not evaluated yet." in sentence
    assert describe_runs([])


@pytest.mark.parametrize(
    ("metric", "value", "text"),
    [
        ("perplexity", 146.4, "146"),
        ("perplexity", 12.34, "12.3"),
        ("perplexity", 1.0, "1"),
        ("accuracy", 0.9844, "98.4 %"),
        ("perplexity", 99_999.0, "99999"),
        ("perplexity", 1.234e9, "1.2e9"),
        ("perplexity", 5e46, "5.0e46"),
    ],
)
def test_metrics_are_shown_in_three_digits(metric: str, value: float, text: str) -> None:
    assert format_metric(metric, value) == text


def test_accuracy_is_not_taken_for_perplexity() -> None:
    figure = plot(RunCurve("a", "a", make_records([2.0, 1.0], metric="accuracy")))
    assert "perplexity" not in json.dumps(figure)


def test_dark_is_the_same_figure_in_other_colors() -> None:
    light, dark = (json.dumps(plot_loss_curves([RUN, OLD], theme, "word")) for theme in (LIGHT, DARK))
    assert DARK.paper in dark
    for color in (LIGHT.ink, LIGHT.paper, *LIGHT.run_colors):
        assert color not in dark
    for ours, theirs in zip(
        (LIGHT.ink, LIGHT.previous, *LIGHT.run_colors), (DARK.ink, DARK.previous, *DARK.run_colors), strict=True
    ):
        assert light.count(ours) == dark.count(theirs)


def test_a_run_is_named_by_what_tells_it_from_others() -> None:
    one, bare = build(layers=2, hidden=16), build(placement=Placement(), layers=2, hidden=16)
    own = build(placement=Placement.from_sites({"cell": Dropout(0.1), "output": Dropout(0.2)}))
    changed = [{"event": "changed", "update": 3, "placement": build_placement_data(input=0.2)}]
    assert name_run(2, one) == "run 2 · zaremba2014"
    assert name_run(3, bare, reference=one) == "run 3 · no dropout"
    assert name_run(4, own) == "run 4 · own placement"
    assert name_run(5, one, changed) == "run 5 · zaremba2014, changed"
    assert name_run(5, one, [{"event": "changed", "update": 3, "learning_rate": 0.1}]) == "run 5 · zaremba2014"
    assert name_run(6, one, reference=replace(one, layers=3)) == "run 6 · zaremba2014, L 2, H 16"


def build(**given: Any) -> Experiment:
    return build_experiment("delayed-recall", **{"placement": get_method("zaremba2014").build_placement(), **given})


def build_placement_data(**rates: float) -> dict[str, Any]:
    return placement_to_plain(Placement.from_sites({name: Dropout(rate=rate) for name, rate in rates.items()}))


@pytest.mark.parametrize(
    ("change", "label"),
    [
        ({"placement": build_placement_data(input=0.2, between=0.5, output=0.5)}, "input .5 → .2"),
        ({"placement": build_placement_data(between=0.5, output=0.5)}, "input .5 → off"),
        ({"placement": build_placement_data(input=0.5, between=0.5, output=0.5, cell=0.25)}, "cell off → .25"),
        ({"placement": build_placement_data(input=0.3, between=0.3, output=0.3)}, "3 sites .5 → .3"),
        ({"placement": placement_to_plain(get_method("none").build_placement())}, "No dropout"),
        ({"placement": placement_to_plain(get_method("naive-cell").build_placement())}, "cell off → .25"),
        (
            {
                "placement": build_placement_data(input=0.5, between=0.5, output=0.5)
                | {"input": {"rate": 0.5, "time": "sequence"}}
            },
            "input: one per sequence",
        ),
        ({"learning_rate": 0.0005}, "learning rate .003 → .0005"),
        ({"mask_seed": 8}, "new masks"),
        ({"placement": build_placement_data(input=0.5, between=0.5, output=0.5)}, None),
    ],
)
def test_a_change_is_named_by_what_it_changed(change: dict[str, Any], label: str | None) -> None:
    experiment = build(learning_rate=0.003)
    events = [
        {"event": "started", "updates_per_epoch": 40},
        make_record(60, 1.5, 2.0),
        {"event": "changed", "update": 60, **change},
    ]
    assert build_change_marks(experiment, events) == ([ChangeMark(1.5, label)] if label else [])


def test_a_second_change_starts_from_the_first() -> None:
    half, fifth = (build_placement_data(input=rate, between=0.5, output=0.5) for rate in (0.5, 0.2))
    events = [{"event": "changed", "update": n, "placement": placement} for n, placement in ((1, fifth), (2, half))]
    assert [mark.label for mark in build_change_marks(build(), events)] == ["input .5 → .2", "input .2 → .5"]
