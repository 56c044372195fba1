"""A run as text for people: a line for each evaluation, a bar on standard error, and a summary."""

import json
import sys
from collections.abc import Iterator, Sequence
from shutil import get_terminal_size
from typing import Any

from tqdm import tqdm

from core.dropout.sites import layers_of
from core.experiment.batches import load_data
from core.experiment.experiment import Experiment
from core.i18n import N_, _
from core.results.text_table import aligned
from core.tasks import task
from core.tasks.metrics import METRICS
from core.tasks.task import TEMPERATURE

LONGEST = 12  # characters of a class's name in a table
WIDEST = 100  # characters of a line with what was written
# Events that are printed as they come.
SAID = {
    "averaging": N_("update {update}: the validation loss no longer falls; from now on the mean of the weights is evaluated"),
    "unsaved": N_("update {update}: {reason}"),
}


def print_text(events: Iterator[dict[str, Any]], experiment: Experiment) -> int:
    """Prints the events of a run of this experiment as they come. Returns 1 where it failed."""
    started = next(events)
    gone = started.get("resumed", 0)  # the updates whose events are only said again
    over, masked, wrote = gone == started["updates"], _masked(experiment), ""
    print(_start(started, gone), flush=True)
    with tqdm(total=started["updates"], initial=gone, unit=_("update"), file=sys.stderr, leave=False, disable=over) as bar:
        for event in events:
            if 0 < gone < event["update"]:
                bar.write(_("goes on after update {gone}:").format(gone=gone), file=sys.stdout)
                gone = 0
            if event["event"] == "record":
                bar.update(max(0, event["update"] - bar.n))
                wrote = event.get("written", wrote)
            for line in _lines(event, masked):
                bar.write(line, file=sys.stdout)
            last = event
    if wrote:
        print(_("written at temperature {t}: {text}").format(t=TEMPERATURE, text=json.dumps(wrote, ensure_ascii=False)))
    if "test_confusion" in last:
        print(*_matrix(last["test_confusion"], load_data(experiment).class_names), sep="\n")
    print(_summary(last, started, _(task(experiment.task).baseline)))
    return int(last["event"] == "failed")


def _start(started: dict[str, Any], gone: int) -> str:
    size = _("{parameters} parameters, {updates} updates on {device}").format(**started)
    if not gone:
        return size
    again = _("this run has already finished; what it said:") if gone == started["updates"] else _("what it said so far:")
    return f"{size}\n{again}"


def _masked(experiment: Experiment) -> bool:
    return any(layers_of(site, experiment.layers) for site, _dropout in experiment.placement)


def _lines(event: dict[str, Any], masked: bool) -> Iterator[str]:
    if event["event"] in SAID:
        yield _(SAID[event["event"]]).format(**event)
    if event["event"] == "record" and event["val"]:
        yield _evaluation(event, masked)
    if "written" in event:
        yield _cut(_("  writes: {text}").format(text=" ".join(event["written"].split())))


def _cut(line: str) -> str:
    most = min(WIDEST, get_terminal_size((WIDEST, 1)).columns - 1)
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _evaluation(record: dict[str, Any], masked: bool) -> str:
    text = (
        _("epoch {epoch:5.1f}  train masked {masked}  clean {clean:.3f}  validation {val:.3f}  {metrics}")
        if masked
        else _("epoch {epoch:5.1f}  train {clean:.3f}  validation {val:.3f}  {metrics}")
    )
    with_masks = _("not yet") if record["train_loss"] is None else f"{record['train_loss']:.3f}"
    return text.format(
        epoch=record["epoch"],
        masked=with_masks,
        clean=record["train_loss_clean"],
        val=record["val_loss"],
        metrics=_named(record["val"]),
    )


def _matrix(counts: Sequence[Sequence[int]], classes: Sequence[str]) -> Iterator[str]:
    """Which class was taken for which in the test part."""
    names = [name[:LONGEST] for name in classes]
    yield _("test part: a row for each right class, a column for each answer")
    yield from aligned(["", *names], ([name, *map(str, row)] for name, row in zip(names, counts, strict=True)))


def _summary(last: dict[str, Any], started: dict[str, Any], baseline: str) -> str:
    if last["event"] == "failed":
        return str(last["reason"])
    row, best = METRICS[started["metric"]], last["best"]["val_loss"]
    what, value = (_(row.label), row.of_loss(best)) if row.of_loss else (_("validation loss"), best)
    return _("test {test} ({baseline}: {without}); best {what} {best:.4g} at update {at}; {seconds} s").format(
        test=_named({name: last["test"][name] for name in last["baselines"]}),
        baseline=baseline,
        without=_named(last["baselines"]),
        what=what,
        best=value,
        at=last["best"]["update"],
        seconds=last["seconds"],
    )


def _named(metrics: dict[str, float]) -> str:
    return ", ".join(f"{_(METRICS[name].label)} {value:.4g}" for name, value in metrics.items())
