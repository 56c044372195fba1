"""Edits of single sites: switch, rate, schedule, and the settings of sites that are off.

A placement holds active sites only: one that is off, or on at rate 0, is not in it. The visit remembers the settings of such a
site until it is used again.
"""

from dataclasses import replace
from typing import Any

from core.dropout.placement import Dropout, Placement, placement_from_plain, placement_to_plain
from core.dropout.schedule import CONSTANT_RATE, RateSchedule
from core.experiment import edits
from core.experiment.experiment import Experiment
from pages.common import visit

DEFAULT_RATE = 0.5  # of a site that is switched on for the first time
DEFAULT_SCHEDULE_UPDATES = 300  # updates of a schedule that is switched on for the first time


def is_on(name: str) -> bool:
    """Return whether the site is switched on, also if its rate is 0."""
    return visit.get_experiment().placement.get(name) is not None or name in visit.visit()["at_zero"]


def get_dropout(name: str) -> Dropout:
    """Return the settings of a site; if it is off, those that it would have."""
    return visit.get_experiment().placement.get(name) or get_remembered_dropout(name)


def get_remembered_dropout(name: str) -> Dropout:
    """Return the remembered settings of a site, its default if there are none."""
    plain = visit.visit()["off_sites"].get(name)
    if plain is None:
        return edits.default_dropout(name, DEFAULT_RATE)
    dropout = placement_from_plain({name: plain | {"rate": plain["rate"] or DEFAULT_RATE}}).get(name)
    assert dropout is not None
    return replace(dropout, rate=0.0) if name in visit.visit()["at_zero"] else dropout


def remember_lost_sites(before: Experiment) -> None:
    """Park the settings of the sites that an edit has switched off."""
    now = visit.get_experiment().placement
    for name, dropout in before.placement.sites:
        if now.get(name) is None:
            _remember(name, dropout)


def switch_site(on: bool, name: str) -> None:
    """Switch a site on or off."""
    if on:
        switch_on(name)
        return
    _remember(name, get_dropout(name))
    _forget_zero(name)
    visit.edit(f"on-{name}", edits.set_site, name, None)


def switch_on(name: str | None) -> None:
    """Switch a site on, with the settings that it had when it was last on."""
    if name is None:
        return
    dropout = get_remembered_dropout(name)
    if dropout.rate in (0.0, ()):
        dropout = replace(dropout, rate=DEFAULT_RATE)
    visit.edit(f"on-{name}", _set_site, name, dropout)


def set_rate(rate: float, name: str) -> None:
    """Set one rate for all layers of a site; at 0 the site stays switched on."""
    change_dropout(f"rate-{name}", name, rate=round(rate, 12))


def set_layer_rate(rate: float, name: str, place: int) -> None:
    """Set the rate of a site at one of its layers. place: index among the layers that have the site."""
    rates = list(edits.rates_by_layer(get_dropout(name), name, visit.get_experiment().layers))
    rates[place] = round(rate, 12)
    change_dropout(f"layer-{name}", name, rate=tuple(rates))


def set_schedule_kind(kind: str, name: str) -> None:
    """Set the kind of schedule that the rate of a site follows."""
    before = get_dropout(name).schedule
    schedule = (
        CONSTANT_RATE if kind == "constant" else RateSchedule(kind, before.length or DEFAULT_SCHEDULE_UPDATES, before.start)
    )
    change_dropout(f"schedule-{name}", name, schedule=schedule)


def change_dropout(control: str, name: str, **changed: Any) -> None:
    """Change settings of a site; a site that is off, which a late message of the browser may name, stays off.

    control: key of the widget, for the error.
    """
    if not is_on(name):
        return
    dropout = replace(get_dropout(name), **changed)
    if not visit.edit(control, edits.set_site, name, dropout):
        return
    _forget_zero(name)
    if visit.get_experiment().placement.get(name) is None:  # nothing drops: the site is on at rate 0
        _remember(name, dropout)
        visit.visit()["at_zero"] = [*visit.visit()["at_zero"], name]


def _set_site(experiment: Experiment, name: str, dropout: Dropout) -> Experiment:
    """Return the experiment with the site on; rates by layer become one rate if the number of layers has changed."""
    if isinstance(dropout.rate, tuple):
        rates = edits.rates_by_layer(dropout, name, experiment.layers)
        dropout = replace(dropout, rate=dropout.rate if len(rates) == len(dropout.rate) else dropout.rate[0])
    return edits.set_site(experiment, name, dropout)


def _remember(name: str, dropout: Dropout) -> None:
    rate = edits.first_rate(dropout)
    scaled = (
        replace(dropout, rate=rate or DEFAULT_RATE) if not isinstance(dropout.rate, tuple) or not any(dropout.rate) else dropout
    )
    plain = placement_to_plain(Placement.from_sites({name: scaled}))
    visit.visit()["off_sites"] = visit.visit()["off_sites"] | {name: plain[name]}


def _forget_zero(name: str) -> None:
    visit.visit()["at_zero"] = [site for site in visit.visit()["at_zero"] if site != name]
