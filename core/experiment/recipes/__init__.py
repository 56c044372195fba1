"""The set-ups of published results, to be run again: a row each, and the same in small."""

from core.experiment.recipes.recipe import Recipe, experiment
from core.experiment.recipes.table import RECIPES, recipe

__all__ = ["RECIPES", "Recipe", "experiment", "recipe"]
