"""What is looked at: the window of steps, the sample and the path. Part of a link, so it is checked and clamped here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from core.analysis.path_counts import list_routes, make_even_climbs
from core.errors import Invalid
from core.experiment.experiment import Experiment
from core.i18n import _
from pages.common.link_fields import LinkField, one_of, read_fields, whole_number, write_fields

COUNT = 9  # steps in the window
DISTANCE = 5  # of the path that is shown first
ROUTES = ("cell", "state")
End = Callable[[int, int, bool], int]


@dataclass(frozen=True)
class View:
    """first: the first step of the window; None for one that shows where the path ends. sample: of the batch. climbs: the
    L+1 steps of the path, empty for the first one shown. through: its route along time, "cell" or "state". All count
    from 0."""

    first: int | None = None
    sample: int = 0
    climbs: tuple[int, ...] = ()
    through: str = "cell"

    def fitted(self, experiment: Experiment, samples: int, end: End = lambda _sample, t, _chosen: t) -> "View":
        """The nearest view that this experiment has; of its batch, `samples` can be looked at.

        end(sample, t, chosen): where a path to step t can end in that sample. chosen: whether somebody has chosen t.
        """
        sample = _clamped(self.sample, min(experiment.batch, samples) - 1)
        climbs = self._climbs(experiment.layers, experiment.steps - 1, partial(end, sample))
        chosen = first_that_shows(climbs[-1], 0, experiment.steps) if self.first is None else self.first
        return replace(
            self,
            first=_clamped(chosen, max(0, experiment.steps - COUNT)),
            sample=sample,
            climbs=climbs,
            through=self.through if self.through in list_routes(experiment.cell) else "state",
        )

    @property
    def start(self) -> int:
        """The first step of the window of a fitted view."""
        return self.first or 0

    def _climbs(self, layers: int, last: int, end: Callable[[int, bool], int]) -> tuple[int, ...]:
        if not self.climbs:
            return make_even_climbs(layers, 0, end(min(DISTANCE, last), False))
        steps = sorted(_clamped(t, last) for t in self.climbs)
        target = end(steps[-1], True)
        if len(steps) != layers + 1:
            return make_even_climbs(layers, min(steps[0], target), target)
        return (*(min(t, target) for t in steps[:-1]), target)

    def with_source(self, t: int) -> "View":
        """The path that begins at step t; climbs that lie before it move along."""
        return replace(self, climbs=(t, *(max(t, step) for step in self.climbs[1:])))

    def with_target(self, t: int) -> "View":
        """The path that ends at step t; climbs that lie behind it move along."""
        return replace(self, climbs=(*(min(t, step) for step in self.climbs[:-1]), t))

    def with_climb(self, layer: int, t: int) -> "View":
        """The path that leaves the layer (1 to L-1) at step t, as far as its neighbours allow; itself for other layers."""
        if not 1 <= layer < len(self.climbs) - 1:
            return self
        below, above = self.climbs[layer - 1], self.climbs[layer + 1]
        return replace(self, climbs=(*self.climbs[:layer], max(below, min(t, above)), *self.climbs[layer + 1 :]))


def first_that_shows(t: int, first: int, steps: int) -> int:
    """The first step of the window, of those that show step t, that is nearest to `first`; of `steps` steps in all."""
    nearest = min(max(first, t - COUNT + 1), t)
    return _clamped(nearest, max(0, steps - COUNT))


def view_to_query(view: View) -> dict[str, str]:
    """Return the view as a part of a link: what is not the default."""
    values = {"first": view.first, "sample": view.sample, "path": view.climbs, "route": view.through}
    return write_fields(FIELDS, values)


def view_from_query(query: Mapping[str, str]) -> View:
    """Return the view of a link. Raises Invalid for what is no view; what is merely out of range is clamped later."""
    values, errors = read_fields(FIELDS, query)
    if errors:
        raise errors[0]
    return View(values["first"], values["sample"], values["path"], values["route"])


def _parse_path(text: str) -> tuple[int, ...]:
    parse = whole_number("path", 0).parse
    path = tuple(parse(part) for part in text.split(",")) if text else ()
    if len(path) == 1 or len(path) > 65:
        raise Invalid(_("path needs the steps at which the layers are entered and left, such as 0,2,5."), "path")
    return path


FIELDS = (
    whole_number("first", None),
    whole_number("sample", 0),
    LinkField("path", (), _parse_path, lambda climbs: ",".join(map(str, climbs))),
    one_of("route", "cell", ROUTES),
)


def _clamped(value: int, most: int) -> int:
    return max(0, min(value, most))
