"""The five-seed tables as texts, for the page and for assets/measured/README.md: a row for each task."""

import math
from collections.abc import Iterable, Iterator, Sequence

from core.i18n import N_, _, ngettext
from core.results.interval import Interval
from core.results.measured_runs import SPLITS, MeasuredRun
from core.results.seed_runs import COLUMNS, SEEDS
from core.results.seed_stats import COMPARISONS, Comparison, SeedGroup, find_groups, group_runs
from core.tasks import TASKS
from core.tasks.metrics import METRICS
from core.tasks.task import format_number

HEAD = (N_("task, metric"), *COLUMNS, N_("baseline"), N_("seconds"))
DIFFERENCE_LABELS = {1: N_("better"), 0: N_("undecided"), -1: N_("worse")}
CLAIM_LABELS = {1: N_("claim confirmed"), 0: N_("claim not confirmed at this size"), -1: N_("claim contradicted")}


def build_head() -> list[str]:
    """Return the column names of `build_rows`."""
    return [_(name) for name in HEAD]


def build_rows(runs: Sequence[MeasuredRun]) -> Iterator[tuple[str, ...]]:
    """Yield a row of texts for each measured task, with a cell for each name of `HEAD`."""
    for task, groups in group_by_task(runs):
        first = next(iter(groups.values()))
        yield (
            _name_row(task, first.metric),
            *(format_group(groups.get(name)) for name in COLUMNS),
            format_metric(first.baseline, first.metric),
            f"{max(max(group.list_values('processor')) for group in groups.values()):.0f}",
        )


def build_difference_head() -> list[str]:
    """Return the column names of `build_difference_rows`."""
    return [_(HEAD[0]), *(_("{one} − {other}").format(one=pair.column, other=pair.reference) for pair in COMPARISONS)]


def build_difference_rows(runs: Sequence[MeasuredRun]) -> Iterator[tuple[str, ...]]:
    """Yield a row of texts for each measured task: the paired differences between methods, and whether a claim is confirmed."""
    for task, groups in group_by_task(runs):
        metric = next(iter(groups.values())).metric
        yield _name_row(task, metric), *(_describe_comparison(groups, comparison, task) for comparison in COMPARISONS)


def describe_measurement(runs: Sequence[MeasuredRun]) -> str:
    """Explain the numbers of the tables, and say where and when they were measured."""
    return _(
        "Seeds {first} to {last}; mean ± 95 % t interval; before the slash the best validation value, after it the test value "
        "at the end. Seconds: processor time of the longest run, one thread each. Differences are paired: both runs have the "
        "same seed, and so the same data; “{undecided}”: the interval includes 0, each taken alone. A claim is one that a "
        "paper makes for such a task; it is confirmed if validation or test is better and neither is worse. {where}."
    ).format(first=SEEDS[0], last=SEEDS[-1], where=describe_machines(runs), undecided=_(DIFFERENCE_LABELS[0]))


def describe_machines(runs: Sequence[MeasuredRun]) -> str:
    """Return the machines, dates and commits of the runs."""
    return _("{machine}, torch {torch}, {date}, commit {commit}").format(
        machine=_join_different(run.machine for run in runs),
        torch=_join_different(run.torch for run in runs),
        date=_join_different(run.date for run in runs),
        commit=_join_different(run.commit for run in runs),
    )


def format_group(group: SeedGroup | None) -> str:
    """Format a group's validation / test values with their intervals, and the number of its seeds if some are missing."""
    if group is None:
        return "–"
    text = " / ".join(format_interval(group.compute_interval(name), group.metric) for name in SPLITS)
    if len(group.runs) + group.failed < len(SEEDS):
        text += ngettext(" ({n} seed)", " ({n} seeds)", len(group.runs)).format(n=len(group.runs))
    return text + (_(" ({n} diverged)").format(n=group.failed) if group.failed else "")


def format_metric(value: float | None, metric: str) -> str:
    """Format the value of a metric in few characters."""
    if value is None:
        return "–"
    return f"{100 * value:.1f} %" if METRICS[metric].is_percentage else format_number(value)


def format_interval(interval: Interval, metric: str, sign: str = "") -> str:
    """Format a mean and its half width, both to the second digit of the half width. sign: "+" for a difference."""
    scale, unit = (100, _(" points") if sign else " %") if METRICS[metric].is_percentage else (1, "")
    mean, half_width = scale * interval.mean, scale * interval.half_width
    places = min(6, max(0, 1 - math.floor(math.log10(half_width)))) if 0 < half_width < math.inf else 1
    return f"{mean:{sign}.{places}f} ± {half_width:.{places}f}{unit}".replace("-", "−")


def format_difference(group: SeedGroup, reference: SeedGroup, name: str) -> str:
    """Format the difference of two groups in a split, and whether it is better, worse or undecided."""
    difference = group.compute_difference(reference, name)
    if difference.mean == difference.half_width == 0:
        return _("equal")
    return f"{format_interval(difference, group.metric, '+')} {_(DIFFERENCE_LABELS[group.compare_with(reference, name)])}"


def group_by_task(runs: Sequence[MeasuredRun]) -> Iterator[tuple[str, dict[str, SeedGroup]]]:
    """Yield each measured task with its runs by column."""
    yield from ((task, groups) for task in TASKS if (groups := group_runs(runs, task)))


def _name_row(task: str, metric: str) -> str:
    return f"{task}, {_(METRICS[metric].label)}"


def _describe_comparison(groups: dict[str, SeedGroup], comparison: Comparison, task: str) -> str:
    if (pair := find_groups(groups, comparison)) is None:
        return "–"
    group, reference = pair
    text = " / ".join(format_difference(group, reference, name) for name in SPLITS)
    if task not in comparison.claimed_tasks:
        return text
    # Confirmed if one split is better and none is worse; contradicted if one is worse and none is better.
    signs = [group.compare_with(reference, name) for name in SPLITS]
    return f"{text}; {_(CLAIM_LABELS[(max(signs) > 0) - (min(signs) < 0)])}"


def _join_different(texts: Iterable[str]) -> str:
    return ", ".join(sorted(set(texts)))
