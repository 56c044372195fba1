"""Arbitrary valid placements and experiments, and arbitrary nonsense: what the property tests draw from."""

from dataclasses import replace
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from core.dropout.penalties import LOSSES
from core.dropout.placement import SCALINGS, SHARING, Dropout, Placement
from core.dropout.schedule import CONSTANT, Schedule
from core.dropout.sites import SITES, Site, layers_of
from core.errors import Invalid
from core.experiment.experiment import BOUNDS, CELLS, HIDDEN, LIMITS, OPTIONAL, RANGES, WORDS, Experiment, build_experiment
from core.tasks import TASKS

schedules = st.builds(
    Schedule, st.sampled_from(["ramp", "rise-fall"]), st.integers(1, 400), st.floats(0, 0.9) | st.sampled_from([0.0, 0.1])
)
rates = st.floats(0, 0.95) | st.sampled_from([0.1, 0.25, 0.5, 0.65])
seeds = st.integers(*BOUNDS["mask_seed"])
# What JSON can hold, numbers that are none included.
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from([0, 1, 10**30, 1e308]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4) | st.just("rate"), inner, max_size=3),
    max_leaves=6,
)


def dropouts(site: Site, layers: int) -> st.SearchStrategy[Dropout]:
    """Every way in which a site of a stack can drop, one rate for each of its layers included."""
    have = len(layers_of(site, layers))
    choices = {axis: st.sampled_from(words if axis in site.axes else words[1:]) for axis, words in SHARING.items()}
    rate = rates | st.lists(rates, min_size=have, max_size=have).map(tuple)
    kinds = {"old": [("bernoulli", "test")]}.get(site.kind, [*(("bernoulli", s) for s in SCALINGS), ("gaussian", "none")])
    built = st.builds(Dropout, rate=rate, schedule=st.just(CONSTANT) | schedules, **choices)
    return st.tuples(built, st.sampled_from(kinds)).map(lambda both: replace(both[0], noise=both[1][0], scaling=both[1][1]))


@st.composite
def placements(draw: st.DrawFn, layers: int, cell: str = "lstm", scheduled: bool = True) -> Placement:
    """Any set of the cell's sites, each dropping in any way, and any loss terms."""
    sites = draw(st.sets(st.sampled_from([site.name for site in SITES.values() if cell in site.cells]), max_size=7))
    losses = draw(st.dictionaries(st.sampled_from(list(LOSSES)), st.floats(0, 10), max_size=2))
    placement = Placement.of({name: draw(dropouts(SITES[name], layers)) for name in sorted(sites)}, losses)
    return placement if scheduled else placement.at(draw(st.integers(1, 500)))


@st.composite
def experiments(draw: st.DrawFn) -> Experiment:
    """Any valid experiment."""
    task = TASKS[draw(st.sampled_from(sorted(TASKS)))]
    values: dict[str, st.SearchStrategy[Any]] = {
        o.name: st.integers(o.low, o.high) if o.whole else st.sampled_from(list(o.choices)) for o in task.shared_options
    }
    options = {name: draw(strategy) for name, strategy in values.items() if draw(st.booleans())}
    layers, cell = draw(st.integers(*BOUNDS["layers"])), draw(st.sampled_from(CELLS))
    width = st.integers(*HIDDEN)
    fields: dict[str, st.SearchStrategy[Any]] = {
        **{name: st.integers(*bounds) for name, bounds in BOUNDS.items()},
        **{name: st.sampled_from(words) for name, words in WORDS.items()},
        **{name: _or_none(name, st.floats(*bounds, exclude_min=True)) for name, bounds in LIMITS.items()},
        **{name: st.floats(*bounds) for name, bounds in RANGES.items()},
        "layers": st.just(layers),
        "cell": st.just(cell),
        "hidden": width | st.lists(width, min_size=layers, max_size=layers).map(tuple),
        "windows": st.just("equal"),  # the others cannot be said from outside
        "placement": placements(layers, cell),
    }
    given = {name: draw(strategy) for name, strategy in fields.items() if name in ("layers", "cell") or draw(st.booleans())}
    if task.features({o.name: o.default for o in task.shared_options} | options):
        given.pop("embedding", None)  # there is none to set
    return _valid(task.name, options, given)


def _or_none(name: str, numbers: st.SearchStrategy[float]) -> st.SearchStrategy[Any]:
    return st.none() | numbers if name in OPTIONAL else numbers


def _valid(task: str, options: dict[str, Any], given: dict[str, Any]) -> Experiment:
    # What remains to go wrong together: too much memory, steps that are too few for the task, layers without their rates.
    try:
        return build_experiment(task, options, **given)
    except Invalid as invalid:
        assume(invalid.field not in ("hidden", "lag", "steps", "decoder", *SITES))
        raise
