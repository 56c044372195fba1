"""The papers' tables: what they report, beside what was measured here in small, as texts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.dropout.published import PUBLISHED, Published
from core.language import N_, _
from core.recipes import RECIPES, Recipe
from core.results import miniatures
from core.results.cells import Cell, cells
from core.results.measured import Measured, by_arguments, command
from core.results.table import both, number
from core.tasks import TASKS
from core.tasks.metrics import METRICS

HEAD = (N_("set-up"), N_("published"), N_("measured here, in small"), N_("what differs"))
# The four tasks of Zaremba et al. 2014: the task that stands for each here, and the paper's data.
FOUR = {
    "language-model": N_("Penn Treebank, words"),
    "speech": N_("Icelandic speech"),
    "translation": N_("WMT'14, English to French"),
    "captions": N_("MSCOCO captions"),
}


@dataclass(frozen=True)
class Result:
    """A result as texts: the value or values, and what is to be known of them."""

    value: str
    note: str

    def __str__(self) -> str:
        return f"{self.value} ({self.note})"


@dataclass(frozen=True)
class Kind:
    """One of the four: the task here, the paper's data and results, and what five seeds gave, by method."""

    task: str
    data: str
    reported: tuple[Published, ...]
    cells: Mapping[str, Cell]

    @property
    def measured(self) -> list[Result]:
        """Without and with dropout."""
        there = [(name, self.cells[name]) for name in ("none", "zaremba2014") if name in self.cells]
        return [Result(both(cell), f"{name}; {_measure(cell.metric)}") for name, cell in there]


def head() -> list[str]:
    """The names of the columns."""
    return [_(name) for name in HEAD]


def rows(runs: Sequence[Measured]) -> Iterator[tuple[str, ...]]:
    """A row for each recipe; a cell for each of `HEAD`."""
    for recipe in RECIPES.values():
        theirs, ours = map(reported, recipe.reported), measured(recipe, runs)
        yield _(recipe.label), "; ".join(map(str, theirs)), "; ".join(map(str, ours)) or _("not yet"), differs(recipe)


def reported(row: Published) -> Result:
    """A result of a paper: the values, and of which network, what they are, and where they were read."""
    return Result(row.value, f"{_(row.network)}; {_(row.measure)}; {_(row.read)}")


def measured(recipe: Recipe, runs: Sequence[Measured]) -> list[Result]:
    """What the recipe gave in small, run by run."""
    there = by_arguments(runs)
    return [_run(there[one]) for one in miniatures.of(recipe) if one in there]


def differs(recipe: Recipe) -> str:
    """What this program does otherwise, and what could not be confirmed."""
    unconfirmed = _("Unconfirmed: {what}").format(what=_(recipe.unconfirmed)) if recipe.unconfirmed else ""
    return " ".join(filter(None, (_(recipe.differs) if recipe.differs else "", unconfirmed)))


def four(runs: Sequence[Measured]) -> list[Kind]:
    """The paper's tasks that there are here. runs: those of five seeds."""
    theirs = [row for row in PUBLISHED if row.method in ("none", "zaremba2014") and row not in others()]
    there = {task: data for task, data in FOUR.items() if task in TASKS}
    return [
        Kind(task, data, tuple(row for row in theirs if row.data == data), cells(runs, task)) for task, data in there.items()
    ]


def others() -> list[Published]:
    """What the papers report and no recipe and none of the four tasks stands for."""
    shown = {row for recipe in RECIPES.values() for row in recipe.reported}
    return [row for row in PUBLISHED if row not in shown and row.data not in list(FOUR.values())[1:]]


def whole(recipe: Recipe) -> str:
    """The command of the recipe as large as it was published, on a folder that the reader has."""
    return command(f"--recipe {recipe.name} --option corpus=PTB words=1000000 --checkpoint {recipe.name}.checkpoint")


def _run(run: Measured) -> Result:
    what = _("without dropout") if "--method none" in run.arguments else _("as it is")
    if run.failed:
        return Result("–", f"{what}; {run.failed}")
    value = f"{number(run.validation, run.metric)} / {number(run.test, run.metric)}"
    drawn = _("; with masks on {value}").format(value=number(run.monte_carlo, run.metric)) if run.monte_carlo else ""
    beside = _("without a network {baseline}; {clock:.0f} s by the clock, {processor:.0f} s of computing").format(
        baseline=number(run.baseline, run.metric), clock=run.seconds, processor=run.processor)  # fmt: skip
    return Result(value, f"{what}; {_measure(run.metric)}{drawn}; {beside}")


def _measure(metric: str) -> str:
    return _("{metric}, best validation / test").format(metric=_(METRICS[metric].label))
