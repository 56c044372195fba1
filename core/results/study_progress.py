"""The runs of a study as a page keeps them: plain data by run, filled by the news of the service.

A run is a dict: state ("waiting", "running", "finished", "stopped", "failed"), reason, planned and made updates, updates per
epoch, points (one tuple an evaluation: update, epoch, clean training loss, validation loss, validation value of the main
metric), test (the value after the last update), seconds.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from core.experiment.study import Study
from core.experiment.study_edits import make_run_key
from core.results.study_jobs import EndedValues
from core.results.study_stats import RunKey
from core.runs.studies import News
from core.tasks import get_task
from core.tasks.metrics import METRICS

Progress = dict[str, Any]
WAITING, RUNNING, FINISHED = "waiting", "running", "finished"


class Point(NamedTuple):
    """One evaluation of a run. metric: the validation value of the task's main metric."""

    update: int
    epoch: float
    train_loss: float
    val_loss: float
    metric: float


def make_progress() -> Progress:
    """Return a run that has not begun."""
    return {
        "state": WAITING,
        "reason": "",
        "planned": 0,
        "update": 0,
        "per_epoch": 0,
        "points": [],
        "test": None,
        "seconds": 0.0,
    }


def apply_news(runs: Sequence[Progress], news: Iterable[News]) -> None:
    """Add news to the runs that they are about, by number."""
    for kind, number, *values in news:
        run = runs[number]
        if kind == "started":
            run.update(state=RUNNING, planned=values[0], per_epoch=values[1])
        elif kind == "point":
            run["points"].append(tuple(values))
        else:
            state, reason, test, seconds, update = values
            run.update(state=state, reason=reason, test=test, seconds=seconds, update=update)


def list_keys(study: Study) -> dict[RunKey, str]:
    """Return the key of each run of a study, by name and seed: the same for the same run, whatever its name is."""
    return {(run.name, run.seed): make_run_key(run.experiment) for run in study.list_runs()}


def find_best_point(points: Iterable[Sequence[Any]], metric: str) -> Point | None:
    """Return the evaluation with the best value of the main metric, the first of several; None without any."""
    best = max if METRICS[metric].is_higher_better else min
    found = best(points, key=lambda point: point[4], default=None)
    return None if found is None else Point(*found)


def get_metric(study: Study) -> str:
    """Return the main metric of the study's task."""
    return get_task(study.experiments[0][1].task).metric


def select_ended(study: Study, runs: Mapping[RunKey, Progress]) -> dict[RunKey, EndedValues]:
    """Return what is compared of the runs that have come to an end by themselves."""
    metric, ended = get_metric(study), {}
    for key, run in runs.items():
        best = find_best_point(run["points"], metric)
        if run["state"] == FINISHED and best:
            ended[key] = EndedValues(best.metric, run["test"])
        elif run["state"] == "failed":
            ended[key] = EndedValues(None, None, run["reason"] or "failed")
    return ended
