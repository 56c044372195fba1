"""A placement says which sites drop, how strongly, and over which axes a draw is shared. Data, never a subclass."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from core.dropout.penalties import check_losses
from core.dropout.schedule import CONSTANT, Schedule, check_schedule
from core.dropout.sites import SITES, Site, check_site, layers_of
from core.errors import Invalid
from core.i18n import N_, _

# Per axis the two choices: a fresh draw along the axis (first), or one draw reused along it.
SHARING = {
    "time": ("step", "sequence"),
    "batch": ("sample", "batch"),
    "gates": ("separate", "shared"),
    "units": ("unit", "layer"),
}
SCALINGS = ("inverted", "test", "none")
NOISES = ("bernoulli", "gaussian")
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
    "bernoulli": N_("kept or dropped"),
    "gaussian": N_("Gaussian factor"),
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
    noise: "bernoulli" keeps or drops, "gaussian" multiplies by a draw of N(1, p/(1-p)), which needs no scaling ("none").
    schedule: how the rate changes over the updates of a training.
    """

    rate: float | tuple[float, ...] = 0.0
    time: str = "step"
    batch: str = "sample"
    gates: str = "shared"
    units: str = "unit"
    scaling: str = "inverted"
    noise: str = "bernoulli"
    schedule: Schedule = CONSTANT

    def fresh(self, axis: str) -> bool:
        """Whether a new value is drawn at each position of the axis."""
        return bool(getattr(self, axis) == SHARING[axis][0])


@dataclass(frozen=True)
class Placement:
    """The sites that are on, and the loss terms that a method adds to what is trained, by name and weight. A rate or a
    weight of 0 is off: such are left out, so that equal networks are equal data."""

    sites: tuple[tuple[str, Dropout], ...] = ()
    losses: tuple[tuple[str, float], ...] = ()

    @classmethod
    def of(cls, sites: Mapping[str, Dropout], losses: Mapping[str, float] | None = None) -> "Placement":
        """From mappings of names, in the order of their tables. Raises Invalid for what cannot be."""
        for name, dropout in sites.items():
            check(name, dropout)
        on = tuple((name, sites[name]) for name in SITES if name in sites and _peak(sites[name]) > 0)
        return cls(on, check_losses(losses or {}))

    def __iter__(self) -> Iterator[tuple[Site, Dropout]]:
        return ((SITES[name], dropout) for name, dropout in self.sites)

    @property
    def zones(self) -> bool:
        """Whether all of its masks choose between a new value and the old one, none drops."""
        return bool(self.sites) and all(site.kind == "old" for site, _dropout in self)

    def get(self, site: str) -> Dropout | None:
        """How the site drops, or None where it is off."""
        return dict(self.sites).get(site)

    def without(self, site: str) -> "Placement":
        """The same placement with that site off."""
        return replace(self, sites=tuple(one for one in self.sites if one[0] != site))

    def rate(self, site: str, layer: int, layers: int) -> float:
        """The rate of a site at a layer of a stack of `layers`; 0 where the site is off or does not exist there."""
        dropout, at = self.get(site), layers_of(SITES[site], layers)
        if dropout is None or layer not in at:
            return 0.0
        return dropout.rate[at.index(layer)] if isinstance(dropout.rate, tuple) else dropout.rate

    def at(self, update: int) -> "Placement":
        """The placement of one update, every schedule followed: its rates are constant."""
        if all(dropout.schedule == CONSTANT for _name, dropout in self.sites):
            return self
        return Placement.of({name: _scheduled(dropout, update) for name, dropout in self.sites}, dict(self.losses))

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
    check_site(name)
    for rate in dropout.rate if isinstance(dropout.rate, tuple) else (dropout.rate,):
        check_rate(name, rate)
    for axis, allowed in SHARING.items():
        _check_choice(name, axis, getattr(dropout, axis), allowed)
        if axis not in SITES[name].axes and dropout.fresh(axis):
            raise Invalid(
                _("The site “{name}” has no {axis} of its own to draw for; leave {axis} “{shared}”.").format(
                    name=name, axis=axis, shared=allowed[1]
                ),
                name,
            )
    _check_choice(name, "scaling", dropout.scaling, SCALINGS)
    _check_choice(name, "noise", dropout.noise, NOISES)
    _check_noise(name, dropout)
    check_schedule(name, dropout.schedule)


def usual(name: str, rate: float | tuple[float, ...] = 0.0, **settings: Any) -> Dropout:
    """How a site drops where nothing else is said than its rate. Raises Invalid for an unknown site."""
    check_site(name)
    return Dropout(rate, **{**SITES[name].usual, **settings})


def check_cell(placement: Placement, cell: str) -> None:
    """Raises Invalid where the cell does not have a site of the placement."""
    for site, _dropout in placement:
        check_site(site.name, cell)


def check_layers(placement: Placement, layers: int) -> None:
    """Raises Invalid where a site has one rate per layer, but not as many as it has layers in this stack."""
    for site, dropout in placement:
        have = len(layers_of(site, layers))
        if isinstance(dropout.rate, tuple) and len(dropout.rate) != have:
            raise Invalid(
                _("“{name}” has {have} layers in this network but {given} rates; give one rate, or one per layer.").format(
                    name=site.name, have=have, given=len(dropout.rate)
                ),
                site.name,
            )


def to_data(placement: Placement) -> dict[str, dict[str, Any]]:
    """Plain data for JSON: per site what differs from the defaults, the rate always; the loss terms as "losses"."""
    losses = {"losses": dict(placement.losses)} if placement.losses else {}
    return {name: _differences(dropout) for name, dropout in placement.sites} | losses


def from_data(data: object) -> Placement:
    """The placement that `to_data` wrote. Raises Invalid for anything else."""
    if not isinstance(data, Mapping):
        raise Invalid(_("A placement is an object of sites, such as {example}.").format(example='{"input": {"rate": 0.5}}'))
    sites = {str(name): _dropout(str(name), given) for name, given in data.items() if name != "losses"}
    losses = data.get("losses", {})
    if not isinstance(losses, Mapping):
        raise Invalid(_("The loss terms are an object, such as {example}.").format(example='{"ar": 2}'), "losses")
    return Placement.of(sites, {str(name): weight for name, weight in losses.items()})


def _dropout(name: str, given: object) -> Dropout:
    known = {field.name for field in fields(Dropout)}
    if not isinstance(given, Mapping) or not set(given) <= known:
        raise Invalid(_("The site “{name}” takes {known}.").format(name=name, known=", ".join(sorted(known))), name)
    rate, schedule = given.get("rate", 0.0), given.get("schedule", {})
    steps = {field.name for field in fields(Schedule)}
    if not isinstance(schedule, Mapping) or not set(schedule) <= steps:
        raise Invalid(_("The schedule of “{name}” takes {known}.").format(name=name, known=", ".join(sorted(steps))), name)
    rates = tuple(rate) if isinstance(rate, list | tuple) else rate
    return Dropout(**{**given, "rate": rates, "schedule": Schedule(**schedule)})


def _differences(dropout: Dropout) -> dict[str, Any]:
    rate = list(dropout.rate) if isinstance(dropout.rate, tuple) else dropout.rate
    rest = {f.name: getattr(dropout, f.name) for f in fields(Dropout) if getattr(dropout, f.name) != f.default}
    if "schedule" in rest:
        rest["schedule"] = asdict(dropout.schedule)
    return {**rest, "rate": rate}


def _scheduled(dropout: Dropout, update: int) -> Dropout:
    rate, share = dropout.rate, dropout.schedule.share
    now = tuple(share(one, update) for one in rate) if isinstance(rate, tuple) else share(rate, update)
    return replace(dropout, rate=now, schedule=CONSTANT)


def _check_noise(name: str, dropout: Dropout) -> None:
    kind = SITES[name].kind
    if kind == "old" and (dropout.noise, dropout.scaling) != ("bernoulli", "test"):
        raise Invalid(
            _("Zoneout chooses between old and new: the site “{name}” takes noise “bernoulli” and scaling “test” only.").format(
                name=name
            ),
            name,
        )
    if dropout.noise == "gaussian" and dropout.scaling != "none":
        raise Invalid(
            _("Gaussian noise has the mean 1 and needs no scaling: set the scaling of “{name}” to “none”.").format(name=name),
            name,
        )


def _peak(dropout: Dropout) -> float:
    rates = dropout.rate if isinstance(dropout.rate, tuple) else (dropout.rate,)
    return max((dropout.schedule.start, *rates)) if rates else 0.0  # without a layer there is nothing to drop


def check_rate(name: str, rate: object) -> None:
    """Raises Invalid unless the rate is a number in [0, 1)."""
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate < 1:
        raise Invalid(
            _("The rate of “{name}” is {rate}; it must be at least 0 and below 1 (it is the probability of dropping).").format(
                name=name, rate=rate
            ),
            name,
        )


def _check_choice(name: str, field: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise Invalid(
            _("{field} of “{name}” is “{value}”; it must be one of {allowed}.").format(
                field=field, name=name, value=value, allowed=", ".join(allowed)
            ),
            name,
        )
