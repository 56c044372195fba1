"""The sites on the Lab's controls: switched on and off, with the settings that they keep meanwhile.

A placement holds only what drops: a site that is off, or on at rate 0, is not in it. How such a site drops when it is used
again is parked in the visit.
"""

from dataclasses import replace
from typing import Any

from core.dropout.placement import Dropout, Placement, placement_from_plain, placement_to_plain
from core.dropout.schedule import CONSTANT_RATE, RateSchedule
from core.experiment import edits
from core.experiment.experiment import Experiment
from pages.common import visit

RATE = 0.5  # of a site that is switched on for the first time
RAMP = 300  # updates of a schedule that is switched on for the first time


def is_on(name: str) -> bool:
    """Whether the site is switched on, be it at rate 0."""
    return visit.experiment().placement.get(name) is not None or name in visit.visit()["at_zero"]


def dropout_of(name: str) -> Dropout:
    """Return how a site drops, or would drop where it is off."""
    return visit.experiment().placement.get(name) or parked(name)


def parked(name: str) -> Dropout:
    """Return how a site that is off drops when it is switched on."""
    plain = visit.visit()["parked"].get(name)
    if plain is None:
        return edits.default_dropout(name, RATE)
    dropout = placement_from_plain({name: plain | {"rate": plain["rate"] or RATE}}).get(name)
    assert dropout is not None
    return replace(dropout, rate=0.0) if name in visit.visit()["at_zero"] else dropout


def park_lost(before: Experiment) -> None:
    """Keep the settings of the sites that an edit has switched off."""
    now = visit.experiment().placement
    for name, dropout in before.placement.sites:
        if now.get(name) is None:
            _park(name, dropout)


def switch(on: bool, name: str) -> None:
    """Switch a site on or off."""
    if on:
        switch_on(name)
        return
    _park(name, dropout_of(name))
    _forget_zero(name)
    visit.edit(f"on-{name}", edits.set_site, name, None)


def switch_on(name: str | None) -> None:
    """Switch a site on, as it was when it was last on."""
    if name is None:
        return
    dropout = parked(name)
    if dropout.rate in (0.0, ()):
        dropout = replace(dropout, rate=RATE)
    visit.edit(f"on-{name}", _set_fitting, name, dropout)


def set_rate(rate: float, name: str) -> None:
    """Give a site one rate for all its layers; at 0 it stays switched on, and drops nothing."""
    change(f"rate-{name}", name, rate=round(rate, 12))


def set_layer_rate(rate: float, name: str, place: int) -> None:
    """Give a site another rate at one of the layers that have it."""
    rates = list(edits.rates_by_layer(dropout_of(name), name, visit.experiment().layers))
    rates[place] = round(rate, 12)
    change(f"layer-{name}", name, rate=tuple(rates))


def set_schedule_kind(kind: str, name: str) -> None:
    """Have the rate of a site follow another kind of schedule."""
    before = dropout_of(name).schedule
    schedule = CONSTANT_RATE if kind == "constant" else RateSchedule(kind, before.length or RAMP, before.start)
    change(f"schedule-{name}", name, schedule=schedule)


def change(control: str, name: str, **changed: Any) -> None:
    """Change how a site that is on drops."""
    dropout = replace(dropout_of(name), **changed)
    if not visit.edit(control, edits.set_site, name, dropout):
        return
    _forget_zero(name)
    if visit.experiment().placement.get(name) is None:  # nothing drops: the site is on at rate 0
        _park(name, dropout)
        visit.visit()["at_zero"] = [*visit.visit()["at_zero"], name]


def _set_fitting(experiment: Experiment, name: str, dropout: Dropout) -> Experiment:
    """The site on; rates by layer become one where there are now more or fewer layers."""
    if isinstance(dropout.rate, tuple):
        rates = edits.rates_by_layer(dropout, name, experiment.layers)
        dropout = replace(dropout, rate=dropout.rate if len(rates) == len(dropout.rate) else dropout.rate[0])
    return edits.set_site(experiment, name, dropout)


def _park(name: str, dropout: Dropout) -> None:
    rate = edits.first_rate(dropout)
    drops = replace(dropout, rate=rate or RATE) if not isinstance(dropout.rate, tuple) or not any(dropout.rate) else dropout
    plain = placement_to_plain(Placement.from_sites({name: drops}))
    visit.visit()["parked"] = visit.visit()["parked"] | {name: plain[name]}


def _forget_zero(name: str) -> None:
    visit.visit()["at_zero"] = [site for site in visit.visit()["at_zero"] if site != name]
