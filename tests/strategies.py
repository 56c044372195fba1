"""Hypothesis strategies: arbitrary valid placements and experiments, and arbitrary JSON values."""

from dataclasses import replace
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from core.dropout.cells import CELLS
from core.dropout.penalties import LOSS_TERMS
from core.dropout.placement import SCALINGS, SHARING, Dropout, Placement
from core.dropout.schedule import CONSTANT_RATE, RateSchedule
from core.dropout.sites import SITES, Site, get_site_layers
from core.errors import Invalid
from core.experiment.bounds import CHOICES, CLOSED_BOUNDS, HALF_OPEN_BOUNDS, HIDDEN_BOUNDS, INTEGER_BOUNDS, OPTIONAL_FIELDS
from core.experiment.experiment import Experiment, build_experiment
from core.tasks import TASKS

schedules = st.builds(
    RateSchedule,
    st.sampled_from(["ramp", "rise-fall", "late-rise-fall"]),
    st.integers(1, 400),
    st.floats(0, 0.9) | st.sampled_from([0.0, 0.1]),
)
rates = st.floats(0, 0.95) | st.sampled_from([0.1, 0.25, 0.5, 0.65])
seeds = st.integers(*INTEGER_BOUNDS["mask_seed"])
# All that JSON can hold, including NaN and infinity.
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from([0, 1, 10**30, 1e308]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4) | st.just("rate"), inner, max_size=3),
    max_leaves=6,
)


def dropouts(site: Site, layers: int) -> st.SearchStrategy[Dropout]:
    """Return a strategy for all valid settings of a site, with one rate or one per layer."""
    site_layers = len(get_site_layers(site, layers))
    choices = {axis: st.sampled_from(words if axis in site.axes else words[1:]) for axis, words in SHARING.items()}
    rate = rates | st.lists(rates, min_size=site_layers, max_size=site_layers).map(tuple)
    kinds = {"zoneout": [("bernoulli", "test")]}.get(site.kind, [*(("bernoulli", s) for s in SCALINGS), ("gaussian", "none")])
    built = st.builds(Dropout, rate=rate, schedule=st.just(CONSTANT_RATE) | schedules, **choices)
    return st.tuples(built, st.sampled_from(kinds)).map(lambda both: replace(both[0], noise=both[1][0], scaling=both[1][1]))


@st.composite
def placements(draw: st.DrawFn, layers: int, cell: str = "lstm", scheduled: bool = True) -> Placement:
    """Draw a placement: any of the cell's sites with any settings, and any loss terms."""
    sites = draw(st.sets(st.sampled_from([site.name for site in SITES.values() if cell in site.cells]), max_size=7))
    losses = draw(st.dictionaries(st.sampled_from(list(LOSS_TERMS)), st.floats(0, 10), max_size=2))
    placement = Placement.from_sites({name: draw(dropouts(SITES[name], layers)) for name in sorted(sites)}, losses)
    return placement if scheduled else placement.resolve_schedules(draw(st.integers(1, 500)))


@st.composite
def experiments(draw: st.DrawFn) -> Experiment:
    """Draw any valid experiment."""
    task = TASKS[draw(st.sampled_from(sorted(TASKS)))]
    values: dict[str, st.SearchStrategy[Any]] = {
        o.name: st.integers(o.low, o.high) if o.is_integer else st.sampled_from(list(o.choices)) for o in task.shared_options
    }
    options = {name: draw(strategy) for name, strategy in values.items() if draw(st.booleans())}
    layers, cell = draw(st.integers(*INTEGER_BOUNDS["layers"])), draw(st.sampled_from(CELLS))
    width = st.integers(*HIDDEN_BOUNDS)
    fields: dict[str, st.SearchStrategy[Any]] = {
        **{name: st.integers(*bounds) for name, bounds in INTEGER_BOUNDS.items()},
        **{name: st.sampled_from(words) for name, words in CHOICES.items()},
        **{name: _allow_none(name, st.floats(*bounds, exclude_min=True)) for name, bounds in HALF_OPEN_BOUNDS.items()},
        **{name: st.floats(*bounds) for name, bounds in CLOSED_BOUNDS.items()},
        "layers": st.just(layers),
        "cell": st.just(cell),
        "hidden": width | st.lists(width, min_size=layers, max_size=layers).map(tuple),
        "windows": st.just("equal"),  # varied windows are for the command line only
        "placement": placements(layers, cell),
    }
    given = {name: draw(strategy) for name, strategy in fields.items() if name in ("layers", "cell") or draw(st.booleans())}
    if task.features({o.name: o.default for o in task.shared_options} | options):
        given.pop("embedding", None)  # a task whose inputs are numbers has no embedding
    return _build_valid(task.name, options, given)


def _allow_none(name: str, numbers: st.SearchStrategy[float]) -> st.SearchStrategy[Any]:
    return st.none() | numbers if name in OPTIONAL_FIELDS else numbers


def _build_valid(task: str, options: dict[str, Any], given: dict[str, Any]) -> Experiment:
    # Values that are valid alone can be invalid together: too much memory, too few steps, a wrong number of rates.
    try:
        return build_experiment(task, options, **given)
    except Invalid as invalid:
        assume(invalid.field not in ("hidden", "lag", "steps", "decoder", *SITES))
        raise
