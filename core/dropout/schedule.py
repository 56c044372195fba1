"""Schedules of the dropout rate over the updates of a training run."""

from collections.abc import Callable
from dataclasses import dataclass

from core.errors import Invalid, quote
from core.i18n import N_, _

SCHEDULE_KINDS = {
    "constant": N_("constant"),
    "ramp": N_("ramp"),
    "rise-fall": N_("rise and fall"),
    "late-rise-fall": N_("late rise and fall"),
}
# Of the way from `start` to p, by the share of `length` that is over.
_SHARES: dict[str, Callable[[float], float]] = {
    "ramp": lambda progress: progress,
    "rise-fall": lambda progress: 1 - abs(1 - 2 * progress),
    "late-rise-fall": lambda progress: max(0.0, min((progress - 0.2) / 0.3, 2 * (1 - progress))),
}
MAX_SCHEDULE_UPDATES = 1_000_000  # updates


@dataclass(frozen=True)
class RateSchedule:
    """A schedule of the rate over the updates, from `start` to the site's own rate p.

    kind: "constant" is p throughout; "ramp" goes from `start` to p in a straight line over `length` updates and stays
    there (it falls where `start` is above p); "rise-fall" goes from `start` to p over the first half of `length`, back
    over the second, and stays; "late-rise-fall" is `start` for the first fifth of `length`, p at
    half of it, and `start` again at its end (Cheng et al.
    2017, recipes: 0 → 0 at a fifth → .3 at half → 0). length: whole number of updates, at least 1, and 0 for a
    constant rate. start: in [0, 1).
    """

    kind: str = "constant"
    length: int = 0
    start: float = 0.0

    def compute_rate(self, rate: float, update: int) -> float:
        """Return the rate at an update (from 1) of a site whose own rate is `rate`."""
        if self.kind == "constant":
            return rate
        progress = min(max(update, 0) / self.length, 1.0)
        return self.start + (rate - self.start) * _SHARES[self.kind](progress)


CONSTANT_RATE = RateSchedule()


def check_schedule(name: str, schedule: RateSchedule) -> None:
    """Raise Invalid unless the schedule of the site `name` is valid."""
    if schedule.kind not in tuple(SCHEDULE_KINDS):
        raise Invalid(
            _("The schedule of “{name}” is “{kind}”; it must be one of {allowed}.").format(
                name=name, kind=quote(schedule.kind), allowed=", ".join(SCHEDULE_KINDS)
            ),
            name,
        )
    least = 0 if schedule.kind == "constant" else 1
    most = 0 if schedule.kind == "constant" else MAX_SCHEDULE_UPDATES
    if isinstance(schedule.length, bool) or not isinstance(schedule.length, int) or not least <= schedule.length <= most:
        raise Invalid(
            _(
                "The schedule of “{name}” is {length} updates long; “{kind}” takes a whole number from {least} to {most}."
            ).format(name=name, length=quote(schedule.length), kind=schedule.kind, least=least, most=most),
            name,
        )
    _check_start(name, schedule.start, schedule.kind)


def _check_start(name: str, start: object, kind: str) -> None:
    is_number = isinstance(start, int | float) and not isinstance(start, bool)
    if not is_number or not 0 <= start < 1 or (kind == "constant" and start):  # type: ignore[operator]
        raise Invalid(
            _(
                "The schedule of “{name}” starts at {start}; it must be at least 0 and below 1, and 0 where the rate "
                "is constant."
            ).format(name=name, start=quote(start)),
            name,
        )
