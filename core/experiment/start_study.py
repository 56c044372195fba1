"""The study that a comparison begins with, “where should dropout go?”: no dropout, and methods with different places for it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core.dropout.methods import get_method
from core.experiment.experiment import Experiment, build_experiment
from core.experiment.study import Study
from core.i18n import _

METHODS = ("none", "zaremba2014", "gal2016", "semeniuta2016", "moon2015", "naive-state", "naive-cell")
QUICK_METHODS = ("none", "zaremba2014", "gal2016", "naive-state", "naive-cell")
TASKS = ("language-model", "delayed-recall")  # the tasks that are offered; the first one at first
FIRST_SEED = 7
SEEDS, QUICK_SEEDS = 5, 3
# What makes a run of the quick study shorter than the task's own. The language model needs 10 epochs for dropout to help; its
# 15 runs are estimated at 180 s of processor time; the time of a live one was not measured.
QUICK_SETTINGS: Mapping[str, Mapping[str, Any]] = {"language-model": {"epochs": 10}, "delayed-recall": {"epochs": 4}}


def build_start_study(task: str = TASKS[0], rate: float | None = None, quick: bool = False) -> Study:
    """Return the study. rate: of all sites; None for the usual rates of each method. quick: shorter and fewer runs.

    Raises Invalid for an unknown task or a rate that is not allowed.
    """
    settings = dict(QUICK_SETTINGS[task]) if quick and task in QUICK_SETTINGS else {}
    names = QUICK_METHODS if quick else METHODS
    experiments = tuple((_(get_method(name).label), _build_experiment(task, name, rate, settings)) for name in names)
    return Study(experiments, list_seeds(QUICK_SEEDS if quick else SEEDS))


def list_seeds(count: int, first: int = FIRST_SEED) -> tuple[int, ...]:
    """Return so many seeds from `first` on."""
    return tuple(range(first, first + count))


def _build_experiment(task: str, method: str, rate: float | None, settings: Mapping[str, Any]) -> Experiment:
    row = get_method(method)
    return replace(build_experiment(task, placement=row.build_placement(rate), monte_carlo=row.monte_carlo), **settings)
