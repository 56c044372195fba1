"""The view of a network figure: window of steps, sample and path, read from and written to a link."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from core.analysis.path_counts import list_routes, make_even_climbs
from core.errors import Invalid
from core.experiment.experiment import Experiment
from core.i18n import _
from pages.common.link_fields import LinkField, make_choice_field, make_integer_field, read_fields, write_fields

WINDOW_STEPS = 9  # steps in the window
DEFAULT_DISTANCE = 5  # of the path at first
ROUTES = ("cell", "state")
FindEnd = Callable[[int, int, bool], int]


@dataclass(frozen=True)
class PathView:
    """The view of a network figure; all numbers count from 0.

    first: the first step of the window; None for a window that shows the end of the path. sample: of the batch. climbs: the L+1
    steps of the path; empty for the default path. through: its route along time, "cell" or "state".
    """

    first: int | None = None
    sample: int = 0
    climbs: tuple[int, ...] = ()
    through: str = "cell"

    def fit_to(self, experiment: Experiment, samples: int, find_end: FindEnd = lambda _sample, t, _chosen: t) -> "PathView":
        """Return the nearest view that this experiment allows. samples: how many samples of its batch can be shown.

        find_end(sample, t, chosen) returns where a path to step t can end in that sample. chosen: whether t was selected.
        """
        sample = _clamp(self.sample, min(experiment.batch, samples) - 1)
        climbs = self._climbs(experiment.layers, experiment.steps - 1, partial(find_end, sample))
        chosen = find_first_step(climbs[-1], 0, experiment.steps) if self.first is None else self.first
        return replace(
            self,
            first=_clamp(chosen, max(0, experiment.steps - WINDOW_STEPS)),
            sample=sample,
            climbs=climbs,
            through=self.through if self.through in list_routes(experiment.cell) else "state",
        )

    @property
    def start(self) -> int:
        """Return the first step of the window of a fitted view."""
        return self.first or 0

    def _climbs(self, layers: int, last: int, find_end: Callable[[int, bool], int]) -> tuple[int, ...]:
        if not self.climbs:
            return make_even_climbs(layers, 0, find_end(min(DEFAULT_DISTANCE, last), False))
        steps = sorted(_clamp(t, last) for t in self.climbs)
        target = find_end(steps[-1], True)
        if len(steps) != layers + 1:
            return make_even_climbs(layers, min(steps[0], target), target)
        return (*(min(t, target) for t in steps[:-1]), target)

    def with_source(self, t: int) -> "PathView":
        """Return the view with a path that begins at step t; climbs before it move along."""
        return replace(self, climbs=(t, *(max(t, step) for step in self.climbs[1:])))

    def with_target(self, t: int) -> "PathView":
        """Return the view with a path that ends at step t; climbs after it move along."""
        return replace(self, climbs=(*(min(t, step) for step in self.climbs[:-1]), t))

    def with_climb(self, layer: int, t: int) -> "PathView":
        """Return the view with a path that leaves the layer (1 to L-1) at step t, or as near as its neighbors allow."""
        if not 1 <= layer < len(self.climbs) - 1:
            return self
        below, above = self.climbs[layer - 1], self.climbs[layer + 1]
        return replace(self, climbs=(*self.climbs[:layer], max(below, min(t, above)), *self.climbs[layer + 1 :]))


def find_first_step(t: int, first: int, steps: int) -> int:
    """Return the first step of a window that shows step t, the nearest to `first`. steps: T."""
    nearest = min(max(first, t - WINDOW_STEPS + 1), t)
    return _clamp(nearest, max(0, steps - WINDOW_STEPS))


def view_to_query(view: PathView) -> dict[str, str]:
    """Return the part of a link that carries the view: what is not the default."""
    values = {"first": view.first, "sample": view.sample, "path": view.climbs, "route": view.through}
    return write_fields(FIELDS, values)


def view_from_query(query: Mapping[str, str]) -> PathView:
    """Return the view of a link. Raises Invalid for a malformed one; what is out of range is clamped by `fit_to`."""
    values, errors = read_fields(FIELDS, query)
    if errors:
        raise errors[0]
    return PathView(values["first"], values["sample"], values["path"], values["route"])


def _parse_path(text: str) -> tuple[int, ...]:
    parse = make_integer_field("path", 0).parse
    path = tuple(parse(part) for part in text.split(",")) if text else ()
    if len(path) == 1 or len(path) > 65:
        raise Invalid(_("path needs the steps at which the layers are entered and left, such as 0,2,5."), "path")
    return path


FIELDS = (
    make_integer_field("first", None),
    make_integer_field("sample", 0),
    LinkField("path", (), _parse_path, lambda climbs: ",".join(map(str, climbs))),
    make_choice_field("route", "cell", ROUTES),
)


def _clamp(value: int, most: int) -> int:
    return max(0, min(value, most))
