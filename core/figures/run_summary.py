"""What the curves of a run say: in numbers, and in a sentence for those who do not see them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.experiment.experiment import Experiment
from core.figures.change_marks import Mark
from core.i18n import _
from core.tasks import task
from core.tasks.metrics import METRICS
from core.tasks.task import short
from core.training.events import Event

HUGE = 1e5  # from here on a number is not written out: it would not fit where it is shown


@dataclass(frozen=True)
class RunCurve:
    """A run to draw. id: whatever tells it from others; the user's zoom holds as long as the first run's id stays.

    name: a few words. records: its "record" events in order, as runs/protocol.py has them. marks: what was changed.
    previous: whether it is one of the runs before, drawn grey, by its validation alone. epochs: how long it will be;
    0 where that is not known.
    """

    id: str
    name: str
    records: Sequence[Event]
    marks: Sequence[Mark] = ()
    previous: bool = False
    epochs: float = 0


@dataclass(frozen=True)
class Metrics:
    """Where a run stands. metric: the task's first, by its name in METRICS. value: on validation, at the newest evaluation.

    best, best_epoch: the metric and the epoch of the least validation loss. gap: val_loss - train_loss_clean.
    """

    metric: str
    value: float
    best: float
    best_epoch: float
    gap: float


def run_name(number: int, began: Experiment, events: Iterable[Event] = (), beside: Experiment | None = None) -> str:
    """A run's name: its number and method, “changed” where its dropout did not stay that, and its size, and how much it
    has to train on, where the experiment `beside` it has another."""
    parts = [_method(began)]
    if any("placement" in event for event in events):
        parts.append(_("changed"))
    if beside is not None and began.cell != beside.cell:
        parts.append(began.cell)
    if beside is not None and (began.layers, began.hidden) != (beside.layers, beside.hidden):
        parts.append(_("L {layers}, H {hidden}").format(layers=began.layers, hidden=str(began.hidden).strip("()")))
    if beside is not None and began.task == beside.task:
        parts += [
            f"{_(option.label)}: {dict(began.options)[option.name]}"
            for option in task(began.task).options
            if option.amount and dict(began.options)[option.name] != dict(beside.options)[option.name]
        ]
    return _("run {n} · {what}").format(n=number, what=", ".join(parts))


def _method(began: Experiment) -> str:
    if began.method is None:
        return _("own placement")
    return began.method if began.placement.sites else _("no dropout")


def metrics(records: Sequence[Event]) -> Metrics | None:
    """The numbers of a run, or None before its first evaluation."""
    found = evaluated(records)
    if not found:
        return None
    now, least = found[-1], best(found)
    metric, value = metric_of(now)
    return Metrics(metric, value, metric_of(least)[1], least["epoch"], now["val_loss"] - now["train_loss_clean"])


def describe(runs: Sequence[RunCurve]) -> str:
    """What the curves show now, in sentences."""
    return " ".join(_describe(run) for run in runs) or _("No run yet.")


def metric_text(metric: str, value: float) -> str:
    """A metric's value as it is shown: perplexity in three digits, 1.2e9 where it is huge, accuracy in per cent."""
    if METRICS[metric].part:
        return f"{100 * value:.1f} %"
    if METRICS[metric].of_loss is None:
        return short(value)
    if value >= HUGE:
        return f"{value:.1e}".replace("e+", "e").replace("e0", "e")
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def loss_text(loss: float, metric: str) -> str:
    """A loss, or the difference of two, as it is shown: in nats, but for that of real values, which are scaled."""
    return f"{loss:.3f}" if METRICS[metric].squared else _("{loss} nats").format(loss=f"{loss:.2f}")


def epoch_text(epoch: float) -> str:
    """An epoch as it is shown: 7, 7.5, 120."""
    return f"{epoch:.1f}".removesuffix(".0")


def evaluated(records: Sequence[Event]) -> list[Event]:
    """The records that hold an evaluation."""
    return [r for r in records if r["val_loss"] is not None and r["train_loss_clean"] is not None]


def best(found: Sequence[Event]) -> Event:
    """Of records that hold an evaluation, that of the least validation loss."""
    return min(found, key=lambda r: float(r["val_loss"]))


def has_best(found: Sequence[Event]) -> bool:
    """Whether there is anything to be best among: more than the untrained network and the first epoch."""
    return len(found) > 2


def metric_of(record: Event) -> tuple[str, float]:
    """The name of the first metric and its value on validation: the best of all where the loss is the least, but for metrics of
    which more is better; these may be higher elsewhere."""
    metric, value = next(iter(record["val"].items()))
    return metric, value


def _describe(run: RunCurve) -> str:
    at = metrics(run.records)
    if at is None:
        return _("{name}: not evaluated yet.").format(name=run.name)
    sentence = _("{name}: at epoch {epoch}, validation {metric} {value}; at the lowest loss, epoch {when}, {best}.").format(
        name=run.name,
        epoch=epoch_text(run.records[-1]["epoch"]),
        metric=_(METRICS[at.metric].label),
        when=epoch_text(at.best_epoch),
        value=metric_text(at.metric, at.value),
        best=metric_text(at.metric, at.best),
    )
    above = _("The validation loss is {gap} above that of clean training.")
    below = _("The validation loss is {gap} below that of clean training.")
    gap = (above if at.gap >= 0 else below).format(gap=loss_text(abs(at.gap), at.metric))
    changes = [_("{change} at epoch {epoch}").format(change=mark.label, epoch=epoch_text(mark.epoch)) for mark in run.marks]
    changed = [_("Changed: {changes}.").format(changes="; ".join(changes))] if changes else []
    return " ".join([sentence, gap, *changed])
