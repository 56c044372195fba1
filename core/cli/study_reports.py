"""Print a study as its runs end: as JSON lines, or as text with a progress bar."""

import json
import math
import sys
from collections.abc import Mapping
from typing import Any

from tqdm import tqdm

from core.experiment.serialization import to_plain
from core.experiment.study import Study, describe_differences
from core.i18n import _
from core.results.event_summary import find_best_evaluation
from core.results.interval import Interval
from core.results.measured_runs import SPLITS
from core.results.multiple_tests import ALPHA
from core.results.provenance import describe_engine
from core.results.runner import EndedRun
from core.results.seed_table import format_metric
from core.results.study_stats import SplitResult
from core.results.study_table import build_head, build_rows, describe_results
from core.results.text_table import format_aligned
from core.tasks import get_task
from core.tasks.metrics import METRICS


class JsonReport:
    """One JSON object a line: "started", a "cell" for each run, "summary"."""

    def __init__(self, study: Study) -> None:
        self.study, self.metric = study, get_task(study.experiments[0][1].task).metric

    def start(self) -> None:
        """Print the experiments, how each differs from the first, and what computes them."""
        names = ("setting", "reference", "value")
        differences = {
            name: [dict(zip(names, row, strict=True)) for row in rows] for name, rows in self.study.list_differences().items()
        }
        experiments = [{"name": name, "settings": to_plain(experiment)} for name, experiment in self.study.experiments]
        head = {"event": "started", "seeds": list(self.study.seeds), "runs": len(self.study.list_runs())}
        _print_line(head | {"experiments": experiments, "differences": differences, "engine": describe_engine()})

    def add_run(self, ended: EndedRun) -> None:
        """Print a run that has ended."""
        names = ("metric", "validation", "test", "baseline", "loss", "test_loss", "updates", "seconds", "failed")
        best = find_best_evaluation(ended.stored.events)
        line = {"event": "cell", "name": ended.run.name, "seed": ended.run.seed, "settings": to_plain(ended.run.experiment)}
        line |= {name: getattr(ended.stored.run, name) for name in names}
        _print_line(line | {"best_update": best and best["update"], "stored": ended.was_stored})

    def end(self, results: Mapping[str, SplitResult]) -> None:
        """Print the results of each split."""
        higher = METRICS[self.metric].is_higher_better
        head = {"event": "summary", "metric": self.metric, "higher_is_better": higher, "level": 1 - ALPHA}
        _print_line(head | {split: _to_plain_result(result) for split, result in results.items()})

    def close(self) -> None:
        """Do nothing: there is no progress bar to remove."""


class TextReport:
    """A line for each run, a progress bar on standard error, and the results as a table and as sentences."""

    def __init__(self, study: Study) -> None:
        self.study, self.metric = study, get_task(study.experiments[0][1].task).metric
        self.bar = tqdm(total=len(study.list_runs()), unit=_("run"), file=sys.stderr, leave=False)

    def start(self) -> None:
        """Print what is compared."""
        self._print(
            _("{task}: {n} runs, seeds {seeds}").format(
                task=self.study.experiments[0][1].task,
                n=len(self.study.list_runs()),
                seeds=", ".join(map(str, self.study.seeds)),
            )
        )
        for line in describe_differences(self.study):
            self._print(f"  {line}")

    def add_run(self, ended: EndedRun) -> None:
        """Print a run that has ended."""
        self._print(self._format_run(ended))
        self.bar.update()

    def end(self, results: Mapping[str, SplitResult]) -> None:
        """Print the results of each split."""
        self.close()
        print("", *format_aligned(build_head(), build_rows(results, self.metric)), "", sep="\n")
        print(*describe_results(results, self.metric), sep="\n")

    def close(self) -> None:
        """Remove the progress bar."""
        self.bar.close()

    def _print(self, line: str) -> None:
        self.bar.write(line, file=sys.stdout)

    def _format_run(self, ended: EndedRun) -> str:
        run, place = ended.stored.run, {"name": ended.run.name, "seed": ended.run.seed}
        if run.failed:
            return _("{name}, seed {seed}: {reason}").format(reason=run.failed, **place)
        text = (
            _("{name}, seed {seed}: best validation {metric} {validation}, test {test} (kept from an earlier call)")
            if ended.was_stored
            else _("{name}, seed {seed}: best validation {metric} {validation}, test {test}; {seconds:.1f} s")
        )
        values = {split: format_metric(getattr(run, split), self.metric) for split in SPLITS}
        return text.format(metric=_(METRICS[self.metric].label), seconds=run.seconds, **values, **place)


def _print_line(data: dict[str, Any]) -> None:
    print(json.dumps(data, ensure_ascii=False, allow_nan=False), flush=True)


def _to_plain_result(result: SplitResult) -> dict[str, Any]:
    experiments = [
        {
            "name": row.name,
            "mean": row.interval and row.interval.mean,
            "interval": _to_bounds(row.interval),
            "n": row.n,
            "failed": row.failed,
        }
        for row in result.experiments
    ]
    pairs = [
        {
            "name": pair.name,
            "reference": pair.reference,
            "difference": pair.interval and pair.interval.mean,
            "interval": _to_bounds(pair.interval),
            "level": pair.level,
            "n": pair.n,
            "p_value": pair.p_value,
            "adjusted_p_value": pair.adjusted_p_value,
            "verdict": pair.verdict,
            "needed_seeds": pair.needed_seeds,
        }
        for pair in result.pairs
    ]
    return {"experiments": experiments, "pairs": pairs}


def _to_bounds(interval: Interval | None) -> list[float] | None:
    """Return the ends of an interval, or None if nothing follows from so few values."""
    return None if interval is None or interval.half_width == math.inf else [interval.low, interval.high]
