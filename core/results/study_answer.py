"""The results of a study as plain data, for the processes and sessions of this program: read and written."""

import math
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from core.results.interval import Interval
from core.results.study_stats import ExperimentResult, PairResult, SplitResult


def results_to_plain(results: Mapping[str, SplitResult]) -> dict[str, Any]:
    """Return the results, by split, as plain data; an infinite bound is None."""
    return {split: _replace_infinities(asdict(result)) for split, result in results.items()}


def results_from_plain(plain: Mapping[str, Any]) -> dict[str, SplitResult]:
    """Return the results that `results_to_plain` wrote."""
    return {
        split: SplitResult(
            tuple(ExperimentResult(**row | {"interval": _read_interval(row["interval"])}) for row in result["experiments"]),
            tuple(PairResult(**row | {"interval": _read_interval(row["interval"])}) for row in result["pairs"]),
        )
        for split, result in plain.items()
    }


def rename_results(results: Mapping[str, SplitResult], names: Mapping[str, str]) -> dict[str, SplitResult]:
    """Return the results with other names of the experiments. names: the new ones by the old ones."""
    return {
        split: SplitResult(
            tuple(replace(row, name=names[row.name]) for row in result.experiments),
            tuple(replace(row, name=names[row.name], reference=names[row.reference]) for row in result.pairs),
        )
        for split, result in results.items()
    }


def _replace_infinities(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _replace_infinities(inner) for name, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_replace_infinities(inner) for inner in value]
    return None if isinstance(value, float) and math.isinf(value) else value


def _read_interval(row: Mapping[str, float | None] | None) -> Interval | None:
    if row is None:
        return None
    low, high = row["low"], row["high"]
    return Interval(row["mean"] or 0.0, -math.inf if low is None else low, math.inf if high is None else high)
