"""Recipes: the set-ups of published results, at full size and scaled down."""

from core.experiment.recipes.recipe import Recipe, build_recipe_experiment
from core.experiment.recipes.table import RECIPES, get_recipe

__all__ = ["RECIPES", "Recipe", "build_recipe_experiment", "get_recipe"]
