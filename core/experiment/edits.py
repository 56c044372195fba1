"""Edits of an experiment: what each control of a page makes of the experiment that it is given. Pure functions.

Each returns a new experiment, or raises Invalid with a sentence that says what is allowed.
"""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from core.dropout.comparison import replace_all_rates
from core.dropout.methods import METHODS, find_method_name
from core.dropout.placement import Dropout, Placement, build_dropout
from core.dropout.sites import SITES, get_site_layers
from core.errors import Invalid
from core.experiment.bounds import INTEGER_BOUNDS
from core.experiment.experiment import Experiment, build_experiment
from core.tasks import get_task
from core.tasks.task import Value

# What another task takes over from the experiment before it; all else is the task's own.
KEPT_BY_TASK = ("cell", "layers", "hidden", "data_seed", "weight_seed", "mask_seed", "device", "engine")
# What the task itself sets.
SET_BY_TASK = tuple(one.name for one in fields(Experiment) if one.name not in (*KEPT_BY_TASK, "task", "options", "placement"))


def set_task(
    experiment: Experiment,
    name: str,
    options: Mapping[str, Value] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Experiment:
    """Return the experiment on another task: seeds, cell, sizes and placement stay, as far as the task allows.

    options, settings: the task's own settings (batch, steps, epochs, learning rate, ...), if they are not its defaults. Sizes
    that do not fit the task are replaced by its defaults. Raises Invalid.
    """
    kept = {field: getattr(experiment, field) for field in KEPT_BY_TASK}
    own = dict(settings or {})
    try:
        return build_experiment(name, options, **(own | kept | {"placement": experiment.placement}))
    except Invalid:
        seeds = {field: kept[field] for field in ("data_seed", "weight_seed", "mask_seed")}
        return build_experiment(name, options, **(own | seeds))


def set_option(experiment: Experiment, name: str, value: Value) -> Experiment:
    """Return the experiment with an option of its task changed; the window follows where the default window changes."""
    before = dict(experiment.options)
    return set_options(experiment, before | {name: value})


def set_options(experiment: Experiment, options: Mapping[str, Value]) -> Experiment:
    """Return the experiment with these options of its task; the window follows where the default window changes."""
    row = get_task(experiment.task)
    steps, now = row.default_steps(dict(experiment.options)), row.default_steps(options)
    window = experiment.steps if steps == now else now
    return replace(experiment, options=tuple(sorted(options.items())), steps=window)


def set_method(experiment: Experiment, name: str) -> Experiment:
    """Return the experiment with a method's placement: at the rates that the task opens with, or the method's usual ones."""
    opening = build_experiment(experiment.task)
    is_opening = find_method_name(opening.placement, experiment.cell, opening.has_tokens) == name
    placement = opening.placement if is_opening else METHODS[name].build_placement(cell=experiment.cell)
    return replace(experiment, placement=placement)


def set_cell(experiment: Experiment, cell: str) -> Experiment:
    """Return the experiment with another cell: a method that the cell has moves there, sites that it lacks are off."""
    name = experiment.method
    if name and cell in METHODS[name].cells:
        moved = METHODS[name].build_placement(cell=cell)
        if moved != METHODS[name].build_placement(cell=experiment.cell):
            return replace(experiment, cell=cell, placement=moved)
    return replace(experiment, cell=cell, placement=_restrict(experiment.placement, cell))


def set_usual_method(experiment: Experiment, name: str) -> Experiment:
    """Return the experiment with a method's placement, at the method's usual rates."""
    return replace(experiment, placement=METHODS[name].build_placement(cell=experiment.cell))


def set_cell_and_method(experiment: Experiment, cell: str, name: str) -> Experiment:
    """Return the experiment with another cell and a method's placement, at the method's usual rates."""
    return replace(experiment, cell=cell, placement=METHODS[name].build_placement(cell=cell))


def set_layers(experiment: Experiment, layers: int) -> Experiment:
    """Return the experiment with another number of layers L; each site gets one rate, its first.

    New layers are as wide as the last. The same number of layers changes nothing.
    """
    if layers == experiment.layers:
        return experiment
    hidden = experiment.hidden
    if isinstance(hidden, tuple):
        hidden = (*hidden, *(hidden[-1],) * layers)[:layers]
    sites = {site.name: replace(dropout, rate=first_rate(dropout)) for site, dropout in experiment.placement}
    return replace(
        experiment, layers=layers, hidden=hidden, placement=Placement.from_sites(sites, dict(experiment.placement.losses))
    )


def set_site(experiment: Experiment, name: str, dropout: Dropout | None) -> Experiment:
    """Return the experiment with a site that drops in this way; None switches it off."""
    sites = dict(experiment.placement.sites)
    if dropout is None:
        sites.pop(name, None)
    else:
        sites[name] = dropout
    return replace(experiment, placement=Placement.from_sites(sites, dict(experiment.placement.losses)))


def set_all_rates(experiment: Experiment, rate: float) -> Experiment:
    """Return the experiment with one rate for every site that is on."""
    return replace(experiment, placement=replace_all_rates(experiment.placement, rate))


def set_penalty(experiment: Experiment, name: str, weight: float) -> Experiment:
    """Return the experiment with the weight of a loss term changed; 0 is off."""
    losses = dict(experiment.placement.losses) | {name: weight}
    return replace(experiment, placement=Placement.from_sites(dict(experiment.placement.sites), losses))


def next_mask_seed(experiment: Experiment) -> Experiment:
    """Return the experiment with the next mask seed: other masks, and nothing else."""
    low, high = INTEGER_BOUNDS["mask_seed"]
    return replace(experiment, mask_seed=low + (experiment.mask_seed + 1 - low) % (high - low + 1))


def set_fields(experiment: Experiment, **fields: Any) -> Experiment:
    """Return the experiment with plain fields changed."""
    return replace(experiment, **fields)


def first_rate(dropout: Dropout) -> float:
    """Return the rate of a site at the first layer that has it."""
    return dropout.rate[0] if isinstance(dropout.rate, tuple) else dropout.rate


def rates_by_layer(dropout: Dropout, name: str, layers: int) -> tuple[float, ...]:
    """Return the rate of a site at each layer that has it, in a stack of so many layers."""
    count = len(get_site_layers(SITES[name], layers))
    rates = dropout.rate if isinstance(dropout.rate, tuple) else (dropout.rate,) * count
    return (*rates, *(rates[-1:]) * count)[:count]


def default_dropout(name: str, rate: float) -> Dropout:
    """Return the settings of a site when it is switched on for the first time."""
    return build_dropout(name, rate)


def _restrict(placement: Placement, cell: str) -> Placement:
    sites = {site.name: dropout for site, dropout in placement if cell in site.cells}
    return Placement.from_sites(sites, dict(placement.losses))
