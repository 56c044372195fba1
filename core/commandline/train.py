"""python -m core train: one run, printed as it happens."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from tqdm import tqdm

from core.commandline.parts import add_cell, add_json, add_method, number, placement, whole, widths
from core.dropout.methods import method
from core.dropout.placement import Placement
from core.errors import Invalid
from core.experiment import DEVICES, ENGINES, THREADS, Experiment, build, check_whole
from core.language import N_, _
from core.tasks import TASKS, task
from core.tasks.metrics import METRICS
from core.tasks.task import Option, Value

HELP = N_("train a small network and report its losses")
SEEDS = ("data_seed", "weight_seed", "mask_seed")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--task", default="language-model", metavar="NAME", help=_("one of {all}").format(all=", ".join(TASKS)))
    parser.add_argument("--option", nargs="+", action="extend", default=[], metavar="key=value", help=_("settings of the task"))
    add_method(parser, required=False)
    parser.add_argument(
        "--rate",
        nargs="+",
        action="extend",
        metavar="P|site=P",
        help=_("in [0, 1); one, or by site; site=P~sequence~batch~test~gaussian~ramp,300 says how it drops as well"),
    )
    add_cell(parser)
    for name, letter in (("layers", "L"), ("embedding", "E"), ("batch", "B"), ("steps", "T")):
        parser.add_argument(f"--{name}", type=whole, metavar=letter)
    parser.add_argument("--hidden", type=widths, metavar="H[,H...]")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--updates", type=whole, metavar="N")
    length.add_argument("--epochs", type=whole, metavar="N")
    parser.add_argument("--learning-rate", type=number, metavar="X")
    parser.add_argument("--seed", type=whole, metavar="S", help=_("sets all three seeds"))
    for seed in SEEDS:
        parser.add_argument(f"--{seed.replace('_', '-')}", type=whole, metavar="S")
    parser.add_argument("--device", choices=DEVICES)
    parser.add_argument("--engine", choices=ENGINES)
    # With one, sums are in the order of the app's workers, and runs side by side do not wait for each other's threads.
    parser.add_argument("--threads", type=whole, default=1, metavar="N", help=_("of torch; 1 if left out, as in the app"))
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Trains to the end. Returns 1 where the run failed."""
    chosen = experiment(args)
    check_whole("threads", args.threads, THREADS)
    from core.training import prepare, train  # here, so that no other command waits for torch

    prepare(args.threads)
    events = train(chosen)
    return _print_json(events) if args.json else _print_text(events, _(task(chosen.task).baseline))


def experiment(args: argparse.Namespace) -> Experiment:
    """The experiment that the arguments describe. Raises Invalid."""
    plain = (
        "cell",
        "layers",
        "embedding",
        "batch",
        "steps",
        "hidden",
        "updates",
        "epochs",
        "learning_rate",
        "device",
        "engine",
    )
    given: dict[str, Any] = {name: getattr(args, name) for name in plain if getattr(args, name) is not None}
    for seed in SEEDS:
        value = getattr(args, seed) if getattr(args, seed) is not None else args.seed
        given |= {} if value is None else {seed: value}
    if args.method or args.rate:
        usual = args.method or build(args.task).method or "none"
        given["placement"] = placement(usual, args.rate, args.cell)
        given["monte_carlo"] = method(usual).monte_carlo
    built = build(args.task, dict(_option(pair, task(args.task).options) for pair in args.option), **given)
    _check_words(built, given.get("placement", built.placement), args.rate or ())
    return built


def _option(pair: str, options: Sequence[Option]) -> tuple[str, Value]:
    name, equals, value = pair.partition("=")
    known = {option.name: option for option in options}
    if not equals:
        raise Invalid(_("--option takes key=value; “{pair}” is not that.").format(pair=pair))
    return name, known[name].read(value) if name in known else value


def _check_words(built: Experiment, asked: Placement, rates: Sequence[str]) -> None:
    """Raises Invalid where words shall be dropped, and nothing else, or by name, of a task that has none."""
    only = {site.name for site, _dropout in asked} == {"words"}
    if not built.words and (only or any(rate.startswith("words=") for rate in rates)):
        raise Invalid(_("The task “{task}” reads numbers: it has no words to drop.").format(task=built.task), "words")


def _print_json(events: Iterator[dict[str, Any]]) -> int:
    last = ""
    for event in events:
        last = event["event"]
        print(json.dumps(event), flush=True)
    return int(last == "failed")


def _print_text(events: Iterator[dict[str, Any]], baseline: str) -> int:
    started = next(events)
    print(_("{parameters} parameters, {updates} updates on {device}").format(**started), flush=True)
    with tqdm(total=started["updates"], unit=_("update"), file=sys.stderr, leave=False) as bar:
        for event in events:
            if event["event"] == "record":
                bar.update(event["update"] - bar.n)
                if event["val"]:
                    bar.write(_evaluation(event), file=sys.stdout)
            elif event["event"] in ("done", "failed"):
                last = event
    print(_summary(last, started, baseline))
    return int(last["event"] == "failed")


def _evaluation(record: dict[str, Any]) -> str:
    masked = _("not yet") if record["train_loss"] is None else f"{record['train_loss']:.3f}"
    return _("epoch {epoch:5.1f}  train masked {masked}  clean {clean:.3f}  validation {val:.3f}  {metrics}").format(
        epoch=record["epoch"], masked=masked, clean=record["train_loss_clean"], val=record["val_loss"],
        metrics=_named(record["val"]))  # fmt: skip


def _summary(last: dict[str, Any], started: dict[str, Any], baseline: str) -> str:
    if last["event"] == "failed":
        return str(last["reason"])
    row, best = METRICS[started["metric"]], last["best"]["val_loss"]
    what, value = (_(row.label), row.of_loss(best)) if row.of_loss else (_("validation loss"), best)
    return _("test {test} ({baseline}: {without}); best {what} {best:.4g} at update {at}; {seconds} s").format(
        test=_named({name: last["test"][name] for name in last["baselines"]}), baseline=baseline,
        without=_named(last["baselines"]), what=what, best=value, at=last["best"]["update"],
        seconds=last["seconds"])  # fmt: skip


def _named(metrics: dict[str, float]) -> str:
    return ", ".join(f"{_(METRICS[name].label)} {value:.4g}" for name, value in metrics.items())
