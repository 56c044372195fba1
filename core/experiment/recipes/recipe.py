"""A recipe: the fields of an experiment that a paper reports, and the experiment that they make, whole or in small."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core.dropout.published_results import Published
from core.errors import Invalid
from core.experiment.batches import load_data
from core.experiment.experiment import BOUNDS, RANGES, Experiment, build_experiment
from core.i18n import _
from core.tasks import task as task_named
from core.tasks.task import Value

NARROWEST = 8  # units of a layer in small
MOST_UPDATES = 6000  # in small: minutes on two cores


@dataclass(frozen=True)
class Recipe:
    """A published set-up.

    fields: those of an experiment. task, and size: the symbols of the text that the paper trains on, by the name of the task's
    option for them. reported: the figures of the paper. differs: what this program does otherwise, in sentences; unconfirmed:
    what of the set-up could not be confirmed in the source, "" where all was.
    """

    name: str
    label: str
    citation: str
    fields: Mapping[str, Any]
    reported: tuple[Published, ...]
    differs: tuple[str, ...]
    unconfirmed: str = ""
    task: str = "language-model"
    size: Mapping[str, int] = field(default_factory=lambda: {"words": 929_589})


def experiment(recipe: Recipe, scale: float = 1.0, options: Mapping[str, Value] | None = None, **given: Any) -> Experiment:
    """The recipe as an experiment, on a text of its size or the longest that there is; what is given holds instead.

    scale, in (0, 1]: all widths, the text and the number of updates times this, at least 8 units and at most 6000 updates; a
    shorter text is read more often, the learning rate falling as slowly over the updates. Raises Invalid.
    """
    if not 0 < scale <= 1:
        raise Invalid(_("The scale is {scale}; it must be a number above 0 and at most 1.").format(scale=scale), "scale")
    chosen = {**_sizes(recipe, scale), **(options or {})}
    if scale == 1:
        return build_experiment(recipe.task, chosen, **{**recipe.fields, **given})
    narrow = build_experiment(recipe.task, chosen, **{**recipe.fields, **_widths(recipe, scale), **given})
    return replace(narrow, **{name: value for name, value in _schedule(recipe, scale, narrow).items() if name not in given})


def _sizes(recipe: Recipe, scale: float) -> dict[str, Value]:
    bounds = {option.name: (option.low, option.high) for option in task_named(recipe.task).options}
    return {name: min(max(round(size * scale), bounds[name][0]), bounds[name][1]) for name, size in recipe.size.items()}


def _widths(recipe: Recipe, scale: float) -> dict[str, Any]:
    def narrow(width: int) -> int:
        return max(NARROWEST, round(width * scale))

    hidden = recipe.fields["hidden"]
    widths = {"hidden": tuple(map(narrow, hidden)) if isinstance(hidden, tuple) else narrow(hidden)}
    return widths | ({"embedding": narrow(recipe.fields["embedding"])} if "embedding" in recipe.fields else {})


def _schedule(recipe: Recipe, scale: float, narrow: Experiment) -> dict[str, Any]:
    fields, size = recipe.fields, next(iter(recipe.size.values()))
    updates = min(MOST_UPDATES, scale * fields["epochs"] * size / (fields["batch"] * fields["steps"]))
    epochs = min(max(1, round(updates / load_data(narrow).updates)), BOUNDS["epochs"][1])
    longer = epochs / fields["epochs"]  # so many epochs of this text stand for one of the paper's
    if "decay" not in fields:
        return {"epochs": epochs}
    after = max(1, round(fields["decay_after"] * longer))
    # Of a text that is read hardly once there is no epoch to divide before: the divisor, which would be huge, plays no part.
    return {"epochs": epochs, "decay_after": after, "decay": min(round(fields["decay"] ** (1 / longer), 6), RANGES["decay"][1])}
