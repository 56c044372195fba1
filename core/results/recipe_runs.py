"""The runs of the scaled-down recipes, with and without their dropout."""

from collections.abc import Iterable
from typing import Any

from core.dropout.methods import get_method
from core.experiment.experiment import Experiment
from core.experiment.recipes import RECIPES, Recipe, build_recipe_experiment
from core.results.measured_runs import FOLDER

FILE = FOLDER / "miniatures.json"
SCALE = 0.1


def format_arguments(recipe: Recipe, method: str = "", scale: float = SCALE) -> str:
    """Return the arguments of one run. method: replaces the recipe's own placement, unless it is ""."""
    return f"--recipe {recipe.name} --scale {scale:g}" + (f" --method {method}" if method else "")


def list_recipe_arguments(recipe: Recipe) -> list[str]:
    """Return the arguments of a recipe's runs."""
    return [format_arguments(recipe, method) for method in list_methods(recipe)]


def list_methods(recipe: Recipe) -> list[str]:
    """Return the methods of a recipe's runs: its own placement, "", and "none" if the recipe has any dropout."""
    return ["", "none"] if recipe.fields["placement"].sites else [""]


def build_experiments(names: Iterable[str]) -> dict[str, Experiment]:
    """Return the experiments of all runs of the named recipes by their arguments."""
    return {
        format_arguments(RECIPES[name], method): build_recipe_experiment(RECIPES[name], SCALE, **_build_fields(method))
        for name in names
        for method in list_methods(RECIPES[name])
    }


def list_arguments(names: Iterable[str]) -> list[str]:
    """Return the arguments of all runs of the named recipes."""
    return [one for name in names for one in list_recipe_arguments(RECIPES[name])]


def _build_fields(method: str) -> dict[str, Any]:
    row = get_method(method) if method else None
    return {"placement": row.build_placement(), "monte_carlo": row.monte_carlo} if row else {}
