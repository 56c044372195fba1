"""The set-ups of published results, to be run again: a row each, and the same in small."""

from core.recipes.recipe import Recipe, experiment
from core.recipes.table import RECIPES, recipe

__all__ = ["RECIPES", "Recipe", "experiment", "recipe"]
