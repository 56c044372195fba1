"""The papers' tables: what they report, beside what was measured here in small, as texts."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from core.dropout.published_results import BOTH, PUBLISHED, TRANSCRIPTION, Published
from core.experiment.batches import count_inputs, count_updates
from core.experiment.recipes import RECIPES, Recipe, experiment
from core.i18n import N_, _
from core.results import recipe_runs
from core.results.interval import interval
from core.results.measured_runs import Measured, by_arguments, command
from core.results.seed_stats import COLUMNS, LOSSES, Cell, cells
from core.results.seed_table import BETTER, both, number, side, spread
from core.tasks import TASKS
from core.tasks.metrics import METRICS

HEAD = (N_("set-up"), N_("published: validation / test"), N_("in small: best validation / test at the end"),
        N_("in small, without dropout"), N_("what differs"))  # fmt: skip
SOURCE = N_(
    "Where nothing else is said, what is published was taken from an abstract or a transcription and not checked in the paper."
)
# Of what a paper claims, that dropout helps: whether one run and one without it say so, on validation and test.
SHOWS = {
    1: N_("claimed: shows, in one run"),
    0: N_("claimed: undecided, in one run"),
    -1: N_("claimed: the opposite shows at this size, in one run"),
}
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
    """One of the four: the task here, the paper's data and results, and what five seeds gave, by column of their table."""

    task: str
    data: str
    reported: tuple[Published, ...]
    cells: Mapping[str, Cell]

    def measured(self, column: str) -> Result | None:
        """The metric of a column, and the perplexity beside it where that is another number; each against no dropout."""
        if (cell := self.cells.get(column)) is None:
            return None
        none = self.cells.get("none", cell)
        apart = "" if none is cell else ": " + " / ".join(side(cell, none, name) for name in COLUMNS)
        said = [_(METRICS[cell.metric].label) + apart]
        if cell.metric != "perplexity" and all(run.loss is not None for run in cell.runs.values()):
            each = [interval([math.exp(loss) for loss in cell.values(name)]) for name in LOSSES]
            values = " / ".join(spread(one, "perplexity") for one in each)
            apart = "" if none is cell else ": " + " / ".join(_(BETTER[cell.better(none, name)]) for name in LOSSES)
            said.append(_("perplexity {values}").format(values=values) + apart)
        return Result(both(cell), "; ".join(said))


def head() -> list[str]:
    """The names of the columns."""
    return [_(name) for name in HEAD]


def rows(runs: Sequence[Measured]) -> Iterator[tuple[str, ...]]:
    """A row for each recipe; a cell for each of `HEAD`."""
    for recipe in RECIPES.values():
        theirs, ours = map(reported, recipe.reported), measured(recipe, runs)
        yield _(recipe.label), "; ".join(map(str, theirs)), *(str(one or "–") for one in ours), " ".join(differs(recipe))


def reported(row: Published) -> Result:
    """A result of a paper: the values; of which network, what they are, and where they were read, if that is not `SOURCE`."""
    told = (row.network, "" if row.measure == BOTH else row.measure, "" if row.read == TRANSCRIPTION else row.read)
    return Result(row.value, "; ".join(_(one) for one in told if one))


def measured(recipe: Recipe, runs: Sequence[Measured]) -> tuple[Result | None, Result | None]:
    """What the recipe gave in small: as it is, and without dropout where it has some; None for what was not measured."""
    there = by_arguments(runs)
    found = [there.get(one) for one in recipe_runs.of(recipe)]
    one, other = found[0], found[1] if len(found) > 1 else None
    claim = _claim(one, other) if one and other else ""
    return _run(one, claim) if one else None, _run(other) if other else None


def differs(recipe: Recipe) -> list[str]:
    """What this program does otherwise, what could not be confirmed, and how small the small one is."""
    unconfirmed = [_("Unconfirmed: {what}").format(what=_(recipe.unconfirmed))] if recipe.unconfirmed else []
    return [*filter(None, [" ".join(map(_, recipe.differs))]), *unconfirmed, _("In small: {what}.").format(what=small(recipe))]


def shared() -> list[str]:
    """What differs in several recipes, not yet translated: a page says it once."""
    every = [sentence for recipe in RECIPES.values() for sentence in recipe.differs]
    return [sentence for sentence in dict.fromkeys(every) if every.count(sentence) > 1]


def particular(recipe: Recipe) -> list[str]:
    """As `differs`, without what is `shared`."""
    return differs(replace(recipe, differs=tuple(one for one in recipe.differs if one not in shared())))


def small(recipe: Recipe) -> str:
    """The sizes of the recipe in small: units, symbols, epochs, updates, and how the rate falls."""
    e = experiment(recipe, recipe_runs.SCALE)
    units = f"{e.layers} × {e.hidden}" if isinstance(e.hidden, int) else " + ".join(map(str, e.hidden))
    said = _("{units} units, {read} {symbols} of Python's documentation, {epochs} epochs, {updates} updates").format(
        units=units, read=count_inputs(e), symbols=next(iter(recipe.size)), epochs=e.epochs, updates=count_updates(e)
    )
    if e.decay == 1:
        return said
    return said + _("; from epoch {n} on the rate is divided by {decay:.3g} each time").format(
        n=e.decay_after + 1, decay=e.decay
    )


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
    return command(f"--recipe {recipe.name} --option corpus=PTB --checkpoint {recipe.name}.checkpoint")


def _claim(one: Measured, other: Measured) -> str:
    """Whether a run is better than the one without dropout, both by validation and test."""
    sign = 1 if METRICS[one.metric].higher else -1
    pairs = [(getattr(one, name), getattr(other, name)) for name in COLUMNS]
    if any(value is None for pair in pairs for value in pair):
        return ""
    sides = {sign * ours > sign * without for ours, without in pairs}
    return "; " + _(SHOWS[1 if sides == {True} else -1 if sides == {False} else 0])


def _run(run: Measured, claim: str = "") -> Result:
    if run.failed:
        return Result("–", run.failed)
    value = f"{number(run.validation, run.metric)} / {number(run.test, run.metric)}"
    drawn = _("; with masks on {value}").format(value=number(run.monte_carlo, run.metric)) if run.monte_carlo else ""
    beside = _("{baseline} without a network; {processor:.0f} s of computing").format(
        baseline=number(run.baseline, run.metric), processor=run.processor
    )
    return Result(value, f"{_(METRICS[run.metric].label)}{drawn}; {beside}{claim}")
