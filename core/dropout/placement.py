"""The placement of dropout: which sites drop, at which rates, and over which axes a draw is shared. Plain data."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from core.dropout.penalties import check_loss_terms
from core.dropout.schedule import CONSTANT_RATE, RateSchedule, check_schedule
from core.dropout.sites import SITES, Site, check_site, get_site_layers
from core.errors import Invalid, quote
from core.i18n import N_, _

# The two choices of each axis: a fresh draw at each position (first), or one draw shared by all.
SHARING = {
    "time": ("step", "sequence"),
    "batch": ("sample", "batch"),
    "gates": ("separate", "shared"),
    "units": ("unit", "layer"),
}
SCALINGS = ("inverted", "test", "none")
NOISES = ("bernoulli", "gaussian")
# Short labels of the choices.
CHOICE_LABELS = {
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
    schedule: RateSchedule = CONSTANT_RATE

    def is_fresh(self, axis: str) -> bool:
        """Return whether a new value is drawn at each position of the axis."""
        return bool(getattr(self, axis) == SHARING[axis][0])


@dataclass(frozen=True)
class Placement:
    """The sites that are on, and the weights of the terms that are added to the loss.

    Sites and terms at 0 are left out, so that equal networks have equal placements.
    """

    sites: tuple[tuple[str, Dropout], ...] = ()
    losses: tuple[tuple[str, float], ...] = ()

    @classmethod
    def from_sites(cls, sites: Mapping[str, Dropout], losses: Mapping[str, float] | None = None) -> "Placement":
        """Make a placement from settings by site and weights by loss term. Raises Invalid for unknown names and bad values."""
        for name, dropout in sites.items():
            check_dropout(name, dropout)
        on = tuple((name, sites[name]) for name in SITES if name in sites and _get_peak_rate(sites[name]) > 0)
        return cls(on, check_loss_terms(losses or {}))

    def __iter__(self) -> Iterator[tuple[Site, Dropout]]:
        return ((SITES[name], dropout) for name, dropout in self.sites)

    @property
    def is_zoneout(self) -> bool:
        """Return whether there are masks and all of them are Zoneout masks."""
        return bool(self.sites) and all(site.kind == "zoneout" for site, _dropout in self)

    def get(self, site: str) -> Dropout | None:
        """Return the settings of a site, or None if it is off."""
        return dict(self.sites).get(site)

    def remove_site(self, site: str) -> "Placement":
        """Return a copy with the site off."""
        return replace(self, sites=tuple(one for one in self.sites if one[0] != site))

    def get_rate(self, site: str, layer: int, layers: int) -> float:
        """Return the rate of a site at a layer of a stack of `layers`, or 0 if the site is off or does not exist there."""
        dropout, at = self.get(site), get_site_layers(SITES[site], layers)
        if dropout is None or layer not in at:
            return 0.0
        return dropout.rate[at.index(layer)] if isinstance(dropout.rate, tuple) else dropout.rate

    def resolve_schedules(self, update: int) -> "Placement":
        """Return the placement at an update (from 1), with the rates that the schedules give there as constant rates."""
        if all(dropout.schedule == CONSTANT_RATE for _name, dropout in self.sites):
            return self
        return Placement.from_sites(
            {name: _resolve_schedule(dropout, update) for name, dropout in self.sites}, dict(self.losses)
        )

    def list_active(self, layers: int) -> list[tuple[Site, int, Dropout]]:
        """Return every site and layer whose rate is above 0, with the settings of the site, in the order of the site table."""
        return [
            (site, layer, dropout)
            for site, dropout in self
            for layer in get_site_layers(site, layers)
            if self.get_rate(site.name, layer, layers) > 0
        ]


def check_dropout(name: str, dropout: Dropout) -> None:
    """Raise Invalid unless the site exists and can have these settings."""
    check_site(name)
    for rate in dropout.rate if isinstance(dropout.rate, tuple) else (dropout.rate,):
        check_rate(name, rate)
    for axis, allowed in SHARING.items():
        _check_choice(name, axis, getattr(dropout, axis), allowed)
        if axis not in SITES[name].axes and dropout.is_fresh(axis):
            raise Invalid(
                _("The site “{name}” has no axis “{axis}”; leave {axis} at “{shared}”.").format(
                    name=name, axis=axis, shared=allowed[1]
                ),
                name,
            )
    _check_choice(name, "scaling", dropout.scaling, SCALINGS)
    _check_choice(name, "noise", dropout.noise, NOISES)
    _check_noise(name, dropout)
    check_schedule(name, dropout.schedule)


def build_dropout(name: str, rate: float | tuple[float, ...] = 0.0, **settings: Any) -> Dropout:
    """Return the settings of a site: its defaults, with this rate and `settings`. Raises Invalid for an unknown site."""
    check_site(name)
    return Dropout(rate, **{**SITES[name].defaults, **settings})


def check_cell_sites(placement: Placement, cell: str) -> None:
    """Raise Invalid unless the cell has every site of the placement."""
    for site, _dropout in placement:
        check_site(site.name, cell)


def check_layer_rates(placement: Placement, layers: int) -> None:
    """Raise Invalid if a site has one rate per layer and the number of rates is not its number of layers in this stack."""
    for site, dropout in placement:
        expected = len(get_site_layers(site, layers))
        if isinstance(dropout.rate, tuple) and len(dropout.rate) != expected:
            raise Invalid(
                _("“{name}” has {have} layers in this network but {given} rates; give one rate, or one per layer.").format(
                    name=site.name, have=expected, given=len(dropout.rate)
                ),
                site.name,
            )


def placement_to_plain(placement: Placement) -> dict[str, dict[str, Any]]:
    """Return plain data for JSON: the rate and the changed settings of each site, and the loss terms under "losses"."""
    losses = {"losses": dict(placement.losses)} if placement.losses else {}
    return {name: _dropout_to_plain(dropout) for name, dropout in placement.sites} | losses


def placement_from_plain(data: object) -> Placement:
    """Return the placement of data that `placement_to_plain` wrote. Raises Invalid for anything else."""
    if not isinstance(data, Mapping):
        raise Invalid(_("A placement is an object of sites, such as {example}.").format(example='{"input": {"rate": 0.5}}'))
    sites = {str(name): _parse_dropout(str(name), given) for name, given in data.items() if name != "losses"}
    losses = data.get("losses", {})
    if not isinstance(losses, Mapping):
        raise Invalid(_("The loss terms are an object, such as {example}.").format(example='{"ar": 2}'), "losses")
    return Placement.from_sites(sites, {str(name): weight for name, weight in losses.items()})


def _parse_dropout(name: str, given: object) -> Dropout:
    known = {field.name for field in fields(Dropout)}
    if not isinstance(given, Mapping) or not set(given) <= known:
        raise Invalid(_("The site “{name}” takes {known}.").format(name=quote(name), known=", ".join(sorted(known))), name)
    rate, schedule = given.get("rate", 0.0), given.get("schedule", {})
    schedule_fields = {field.name for field in fields(RateSchedule)}
    if not isinstance(schedule, Mapping) or not set(schedule) <= schedule_fields:
        raise Invalid(
            _("The schedule of “{name}” takes {known}.").format(name=quote(name), known=", ".join(sorted(schedule_fields))),
            name,
        )
    rates = tuple(rate) if isinstance(rate, list | tuple) else rate
    return Dropout(**{**given, "rate": rates, "schedule": RateSchedule(**schedule)})


def _dropout_to_plain(dropout: Dropout) -> dict[str, Any]:
    rate = list(dropout.rate) if isinstance(dropout.rate, tuple) else dropout.rate
    rest = {f.name: getattr(dropout, f.name) for f in fields(Dropout) if getattr(dropout, f.name) != f.default}
    if "schedule" in rest:
        rest["schedule"] = asdict(dropout.schedule)
    return {**rest, "rate": rate}


def _resolve_schedule(dropout: Dropout, update: int) -> Dropout:
    rate, compute_rate = dropout.rate, dropout.schedule.compute_rate
    now = tuple(compute_rate(one, update) for one in rate) if isinstance(rate, tuple) else compute_rate(rate, update)
    return replace(dropout, rate=now, schedule=CONSTANT_RATE)


def _check_noise(name: str, dropout: Dropout) -> None:
    kind = SITES[name].kind
    if kind == "zoneout" and (dropout.noise, dropout.scaling) != ("bernoulli", "test"):
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


def _get_peak_rate(dropout: Dropout) -> float:
    rates = dropout.rate if isinstance(dropout.rate, tuple) else (dropout.rate,)
    return max((dropout.schedule.start, *rates)) if rates else 0.0  # a site without layers has no rates


def check_rate(name: str, rate: object) -> None:
    """Raise Invalid unless the rate is a number in [0, 1)."""
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate < 1:
        raise Invalid(
            _("The rate of “{name}” is {rate}; it must be at least 0 and below 1 (it is the probability of dropping).").format(
                name=name, rate=quote(rate)
            ),
            name,
        )


def _check_choice(name: str, field: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise Invalid(
            _("{field} of “{name}” is “{value}”; it must be one of {allowed}.").format(
                field=field, name=name, value=quote(value), allowed=", ".join(allowed)
            ),
            name,
        )
