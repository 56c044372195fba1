"""The papers' tables as texts: published results next to those measured here with scaled-down recipes."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.dropout.published_results import PERPLEXITIES, PUBLISHED_RESULTS, TRANSCRIPTION, PublishedResult
from core.experiment.batches import count_inputs, count_updates
from core.experiment.recipes import RECIPES, Recipe, build_recipe_experiment
from core.i18n import N_, _
from core.results import recipe_runs
from core.results.interval import compute_interval
from core.results.measured_runs import FOLDER, SPLITS, MeasuredRun, format_command, index_by_arguments
from core.results.seed_stats import LOSS_FIELDS, SeedGroup, group_runs
from core.results.seed_table import DIFFERENCE_LABELS, format_difference, format_group, format_interval, format_metric
from core.tasks import TASKS, get_task
from core.tasks.metrics import METRICS

HEAD = (
    N_("set-up"),
    N_("published: validation / test"),
    N_("whole, with this program: validation / test at the end"),
    N_("scaled down: best validation / test at the end"),
    N_("scaled down, without dropout"),
    N_("what differs"),
)
SOURCE = N_(
    "Unless noted otherwise, published results are from an abstract or a transcription and were not checked in the paper."
)
# Whether one run with dropout and one without it confirm the claim of a paper that dropout helps, on validation and test.
CLAIM_LABELS = {
    1: N_("claim confirmed in one run"),
    0: N_("claim undecided in one run"),
    -1: N_("claim contradicted at this size in one run"),
}
# The tasks of Zaremba et al. 2014: the task that represents each of them here -> the paper's data set.
PAPER_TASKS = {
    "language-model": N_("Penn Treebank, words"),
    "speech": N_("Icelandic speech"),
    "translation": N_("WMT'14, English to French"),
    "captions": N_("MSCOCO captions"),
}


@dataclass(frozen=True)
class TableEntry:
    """A result as texts: its values and a note on them."""

    value: str
    note: str

    def __str__(self) -> str:
        return f"{self.value} ({self.note})"


@dataclass(frozen=True)
class SplitValues:
    """The validation and the test value of a result; None for one that was not reported or measured."""

    validation: float | None
    test: float | None


@dataclass(frozen=True)
class SetupResults:
    """The results of a recipe as numbers, in the main metric of its task.

    published: all that the paper reports. full_size: of this program at the published size. scaled, without: of the scaled-down
    recipe, as it is and without dropout.
    """

    label: str
    metric: str
    published: tuple[SplitValues, ...]
    full_size: SplitValues | None
    scaled: SplitValues | None
    without: SplitValues | None


@dataclass(frozen=True)
class PaperTask:
    """A task of Zaremba et al. 2014.

    task: the task that represents it here. data: the paper's data set. reported: the paper's results.
    groups: the five-seed results here, by column of the five-seed table.
    """

    task: str
    data: str
    reported: tuple[PublishedResult, ...]
    groups: Mapping[str, SeedGroup]

    def describe_column(self, column: str) -> TableEntry | None:
        """Return the main metric of a column and its perplexity, if that is another metric, each compared with no dropout."""
        if (group := self.groups.get(column)) is None:
            return None
        none = self.groups.get("none", group)
        difference = "" if none is group else ": " + " / ".join(format_difference(group, none, name) for name in SPLITS)
        notes = [_(METRICS[group.metric].label) + difference]
        if group.metric != "perplexity" and all(run.loss is not None for run in group.runs.values()):
            intervals = [compute_interval([math.exp(loss) for loss in group.list_values(name)]) for name in LOSS_FIELDS]
            values = " / ".join(format_interval(one, "perplexity") for one in intervals)
            labels = [_(DIFFERENCE_LABELS[group.compare_with(none, name)]) for name in LOSS_FIELDS]
            notes.append(_("perplexity {values}").format(values=values) + ("" if none is group else ": " + " / ".join(labels)))
        return TableEntry(format_group(group), "; ".join(notes))


def build_head() -> list[str]:
    """Return the column names of `build_rows`."""
    return [_(name) for name in HEAD]


def build_rows(runs: Sequence[MeasuredRun]) -> Iterator[tuple[str, ...]]:
    """Yield a row of texts for each recipe, with a cell for each name of `HEAD`."""
    for recipe in RECIPES.values():
        published, measured = map(describe_published, recipe.reported), describe_measured(recipe, runs)
        yield (
            _(recipe.label),
            "; ".join(map(str, published)),
            str(describe_whole_run(recipe) or "–"),
            *(str(entry or "–") for entry in measured),
            " ".join(list_differences(recipe)),
        )


def describe_published(row: PublishedResult) -> TableEntry:
    """Return a published result; the note names the network, the metric and the source where they are not the usual ones."""
    notes = (row.network, "" if row.metric == PERPLEXITIES else row.metric, "" if row.source == TRANSCRIPTION else row.source)
    return TableEntry(_(row.value), "; ".join(_(note) for note in notes if note))


def list_setup_results(runs: Sequence[MeasuredRun]) -> list[SetupResults]:
    """Return the results of every recipe as numbers."""
    return [_collect_setup_results(recipe, runs) for recipe in RECIPES.values()]


def _collect_setup_results(recipe: Recipe, runs: Sequence[MeasuredRun]) -> SetupResults:
    whole, measured = _load_whole_run(recipe), find_measured_runs(recipe, runs)
    scaled, without = (SplitValues(run.validation, run.test) if run else None for run in measured)
    return SetupResults(
        _(recipe.label),
        get_task(recipe.task).metric,
        tuple(map(parse_published, recipe.reported)),
        SplitValues(*_get_last_values(whole)) if whole else None,
        scaled,
        without,
    )


def parse_published(row: PublishedResult) -> SplitValues:
    """Return a published result of the form "validation / test", or "test" alone, as numbers. Raises ValueError."""
    *validation, test = map(float, row.value.split(" / "))
    return SplitValues(validation[0] if validation else None, test)


def list_published_effects(kind: PaperTask) -> list[tuple[bool, float]]:
    """Return the published values of a task, each with whether dropout was on, on the split that was not trained on.

    A row such as "5.8 → 5.0; 25.9 → 29.03" has the values without and with dropout, of several metrics; the last metric counts.
    """
    effects = []
    for row in kind.reported:
        values = [float(one.split(" / ")[-1]) for one in row.value.split("; ")[-1].split(" → ")]
        effects += [(False, values[0]), (True, values[1])] if len(values) > 1 else [(row.method != "none", values[0])]
    return effects


def find_measured_runs(recipe: Recipe, runs: Sequence[MeasuredRun]) -> tuple[MeasuredRun | None, MeasuredRun | None]:
    """Return the runs of the scaled-down recipe, as it is and without dropout; None for what was not measured."""
    runs_by_arguments = index_by_arguments(runs)
    measured = [runs_by_arguments.get(arguments) for arguments in recipe_runs.list_recipe_arguments(recipe)]
    return measured[0], measured[1] if len(measured) > 1 else None


def describe_measured(recipe: Recipe, runs: Sequence[MeasuredRun]) -> tuple[TableEntry | None, TableEntry | None]:
    """Return the results of the scaled-down recipe, as it is and without dropout; None for what was not measured."""
    run, without = find_measured_runs(recipe, runs)
    claim = _check_claim(run, without) if run and without else ""
    return _describe_run(run, claim) if run else None, _describe_run(without) if without else None


def _load_whole_run(recipe: Recipe) -> dict[str, Any] | None:
    """Return the stored run of the recipe at its published size; None if it was not trained so."""
    path = FOLDER / f"{recipe.name}-ptb.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def _get_last_values(run: Mapping[str, Any]) -> tuple[float, float]:
    """Return the validation and the test perplexity at the end of a run at the published size."""
    return run["validation_perplexity"][-1]["validation"], run["test"]["perplexity"]


def describe_whole_run(recipe: Recipe) -> TableEntry | None:
    """Return the results of the recipe at its published size on the Penn Treebank; None if it was not trained so."""
    if (run := _load_whole_run(recipe)) is None:
        return None
    validation, test = _get_last_values(run)
    note = _("perplexity; {best} at its best, epoch {epoch:.0f}; {hours:.1f} hours by the clock; {date}, commit {commit}")
    best = min(run["validation_perplexity"], key=lambda one: float(one["validation"]))
    said = note.format(
        best=f"{best['validation']:.1f}",
        epoch=best["epoch"],
        hours=run["seconds"] / 3600,
        date=run["date"],
        commit=run["commit"],
    )
    return TableEntry(f"{validation:.1f} / {test:.1f}", said)


def list_differences(recipe: Recipe) -> list[str]:
    """Return what differs from the paper, what could not be confirmed, and the size of the scaled-down recipe."""
    unconfirmed = [_("Unconfirmed: {what}").format(what=_(recipe.unconfirmed))] if recipe.unconfirmed else []
    size = _("Scaled down: {what}.").format(what=describe_small_size(recipe))
    return [*filter(None, [" ".join(map(_, recipe.differs))]), *unconfirmed, size]


def list_shared_differences() -> list[str]:
    """Return the differences that several recipes share, untranslated; a page states them once."""
    sentences = [sentence for recipe in RECIPES.values() for sentence in recipe.differs]
    return [sentence for sentence in dict.fromkeys(sentences) if sentences.count(sentence) > 1]


def list_particular_differences(recipe: Recipe) -> list[str]:
    """Return `list_differences` without the shared ones."""
    shared = list_shared_differences()
    return list_differences(replace(recipe, differs=tuple(sentence for sentence in recipe.differs if sentence not in shared)))


def describe_small_size(recipe: Recipe) -> str:
    """Return the units, symbols, epochs, updates and learning-rate decay of the scaled-down recipe."""
    e = build_recipe_experiment(recipe, recipe_runs.SCALE)
    units = f"{e.layers} × {e.hidden}" if isinstance(e.hidden, int) else " + ".join(map(str, e.hidden))
    size = _("{units} units, {read} {symbols} of Python's documentation, {epochs} epochs, {updates} updates").format(
        units=units, read=count_inputs(e), symbols=next(iter(recipe.size)), epochs=e.epochs, updates=count_updates(e)
    )
    if e.decay == 1:
        return size
    return size + _("; from epoch {n} on the learning rate is divided by {decay:.3g} after each epoch").format(
        n=e.decay_after + 1, decay=e.decay
    )


def list_paper_tasks(runs: Sequence[MeasuredRun]) -> list[PaperTask]:
    """Return the tasks of Zaremba et al. 2014 that exist here. runs: the five-seed runs."""
    others = list_other_published()
    published = [row for row in PUBLISHED_RESULTS if row.method in ("none", "zaremba2014") and row not in others]
    return [
        PaperTask(task, data, tuple(row for row in published if row.dataset == data), group_runs(runs, task))
        for task, data in PAPER_TASKS.items()
        if task in TASKS
    ]


def list_other_published() -> list[PublishedResult]:
    """Return the published results that neither a recipe nor a task of `PAPER_TASKS` covers."""
    of_recipes = {row for recipe in RECIPES.values() for row in recipe.reported}
    other_data = list(PAPER_TASKS.values())[1:]
    return [row for row in PUBLISHED_RESULTS if row not in of_recipes and row.dataset not in other_data]


def format_full_command(recipe: Recipe) -> str:
    """Return the command that trains the recipe at its published size on the Penn Treebank, which the reader has to provide."""
    return format_command(f"--recipe {recipe.name} --option corpus=PTB --checkpoint {recipe.name}.checkpoint")


def _check_claim(run: MeasuredRun, without: MeasuredRun) -> str:
    """Return whether a run is better than the one without dropout on both validation and test, as a note."""
    sign = 1 if METRICS[run.metric].is_higher_better else -1
    pairs = [(getattr(run, name), getattr(without, name)) for name in SPLITS]
    if any(value is None for pair in pairs for value in pair):
        return ""
    improvements = {sign * value > sign * reference for value, reference in pairs}
    return "; " + _(CLAIM_LABELS[1 if improvements == {True} else -1 if improvements == {False} else 0])


def _describe_run(run: MeasuredRun, claim: str = "") -> TableEntry:
    if run.failed:
        return TableEntry("–", run.failed)
    value = f"{format_metric(run.validation, run.metric)} / {format_metric(run.test, run.metric)}"
    monte_carlo = format_metric(run.monte_carlo, run.metric)
    masked = _("; with masks on {value}").format(value=monte_carlo) if run.monte_carlo else ""
    costs = _("{baseline} without a network; {processor:.0f} s of processor time").format(
        baseline=format_metric(run.baseline, run.metric), processor=run.processor
    )
    return TableEntry(value, f"{_(METRICS[run.metric].label)}{masked}; {costs}{claim}")
