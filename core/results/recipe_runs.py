"""The runs of the recipes in small: each as it is, and those that drop once more without."""

from collections.abc import Iterable

from core.experiment.recipes import RECIPES, Recipe
from core.results.measured_runs import FOLDER

FILE = FOLDER / "miniatures.json"
SCALE = 0.1


def arguments(recipe: Recipe, method: str = "", scale: float = SCALE) -> str:
    """Those of one run. method: what stands in the place of the recipe's own masks, where it is not ""."""
    return f"--recipe {recipe.name} --scale {scale:g}" + (f" --method {method}" if method else "")


def of(recipe: Recipe) -> list[str]:
    """Those of a recipe's runs: as it is; and without dropout, where it has some."""
    return [arguments(recipe, method) for method in ("", "none")[: 1 + bool(recipe.fields["placement"].sites)]]


def wanted(names: Iterable[str]) -> list[str]:
    """Those of all runs of the recipes of these names."""
    return [one for name in names for one in of(RECIPES[name])]
