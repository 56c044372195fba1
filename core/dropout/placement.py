"""A placement says which sites drop, how strongly, and over which axes a draw is shared. Data, never a subclass."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from core.dropout.sites import SITES, Site, layers_of
from core.errors import Invalid
from core.language import N_, _

# Per axis the two choices: a fresh draw along the axis (first), or one draw reused along it.
SHARING = {
    "time": ("step", "sequence"),
    "batch": ("sample", "batch"),
    "gates": ("separate", "shared"),
    "units": ("unit", "layer"),
}
SCALINGS = ("inverted", "test", "none")
# What each choice is called where there is room for a few words.
WORDS = {
    "step": N_("fresh each step"),
    "sequence": N_("one per sequence"),
    "sample": N_("one per sample"),
    "batch": N_("one for all samples"),
    "separate": N_("one per gate"),
    "shared": N_("one for all gates"),
    "unit": N_("one per unit"),
    "layer": N_("one for all units"),
    "inverted": N_("÷(1-p) at train"),
    "test": N_("×(1-p) at test"),
    "none": N_("not scaled"),
}


@dataclass(frozen=True)
class Dropout:
    """How one site drops.

    rate: probability of dropping, in [0, 1); one number, or one per layer that the site has.
    time: "step" draws afresh at each step, "sequence" once for the whole forward window.
    batch: "sample" draws for each sample, "batch" once for all.
    gates: "shared" is one mask for all gates, "separate" one per gate.
    units: "unit" draws for each unit, "layer" one scalar for all.
    scaling: "inverted" divides by 1-p in training, "test" multiplies by 1-p at test, "none" does neither.
    """

    rate: float | tuple[float, ...] = 0.0
    time: str = "step"
    batch: str = "sample"
    gates: str = "shared"
    units: str = "unit"
    scaling: str = "inverted"

    def fresh(self, axis: str) -> bool:
        """Whether a new value is drawn at each position of the axis."""
        return bool(getattr(self, axis) == SHARING[axis][0])


@dataclass(frozen=True)
class Placement:
    """The sites that are on. A rate of 0 is off: such sites are left out, so that equal networks are equal data."""

    sites: tuple[tuple[str, Dropout], ...] = ()

    @classmethod
    def of(cls, sites: Mapping[str, Dropout]) -> "Placement":
        """From a mapping of site names, in the order of the site table. Raises Invalid for what cannot be."""
        for name, dropout in sites.items():
            check(name, dropout)
        return cls(tuple((name, sites[name]) for name in SITES if name in sites and _peak(sites[name]) > 0))

    def __iter__(self) -> Iterator[tuple[Site, Dropout]]:
        return ((SITES[name], dropout) for name, dropout in self.sites)

    def get(self, site: str) -> Dropout | None:
        """How the site drops, or None where it is off."""
        return dict(self.sites).get(site)

    def rate(self, site: str, layer: int, layers: int) -> float:
        """The rate of a site at a layer of a stack of `layers`; 0 where the site is off or does not exist there."""
        dropout, at = self.get(site), layers_of(SITES[site], layers)
        if dropout is None or layer not in at:
            return 0.0
        return dropout.rate[at.index(layer)] if isinstance(dropout.rate, tuple) else dropout.rate

    def active(self, layers: int) -> list[tuple[Site, int, Dropout]]:
        """Every (site, layer) whose rate is above 0, in the order of the site table."""
        return [
            (site, layer, dropout)
            for site, dropout in self
            for layer in layers_of(site, layers)
            if self.rate(site.name, layer, layers) > 0
        ]


def check(name: str, dropout: Dropout) -> None:
    """Raises Invalid, with what is allowed, unless the site exists and can drop in this way."""
    if name not in SITES:
        raise Invalid(_("There is no site “{name}”; the sites are {all}.").format(name=name, all=", ".join(SITES)), name)
    for rate in dropout.rate if isinstance(dropout.rate, tuple) else (dropout.rate,):
        check_rate(name, rate)
    for axis, allowed in SHARING.items():
        _check_choice(name, axis, getattr(dropout, axis), allowed)
        if axis not in SITES[name].axes and dropout.fresh(axis):
            raise Invalid(
                _("The site “{name}” has no {axis} of its own to draw for; leave {axis} “{shared}”.").format(
                    name=name, axis=axis, shared=allowed[1]), name)  # fmt: skip
    _check_choice(name, "scaling", dropout.scaling, SCALINGS)


def check_layers(placement: Placement, layers: int) -> None:
    """Raises Invalid where a site has one rate per layer, but not as many as it has layers in this stack."""
    for site, dropout in placement:
        have = len(layers_of(site, layers))
        if isinstance(dropout.rate, tuple) and len(dropout.rate) != have:
            raise Invalid(
                _("“{name}” has {have} layers in this network but {given} rates; give one rate, or one per layer.").format(
                    name=site.name, have=have, given=len(dropout.rate)), site.name)  # fmt: skip


def to_data(placement: Placement) -> dict[str, dict[str, Any]]:
    """Plain data for JSON: per site what differs from the defaults, the rate always."""
    return {name: _differences(dropout) for name, dropout in placement.sites}


def from_data(data: object) -> Placement:
    """The placement that `to_data` wrote. Raises Invalid for anything else."""
    if not isinstance(data, Mapping):
        raise Invalid(_("A placement is an object of sites, such as {example}.").format(example='{"input": {"rate": 0.5}}'))
    return Placement.of({str(name): _dropout(str(name), given) for name, given in data.items()})


def _dropout(name: str, given: object) -> Dropout:
    known = {field.name for field in fields(Dropout)}
    if not isinstance(given, Mapping) or not set(given) <= known:
        raise Invalid(_("The site “{name}” takes {known}.").format(name=name, known=", ".join(sorted(known))), name)
    rate = given.get("rate", 0.0)
    return Dropout(**{**given, "rate": tuple(rate) if isinstance(rate, list | tuple) else rate})


def _differences(dropout: Dropout) -> dict[str, Any]:
    rate = list(dropout.rate) if isinstance(dropout.rate, tuple) else dropout.rate
    rest = {f.name: getattr(dropout, f.name) for f in fields(Dropout) if getattr(dropout, f.name) != f.default}
    return {**rest, "rate": rate}


def _peak(dropout: Dropout) -> float:
    return max(dropout.rate, default=0.0) if isinstance(dropout.rate, tuple) else dropout.rate


def check_rate(name: str, rate: object) -> None:
    """Raises Invalid unless the rate is a number in [0, 1)."""
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate < 1:
        raise Invalid(
            _("The rate of “{name}” is {rate}; it must be at least 0 and below 1 (it is the probability of dropping).").format(
                name=name, rate=rate), name)  # fmt: skip


def _check_choice(name: str, field: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise Invalid(
            _("{field} of “{name}” is “{value}”; it must be one of {allowed}.").format(
                field=field, name=name, value=value, allowed=", ".join(allowed)), name)  # fmt: skip
