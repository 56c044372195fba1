"""The table of five seeds, as texts: a row a task, for the page and for the README alike."""

from collections.abc import Iterable, Iterator, Sequence

from core.language import N_, _, ngettext
from core.results.cells import CLAIMS, COLUMNS, VERDICTS, Cell, cells, verdicts
from core.results.interval import Interval
from core.results.measured import Measured
from core.results.seeds import SEEDS, SHOWN
from core.tasks import TASKS
from core.tasks.metrics import METRICS
from core.tasks.task import short

HEAD = (N_("task, metric"), *SHOWN, N_("baseline"), N_("seconds"), N_("what the literature claims"))


def head() -> list[str]:
    """The names of the columns."""
    return [_(name) for name in HEAD]


def rows(runs: Sequence[Measured]) -> Iterator[tuple[str, ...]]:
    """A row for each task that has been measured, in the order of the tasks; a cell for each of `HEAD`."""
    for task in TASKS:
        if found := cells(runs, task):
            one = next(iter(found.values()))
            yield (f"{task}, {_(METRICS[one.metric].label)}", *(both(found.get(name)) for name in SHOWN),
                   number(one.baseline, one.metric), _seconds(found), claims(found))  # fmt: skip


def claims(found: dict[str, Cell]) -> str:
    """What of the claims shows, a sentence each."""
    there = [pair for pair in CLAIMS if all(name in found for name in pair)]
    return " ".join(_claim(*pair, verdicts(found, *pair)) for pair in there)


def about(runs: Sequence[Measured]) -> str:
    """What the numbers are, and where and when they were measured."""
    return _("Seeds {first} to {last}; mean ± 95 % t interval: the best of all validations / the test after the last update. "
             "Seconds: of the longest run, by the clock / of computing; two runs side by side, a thread each. "
             "“{none}”: the two intervals overlap. {where}.").format(
                 first=SEEDS[0], last=SEEDS[-1], where=where(runs), none=_(VERDICTS[0]))  # fmt: skip


def where(runs: Sequence[Measured]) -> str:
    """The machines, dates and commits of runs, and how busy the machines were."""
    loads = [run.load for run in runs]
    return _("{machine}, torch {torch}, {date}, commit {commit}; load {low:g} to {high:g}: above the number of cores, times by "
             "the clock are upper bounds").format(
                 machine=_all(run.machine for run in runs), torch=_all(run.torch for run in runs),
                 date=_all(run.date for run in runs), commit=_all(run.commit for run in runs), low=min(loads),
                 high=max(loads))  # fmt: skip


def both(cell: Cell | None) -> str:
    """Validation / test of a cell, each with its interval."""
    if cell is None:
        return "–"
    said = f"{_spread(cell.validation, cell.metric)} / {_spread(cell.test, cell.metric)}"
    if cell.runs + cell.failed < len(SEEDS):
        said += ngettext(" ({n} seed)", " ({n} seeds)", cell.runs).format(n=cell.runs)
    return said + (_(" ({n} ran away)").format(n=cell.failed) if cell.failed else "")


def number(value: float | None, metric: str) -> str:
    """A metric in few characters."""
    if value is None:
        return "–"
    return f"{100 * value:.1f} %" if METRICS[metric].part else short(value)


def _all(texts: Iterable[str]) -> str:
    return ", ".join(sorted(set(texts)))


def _spread(found: Interval, metric: str) -> str:
    if METRICS[metric].part:
        return f"{100 * found.mean:.1f} ± {100 * found.half:.1f} %"
    return f"{short(found.mean)} ± {short(found.half)}"


def _seconds(found: dict[str, Cell]) -> str:
    return f"{max(one.seconds for one in found.values()):.0f} / {max(one.processor for one in found.values()):.0f}"


def _claim(better: str, worse: str, by_column: dict[str, int]) -> str:
    claim = _("{better} better than {worse}").format(better=better, worse=worse)
    if len(set(by_column.values())) == 1:
        return f"{claim}: {_(VERDICTS[by_column['test']])}."
    said = ", ".join(f"{_(COLUMNS[name])}: {_(VERDICTS[one])}" for name, one in by_column.items())
    return f"{claim}: {said}."
