"""Print a run as text: a line for each evaluation, a progress bar on standard error, and a summary."""

import json
import sys
from collections.abc import Iterator, Sequence
from shutil import get_terminal_size
from typing import Any

from tqdm import tqdm

from core.dropout.sites import get_site_layers
from core.experiment.batches import load_data
from core.experiment.experiment import Experiment
from core.i18n import N_, _
from core.results.text_table import format_aligned
from core.tasks import get_task
from core.tasks.metrics import METRICS
from core.tasks.reads import format_reads
from core.tasks.task import SAMPLING_TEMPERATURE

MAX_NAME_LENGTH = 12  # characters of a class name in the confusion matrix
MAX_LINE_LENGTH = 100  # characters of a line with generated text
# Events that are printed in one line each.
MESSAGES = {
    "averaging": N_("update {update}: the validation loss no longer falls; from now on the mean of the weights is evaluated"),
    "unsaved": N_("update {update}: {reason}"),
}


def print_run(events: Iterator[dict[str, Any]], experiment: Experiment) -> int:
    """Print the events of a run of this experiment as they come. Return the exit status: 1 if the run failed."""
    started = next(events)
    resumed = started.get("resumed", 0)  # updates of an earlier run, whose events are repeated
    is_finished, generated = resumed == started["updates"], ""
    has_masks = any(get_site_layers(site, experiment.layers) for site, _dropout in experiment.placement)
    print(_format_start(started, resumed), flush=True)
    with tqdm(
        total=started["updates"], initial=resumed, unit=_("update"), file=sys.stderr, leave=False, disable=is_finished
    ) as bar:
        for event in events:
            if 0 < resumed < event["update"]:
                bar.write(_("continues after update {update}:").format(update=resumed), file=sys.stdout)
                resumed = 0
            if event["event"] == "record":
                bar.update(max(0, event["update"] - bar.n))
                generated = event.get("written", generated)
            for line in _format_event(event, has_masks):
                bar.write(line, file=sys.stdout)
            last = event
    if generated:
        print(
            _("generated at temperature {t}: {text}").format(
                t=SAMPLING_TEMPERATURE, text=json.dumps(generated, ensure_ascii=False)
            )
        )
    if "test_confusion" in last:
        print(*_format_confusion(last["test_confusion"], load_data(experiment).class_names), sep="\n")
    print(_format_summary(last, started, _(get_task(experiment.task).baseline)))
    return int(last["event"] == "failed")


def _format_start(started: dict[str, Any], resumed: int) -> str:
    engines = ", ".join(dict.fromkeys(started["engine"]))
    size = _("{parameters} parameters, {updates} updates on {device}, engine {engines}").format(**started, engines=engines)
    if started.get("reads"):
        size = f"{size}\n{format_reads(started['reads'])}"
    if not resumed:
        return size
    again = _("this run has already finished; its output:") if resumed == started["updates"] else _("its output so far:")
    return f"{size}\n{again}"


def _format_event(event: dict[str, Any], has_masks: bool) -> Iterator[str]:
    if event["event"] in MESSAGES:
        yield _(MESSAGES[event["event"]]).format(**event)
    if event["event"] == "record" and event["val"]:
        yield _format_evaluation(event, has_masks)
    if "written" in event:
        yield _truncate(_("  generated: {text}").format(text=" ".join(event["written"].split())))


def _truncate(line: str) -> str:
    limit = min(MAX_LINE_LENGTH, get_terminal_size((MAX_LINE_LENGTH, 1)).columns - 1)
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def _format_evaluation(record: dict[str, Any], has_masks: bool) -> str:
    text = (
        _("epoch {epoch:5.1f}  train masked {masked}  clean {clean:.3f}  validation {val:.3f}  {metrics}")
        if has_masks
        else _("epoch {epoch:5.1f}  train {clean:.3f}  validation {val:.3f}  {metrics}")
    )
    masked = _("not yet") if record["train_loss"] is None else f"{record['train_loss']:.3f}"
    return text.format(
        epoch=record["epoch"],
        masked=masked,
        clean=record["train_loss_clean"],
        val=record["val_loss"],
        metrics=_format_metrics(record["val"]),
    )


def _format_confusion(counts: Sequence[Sequence[int]], classes: Sequence[str]) -> Iterator[str]:
    """Yield the lines of the confusion matrix of the test split."""
    names = [name[:MAX_NAME_LENGTH] for name in classes]
    yield _("confusion matrix of the test split: a row for each target, a column for each prediction")
    yield from format_aligned(["", *names], ([name, *map(str, row)] for name, row in zip(names, counts, strict=True)))


def _format_summary(last: dict[str, Any], started: dict[str, Any], baseline: str) -> str:
    if last["event"] == "failed":
        return str(last["reason"])
    row, best = METRICS[started["metric"]], last["best"]["val_loss"]
    label, value = (_(row.label), row.from_loss(best)) if row.from_loss else (_("validation loss"), best)
    return _("test {test} ({baseline}: {baseline_test}); best {label} {best:.4g} at update {at}; {seconds} s").format(
        test=_format_metrics({name: last["test"][name] for name in last["baselines"]}),
        baseline=baseline,
        baseline_test=_format_metrics(last["baselines"]),
        label=label,
        best=value,
        at=last["best"]["update"],
        seconds=last["seconds"],
    )


def _format_metrics(metrics: dict[str, float]) -> str:
    return ", ".join(f"{_(METRICS[name].label)} {value:.4g}" for name, value in metrics.items())
