"""The runs of the scaled-down recipes, with and without their dropout."""

from collections.abc import Iterable

from core.experiment.recipes import RECIPES, Recipe
from core.results.measured_runs import FOLDER

FILE = FOLDER / "miniatures.json"
SCALE = 0.1


def format_arguments(recipe: Recipe, method: str = "", scale: float = SCALE) -> str:
    """Return the arguments of one run. method: replaces the recipe's own placement, unless it is ""."""
    return f"--recipe {recipe.name} --scale {scale:g}" + (f" --method {method}" if method else "")


def list_recipe_arguments(recipe: Recipe) -> list[str]:
    """Return the arguments of a recipe's runs: one as it is, and one without dropout if the recipe has any."""
    return [format_arguments(recipe, method) for method in ("", "none")[: 1 + bool(recipe.fields["placement"].sites)]]


def list_arguments(names: Iterable[str]) -> list[str]:
    """Return the arguments of all runs of the named recipes."""
    return [one for name in names for one in list_recipe_arguments(RECIPES[name])]
