"""A recipe, which is the set-up of a published result, and the experiment that it makes at full size or scaled down."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core.dropout.published_results import PublishedResult
from core.errors import Invalid
from core.experiment.batches import load_data
from core.experiment.bounds import CLOSED_BOUNDS, INTEGER_BOUNDS
from core.experiment.experiment import Experiment, build_experiment
from core.i18n import _
from core.tasks import get_task
from core.tasks.task import Value

MIN_SCALED_UNITS = 8  # units of a layer, scaled down
MAX_SCALED_UPDATES = 6000  # scaled down; this takes minutes on two cores


@dataclass(frozen=True)
class Recipe:
    """The set-up of a published result.

    fields: of the experiment. task: its name. size: the length of the paper's training text, by the task option that sets it.
    reported: the paper's results. differs: sentences about what this program does differently. unconfirmed: what could not be
    confirmed in the source, "" if everything was.
    """

    name: str
    label: str
    citation: str
    fields: Mapping[str, Any]
    reported: tuple[PublishedResult, ...]
    differs: tuple[str, ...]
    unconfirmed: str = ""
    task: str = "language-model"
    size: Mapping[str, int] = field(default_factory=lambda: {"words": 929_589})


def build_recipe_experiment(
    recipe: Recipe, scale: float = 1.0, options: Mapping[str, Value] | None = None, **given: Any
) -> Experiment:
    """Return the experiment of a recipe, on a text of its size or the longest available; `given` fields override the recipe.

    scale: in (0, 1], multiplies all widths (to at least 8 units), the length of the text and the number of updates (to at most
    6000). A shorter text is read more often, and the learning rate decays as slowly over the updates. Raises Invalid.
    """
    if not 0 < scale <= 1:
        raise Invalid(_("The scale is {scale}; it must be a number above 0 and at most 1.").format(scale=scale), "scale")
    options = {**_scale_sizes(recipe, scale), **(options or {})}
    if scale == 1:
        return build_experiment(recipe.task, options, **{**recipe.fields, **given})
    scaled = build_experiment(recipe.task, options, **{**recipe.fields, **_scale_widths(recipe, scale), **given})
    schedule = _scale_schedule(recipe, scale, scaled)
    return replace(scaled, **{name: value for name, value in schedule.items() if name not in given})


def _scale_sizes(recipe: Recipe, scale: float) -> dict[str, Value]:
    bounds = {option.name: (option.low, option.high) for option in get_task(recipe.task).options}
    return {name: min(max(round(size * scale), bounds[name][0]), bounds[name][1]) for name, size in recipe.size.items()}


def _scale_widths(recipe: Recipe, scale: float) -> dict[str, Any]:
    def scale_width(width: int) -> int:
        return max(MIN_SCALED_UNITS, round(width * scale))

    hidden = recipe.fields["hidden"]
    widths = {"hidden": tuple(map(scale_width, hidden)) if isinstance(hidden, tuple) else scale_width(hidden)}
    return widths | ({"embedding": scale_width(recipe.fields["embedding"])} if "embedding" in recipe.fields else {})


def _scale_schedule(recipe: Recipe, scale: float, scaled: Experiment) -> dict[str, Any]:
    fields, size = recipe.fields, next(iter(recipe.size.values()))
    updates = min(MAX_SCALED_UPDATES, scale * fields["epochs"] * size / (fields["batch"] * fields["steps"]))
    epochs = min(max(1, round(updates / load_data(scaled).updates)), INTEGER_BOUNDS["epochs"][1])
    ratio = epochs / fields["epochs"]  # epochs of this text per epoch of the paper
    if "decay" not in fields:
        return {"epochs": epochs}
    after = max(1, round(fields["decay_after"] * ratio))
    # A text that is read once has no later epoch to decay in: the divisor would be huge, but it is never used.
    return {
        "epochs": epochs,
        "decay_after": after,
        "decay": min(round(fields["decay"] ** (1 / ratio), 6), CLOSED_BOUNDS["decay"][1]),
    }
