"""The fields of a measured run, computed from the events of the run."""

from collections.abc import Sequence
from typing import Any

from core.tasks.metrics import METRICS
from core.training.events import Event


def find_best_evaluation(events: Sequence[Event]) -> Event | None:
    """Return the record with the best validation value of the main metric, the first of several; None without an evaluation.

    events: of a run, from "started" on.
    """
    metric = events[0]["metric"]
    evaluated = [event for event in events if event["event"] == "record" and event["val"]]
    best = max if METRICS[metric].is_higher_better else min
    return best(evaluated, key=lambda event: event["val"][metric], default=None)


def summarize_events(events: Sequence[Event]) -> dict[str, Any]:
    """Return the fields of a `MeasuredRun` that follow from the events of the run."""
    started, last = events[0], events[-1]
    metric, tests, best = started["metric"], last.get("test", {}), find_best_evaluation(events)
    losses = [event["val_loss"] for event in events if event["event"] == "record" and event["val"]]
    done = last["event"] == "done"
    return {
        "metric": metric,
        "validation": best["val"][metric] if done and best else None,
        "test": tests.get(metric),
        "baseline": tests.get("baseline"),
        "loss": min(losses) if done else None,
        "test_loss": tests.get("loss"),
        "updates": last["update"],
        "parameters": started["parameters"],
        "monte_carlo": tests.get(f"{metric}_monte_carlo"),
        "seconds": last.get("seconds", 0.0),
        "failed": last.get("reason", ""),
    }
