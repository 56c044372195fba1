"""The tables of five seeds, as texts, for the page and for the README alike: a row a task."""

import math
from collections.abc import Iterable, Iterator, Sequence

from core.i18n import N_, _, ngettext
from core.results.interval import Interval
from core.results.measured_runs import Measured
from core.results.seed_runs import SEEDS, SHOWN
from core.results.seed_stats import COLUMNS, PAIRS, Cell, Pair, cells, compared
from core.tasks import TASKS
from core.tasks.metrics import METRICS
from core.tasks.task import short

HEAD = (N_("task, metric"), *SHOWN, N_("baseline"), N_("seconds"))
BETTER = {1: N_("better"), 0: N_("undecided"), -1: N_("worse")}
SHOWS = {1: N_("claimed: shows"), 0: N_("claimed: does not show at this size"), -1: N_("claimed: the opposite shows")}


def head() -> list[str]:
    """The names of the columns of `rows`."""
    return [_(name) for name in HEAD]


def rows(runs: Sequence[Measured]) -> Iterator[tuple[str, ...]]:
    """What each task gave: a row for each that has been measured, in the order of the tasks; a cell for each of `HEAD`."""
    for task, found in _measured(runs):
        one = next(iter(found.values()))
        yield (
            _named(task, one.metric),
            *(both(found.get(name)) for name in SHOWN),
            number(one.baseline, one.metric),
            f"{max(max(cell.values('processor')) for cell in found.values()):.0f}",
        )


def differences_head() -> list[str]:
    """The names of the columns of `differences`."""
    return [_(HEAD[0]), *(_("{one} − {other}").format(one=pair.one, other=pair.other) for pair in PAIRS)]


def differences(runs: Sequence[Measured]) -> Iterator[tuple[str, ...]]:
    """How the placements differ, seed by seed: a row for each task; in a cell the difference and what it says."""
    for task, found in _measured(runs):
        metric = next(iter(found.values())).metric
        yield _named(task, metric), *(_difference(found, pair, task) for pair in PAIRS)


def about(runs: Sequence[Measured]) -> str:
    """What the numbers are, and where and when they were measured."""
    return _(
        "Seeds {first} to {last}; mean ± 95 % t interval; before the stroke the best of all validations, after it the "
        "test at the end. Seconds: of computing, of the longest run, one thread each. Differences are those of runs with "
        "the same seed, and so the same data; “{undecided}”: their interval reaches to 0. Claimed: by a paper, of such a "
        "task; it shows where validation or test is better and neither worse. {where}."
    ).format(first=SEEDS[0], last=SEEDS[-1], where=where(runs), undecided=_(BETTER[0]))


def where(runs: Sequence[Measured]) -> str:
    """The machines, dates and commits of runs."""
    return _("{machine}, torch {torch}, {date}, commit {commit}").format(
        machine=_all(run.machine for run in runs),
        torch=_all(run.torch for run in runs),
        date=_all(run.date for run in runs),
        commit=_all(run.commit for run in runs),
    )


def both(cell: Cell | None) -> str:
    """Validation / test of a cell, each with its interval."""
    if cell is None:
        return "–"
    said = " / ".join(spread(cell.column(name), cell.metric) for name in COLUMNS)
    if len(cell.runs) + cell.failed < len(SEEDS):
        said += ngettext(" ({n} seed)", " ({n} seeds)", len(cell.runs)).format(n=len(cell.runs))
    return said + (_(" ({n} ran away)").format(n=cell.failed) if cell.failed else "")


def number(value: float | None, metric: str) -> str:
    """A metric in few characters."""
    if value is None:
        return "–"
    return f"{100 * value:.1f} %" if METRICS[metric].part else short(value)


def spread(found: Interval, metric: str, sign: str = "") -> str:
    """A mean and its interval, both to the second digit of the interval. sign: "+" where they are those of a difference."""
    times, unit = (100, _(" points") if sign else " %") if METRICS[metric].part else (1, "")
    mean, half = times * found.mean, times * found.half
    places = min(6, max(0, 1 - math.floor(math.log10(half)))) if 0 < half < math.inf else 1
    return f"{mean:{sign}.{places}f} ± {half:.{places}f}{unit}".replace("-", "−")


def _measured(runs: Sequence[Measured]) -> Iterator[tuple[str, dict[str, Cell]]]:
    yield from ((task, found) for task in TASKS if (found := cells(runs, task)))


def _named(task: str, metric: str) -> str:
    return f"{task}, {_(METRICS[metric].label)}"


def _difference(found: dict[str, Cell], pair: Pair, task: str) -> str:
    if (there := compared(found, pair)) is None:
        return "–"
    one, other = there
    said = " / ".join(side(one, other, name) for name in COLUMNS)
    return f"{said}; {_claim([one.better(other, name) for name in COLUMNS])}" if task in pair.claimed else said


def side(one: Cell, other: Cell, name: str) -> str:
    """How much more of validation or test the one has than the other, and whether that is better."""
    above = one.above(other, name)
    if above.mean == above.half == 0:
        return _("equal")
    return f"{spread(above, one.metric, '+')} {_(BETTER[one.better(other, name)])}"


def _claim(sides: Sequence[int]) -> str:
    """A claim shows where validation or test says so, and neither the opposite; likewise its opposite."""
    return _(SHOWS[(max(sides) > 0) - (min(sides) < 0)])


def _all(texts: Iterable[str]) -> str:
    return ", ".join(sorted(set(texts)))
