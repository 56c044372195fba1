"""The view of the Masks page in a link: round trip, values out of range, and malformed views."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dropout.comparison import MAX_COMPARED, list_comparison_choices
from core.dropout.methods import METHODS
from core.dropout.placement import Placement
from core.errors import Invalid
from core.experiment.experiment import Experiment, build_experiment
from pages.learn.masks_view import PHASES, MasksView, masks_view_from_query, masks_view_to_query
from tests.strategies import experiments

names = st.lists(st.sampled_from(list_comparison_choices("lstm")), max_size=MAX_COMPARED, unique=True).map(tuple)
looks = st.builds(
    MasksView,
    beside=names,
    update=st.integers(1, 10**9 - 1),
    step=st.integers(0, 10**9 - 1),
    site=st.sampled_from(["input", "between", "recurrent_weights"]),
    layer=st.integers(1, 9),
    unit=st.integers(1, 10**6),
    phase=st.sampled_from(PHASES),
)


@given(looks)
def test_a_view_comes_back_from_its_link(view: MasksView) -> None:
    assert masks_view_from_query(masks_view_to_query(view)) == view


def test_the_default_look_is_no_part_of_a_link() -> None:
    assert masks_view_to_query(MasksView()) == {}
    assert masks_view_from_query({}) == MasksView()


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ({"beside": "nonsense"}, "no method “nonsense”"),
        ({"beside": "step,sequence,batch"}, "At most 2"),
        ({"update": "0"}, "update is “0”"),
        ({"update": "x"}, "whole number from 1 on"),
        ({"step": "-1"}, "step is “-1”"),
        ({"step": "²"}, "whole number"),
        ({"unit": "0"}, "unit is “0”"),
        ({"phase": "night"}, "one of train, test"),
        ({"mask": "between"}, "between.2"),
        ({"mask": "between.x"}, "mask is “x”"),
        ({"step": "1" * 10}, "whole number"),
    ],
)
def test_what_is_no_look_is_said(query: dict[str, str], why: str) -> None:
    with pytest.raises(Invalid, match=why):
        masks_view_from_query(query)


@given(experiments(), looks)
def test_a_fitted_view_is_one_that_the_experiment_has(experiment: Experiment, view: MasksView) -> None:
    try:
        fitted = view.fit_to(experiment)
    except Invalid:  # its data do not fill a batch
        return
    on = [
        (site.name, layer)
        for site, layer, _d in experiment.placement.resolve_schedules(fitted.update).list_active(experiment.layers)
    ]
    assert (fitted.site, fitted.layer) in on or (fitted.site == "" and not on)
    assert 0 <= fitted.step < experiment.steps
    assert all(name not in METHODS or experiment.cell in METHODS[name].cells for name in fitted.beside or ())
    assert fitted.fit_to(experiment) == fitted


def test_the_nearest_mask_is_that_of_the_same_place() -> None:
    view = MasksView(site="state", layer=3).fit_to(build_experiment(placement=METHODS["naive-state"].build_placement()))
    assert (view.site, view.layer) == ("state", 1)
    assert MasksView(site="state").fit_to(build_experiment()).site == "input"
    assert MasksView(site="state", layer=2).fit_to(build_experiment()).site == "between"
    assert MasksView(site="state").fit_to(build_experiment(placement=Placement())).site == ""


@pytest.mark.parametrize(
    ("method", "site", "compared"),
    [
        ("zaremba2014", "input", ("sequence", "batch")),
        ("gal2016", "input", ("batch", "step")),
        ("embedding", "words", ("batch",)),
        ("dropconnect", "recurrent_weights", ()),
        ("merity2017", "input", ("batch",)),
        ("none", "", ()),
    ],
)
def test_at_first_a_mask_of_many_units_is_open_beside_what_is_shared_otherwise(
    method: str, site: str, compared: tuple[str, ...]
) -> None:
    experiment = build_experiment(placement=METHODS[method].build_placement())
    view = MasksView().fit_to(experiment)
    assert (view.site, view.beside) == (site, compared)
    assert masks_view_from_query(masks_view_to_query(MasksView())) == MasksView(), (
        "what follows the method is no part of a link"
    )
