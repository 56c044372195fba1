"""The name, the metrics and a describing sentence of a run, and the formats of metrics, losses and epochs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.experiment.experiment import Experiment
from core.figures.change_marks import ChangeMark
from core.i18n import _
from core.tasks import get_task
from core.tasks.metrics import METRICS
from core.tasks.task import format_number
from core.training.events import Event

LARGE_VALUE = 1e5  # larger perplexities are written as 1.2e9, since they would not fit


@dataclass(frozen=True)
class RunCurve:
    """A run to draw.

    id: identifies the run; the user's zoom is kept as long as the id of the first run stays. name: a few words.
    records: its "record" events in order. marks: its changes. previous: whether it is an earlier run, drawn with its validation
    alone. epochs: the planned number of epochs; 0 if it is unknown. color: index in `Theme.method_colors`; None for gray.
    """

    id: str
    name: str
    records: Sequence[Event]
    marks: Sequence[ChangeMark] = ()
    previous: bool = False
    epochs: float = 0
    color: int | None = 0


@dataclass(frozen=True)
class RunMetrics:
    """The validation metric of a run.

    metric: name of the task's first metric in METRICS. value: at the newest evaluation. best, best_epoch: the value and
    the epoch at the lowest validation loss. gap: the generalisation gap, val_loss - train_loss_clean.
    """

    metric: str
    value: float
    best: float
    best_epoch: float
    gap: float


def name_run(number: int, began: Experiment, events: Iterable[Event] = (), reference: Experiment | None = None) -> str:
    """Return the name of a run: its number, its method, and how it differs from the reference experiment.

    began: the experiment with which the run began. events: “changed” is added if one of them changed the placement.
    reference: cell, sizes and sample counts are added where they differ from those of this experiment.
    """
    parts = [began.method or _("own placement")]
    if began.method is not None and not began.placement.sites:
        parts = [_("no dropout")]
    if any("placement" in event for event in events):
        parts.append(_("changed"))
    if reference is not None and began.cell != reference.cell:
        parts.append(began.cell)
    if reference is not None and (began.layers, began.hidden) != (reference.layers, reference.hidden):
        parts.append(_("L {layers}, H {hidden}").format(layers=began.layers, hidden=str(began.hidden).strip("()")))
    if reference is not None and began.task == reference.task:
        parts += [
            f"{_(option.label)}: {dict(began.options)[option.name]}"
            for option in get_task(began.task).options
            if option.is_sample_count and dict(began.options)[option.name] != dict(reference.options)[option.name]
        ]
    return _("run {n} · {what}").format(n=number, what=", ".join(parts))


def compute_run_metrics(records: Sequence[Event]) -> RunMetrics | None:
    """Return the metrics of a run; None before its first evaluation."""
    evaluations = select_evaluated(records)
    if not evaluations:
        return None
    newest, best = evaluations[-1], find_best_record(evaluations)
    metric, value = get_first_metric(newest)
    gap = newest["val_loss"] - newest["train_loss_clean"]
    return RunMetrics(metric, value, get_first_metric(best)[1], best["epoch"], gap)


def describe_runs(runs: Sequence[RunCurve]) -> str:
    """Return a description of the curves for screen readers."""
    return " ".join(_describe_run(run) for run in runs) or _("No run yet.")


def format_metric(metric: str, value: float) -> str:
    """Return a metric's value as a text: perplexity with three digits (1.2e9 where it is large), accuracy in percent."""
    if METRICS[metric].is_percentage:
        return f"{100 * value:.1f} %"
    if METRICS[metric].from_loss is None:
        return format_number(value)
    if value >= LARGE_VALUE:
        return f"{value:.1e}".replace("e+", "e").replace("e0", "e")
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def format_loss(loss: float, metric: str) -> str:
    """Return a loss or a difference of losses as a text: cross-entropy in nats, squared error without unit."""
    return f"{loss:.3f}" if METRICS[metric].is_squared_error else _("{loss} nats").format(loss=f"{loss:.2f}")


def format_epoch(epoch: float) -> str:
    """Return an epoch as a text: 7, 7.5, 120."""
    return f"{epoch:.1f}".removesuffix(".0")


def select_evaluated(records: Sequence[Event]) -> list[Event]:
    """Return the records that hold an evaluation."""
    return [r for r in records if r["val_loss"] is not None and r["train_loss_clean"] is not None]


def find_best_record(evaluations: Sequence[Event]) -> Event:
    """Return the record with the lowest validation loss among records that hold an evaluation."""
    return min(evaluations, key=lambda r: float(r["val_loss"]))


def has_best_record(evaluations: Sequence[Event]) -> bool:
    """Return whether a best record is worth marking: there are more than the untrained network and the first epoch."""
    return len(evaluations) > 2


def get_first_metric(record: Event) -> tuple[str, float]:
    """Return the name of the task's first metric and its validation value.

    For perplexity and errors, the record with the lowest loss has the best value; for accuracy another may be better.
    """
    metric, value = next(iter(record["val"].items()))
    return metric, value


def _describe_run(run: RunCurve) -> str:
    metrics = compute_run_metrics(run.records)
    if metrics is None:
        return _("{name}: not evaluated yet.").format(name=run.name)
    sentence = _("{name}: at epoch {epoch}, validation {metric} {value}; at the lowest loss, epoch {when}, {best}.").format(
        name=run.name,
        epoch=format_epoch(run.records[-1]["epoch"]),
        metric=_(METRICS[metrics.metric].label),
        when=format_epoch(metrics.best_epoch),
        value=format_metric(metrics.metric, metrics.value),
        best=format_metric(metrics.metric, metrics.best),
    )
    above = _("The validation loss is {gap} above the training loss without masks.")
    below = _("The validation loss is {gap} below the training loss without masks.")
    gap = (above if metrics.gap >= 0 else below).format(gap=format_loss(abs(metrics.gap), metrics.metric))
    changes = [_("{change} at epoch {epoch}").format(change=mark.label, epoch=format_epoch(mark.epoch)) for mark in run.marks]
    changed = [_("Changed: {changes}.").format(changes="; ".join(changes))] if changes else []
    return " ".join([sentence, gap, *changed])
