"""The results of a study as texts: a table of its experiments, and a sentence for each pair."""

import math
from collections.abc import Iterator, Mapping

from core.i18n import N_, _, ngettext
from core.results.interval import Interval
from core.results.measured_runs import SPLITS
from core.results.multiple_tests import ALPHA
from core.results.study_stats import EQUAL, UNDECIDED, WORSE, ExperimentResult, PairResult, SplitResult
from core.tasks.metrics import METRICS

HEAD = (N_("experiment"), N_("best validation"), N_("test at the end"), N_("runs"))
SPLIT_TITLES = {
    "validation": N_("Validation split, best {metric} of each run:"),
    "test": N_("Test split, {metric} after the last update:"),
}


def build_head() -> list[str]:
    """Return the column names of `build_rows`."""
    return [_(name) for name in HEAD]


def build_rows(results: Mapping[str, SplitResult], metric: str) -> Iterator[tuple[str, ...]]:
    """Yield a row of texts for each experiment. results: by split."""
    for rows in zip(*(results[split].experiments for split in SPLITS), strict=True):
        yield rows[0].name, *(format_mean(row.interval, metric) for row in rows), _format_count(rows[0])


def describe_results(results: Mapping[str, SplitResult], metric: str) -> Iterator[str]:
    """Yield lines: for each split its title and a sentence for each pair, then what the intervals mean."""
    label = _(METRICS[metric].label)
    for split in SPLITS:
        if results[split].pairs:
            yield _(SPLIT_TITLES[split]).format(metric=label)
            yield from (f"  {describe_pair(pair, metric)}" for pair in results[split].pairs)
    yield describe_intervals(len(results[SPLITS[0]].pairs))


def describe_pair(pair: PairResult, metric: str) -> str:
    """Return a sentence: whether one of two experiments is better, and how sure that is."""
    if pair.interval is None:
        return _("{name} and {reference} have no seed at which both ran to the end.").format(
            name=pair.name, reference=pair.reference
        )
    words = {"name": pair.name, "reference": pair.reference, "n": pair.n, "difference": format_difference(pair, metric)}
    if pair.verdict == EQUAL:
        return _("{name} and {reference} are equal at each of {n} seeds.").format(**words)
    if pair.verdict == UNDECIDED:
        return f"{_describe_undecided(pair, words)}{_describe_need(pair)}"
    if pair.verdict == WORSE:
        return _("{name} is worse than {reference}: {difference}, {n} seeds.").format(**words)
    return _("{name} is better than {reference}: {difference}, {n} seeds.").format(**words)


def describe_intervals(pairs: int) -> str:
    """Return what the intervals mean, in a study of so many pairs of experiments."""
    if pairs < 2:
        return _("Intervals at {level:.0f} %; of one seed there is none.").format(level=100 * (1 - ALPHA))
    return _(
        "Intervals of means at {level:.0f} %; of one seed there is none. Those of differences are at the level at which Holm's "
        "procedure decides: with it, any of the {pairs} pairs is called different without being so in at most {alpha:.0f} % of "
        "all studies."
    ).format(level=100 * (1 - ALPHA), pairs=pairs, alpha=100 * ALPHA)


def format_mean(interval: Interval | None, metric: str) -> str:
    """Format a mean with its interval; "–" where there is none."""
    if interval is None:
        return "–"
    scale, unit = (100, " %") if METRICS[metric].is_percentage else (1, "")
    places = _count_places(scale * interval.half_width, scale * interval.mean)
    mean = f"{scale * interval.mean:.{places}f}{unit}"
    if interval.half_width == math.inf:
        return mean
    return f"{mean} [{scale * interval.low:.{places}f}, {scale * interval.high:.{places}f}]".replace("-", "−")


def format_difference(pair: PairResult, metric: str) -> str:
    """Format the paired difference with its interval and the level of that."""
    assert pair.interval
    scale, unit = (100, _(" points")) if METRICS[metric].is_percentage else (1, "")
    interval = pair.interval
    places = _count_places(scale * interval.half_width, scale * interval.mean)
    mean = f"{scale * interval.mean:+.{places}f}{unit}".replace("-", "−")
    if interval.half_width == math.inf:
        return mean
    ends = [f"{scale * end:+.{places}f}".replace("-", "−") for end in (interval.low, interval.high)]
    return _("{mean} [{low}, {high}] at {level:.4g} %").format(mean=mean, low=ends[0], high=ends[1], level=100 * pair.level)


def _describe_undecided(pair: PairResult, words: Mapping[str, object]) -> str:
    return ngettext(
        "{name} and {reference} cannot be told apart with one seed: {difference}.",
        "{name} and {reference} cannot be told apart with these {n} seeds: {difference}.",
        pair.n,
    ).format(**words)


def _describe_need(pair: PairResult) -> str:
    if pair.needed_seeds is None:
        return ""
    return " " + _("To tell a difference like this one, about {needed} seeds are needed.").format(needed=pair.needed_seeds)


def _format_count(row: ExperimentResult) -> str:
    return str(row.n) + (_(" ({n} failed)").format(n=row.failed) if row.failed else "")


def _count_places(half_width: float, mean: float) -> int:
    """Return how many decimals show the second digit of the half width, or four digits of the mean where that has none."""
    size = half_width / 10 if 0 < half_width < math.inf else abs(mean) / 1000
    return min(6, max(0, -math.floor(math.log10(size)))) if size else 1
