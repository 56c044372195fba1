"""The view of the network figure.

Oracles: core.analysis.path_counts accepts every path of a fitted view; a link gives back the view that it was made from.
"""

from contextlib import suppress
from dataclasses import astuple, replace
from functools import partial
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis.path_counts import list_crossings, list_routes
from core.errors import Invalid
from core.experiment.batches import batch_at, load_data, nearest_target_step
from core.experiment.experiment import Experiment, build_experiment
from pages.common.path_view import ROUTES, WINDOW_STEPS, PathView, find_first_step, view_from_query, view_to_query
from tests.strategies import experiments

SAMPLES = 8
wholes = st.integers(0, 40) | st.integers(0, 10**8)
paths = st.just(()) | st.lists(wholes, min_size=2, max_size=7).map(tuple)
views = st.builds(PathView, first=st.none() | wholes, sample=wholes, climbs=paths, through=st.sampled_from(ROUTES))
# Few steps make few windows: sizes at which every bound is met.
small = st.builds(
    build_experiment, st.just("language-model"), layers=st.integers(1, 4), steps=st.integers(2, 14), batch=st.integers(1, 12)
)
garbage = st.text(max_size=6) | st.sampled_from(["-1", "1.5", "1,2", "1,,2", ",", "٣", "²", "9" * 5000, " 1", "nan", "\ud800"])


def check(view: PathView, experiment: Experiment) -> None:
    """Check that the figure and the count can show the view."""
    assert view.first is not None
    assert 0 <= view.start == view.first <= max(0, experiment.steps - WINDOW_STEPS)
    assert 0 <= view.sample < min(SAMPLES, experiment.batch)
    assert 0 <= view.climbs[0] <= view.climbs[-1] < experiment.steps
    list_crossings(
        experiment.placement, experiment.layers, view.climbs, view.through, experiment.cell
    )  # raises if it is no path


@given(view=views, experiment=experiments() | small)
def test_whatever_is_asked_for_a_fitted_view_can_be_shown(view: PathView, experiment: Experiment) -> None:
    fitted = view.fit_to(experiment, SAMPLES)
    check(fitted, experiment)
    assert fitted.through == (view.through if view.through in list_routes(experiment.cell) else "state")
    assert fitted.fit_to(experiment, SAMPLES) == fitted


@given(view=views, experiment=small, t=wholes, data=st.data())
def test_whatever_is_clicked_gives_a_view_that_can_be_shown(
    view: PathView, experiment: Experiment, t: int, data: st.DataObject
) -> None:
    view, t = view.fit_to(experiment, SAMPLES), t % experiment.steps
    check(view.with_source(t), experiment)
    assert view.with_source(t).climbs[0] == t
    check(view.with_target(t), experiment)
    assert view.with_target(t).climbs[-1] == t
    if experiment.layers > 1:
        layer = data.draw(st.integers(1, experiment.layers - 1))
        moved = view.with_climb(layer, t)
        check(moved, experiment)
        # As far as its neighbors allow; nothing else moves.
        assert moved.climbs[layer] == max(view.climbs[layer - 1], min(t, view.climbs[layer + 1]))
        assert [s for i, s in enumerate(moved.climbs) if i != layer] == [s for i, s in enumerate(view.climbs) if i != layer]


def test_a_click_moves_only_the_climbs_in_its_way() -> None:
    view = PathView(climbs=(2, 5, 8))
    assert view.with_source(3).climbs == (3, 5, 8)
    assert view.with_source(6).climbs == (6, 6, 8)
    assert view.with_source(9).climbs == (9, 9, 9)
    assert view.with_target(4).climbs == (2, 4, 4)
    assert view.with_target(0).climbs == (0, 0, 0)
    assert view.with_climb(1, 0).climbs == (2, 2, 8)


def test_the_first_path_shown_goes_over_five_steps_or_as_many_as_there_are() -> None:
    assert PathView().fit_to(build_experiment(layers=2), SAMPLES).climbs == (0, 2, 5)
    assert PathView().fit_to(build_experiment(layers=1, steps=3), SAMPLES).climbs == (0, 2)


@given(view=views, experiment=small, data=st.data())
def test_the_path_ends_where_something_is_asked_and_a_window_that_nobody_chose_shows_it(
    view: PathView, experiment: Experiment, data: st.DataObject
) -> None:
    end = data.draw(st.integers(0, experiment.steps - 1))
    fitted = replace(view, first=None).fit_to(experiment, SAMPLES, lambda _sample, _t, _chosen: end)
    check(fitted, experiment)
    assert fitted.climbs[-1] == end
    assert end in range(fitted.start, fitted.start + WINDOW_STEPS)
    at_the_beginning = replace(view, first=0).fit_to(experiment, SAMPLES, lambda _sample, _t, _chosen: end)
    assert at_the_beginning.start == 0


def test_what_is_end_nearest_is_found_in_the_window_of_the_update() -> None:
    experiment = build_experiment("captions", hidden=8)
    names = [
        [t for t in range(experiment.steps) if batch_at(experiment, 3).target_mask[t, sample]] for sample in range(SAMPLES)
    ]
    assert len({len(steps) for steps in names}) > 1, "names of different length"
    for sample, steps in enumerate(names):
        for chosen in (True, False):
            assert [nearest_target_step(experiment, 3, sample, t, chosen) for t in range(experiment.steps)] == [
                min(t, steps[-1]) for t in range(experiment.steps)
            ]
    recall = build_experiment("delayed-recall", {"lag": 7})
    assert {nearest_target_step(recall, 1, 0, t, chosen=False) for t in range(recall.steps)} == {recall.steps - 1}
    assert [nearest_target_step(recall, 1, 0, t, chosen=True) for t in range(recall.steps)] == [*range(recall.steps)]


def test_speech_is_looked_at_first_where_something_is_spoken() -> None:
    """By default the window shows spoken steps, not the silence at the beginning; a chosen step is kept."""
    experiment = build_experiment("speech")
    silence = load_data(experiment).classes - 1
    for update in (1, 2, 3):
        answers = batch_at(experiment, update).y
        for sample in range(SAMPLES):
            start = PathView(sample=sample).fit_to(experiment, SAMPLES, partial(nearest_target_step, experiment, update)).start
            spoken = answers[:, sample] != silence
            assert spoken[start : start + WINDOW_STEPS].sum() >= min(6, spoken.sum())
            assert nearest_target_step(experiment, update, sample, 3, chosen=True) == 3


@given(t=st.integers(0, 40), first=st.integers(0, 40), more=st.integers(0, 40))
def test_a_jump_moves_the_window_as_far_as_it_must(t: int, first: int, more: int) -> None:
    steps = max(t, first) + 1 + more
    possible = range(max(0, steps - WINDOW_STEPS) + 1)
    showing = [start for start in possible if start <= t < start + WINDOW_STEPS]
    first = min(first, possible[-1])
    assert find_first_step(t, first, steps) == min(showing, key=lambda start: abs(start - first))


def test_a_path_for_other_layers_keeps_its_source_and_target() -> None:
    assert PathView(climbs=(3, 4, 9)).fit_to(build_experiment(layers=3), SAMPLES).climbs == (3, 5, 7, 9)
    assert PathView(climbs=(3, 4, 9)).fit_to(build_experiment(layers=1), SAMPLES).climbs == (3, 9)


@given(view=views)
def test_query_round_trip(view: PathView) -> None:
    """The query passes through a real address, as a browser would send it."""
    address = urlencode(view_to_query(view))
    assert view_from_query(dict(parse_qsl(address))) == view


def test_the_default_view_needs_no_address() -> None:
    assert view_to_query(PathView()) == {}
    assert view_from_query({}) == view_from_query({"v": "1", "task": "language-model"}) == PathView()


@pytest.mark.parametrize(
    ("query", "field", "sentence"),
    [
        ({"first": "x"}, "first", "first is “x”; a whole number from 0 on is expected"),
        ({"first": "-1"}, "first", "first is “-1”"),
        ({"sample": "9" * 5000}, "sample", "sample is “999"),
        ({"sample": ""}, "sample", "sample is “”"),
        ({"route": "gate"}, "route", "route is “gate”; it must be one of cell, state"),
        ({"path": "x"}, "path", "path is “x”"),
        ({"path": "1,,2"}, "path", "path is “”"),
        ({"path": "4"}, "path", "such as 0,2,5"),
        ({"path": ",".join(["1"] * 66)}, "path", "such as 0,2,5"),
    ],
)
def test_what_is_no_view_is_refused_in_a_sentence(query: dict[str, str], field: str, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence) as refused:
        view_from_query(query)
    assert refused.value.field == field


@given(query=st.dictionaries(st.sampled_from(["first", "sample", "route", "path"]), garbage))
def test_any_text_is_a_view_or_invalid(query: dict[str, str]) -> None:
    with suppress(Invalid):
        view = view_from_query(query)
        assert view_from_query(view_to_query(view)) == view
        assert all(isinstance(part, int | str | tuple | None) for part in astuple(view))
        check(view.fit_to(build_experiment(), SAMPLES), build_experiment())
