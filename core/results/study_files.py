"""The runs of a study as CSV, a row a run, and as JSON with their curves."""

import csv
import io
import json
from collections.abc import Mapping
from typing import Any

from core.experiment.serialization import to_json
from core.experiment.study import Study, study_to_json
from core.results.study_answer import results_to_plain
from core.results.study_progress import Point, Progress, find_best_point, get_metric
from core.results.study_stats import RunKey, SplitResult

COLUMNS = (
    "experiment", "seed", "state", "metric", "best_validation", "best_update", "best_epoch", "final_test", "updates", "seconds",
    "settings",
)  # fmt: skip


def write_csv(study: Study, runs: Mapping[RunKey, Progress]) -> str:
    """Return the runs as CSV; a value that is not known is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    metric = get_metric(study)
    for run in study.list_runs():
        progress = runs[run.name, run.seed]
        best = find_best_point(progress["points"], metric)
        writer.writerow(
            [
                _protect(run.name), run.seed, progress["state"], metric, best and best.metric, best and best.update,
                best and best.epoch, progress["test"], progress["update"], progress["seconds"], to_json(run.experiment),
            ]
        )  # fmt: skip
    return text.getvalue()


def write_json(
    study: Study,
    runs: Mapping[RunKey, Progress],
    results: Mapping[str, SplitResult] | None,
    provenance: Mapping[str, str],
) -> str:
    """Return the study, its runs with their curves, its statistics and its provenance as JSON."""
    rows: list[dict[str, Any]] = [
        {"name": name, "seed": seed, **run, "points": [dict(zip(Point._fields, point, strict=True)) for point in run["points"]]}
        for (name, seed), run in runs.items()
    ]
    content = {
        "study": json.loads(study_to_json(study)),
        "metric": get_metric(study),
        "runs": rows,
        "results": results_to_plain(results) if results else None,
        "provenance": dict(provenance),
    }
    return json.dumps(content, ensure_ascii=False, indent=1)


def _protect(name: str) -> str:
    """Return a name that a spreadsheet does not take for a formula."""
    return f"'{name}" if name[:1] in "=+-@" else name
